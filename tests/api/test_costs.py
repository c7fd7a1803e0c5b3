"""`GET /costs`: by environment, owner or database, with the region and date of its prices."""

import datetime as dt
from typing import Any

from provisioner.api.costs import costs_document
from provisioner.core import database_events

from tests.core.examples import NOW
from tests.intake.setting import BETA, DEV, Setting, refused

DAYS = dt.timedelta(days=2)


def document(setting: Setting, now: dt.datetime = NOW + DAYS, **query: str) -> dict[str, Any]:
    given = {name: [value] for name, value in query.items()}
    return costs_document(given, "alpha", setting.ledger, setting.rules, now)


def test_a_teams_costs_are_its_own_by_environment() -> None:
    setting = Setting()
    setting.database()
    setting.database(BETA, database_name="theirs")
    setting.database(environment="prod", database_engine="postgres", owner="jane")
    setting.create(database_name="asked")  # nothing of it is there yet

    found = document(setting)

    two_days = round(13.98 * 48 / 730, 2)
    assert found["costs"][0] == {
        "environment": "dev",
        "databases": 1,
        "accrued_usd": two_days,
        "forecast_usd": round(13.98 * 168 / 730, 2),  # it ends on the 30th
        "without_a_price": 0,
    }
    assert [line["environment"] for line in found["costs"]] == ["dev", "prod"]
    assert found["totals"]["databases"] == 2
    assert (found["month"], found["region"], found["prices_as_of"]) == ("2026-11", "us-east-1", "2026-11-01")
    assert found["until"] == "2026-11-25T12:00:00Z"
    assert [line["owner"] for line in document(setting, by="owner")["costs"]] == ["alpha", "jane"]
    assert [line["database"] for line in document(setting, by="database", environment="dev")["costs"]] == [
        "dev/mydb123"
    ]


def test_a_cluster_costs_what_it_usually_does_and_the_assumption_is_said() -> None:
    setting = Setting()
    setting.database()
    assert document(setting)["assumption"] is None
    setting.database(database_name="sleepy", database_engine="aurora-mysql", size="sleepy")

    found = document(setting, by="database")

    # 0.12 USD an hour for an ACU, half of 2 of them for 176 hours; 10 GB at 0.10 USD.
    usual = 0.12 * 176 + 1.0
    line = found["costs"][1]
    assert (line["database"], line["accrued_usd"]) == ("dev/sleepy", round(usual * 48 / 730, 2))
    assert found["assumption"].startswith("usual is awake for 176 of 730 hours")


def test_a_month_before_there_was_anything_is_empty() -> None:
    setting = Setting()
    setting.database()
    found = document(setting, month="2026-10")
    assert (found["costs"], found["totals"]["databases"], found["prices_as_of"]) == ([], 0, None)
    assert found["until"] == "2026-11-01T00:00:00Z"


def test_one_removed_in_git_costs_no_longer() -> None:
    setting = Setting()
    setting.database()
    event = database_events.removed_in_git(NOW + DAYS / 2, pipeline_url="https://ci", commit="c")
    setting.ledger.mark_removed(DEV, event)
    totals = document(setting)["totals"]
    assert totals["accrued_usd"] == totals["forecast_usd"] == round(13.98 * 24 / 730, 2)


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = refused(400, "bad-query", document, Setting(), month="2026-13", by="moon", x="1")
    assert [error.parameter for error in found.errors] == ["x", "month", "by"]

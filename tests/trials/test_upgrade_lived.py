"""Major upgrades of instances in the deployed sandbox: rows kept, one refused, a version past its end.

One sandbox, the scenes side by side. The rows are copied by pg_dumpall where RDS runs pg_upgrade:
docs/upgrades.md says what that does not prove.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from sandbox.aws import postgres_majors
from sandbox.instance import describe, query
from sandbox.stack import CATALOG
from sandbox.state_directory import PROJECT
from tests.e2e.running import Sandbox, number, started
from tests.trials.side_by_side import play

OVER: Final = {"version": "16", "until": "2026-01-31", "source": "https://docs.aws.amazon.com/"}
BODY: Final = {"database_engine": "postgres", "engine_version": "15", "environment": "dev"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    postgres_majors.fetch("18")
    engines = yaml.safe_load((PROJECT / "catalog.yaml").read_text(encoding="utf-8"))["engines"]
    engines["postgres"]["versions"] = ["15", OVER, "17", "18"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CATALOG, json.dumps({"engines": engines}, default=str))
        with started("upgrades") as running:
            yield running


def version(sandbox: Sandbox, name: str) -> str:
    """The major version of the server that answers."""
    ((found,),) = query(sandbox.cloud, describe(sandbox.cloud, f"dev-{name}"), "show server_version")
    return str(found).partition(".")[0]


def created(sandbox: Sandbox, name: str, *statements: str) -> None:
    sandbox.wait(sandbox.ask("POST", "/provision-rds", {**BODY, "database_name": name}), "done")
    query(sandbox.cloud, describe(sandbox.cloud, f"dev-{name}"), *statements)


def upgraded(sandbox: Sandbox) -> dict[str, Any]:
    """Rows, an upgrade to 18, and a restore of the snapshot before it: what was seen."""
    created(sandbox, "orders", "create table answers (answer int)", "insert into answers values (42)")
    before = version(sandbox, "orders")
    request_id = sandbox.ask("PATCH", "/databases/dev/orders", {"engine_version": "18"})
    document = sandbox.wait(request_id, "done")
    instance = describe(sandbox.cloud, "dev-orders")
    seen = {
        "before": before,
        "after": version(sandbox, "orders"),
        "rows": query(sandbox.cloud, instance, "select answer from answers"),
        "pull": sandbox.pull(document),
        "snapshot": f"dev-orders-before-{request_id[:8]}",
    }
    source = {"restore_from": {"snapshot": seen["snapshot"]}, "database_name": "orders-back"}
    sandbox.wait(sandbox.ask("POST", "/provision-rds", BODY | source), "done")
    back = describe(sandbox.cloud, "dev-orders-back")
    return seen | {"restored": query(sandbox.cloud, back, "select answer from answers")}


def refused(sandbox: Sandbox) -> dict[str, Any]:
    """An upgrade that RDS's checks refuse, an extension meanwhile, and the version taken back."""
    created(sandbox, "odd", "create table calls (what regproc)", "insert into calls values ('now')")
    failed = sandbox.wait(sandbox.ask("PATCH", "/databases/dev/odd", {"engine_version": "18"}), "failed")
    runs = version(sandbox, "odd")
    back = sandbox.wait(
        sandbox.ask("PATCH", "/databases/dev/odd", {"engine_version": "15", "ttl": "14d"}), "done"
    )
    return {"failed": failed, "runs": runs, "back": back, "then": version(sandbox, "odd")}


@pytest.fixture(scope="module")
def seen(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return play(sandbox, upgraded, refused)


def test_the_rows_are_there_after_an_upgrade_and_in_the_snapshot_before_it(
    seen: dict[str, dict[str, Any]],
) -> None:
    found = seen["upgraded"]
    assert (found["before"], found["after"]) == ("15", "18")
    assert found["rows"] == found["restored"] == [(42,)]


def test_the_pull_request_names_the_snapshot_the_interruption_and_the_way_back(
    seen: dict[str, dict[str, Any]],
) -> None:
    pull = seen["upgraded"]["pull"]
    assert pull["title"] == "Upgrade dev/orders: PostgreSQL 15 to 18"
    assert seen["upgraded"]["snapshot"] in pull["body"]
    assert "RDS shuts it down for the upgrade" in pull["body"]


def test_a_refused_upgrade_says_what_rds_found_and_is_taken_back(seen: dict[str, dict[str, Any]]) -> None:
    found = seen["refused"]
    error = found["failed"]["error"]
    assert error["step"] == "apply"
    assert "RDS did not upgrade dev/odd to 18: it runs 15" in error["cause"]
    assert "PATCH with the engine_version 15" in error["fix"]
    assert (found["runs"], found["then"]) == ("15", "15")
    assert number(found["back"]) != number(found["failed"])


def test_nothing_new_gets_a_version_whose_support_is_over(sandbox: Sandbox) -> None:
    answer = sandbox.alpha.call(
        "POST", "/provision-rds", BODY | {"database_name": "late", "engine_version": "16"}
    )
    assert answer.status == 422
    (error,) = answer.body["errors"]
    assert error["pointer"] == "/engine_version"
    assert error["detail"] == ("the standard support of postgres 16 ended 2026-01-31: choose 15, 17 or 18")

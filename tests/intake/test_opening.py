"""How a change is opened, whoever asks: when a database may be changed, what that costs, what follows."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from provisioner.core import events
from provisioner.core.catalog import Catalog
from provisioner.core.errors import TryLater
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Charge, Database, Request
from provisioner.core.root import Root
from provisioner.intake.message import Message
from provisioner.intake.opening import TIME_TO_FIX, Caller, Opening

from tests.core.examples import catalog, root
from tests.intake.setting import ALPHA, DEV, PROD, Setting, refused

PRODUCT = Caller("alpha", "rds-provisioner")
OTHER = "9d2b7f10-0000-4000-8000-000000000001"


@pytest.fixture
def setting() -> Setting:
    return Setting()


def change(setting: Setting, **body: Any) -> Request:
    return setting.use_cases.change(DEV, body, ALPHA).request


def dearer(root: Root) -> Root:
    return dataclasses.replace(root, instance_class="db.t4g.medium", request_id=OTHER)


def without(environment: str) -> Catalog:
    rules = catalog()
    kept = {name: rule for name, rule in rules.environments.items() if name != environment}
    return rules.model_copy(update={"environments": kept})


# A change is opened


def test_a_change_is_written_on_the_database_as_it_was_read_and_sent(setting: Setting) -> None:
    database = setting.database()
    new = setting.opening.request(Kind.UPDATE, dearer(database.root), ALPHA, before=database.root)
    assert setting.opening.open_change(new, database) == new
    assert (setting.at(DEV).active, setting.at(DEV).state) == (OTHER, DatabaseState.UPDATING)
    assert setting.sent[-1] == Message(
        request_id=OTHER, kind="update", environment="dev", database_name="mydb123"
    )


def test_a_request_has_the_id_that_its_root_names(setting: Setting) -> None:
    new = setting.opening.request(Kind.CREATE, root(OTHER), ALPHA, before=None, reason="why")
    assert (new.id, new.actor, new.asked, new.reason) == (OTHER, "alpha-ci", {}, "why")
    assert (new.progress.state, new.created_at) == (State.REQUESTED, setting.now)


def test_a_change_that_another_one_overtook_is_refused_and_sends_nothing(setting: Setting) -> None:
    database = setting.database()
    winner = change(setting, ttl="9d")
    sent = len(setting.sent)
    new = setting.opening.request(Kind.UPDATE, dearer(database.root), ALPHA, before=database.root)
    problem = refused(409, "under-way", setting.opening.open_change, new, database)
    assert problem.extra == {"request": f"/requests/{winner.id}"}
    assert (setting.ledger.request(OTHER), len(setting.sent)) == (None, sent)


def test_a_change_that_lost_a_race_which_is_over_works_later(setting: Setting) -> None:
    database = setting.database()
    setting.applied(change(setting, ttl="9d"))
    new = setting.opening.request(Kind.UPDATE, dearer(database.root), ALPHA, before=database.root)
    with pytest.raises(TryLater, match="the database was changed at the same moment"):
        setting.opening.open_change(new, database)


def test_a_change_that_the_quota_does_not_hold_is_refused(setting: Setting) -> None:
    database = setting.database()
    for number in range(9):
        setting.create(database_name=f"db{number}", size="medium")
    new = setting.opening.request(
        Kind.UPDATE, dataclasses.replace(dearer(database.root), storage_gb=100), ALPHA, before=database.root
    )
    problem = refused(403, "quota", setting.opening.open_change, new, database)
    assert "holds 10 of 10 databases, 200 of 400 GB and 461.73 of 500.00 USD a month" in problem.detail
    assert setting.ledger.request(OTHER) is None


# When a database may be changed


def blocked(setting: Setting) -> Request:
    return change(setting, ttl="9d")


def failed_plan(setting: Setting) -> Request:
    return setting.failed(change(setting, ttl="9d"), Step.REVIEW)


@pytest.mark.parametrize("active", [blocked, failed_plan])
def test_one_change_at_a_time(setting: Setting, active: Callable[[Setting], Request]) -> None:
    setting.database()
    request = active(setting)
    problem = refused(409, "under-way", setting.opening.check_free, setting.at(DEV))
    assert problem.extra == {"request": f"/requests/{request.id}"}


def test_a_failed_apply_lets_the_next_change_in(setting: Setting) -> None:
    setting.database()
    setting.failed(change(setting, size="medium"))
    assert setting.opening.check_free(setting.at(DEV)) == setting.at(DEV)


def test_after_a_failed_removal_there_is_no_root_to_change(setting: Setting) -> None:
    setting.database()
    removal = setting.failed(setting.use_cases.remove(DEV, ALPHA).request)
    problem = refused(409, "removal-failed", setting.opening.check_free, setting.at(DEV))
    assert f"/requests/{removal.id}/retry" in problem.detail


def test_a_removed_database_is_not_changed(setting: Setting) -> None:
    setting.database()
    setting.applied(setting.use_cases.remove(DEV, ALPHA).request)
    refused(409, "removed", setting.opening.check_free, setting.at(DEV))


def test_what_the_catalog_has_no_rules_for_is_not_changed(setting: Setting) -> None:
    setting.database()
    setting.rules = without("dev")
    refused(409, "no-environment", setting.opening.check_free, setting.at(DEV))


def test_the_next_change_starts_from_what_is_on_main(setting: Setting) -> None:
    before = setting.database()
    assert setting.opening.on_main(before) == before.root
    waiting = change(setting, size="medium")
    assert setting.opening.on_main(setting.at(DEV)) == before.root
    setting.failed(waiting)
    assert setting.opening.on_main(setting.at(DEV)) == waiting.root


# What it takes of the quota


def test_a_root_takes_its_estimated_price(setting: Setting) -> None:
    opening = setting.opening
    assert opening.charge(root()) == Charge(databases=1, storage_gb=20, monthly_cents=1398)
    assert opening.charge(dearer(root())) == Charge(databases=1, storage_gb=20, monthly_cents=4975)


def test_a_change_of_nothing_that_costs_keeps_the_price_that_was_agreed(setting: Setting) -> None:
    database = dataclasses.replace(setting.database(), charge=Charge(databases=1, monthly_cents=7))
    old = dataclasses.replace(database.root, instance_class="db.t2.micro")  # left the catalog
    after = dataclasses.replace(old, expires_at="never", tags={"a": "b"}, deletion_protection=True)
    new = setting.opening.request(Kind.UPDATE, after, ALPHA, before=old)
    assert setting.opening.charge_after(new, database) == database.charge


@pytest.mark.parametrize(
    ("field", "value", "cents"),
    [("instance_class", "db.t4g.medium", 4975), ("storage_gb", 40, 1628), ("multi_az", True, 2796)],
)
def test_a_change_of_what_costs_takes_the_new_price(
    setting: Setting, field: str, value: Any, cents: int
) -> None:
    database = setting.database()
    after: Root = dataclasses.replace(database.root, **{field: value})
    new = setting.opening.request(Kind.UPDATE, after, ALPHA, before=database.root)
    assert setting.opening.charge_after(new, database).monthly_cents == cents


def test_a_team_may_hold_its_own_quota_or_the_environments(setting: Setting) -> None:
    own = {"quota": {"dev": {"databases": 1, "storage_gb": 2, "monthly_usd": 3}}}
    content = catalog().model_dump(mode="json") | {"teams": {"alpha": own}}
    setting.rules = Catalog.model_validate(content)
    assert setting.opening.limit("alpha", "dev") == Charge(databases=1, storage_gb=2, monthly_cents=300)
    assert setting.opening.limit("beta", "dev") == Charge(databases=10, storage_gb=400, monthly_cents=50_000)


# Removals, and what follows from them


def removal(opening: Opening, database: Database) -> Request:
    return opening.removal(database, ALPHA, reason="old", request_id=OTHER)


def test_a_removal_of_an_unprotected_database_is_one_request(setting: Setting) -> None:
    database = setting.database()
    new = removal(setting.opening, database)
    assert (new.id, new.kind, new.reason, new.follow_up) == (OTHER, Kind.REMOVE, "old", None)
    assert (new.before, new.root) == (database.root, dataclasses.replace(database.root, request_id=OTHER))


def test_a_removal_of_a_protected_database_disarms_it_and_names_its_follow_up(setting: Setting) -> None:
    database = setting.database(environment="prod")
    new = removal(setting.opening, database)
    assert (new.kind, new.before) == (Kind.DISARM, database.root)
    assert new.root == dataclasses.replace(database.root, request_id=OTHER, deletion_protection=False)
    assert new.follow_up == removal(setting.opening, database).follow_up  # the same each time


def test_a_removal_begins_at_what_a_failed_change_left_on_main(setting: Setting) -> None:
    setting.database()
    failed = setting.failed(change(setting, size="medium"))
    assert removal(setting.opening, setting.at(DEV)).before == failed.root


def test_the_product_removes_in_its_own_name_unless_a_change_is_under_way(setting: Setting) -> None:
    database = setting.database()
    new = setting.opening.remove_automatically(database, reason="expired", request_id=OTHER)
    assert new is not None
    assert (new.team, new.actor, new.reason) == ("alpha", "rds-provisioner", "expired")
    assert setting.ledger.request(OTHER) is not None
    again = setting.opening.remove_automatically(setting.at(DEV), reason="expired", request_id=OTHER)
    assert again is None


def disarmed(setting: Setting) -> Request:
    """The first of the two requests of a protected removal, which is done."""
    setting.database(environment="prod")
    first = setting.use_cases.remove(PROD, ALPHA, reason="old").request
    setting.applied(first)
    return first


def test_the_removal_follows_once_its_database_is_disarmed(setting: Setting) -> None:
    first = disarmed(setting)
    second = setting.opening.follow_up(first)
    assert second is not None
    assert (second.id, second.kind, second.actor, second.reason) == (
        first.follow_up,
        Kind.REMOVE,
        "alpha-ci",
        "old",
    )
    assert setting.sent[-1].request_id == second.id
    assert setting.opening.follow_up(first) is None


def test_nothing_follows_where_the_database_was_changed_in_between(setting: Setting) -> None:
    first = disarmed(setting)
    extension = setting.use_cases.change(PROD, {"ttl": "9d"}, ALPHA).request
    assert setting.opening.follow_up(first) is None
    setting.applied(extension)
    assert setting.opening.follow_up(first) is None


def test_nothing_follows_a_request_that_announced_nothing(setting: Setting) -> None:
    made = setting.create()
    setting.applied(made)
    assert setting.opening.follow_up(made) is None


def refused_removal(setting: Setting) -> Request:
    """The second of the two requests, whose pull request was closed."""
    second = setting.opening.follow_up(disarmed(setting))
    assert second is not None
    return setting.happened(second, events.closed(2, setting.now, "reviewer"))


def test_protection_comes_back_after_a_removal_that_came_to_nothing(setting: Setting) -> None:
    ended = refused_removal(setting)
    armed = setting.opening.arm_again(ended)
    assert armed is not None
    assert (armed.kind, armed.actor, armed.root.deletion_protection) == (
        Kind.UPDATE,
        "rds-provisioner",
        True,
    )
    assert armed.reason == "Its removal was rejected, for which deletion protection had been taken off."
    setting.applied(armed)
    assert setting.opening.arm_again(ended) is None  # it was asked for


def test_protection_comes_back_only_where_it_is_off_and_wanted(setting: Setting) -> None:
    ended = refused_removal(setting)
    setting.rules = without("prod")
    assert setting.opening.arm_again(ended) is None
    setting.rules = catalog()
    extension = setting.use_cases.change(PROD, {"ttl": "9d"}, ALPHA).request
    assert setting.opening.arm_again(ended) is None  # which arms it too
    setting.applied(extension)
    assert setting.at(PROD).root.deletion_protection
    assert setting.opening.arm_again(ended) is None


def test_where_nothing_is_protected_nothing_is_armed(setting: Setting) -> None:
    setting.database()
    removal = setting.use_cases.remove(DEV, ALPHA).request
    ended = setting.happened(removal, events.closed(2, setting.now, "reviewer"))
    assert setting.opening.arm_again(ended) is None


# Giving up


def cancelling(setting: Setting, request: Request) -> bool:
    """Whether the reaper, which finds the end come, gives the request up."""
    setting.opening.give_up(setting.at(DEV))
    found = setting.ledger.request(request.id)
    assert found is not None
    assert (setting.sent[-1].request_id == request.id) or not found.progress.cancelling
    _says_why(setting, found)
    return found.progress.cancelling


def _says_why(setting: Setting, request: Request) -> None:
    """What the product cancels says why."""
    for event in setting.ledger.events(request.id):
        if event.type is EventType.CANCEL_ASKED:
            assert event.detail["reason"].startswith("It failed, was not fixed within 7 days")


def test_a_failed_change_is_given_up_a_week_after_it_failed(setting: Setting) -> None:
    setting.database()
    setting.now += dt.timedelta(days=7)  # its end
    failed = setting.failed(change(setting, size="medium"), Step.REVIEW)
    setting.now = failed.progress.since + TIME_TO_FIX - dt.timedelta(seconds=1)
    assert not cancelling(setting, failed)
    setting.now += dt.timedelta(seconds=1)
    assert cancelling(setting, failed)


def test_an_extension_that_failed_is_left_alone_until_the_end_it_asked_for(setting: Setting) -> None:
    setting.database()
    failed = setting.failed(change(setting, ttl="20d"), Step.REVIEW)
    setting.now += dt.timedelta(days=20) - dt.timedelta(seconds=1)
    assert not cancelling(setting, failed)
    setting.now += dt.timedelta(seconds=1)
    assert cancelling(setting, failed)


@pytest.mark.parametrize("step", [None, Step.APPLY])
def test_what_runs_and_what_is_on_main_is_not_given_up(setting: Setting, step: Step | None) -> None:
    setting.database()
    request = change(setting, size="medium")
    if step:
        setting.failed(request, step)
    setting.now += dt.timedelta(days=60)
    assert not cancelling(setting, request)


def test_a_database_without_a_request_has_none_to_give_up(setting: Setting) -> None:
    setting.database()
    written = setting.rows()
    setting.now += dt.timedelta(days=60)
    setting.opening.give_up(setting.at(DEV))
    assert setting.rows() == written

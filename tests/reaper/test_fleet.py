"""A fleet of databases through 90 days: each ended when it was promised to, and not before.

1,000 of them where `make check-all` calls it, else 400.
"""

from collections import Counter

import pytest
from provisioner.core.lifecycle import DatabaseState, Kind
from provisioner.core.models import Charge
from provisioner.core.times import parse_instant
from provisioner.pull_requests.comments import APPROVAL

from tests.reaper.fleet import DATABASES, DAY, LIFETIMES, Fleet, is_over

# One process makes what they share.
pytestmark = pytest.mark.xdist_group("fleet")

# Down for three days before the last warning, its notice of a day, and down for three days again.
LONGEST_DELAY = 7 * DAY
# Down for three days before the reaper sees the failure, and before it tries again.
EACH_FAILURE = 7 * DAY


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet.after_its_days()


def test_there_were_many_and_much_happened(fleet: Fleet) -> None:
    assert len(fleet.runs) == DATABASES
    assert Counter(run.environment for run in fleet.runs.values()).keys() == LIFETIMES.keys()
    assert fleet.extended > DATABASES * 0.2
    assert fleet.raced["due"] > DATABASES * 0.01
    assert fleet.raced["fresh"] > DATABASES * 0.01
    assert sum(run.removed_at is not None for run in fleet.runs.values()) > DATABASES * 0.8
    assert sum(len(run.failed) > 1 for run in fleet.runs.values()) > DATABASES * 0.01


def test_none_was_removed_early(fleet: Fleet) -> None:
    for run in fleet.runs.values():
        for asked in run.asked:
            assert asked.at >= parse_instant(asked.end), run
            assert asked.request.root.expires_at == asked.end
        if run.removed_at:
            assert run.removed_at >= parse_instant(run.end)


def test_each_end_of_life_had_one_removal_that_did_not_fail_and_each_request_one_pull_request(
    fleet: Fleet,
) -> None:
    assert set(fleet.branches.values()) == {1}
    expired = 0
    for run in fleet.runs.values():
        known = map(fleet.request, fleet.world.ledger.request_ids(run.place))
        removals = [request for request in known if request.kind in (Kind.REMOVE, Kind.DISARM)]
        assert {request.id for request in removals} == {asked.request.id for asked in run.asked}
        steps = Counter(
            (request.root.expires_at, request.kind) for request in removals if request.id not in run.failed
        )
        assert set(steps.values()) <= {1}, run
        if is_over(run.end, fleet.world.now - LONGEST_DELAY - len(run.failed) * EACH_FAILURE):
            assert run.end in {end for end, _ in steps}, run
            expired += 1
    assert expired > DATABASES * 0.85


def test_dev_lost_all_that_expired_and_nothing_else(fleet: Fleet) -> None:
    for run in fleet.runs.values():
        if run.environment == "dev":
            removed = fleet.database(run.place).state is DatabaseState.REMOVED
            merged = [asked for asked in run.asked if asked.request.id not in run.failed]
            assert removed == (run.removed_at is not None) == bool(merged)


def test_a_review_environment_never_lost_one_without_an_approval(fleet: Fleet) -> None:
    github = fleet.world.github
    assert {github.pulls[number].branch.split("/")[1] for number in github.merged} == {"dev"}
    lost = refused = 0
    for run in fleet.runs.values():
        if run.environment == "dev":
            continue
        approved = [asked.request.id for asked in run.asked if asked.request.id in run.approved]
        if fleet.database(run.place).state is DatabaseState.REMOVED:
            assert run.removed_at is not None
            assert len(approved) >= (2 if run.environment == "prod" else 1)
            assert approved[-1] == run.asked[-1].request.id
            lost += 1
        else:
            refused += len(run.asked) > len(approved)
    assert lost > DATABASES * 0.2
    assert refused > DATABASES * 0.01


def test_each_end_had_its_warnings_once_and_its_full_notice(fleet: Fleet) -> None:
    warned = 0
    for run in fleet.runs.values():
        warnings = fleet.warnings(run)
        kinds = Counter((event.detail["expires_at"], event.detail["last"]) for event in warnings)
        assert set(kinds.values()) <= {1}, run
        for asked in run.asked:
            last = [event.at for event in warnings if event.detail == {"expires_at": asked.end, "last": True}]
            notice = min(parse_instant(asked.end) - run.created_at, 14 * DAY) / 14
            assert len(last) == 1, (run, asked)
            assert asked.at - last[0] >= notice
        warned += len(warnings)
    comments = [
        text
        for texts in fleet.world.github.comments.values()
        for text in texts
        if not text.startswith(APPROVAL)
    ]
    assert len(comments) == warned
    assert warned > DATABASES * 1.5


def test_what_never_ends_was_never_warned_about(fleet: Fleet) -> None:
    never = [run for run in fleet.runs.values() if run.end == "never"]
    assert len(never) > DATABASES * 0.01
    for run in never:
        assert run.asked == []
        assert fleet.warnings(run) == []


def test_the_quota_holds_what_is_there(fleet: Fleet) -> None:
    for environment in LIFETIMES:
        runs = [run for run in fleet.runs.values() if run.environment == environment]
        there = Charge()
        for run in runs:
            there = there.minus(Charge().minus(fleet.database(run.place).charge))
        assert fleet.world.ledger.quota_used("alpha", environment) == there
        assert there.databases == sum(run.removed_at is None for run in runs)

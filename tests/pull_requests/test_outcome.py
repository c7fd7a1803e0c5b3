"""How an apply went is said in the words of its kind, in a separate comment that carries the run."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core import events
from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import DatabaseState, Kind
from provisioner.core.models import Request
from provisioner.pull_requests import outcome
from provisioner.pull_requests.comments import OUTCOME

from tests.core.examples import NOW, catalog, database
from tests.golden_files import assert_golden
from tests.pull_requests.hostile import hostile, reached
from tests.pull_requests.test_content import PROD, REQUESTS, of_kind

GITHUB_TAKES = 65_536
CATALOG = catalog()
URL = "https://app.circleci.com/jobs/github/acme/databases/42"
RUN: Any = {"pipeline_url": URL, "commit": "5f0c1a2b8f5e4c1d9a701c2d3e4f5a6b7c8d9e0f"}
RESULT = {
    "identifier": "dev-mydb123",
    "endpoint": "dev-mydb123.abc.us-east-1.rds.amazonaws.com",
    "port": 3306,
    "database_name": "mydb123",
    "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1",
}
DONE = events.succeeded(NOW, **RUN, result=RESULT)
REMOVED = events.removed(NOW, **RUN)


def failed(
    cause: str = "Error: DBInstanceAlreadyExists", fix: str = outcome.FIXES[True], *, retryable: bool = True
) -> Event:
    return events.failed_apply(NOW, **RUN, cause=cause, fix=fix, retryable=retryable)


def said(one: Request, event: Event = DONE) -> str:
    return outcome.outcome_comment(one, event, CATALOG)


COMMENTS = {
    "applying-create": outcome.applying_comment(REQUESTS["create-mysql-dev"], URL, CATALOG),
    "applying-restore": outcome.applying_comment(REQUESTS["restore"], URL, CATALOG),
    "applying-extend": outcome.applying_comment(REQUESTS["extend"], URL, CATALOG),
    "applying-remove": outcome.applying_comment(REQUESTS["remove-dev"], URL, CATALOG),
    "outcome-create": said(REQUESTS["create-mysql-dev"]),
    "outcome-update": said(REQUESTS["update"]),
    "outcome-extend": said(REQUESTS["extend"]),
    "outcome-maintain": said(REQUESTS["maintain"]),
    "outcome-disarm": said(REQUESTS["disarm"]),
    "outcome-remove-dev": said(REQUESTS["remove-dev"], REMOVED),
    "outcome-remove-prod": said(REQUESTS["remove-prod"], REMOVED),
    "outcome-failed-create": said(REQUESTS["create-mysql-dev"], failed()),
    "outcome-failed-update": said(
        REQUESTS["update"], failed("Error: no such snapshot", outcome.FIXES[False], retryable=False)
    ),
    "outcome-failed-remove": said(REQUESTS["remove-prod"], failed()),
    "outcome-failed-with-its-fix": said(
        REQUESTS["create-mysql-dev"], failed(fix="rename or delete it, or take another name")
    ),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_is_as_agreed(name: str) -> None:
    assert_golden(f"comments/{name}.md", COMMENTS[name])


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_begins_with_its_marker_and_ends_with_the_next_step(name: str) -> None:
    first, *_, last = COMMENTS[name].rstrip("\n").split("\n")

    assert (
        first == OUTCOME
        if name.startswith("applying")
        else first.startswith("<!-- rds-provisioner: outcome ")
    )
    assert last.startswith("**Next:**")


def test_the_marker_is_that_of_the_run_and_the_outcome_and_no_other() -> None:
    other = events.succeeded(NOW, pipeline_url=URL + "1", commit="", result=None)
    later = events.succeeded(NOW + dt.timedelta(hours=1), **RUN, result=None)

    assert outcome.marker(DONE) == outcome.marker(later)
    assert len({outcome.marker(event) for event in (DONE, other, failed(), REMOVED)}) == 4
    assert not outcome.marker(DONE).startswith(OUTCOME)  # an earlier release would edit it


def test_an_earlier_releases_comment_counts_where_it_said_the_same() -> None:
    assert outcome.markers(DONE)[1:] == [f"{OUTCOME}\n## ✅"]
    assert outcome.markers(failed())[1:] == [f"{OUTCOME}\n## ❌"]
    assert not COMMENTS["applying-create"].startswith(
        tuple(outcome.markers(DONE) + outcome.markers(failed()))
    )


def test_success_is_the_outcome_whatever_failed_later_and_else_the_newest_failure() -> None:
    first, hour = failed(), dt.timedelta(hours=1)
    second = dataclasses.replace(failed(), id="failed:2", at=NOW + hour)
    of_plan = events.failed_plan("c", NOW + 2 * hour, pipeline_url=URL, cause="c", fix="f")
    stuck = events.failed_stuck(
        Step.QUEUE, NOW, NOW + 3 * hour, cause="did not begin", fix="f", retryable=True
    )

    assert outcome.newest([second, first, of_plan]) == second
    assert outcome.newest([second, DONE, stuck]) == DONE
    assert outcome.newest([first, stuck]) == stuck
    assert outcome.newest([of_plan]) is None


def test_a_removal_says_its_snapshot_only_where_there_was_something_to_keep() -> None:
    one = of_kind(Kind.REMOVE, PROD)
    removed = dataclasses.replace(database(**PROD), state=DatabaseState.REMOVED)
    there = dataclasses.replace(removed, result=RESULT)

    text = outcome.outcome_comment(one, REMOVED, CATALOG, there)
    assert "final snapshot `prod-orders-final-3f0c1a2b`, until 2027-11-23." in text
    assert "No snapshot was kept." in outcome.outcome_comment(one, REMOVED, CATALOG, removed)


@given(st.dictionaries(st.sampled_from([*RESULT, "password", "master_user_password"]), hostile))
def test_an_outcome_shows_the_known_fields_only_and_never_a_password(result: dict[str, str]) -> None:
    event = events.succeeded(NOW, **RUN, result=result | {"password": "hunter2", "token": "hunter2"})
    text = said(REQUESTS["create-mysql-dev"], event)

    assert "hunter2" not in text
    assert "secretsmanager" not in text
    assert all(kind != "link_open" or words == URL for kind, words in reached(text))


@given(cause=hostile.filter(str.strip), kind=st.sampled_from(list(Kind)))
def test_a_hostile_cause_reaches_nothing(cause: str, kind: Kind) -> None:
    one = of_kind(kind)

    assert reached(said(one, failed(cause))) == reached(said(one, failed("plain")))


@pytest.mark.parametrize("cause", ["x" * 3_000_000, "`" * 3_000_000, "```\n" * 40_000], ids=len)
def test_no_outcome_is_longer_than_github_takes(cause: str) -> None:
    assert len(said(REQUESTS["update"], failed(cause))) <= GITHUB_TAKES

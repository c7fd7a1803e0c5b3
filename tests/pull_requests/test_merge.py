"""The merge asks for what is missing, says so once, and merges one commit once, as GitHub is now."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from provisioner.core import events
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.core.reviews import Opinion
from provisioner.github.pull_request import Merge, PullRequest
from provisioner.ledger.ledger import Ledger
from provisioner.pull_requests.approvals import Verdict
from provisioner.pull_requests.merge import Merger

from tests.core.examples import NOW, ROOMY, catalog, charge
from tests.core.examples import request as new_request
from tests.github.reviewers import HEAD, FakeReviewers, review
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE

MINUTE = dt.timedelta(minutes=1)
LATER = NOW + 10 * MINUTE
OPEN = PullRequest(7, "u", "open", merged=False, head_sha=HEAD, branch="b", base="main", author="rds[bot]")
PLATFORM = "it waits for an approval of `@acme/platform`"


@dataclass
class Pulls:
    """One pull request in memory; `done` is what was asked of it."""

    reviewers: FakeReviewers = field(default_factory=FakeReviewers)
    found: PullRequest = OPEN
    answer: Merge = field(default_factory=lambda: Merge("d" * 40))
    branch_fault: Exception | None = None
    done: list[str] = field(default_factory=list)

    def pull_request(self, number: int) -> PullRequest:
        self.done.append(f"read {number}")
        return self.found

    def close_pull_request(self, number: int) -> PullRequest:
        raise AssertionError(f"nobody closes {number} here")

    def merge(self, number: int, *, head: str, title: str) -> Merge:
        self.done.append(f"merge {number} {head[:4]} {title}")
        return self.answer

    def put_comment(self, number: int, marker: str, body: str) -> None:
        self.done.append(f"comment {number}: {body}")

    def comment_once(self, number: int, markers: Sequence[str], body: str) -> None:
        raise AssertionError(f"{number} has no comment that is written once here")

    def delete_branch(self, branch: str) -> None:
        self.done.append(f"delete {branch}")
        if self.branch_fault:
            raise self.branch_fault


class World:
    """A request in staging whose pull request is open, and who merges it."""

    def __init__(self, environment: str = "staging") -> None:
        self.pulls, self.ledger = Pulls(), Ledger(MemoryTable(), TABLE)
        self.merger = Merger(self.ledger, catalog(), self.pulls, "main")
        self.id = new_request(environment=environment).id
        asked = new_request(self.id, environment=environment)
        self.ledger.open_create(asked, charge(asked.root), ROOMY)

    def add(self, *happened: Event) -> Request:
        for event in happened:
            self.ledger.add_event(self.id, event, event.at)
        found = self.ledger.request(self.id)
        assert found is not None
        return found

    def opened(self) -> Request:
        return self.add(events.opened(7, NOW + MINUTE, url="u", commit=HEAD))

    def planned(self) -> Request:
        self.opened()
        return self.add(events.planned(HEAD, NOW + 2 * MINUTE, pipeline_url="p", as_asked=True, counts=None))

    def approved(self, number: int, at: dt.datetime) -> None:
        self.add(events.approved(number, at, "ann", commit=HEAD))

    def look(self, now: dt.datetime = LATER) -> bool:
        return self.merger.look(self.id, now)

    def events(self, kind: EventType) -> list[Event]:
        return [event for event in self.ledger.events(self.id) if event.type is kind]


@pytest.fixture
def world() -> World:
    return World()


def test_what_was_planned_and_approved_is_merged(world: World) -> None:
    world.planned()
    world.pulls.reviewers.given = [review("ann")]

    assert world.look() is True

    title = "Create staging/mydb123 (MySQL 8.4) (#7)"
    assert world.pulls.done == ["read 7", f"merge 7 {HEAD[:4]} {title}", "delete b"]
    (merged,) = world.events(EventType.MERGED)
    assert (merged.actor, merged.detail) == (
        "rds-provisioner",
        {"commit": "d" * 40, "approved_by": ["ann"]},
    )


@pytest.mark.parametrize(
    "fault", [TryLater("deleting b", "GitHub is away"), NeedsPerson("deleting b", "no", "look")]
)
def test_a_branch_that_stays_undoes_no_merge(world: World, fault: Exception) -> None:
    world.planned()
    world.pulls.reviewers.given = [review("ann")]
    world.pulls.branch_fault = fault
    assert world.look() is True


def test_nothing_is_looked_at_before_there_is_a_pull_request_with_a_plan(world: World) -> None:
    assert world.merger.look(new_request().id, LATER) is False
    assert world.look() is False
    world.opened()
    assert world.look() is False
    assert world.pulls.done == []


def test_a_plan_without_a_pull_request_is_looked_at_by_nobody(world: World) -> None:
    world.add(events.planned(HEAD, NOW + MINUTE, pipeline_url="p", as_asked=True, counts=None))
    assert world.look() is False
    assert world.pulls.done == []


def test_what_someone_merged_by_hand_is_written_down_and_not_merged_again(world: World) -> None:
    world.planned()
    world.pulls.found = dataclasses.replace(
        OPEN, merged=True, state="closed", merge_commit="e" * 40, merged_at="2026-11-23T12:05:00Z"
    )
    assert world.look() is True
    (merged,) = world.events(EventType.MERGED)
    assert merged.actor == "github"
    assert world.pulls.done == ["read 7"]


@pytest.mark.parametrize(
    "found",
    [
        dataclasses.replace(OPEN, state="closed"),
        dataclasses.replace(OPEN, base="release"),
        dataclasses.replace(OPEN, head_sha="f" * 40),
    ],
    ids=["closed", "into another branch", "another commit"],
)
def test_what_is_not_open_as_it_was_planned_is_left_alone(world: World, found: PullRequest) -> None:
    world.planned()
    world.pulls.reviewers.given = [review("ann", commit=found.head_sha)]
    world.pulls.found = found
    assert world.look() is False
    assert world.pulls.done == ["read 7"]


def test_what_is_being_cancelled_is_not_merged(world: World) -> None:
    world.planned()
    cancelling = world.add(events.cancel_asked(NOW + 3 * MINUTE, "alpha"))
    assert (cancelling.progress.state, cancelling.progress.cancelling) == (State.PULL_REQUEST_OPEN, True)
    world.pulls.reviewers.given = [review("ann")]
    assert world.look() is False
    assert world.pulls.done == ["read 7"]


def test_the_reopened_pull_request_of_an_ended_request_is_not_merged(world: World) -> None:
    world.planned()
    ended = world.add(events.closed(7, NOW + 3 * MINUTE, "bob"))
    assert ended.progress.state is State.REJECTED
    world.pulls.reviewers.given = [review("ann")]
    assert world.look() is False
    assert world.pulls.done == ["read 7"]


def test_what_the_caller_has_just_read_is_not_read_again(world: World) -> None:
    world.planned()
    world.pulls.reviewers.given = [review("ann")]
    assert world.merger.look(world.id, LATER, OPEN) is True
    assert [done.split()[0] for done in world.pulls.done] == ["merge", "delete"]


def test_what_is_waited_for_is_said_once_and_counted(world: World) -> None:
    world.planned()
    assert world.look() is False
    assert world.look() is False
    world.pulls.reviewers.given = [review("bob", Opinion.CHANGES_REQUESTED)]
    assert world.look() is False

    said = world.events(EventType.APPROVAL_AWAITED)
    assert [event.id for event in said] == ["approval_awaited:1", "approval_awaited:2"]
    assert said[0].detail == {
        "approval_of": ["@acme/platform"],
        "waits_for": PLATFORM,
        "commit": HEAD,
        "approvers": [{"owner": "@acme/platform", "people": ["ann", "bob"]}],
    }
    assert "approvers" not in said[1].detail
    assert said[1].detail["waits_for"] == "`bob` asked for changes"
    comments = [line for line in world.pulls.done if line.startswith("comment 7:")]
    assert [PLATFORM in comments[0], "`bob` asked for changes" in comments[1], len(comments)] == [
        True,
        True,
        2,
    ]


@pytest.mark.parametrize("fault", [None, TryLater("reading", "busy"), NeedsPerson("reading", "no", "ask")])
def test_without_the_people_of_a_team_its_name_is_enough(fault: Exception | None) -> None:
    world = World()
    request = world.planned()
    world.pulls.reviewers.members_fault = fault
    world.pulls.reviewers.members_hidden = fault is None
    world.merger.keep_waiting(
        request,
        world.events(EventType.PLANNED),
        OPEN,
        Verdict("it waits", ("@acme/platform", "@cyd", "dee@acme.example")),
        LATER,
    )
    (said,) = world.events(EventType.APPROVAL_AWAITED)
    assert said.detail["approval_of"] == ["@acme/platform", "@cyd", "dee@acme.example"]
    assert said.detail["approvers"] == [{"owner": "@cyd", "people": ["cyd"]}]


@pytest.mark.parametrize(
    ("reason", "said"), [("a check is pending", "a check is pending"), ("", "it gave no reason")]
)
def test_githubs_refusal_is_passed_on_and_looked_at_again_in_a_minute(
    world: World, reason: str, said: str
) -> None:
    one = world.planned()
    world.pulls.answer = Merge(None, reason)
    known = world.ledger.events(one.id)
    answer = world.merger.merge(one, OPEN, world.merger.verdict(one, known, OPEN), LATER)
    assert answer == said
    assert [request.id for request in world.ledger.due_requests(LATER + MINUTE)] == [one.id]
    assert list(world.ledger.due_requests(LATER + MINUTE / 2)) == []


def test_an_approval_that_github_does_not_list_yet_is_waited_for_less_than_five_minutes(world: World) -> None:
    world.planned()
    world.approved(11, LATER)
    with pytest.raises(TryLater) as waits:
        world.look(LATER + 5 * MINUTE - dt.timedelta(seconds=1))
    assert str(waits.value) == ("looking for the approval of pull request 7: GitHub does not list it yet")
    assert world.events(EventType.APPROVAL_AWAITED) == []

    assert world.look(LATER + 5 * MINUTE) is False
    assert len(world.events(EventType.APPROVAL_AWAITED)) == 1


def test_an_approval_that_github_lists_and_that_does_not_count_is_not_waited_for(world: World) -> None:
    world.planned()
    world.approved(11, LATER)
    world.pulls.reviewers.given = [review("eve", number=11)]
    assert world.look(LATER + MINUTE) is False
    assert len(world.events(EventType.APPROVAL_AWAITED)) == 1


def test_other_news_of_a_review_is_not_waited_for(world: World) -> None:
    world.planned()
    world.add(events.changes_requested(12, LATER, "bob", commit=HEAD))
    assert world.look(LATER + MINUTE) is False


def test_trouble_is_passed_on_with_its_pull_request(world: World) -> None:
    warnings: list[str] = []
    world.merger = dataclasses.replace(world.merger, warn=warnings.append)
    world.planned()
    world.pulls.reviewers.owners = "/terraform/databases/dev/\n"
    assert world.look() is False
    assert len(warnings) == 1
    assert warnings[0].startswith("pull request 7 cannot be merged: CODEOWNERS on main names no owner of ")

"""A change is merged when the approvals that it takes are there for that very commit, and never before."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core import events
from provisioner.core.events import Event
from provisioner.core.lifecycle import Kind, derive
from provisioner.core.models import Request
from provisioner.core.reviews import Opinion, Review
from provisioner.github.pull_request import PullRequest, PullRequests
from provisioner.pull_requests.approvals import Approvals, Verdict

from tests.core.examples import NOW, catalog, opened_catalog
from tests.core.examples import request as new_request
from tests.github.reviewers import HEAD, FakeReviewers, review

MINUTE = dt.timedelta(minutes=1)
BOT = "rds-provisioner[bot]"
OTHER = "d" * 40
PLATFORM = "it waits for an approval of `@acme/platform`"
LATE = ", given after the newest plan, since that is not exactly what was asked"
APPROVED, CHANGES, DISMISSED, COMMENTED = (
    Opinion.APPROVED,
    Opinion.CHANGES_REQUESTED,
    Opinion.DISMISSED,
    Opinion.COMMENTED,
)


@dataclass
class FakePullRequests:
    reviewers: FakeReviewers
    found: PullRequest = field(
        default_factory=lambda: PullRequest(7, "u", "open", False, HEAD, "b", "main", author=BOT)
    )

    def pull_request(self, number: int) -> PullRequest:
        assert number == 7
        return self.found


def planned(*, as_asked: bool = True, commit: str = HEAD, minute: float = 2) -> Event:
    return events.planned(
        commit, NOW + minute * MINUTE, pipeline_url=f"p{minute}", as_asked=as_asked, counts=None
    )


def opened(*more: Event, **body: Any) -> tuple[Request, list[Event]]:
    """A request whose worker made HEAD, and its events."""
    asked = new_request(**{"environment": "staging"} | body)
    known = [
        events.requested(NOW, "alpha"),
        events.opened(7, NOW + MINUTE, url="u", commit=HEAD),
        *(more or (planned(),)),
    ]
    return dataclasses.replace(asked, progress=derive(known)), known


def verdict(
    reviews: Sequence[Review] = (),
    *more: Event,
    head: str = HEAD,
    author: str = BOT,
    opens_data: bool = False,
    people: FakeReviewers | None = None,
    **body: Any,
) -> Verdict:
    asked, known = opened(*more, **body)
    fake = FakePullRequests(people or FakeReviewers())
    fake.reviewers.given = list(reviews)
    fake.found = dataclasses.replace(fake.found, head_sha=head, author=author)
    rules = opened_catalog() if opens_data else catalog()
    approvals = Approvals(rules, cast("PullRequests", fake), "main")
    return approvals.verdict(asked, known, fake.found)


def ann(opinion: Opinion = APPROVED, minute: float = 3, number: int = 1, commit: str = HEAD) -> Review:
    return review("ann", opinion, number=number, at=NOW + minute * MINUTE, commit=commit)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_in_a_review_environment_one_code_owner_decides(environment: str, kind: Kind) -> None:
    assert verdict(environment=environment, kind=kind) == Verdict(PLATFORM, ("@acme/platform",))
    assert verdict([ann()], environment=environment, kind=kind) == Verdict(approved_by=("ann",))


def test_in_an_auto_environment_what_is_exactly_as_asked_takes_none_and_nobody_is_asked() -> None:
    people = FakeReviewers()

    assert verdict(environment="dev", people=people) == Verdict()
    assert people.asked == []


def test_in_an_auto_environment_anything_else_takes_an_owner_of_everything() -> None:
    missing = Verdict(PLATFORM + LATE, ("@acme/platform",))

    assert verdict([], planned(as_asked=False), environment="dev") == missing
    assert verdict([ann()], planned(as_asked=False), environment="dev") == Verdict(approved_by=("ann",))


def test_an_approval_before_the_plan_counts_where_the_plan_is_as_asked() -> None:
    assert verdict([ann(minute=1.5)], planned(minute=2)).missing == ""


@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_an_approval_before_a_plan_that_is_not_as_asked_does_not_count(environment: str) -> None:
    plan = planned(as_asked=False, minute=2)

    assert verdict([ann(minute=1.5)], plan, environment=environment).missing == PLATFORM + LATE
    assert verdict([ann(minute=2.5)], plan, environment=environment).missing == ""
    newer = planned(as_asked=False, minute=4)
    assert verdict([ann(minute=3)], plan, newer, environment=environment).missing == PLATFORM + LATE


@pytest.mark.parametrize(
    ("reviews", "missing"),
    [
        ([ann(commit=OTHER)], PLATFORM),
        ([ann(), ann(DISMISSED, 4, 2)], PLATFORM),
        ([ann(DISMISSED)], PLATFORM),
        ([ann(COMMENTED)], PLATFORM),
        ([ann(), ann(COMMENTED, 4, 2)], ""),
        ([ann(), ann(CHANGES, 4, 2)], "`ann` asked for changes"),
        ([ann(CHANGES), ann(APPROVED, 4, 2)], ""),
        ([ann(), review("bob", CHANGES)], "`bob` asked for changes"),
        ([ann(), review("cyd", CHANGES)], "`cyd` asked for changes"),
        ([ann(), review("bob", CHANGES, commit=OTHER)], "`bob` asked for changes"),
        ([ann(), review("stranger", CHANGES)], ""),
        ([ann(), review("bob", DISMISSED)], ""),
        ([review("cyd")], f"{PLATFORM} (`cyd` approved it, but may not decide this)"),
        (
            [review("cyd"), review("dan", number=2)],
            f"{PLATFORM} (`cyd` and `dan` approved it, but may not decide this)",
        ),
        ([review("ann", is_bot=True)], PLATFORM),
        ([review("")], PLATFORM),
        ([ann(), review("cyd")], ""),
    ],
)
def test_the_newest_word_of_each_reviewer_counts(reviews: list[Review], missing: str) -> None:
    assert verdict(reviews).missing == missing


def test_an_owner_who_may_no_longer_push_decides_nothing() -> None:
    people = FakeReviewers(writers={"bob"})

    assert verdict([ann()], people=people).missing.startswith(PLATFORM)
    assert verdict([ann(), review("bob", number=2)], people=people).approved_by == ("bob",)


def test_nobody_approves_a_pull_request_that_they_opened() -> None:
    assert verdict([ann()], author="Ann").missing == PLATFORM


def test_who_pushed_to_the_branch_does_not_approve_it() -> None:
    more = [planned(commit=OTHER), events.edited(OTHER, NOW + MINUTE, "ann")]
    approved = [ann(commit=OTHER), review("bob", commit=OTHER, number=2, at=NOW + 3 * MINUTE)]

    assert verdict(approved[:1], *more, head=OTHER).missing == PLATFORM + LATE
    assert verdict(approved, *more, head=OTHER).approved_by == ("bob",)


def test_whose_commits_are_on_the_branch_does_not_approve_it_where_the_webhook_was_lost() -> None:
    people = FakeReviewers(authors=frozenset({"ann", BOT}))
    approved = [ann(commit=OTHER)]

    assert verdict(approved, planned(commit=OTHER), head=OTHER, people=people).missing == PLATFORM + LATE


@pytest.mark.parametrize(
    ("owners", "reviewer", "approved_by"),
    [
        ("* @Ann", "ann", ("ann",)),
        ("* @bob @ann", "ann", ("ann",)),
        ("* ann@acme.example", "ann", ("ann",)),
        ("* ANN@acme.example", "ann", ("ann",)),
        ("* ann@acme.example", "bob", ()),
        ("* @acme/other @acme/platform", "bob", ("bob",)),
        ("* @other/platform", "bob", ()),
        ("* @ann\n/terraform/databases/staging/ @bob", "ann", ()),
        ("* @ann\n/terraform/databases/staging/ @bob", "bob", ("bob",)),
    ],
)
def test_an_owner_is_a_user_a_member_of_a_team_or_who_has_the_address(
    owners: str, reviewer: str, approved_by: tuple[str, ...]
) -> None:
    people = FakeReviewers(owners=owners, emails={"ann": "ann@acme.example"})

    assert verdict([review(reviewer)], people=people).approved_by == approved_by


def test_without_the_permission_to_read_teams_nothing_is_merged_and_the_verdict_says_so() -> None:
    people = FakeReviewers(members_hidden=True)

    found = verdict([ann()], people=people)

    assert found.trouble
    assert found.approved_by == ()
    assert found.missing == (
        "the App may not read who belongs to `@acme/platform`, so that no approval of a member counts. "
        "An owner of the organization accepts its permission `Members: read` (docs/deploy.md, step 2)"
    )


def test_what_github_granted_says_that_before_anybody_approves() -> None:
    people = FakeReviewers(members_hidden=True, granted=False)

    found = verdict(people=people)

    assert found.trouble
    assert found.missing.startswith("the App may not read who belongs to `@acme/platform`, so that")
    assert "member" not in " ".join(people.asked)
    by_name = FakeReviewers(members_hidden=True, granted=False, owners="* @acme/platform @ann")
    assert verdict([ann()], people=by_name).approved_by == ("ann",)


def test_an_owner_by_name_counts_without_the_permission_to_read_teams() -> None:
    people = FakeReviewers(members_hidden=True, owners="* @acme/platform @ann")

    assert verdict([ann()], people=people).approved_by == ("ann",)


@pytest.mark.parametrize(
    ("owners", "missing"),
    [
        (None, "names no owner of `terraform/databases/staging/mydb123/main.tf`, so that nobody can approve"),
        ("* @ann\n/terraform/\n", "names no owner of `terraform/databases/staging/mydb123/main.tf`"),
        ("* ann\n", "cannot be read: line 1 of CODEOWNERS: 'ann' is not an owner"),
    ],
)
def test_a_file_without_owners_lets_nothing_through(owners: str | None, missing: str) -> None:
    found = verdict([ann()], people=FakeReviewers(owners=owners))

    assert found.trouble
    assert found.missing.startswith(f"CODEOWNERS on main {missing}")


SPLIT = "* @acme/platform\n/terraform/databases/dev/\n/terraform/databases/prod/ @cyd\n"
CLONE: dict[str, Any] = {"restore_from": {"database": "prod/orders"}, "storage_gb": 50, "environment": "dev"}


def test_data_of_a_review_environment_takes_the_approval_of_its_owners() -> None:
    def found(*reviews: Review) -> Verdict:
        return verdict(reviews, opens_data=True, people=FakeReviewers(owners=SPLIT), **CLONE)

    assert found() == Verdict("it waits for an approval of `@cyd`", ("@cyd",))
    assert found(ann()).missing.startswith("it waits for an approval of `@cyd`")
    assert found(review("cyd")).approved_by == ("cyd",)


def test_such_a_copy_that_is_not_as_asked_takes_both_approvals() -> None:
    def found(*reviews: Review) -> Verdict:
        people = FakeReviewers(owners=SPLIT)
        return verdict(reviews, planned(as_asked=False), opens_data=True, people=people, **CLONE)

    cyd = review("cyd", at=NOW + 3 * MINUTE, number=2)
    assert found().missing == (
        f"it waits for an approval of `@cyd` and an approval of `@acme/platform`{LATE}"
    )
    assert found(cyd).missing == f"{PLATFORM}{LATE}"
    assert found(cyd, ann()).approved_by == ("cyd", "ann")


def refusal(reviews: Sequence[Review] = (), *more: Event, **pull: Any) -> str:
    asked, known = opened(*more, environment=pull.pop("environment", "staging"))
    fake = FakePullRequests(FakeReviewers(given=list(reviews)))
    merged: dict[str, Any] = {"state": "closed", "merged": True, "merged_by": "dan"}
    fake.found = dataclasses.replace(fake.found, **merged | pull)
    return Approvals(catalog(), cast("PullRequests", fake), "main").merge_refusal(asked, known)


def test_a_merge_by_the_app_counts() -> None:
    assert refusal(merged_by=BOT) == ""


def test_a_merge_by_hand_counts_with_the_approvals_due() -> None:
    assert refusal([ann()]) == ""
    assert refusal(environment="dev") == ""


@pytest.mark.parametrize(
    ("pull", "words"),
    [
        ({}, f"dan merged pull request 7 by hand, but {PLATFORM}"),
        ({"author": "dan"}, f"dan merged pull request 7 by hand, but {PLATFORM}"),
        ({"merged_by": None}, f"someone merged pull request 7 by hand, but {PLATFORM}"),
        ({"merged_by": "other[bot]"}, f"other[bot] merged pull request 7 by hand, but {PLATFORM}"),
        ({"head_sha": OTHER}, f"dan merged pull request 7 by hand, but {PLATFORM}{LATE}"),
        (
            {"head_sha": OTHER, "environment": "dev"},
            f"dan merged pull request 7 by hand, but {PLATFORM}{LATE}",
        ),
        ({"merged": False}, "pull request 7 of request {id} is not merged into main"),
        ({"base": "release"}, "pull request 7 of request {id} is not merged into main"),
    ],
)
def test_any_other_merge_is_refused_in_a_sentence(pull: dict[str, Any], words: str) -> None:
    found = refusal(**pull)

    assert found.startswith(words.partition("{id}")[0].removesuffix(LATE))
    assert found.endswith(words.partition("{id}")[2].removesuffix(LATE))


def test_without_a_pull_request_nothing_was_merged() -> None:
    asked = new_request()
    fake = cast("PullRequests", FakePullRequests(FakeReviewers()))

    assert Approvals(catalog(), fake, "main").merge_refusal(asked, []) == (
        f"request {asked.id} has no pull request"
    )


LOGINS = st.sampled_from(["ann", "bob", "cyd", "stranger", BOT])
REVIEWS = st.lists(
    st.builds(
        review,
        LOGINS,
        st.sampled_from(list(Opinion)),
        number=st.integers(1, 99),
        commit=st.sampled_from([HEAD, OTHER]),
        at=st.integers(0, 9).map(lambda minute: NOW + minute * MINUTE),
        is_bot=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda written: written.id,  # as GitHub's are
)


@given(REVIEWS, st.booleans())
def test_whatever_is_merged_has_a_standing_approval_of_an_owner(
    reviews: list[Review], as_asked: bool
) -> None:
    found = verdict(reviews, planned(as_asked=as_asked))

    if found.missing:
        assert found.approved_by == ()
        return
    (approver,) = found.approved_by
    assert approver in ("ann", "bob")
    theirs = [written for written in reviews if written.login == approver and not written.is_bot]
    said = [written for written in theirs if written.opinion not in (COMMENTED, Opinion.PENDING)]
    newest = max(said, key=lambda written: (written.at, written.id))
    assert (newest.opinion, newest.commit) == (APPROVED, HEAD)
    assert as_asked or newest.at >= NOW + 2 * MINUTE

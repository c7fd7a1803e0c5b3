"""Roots change through the API: what no request asked for passes no plan, and is not applied from main.

The pipeline and the functions as they are deployed, on one real repository.
"""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.events import Step
from provisioner.core.hcl import render
from provisioner.core.lifecycle import State
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.core.root import Restore, Root
from provisioner.handlers import reaper
from provisioner.ledger.break_glass import Glass
from provisioner.pull_requests.comments import NOT_APPLIED, PLAN
from provisioner.wiring import intake, repository

from pipeline.reporter import TRIES
from tests.core.examples import root
from tests.handlers.both import PLACE, Both
from tests.handlers.chain import ALPHA

STEAL = Place("dev", "steal")
MINUTE = dt.timedelta(minutes=1)


def by_hand(both: Both, branch: str, place: Place, text: str | None) -> int:
    """A pull request that someone opens with git alone; its number."""
    github = repository.github()
    github.create_branch(branch, github.branch_head("main"))
    both.chain.server.users.push(branch, place.root_path, text.encode() if text else None, "Tidy")
    opened = github.open_pull_request(branch=branch, base="main", title="Tidy", body="")
    assert opened is not None
    return opened.number


def on_main(both: Both, place: Place, text: str | None) -> None:
    """Someone with rights on main pushes there."""
    both.chain.server.users.push("main", place.root_path, text.encode() if text else None, "By hand")


def comments(both: Both, number: int = 1) -> list[str]:
    return [comment.body for comment in both.chain.server.hub.pulls[number].comments]


def handmade(**fields: Any) -> Root:
    """A root with everything right but that no request asked for it."""
    made = root("99999999-8f5e-4c1d-9a70-1c2d3e4f5a6b", now=dt.datetime.now(dt.UTC))
    return dataclasses.replace(made, **fields)


def changed(both: Both, body: dict[str, Any]) -> Request:
    """A change that was asked for, and whose pull request is open."""
    request = intake.use_cases(dt.datetime.now(dt.UTC)).change(PLACE, body, ALPHA).request
    both.chain.work()
    return both.chain.now(request)


def shown(both: Both) -> list[tuple[str, str]]:
    """What the database document says of what was not applied: (cause, fix)."""
    found = both.chain.ledger.database_events(PLACE)
    return [
        (event.detail["cause"], event.detail["fix"])
        for event in found
        if event.type is DatabaseEventType.NOT_APPLIED
    ]


def metrics(output: str, name: str) -> int:
    """How often a metric was counted, by what the functions printed."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return sum(line[name][0] for line in lines if name in line)


def test_prods_data_is_not_copied_into_dev_without_a_request(both: Both) -> None:
    copy = handmade(database_name="steal", restore=Restore(database="prod-db", point_in_time="latest"))
    number = by_hand(both, "tidy/dev-copy", STEAL, render(copy))

    assert not both.planned_branch("tidy/dev-copy")
    assert "⛔ Denied" in comments(both, number)[0]
    assert "no request made this pull request" in comments(both, number)[0]
    both.chain.server.users.merge(number)  # where nothing on GitHub keeps him from it

    assert both.pipeline.apply() == []
    assert both.pipeline.cloud.states == {}
    assert both.pipeline.markers() == []


def test_a_database_is_not_removed_without_a_request(both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    both.created()
    number = by_hand(both, "tidy/rm", PLACE, None)

    assert not both.planned_branch("tidy/rm")
    both.chain.server.users.merge(number)
    both.taken()
    capsys.readouterr()
    assert both.pipeline.apply() == []

    assert both.taken() == [("may_apply", False)]
    assert both.pipeline.instance()["identifier"] == "dev-mydb123"
    output = capsys.readouterr().out
    assert "NOT APPLIED  dev/mydb123: main says otherwise than request" in output
    assert output.rstrip().endswith("dev: 0 done, 0 not, 1 not asked for.")
    assert metrics(output, "RootsNotApplied") == 1
    ((cause, fix),) = shown(both)
    assert cause.endswith("the newest that was merged: the root is missing")
    assert fix.startswith("revert the commit that changed it on main")
    assert comments(both)[-1].startswith(NOT_APPLIED)
    assert "revert the commit" in comments(both)[-1]


def test_the_way_back_is_to_revert_and_is_said_once_for_each_content(both: Both) -> None:
    one = both.created()
    before = both.repository.git("show", f"origin/main:{PLACE.root_path}")
    on_main(both, PLACE, None)
    for _ in range(3):
        both.pipeline.apply()
    assert len(shown(both)) == 1
    on_main(both, PLACE, before)
    both.taken()

    assert both.pipeline.apply() == []

    assert both.taken() == []
    assert both.chain.now(one).progress.state is State.DONE
    assert both.pipeline.cloud.applied == [
        "dev/mydb123: create aws_db_parameter_group",
        "dev/mydb123: create aws_db_instance",
    ]


def test_a_root_made_in_git_alone_is_never_made(both: Both) -> None:
    on_main(both, PLACE, render(handmade()))

    assert both.pipeline.apply() == []

    assert both.pipeline.cloud.states == {}
    assert both.chain.ledger.database(PLACE) is None


def test_what_was_pushed_to_main_blocks_no_other_database(both: Both) -> None:
    on_main(both, STEAL, "# an evil root\n")
    on_main(both, Place("dev", "aaa"), render(handmade(database_name="aaa")))

    assert both.created().progress.state is State.DONE

    assert sorted(both.pipeline.cloud.states) == ["dev/mydb123"]


@pytest.mark.parametrize("kind", ["update", "create", "remove", "extend"])
def test_a_branch_that_only_looks_like_a_requests_is_denied_by_the_plans_report(
    both: Both, kind: str
) -> None:
    made = both.created()
    known = made.id if kind == "update" else "99999999-8f5e-4c1d-9a70-1c2d3e4f5a6b"
    branch = PLACE.branch(kind, known)
    larger = dataclasses.replace(made.root, request_id=known, storage_gb=40, max_storage_gb=80)
    number = by_hand(both, branch, PLACE, None if kind == "remove" else render(larger))

    assert not both.planned_branch(branch)

    assert "no request made this pull request" in comments(both, number)[0]
    assert both.chain.now(made).progress.state is State.DONE


def test_a_report_of_a_pull_request_that_nobody_asked_for_is_denied_whatever_it_says(both: Both) -> None:
    made = both.created()
    larger = dataclasses.replace(made.root, storage_gb=40, max_storage_gb=80)
    number = by_hand(both, "ann/bigger", PLACE, render(larger))
    head = both.chain.server.hub.pulls[number].head_sha

    answer = both.chain.plan(made, branch="ann/bigger", commit=head, plan_text="Plan: 0 to add")

    assert answer == {
        "accepted": True,
        "denied": True,
        "reason": "no request made this pull request, and roots change through the API alone (ann/bigger)",
        "fix": "close it, and ask for the change by POST /provision-rds, PATCH or DELETE",
    }
    assert "⛔ Denied" in comments(both, number)[0]
    assert "Plan: 0 to add" not in comments(both, number)[0]


def test_a_request_whose_branch_was_changed_is_denied_and_says_why(both: Both) -> None:
    request = both.chain.opened()
    larger = dataclasses.replace(request.root, storage_gb=40, max_storage_gb=80)
    branch = request.place.branch(request.kind, request.id)
    both.chain.server.users.push(branch, PLACE.root_path, render(larger).encode(), "Larger")

    assert not both.planned(request)

    failure = both.chain.now(request).progress.failure
    assert failure is not None
    assert failure.step is Step.REVIEW
    assert failure.cause == (
        f"the branch says otherwise than request {request.id} asked for: "
        "the root has another storage_gb, max_storage_gb"
    )
    assert failure.fix.startswith("cancel this request")
    assert not both.chain.server.hub.pulls[1].merged


def test_a_merge_of_main_into_the_branch_is_no_change(both: Both) -> None:
    request = both.chain.opened()
    branch = request.place.branch(request.kind, request.id)
    both.chain.server.users.push(branch, PLACE.root_path, render(request.root).encode() + b"\n", "One way")
    both.chain.server.users.push(branch, PLACE.root_path, render(request.root).encode(), "And back")

    assert both.planned(request)

    assert both.chain.now(request).progress.failure is None


def test_a_request_whose_root_was_changed_on_main_says_so_and_goes_on_after_the_revert(both: Both) -> None:
    request = both.chain.opened()
    assert both.planned(request)
    merged = both.chain.server.git.file("main", PLACE.root_path)
    assert merged is not None
    larger = dataclasses.replace(request.root, storage_gb=40, max_storage_gb=80)
    on_main(both, PLACE, render(larger))

    assert both.pipeline.apply() == []

    failure = both.chain.now(request).progress.failure
    assert failure is not None
    assert (failure.step, failure.retryable) == (Step.APPLY, True)
    assert "the root has another storage_gb, max_storage_gb" in failure.cause
    assert failure.fix == "revert the commit that changed it on main, then retry the request"
    on_main(both, PLACE, merged[1].decode())
    assert both.pipeline.apply() == []
    assert both.chain.now(request).progress.state is State.DONE


def test_a_change_back_to_what_an_older_request_asked_for_is_not_applied(both: Both) -> None:
    first = both.created()
    second = changed(both, {"storage_gb": 40})
    assert both.planned(second)
    if not both.chain.server.hub.pulls[2].merged:
        both.chain.server.users.merge(2)
    assert both.pipeline.apply() == []
    assert both.pipeline.instance()["allocated_storage"] == 40
    on_main(both, PLACE, render(first.root))
    both.taken()

    assert both.pipeline.apply() == []

    assert both.taken() == [("may_apply", False)]
    assert f"request {second.id}, the newest that was merged" in shown(both)[0][0]


def test_a_merge_whose_webhook_has_not_come_is_asked_of_github(both: Both) -> None:
    both.created()
    request = changed(both, {"storage_gb": 40})
    both.chain.server.users.approve(2)
    both.chain.server.users.merge(2)
    assert both.chain.now(request).progress.state is State.PULL_REQUEST_OPEN
    both.taken()

    both.pipeline.apply()

    assert both.taken()[0] == ("may_apply", True)


def test_what_main_says_before_github_shows_the_merge_is_asked_again(both: Both) -> None:
    both.created()
    request = changed(both, {"storage_gb": 40})
    on_main(both, PLACE, render(request.root))
    both.taken()

    (failure,) = both.pipeline.apply()

    assert "GitHub does not show it merged yet" in failure
    assert both.taken() == []
    assert shown(both) == []


def test_what_main_says_before_its_pull_request_is_known_is_asked_again(both: Both) -> None:
    both.created()
    request = intake.use_cases(dt.datetime.now(dt.UTC)).change(PLACE, {"storage_gb": 40}, ALPHA).request
    on_main(both, PLACE, render(request.root))
    both.taken()

    (failure,) = both.pipeline.apply()

    assert f"looking for the merge of request {request.id}" in failure
    assert "its pull request is not known yet" in failure
    assert (both.taken(), shown(both)) == ([], [])


def test_a_request_that_waits_for_its_pull_request_makes_no_other_content_right(both: Both) -> None:
    both.created()
    request = intake.use_cases(dt.datetime.now(dt.UTC)).change(PLACE, {"storage_gb": 40}, ALPHA).request
    on_main(both, PLACE, render(dataclasses.replace(request.root, storage_gb=41)))
    both.taken()

    assert both.pipeline.apply() == []

    assert both.taken() == [("may_apply", False)]


def test_where_github_cannot_be_asked_nothing_is_applied_and_the_next_run_goes_on(both: Both) -> None:
    both.created()
    changed(both, {"storage_gb": 40})
    both.pipeline.bucket.objects = {
        key: value for key, value in both.pipeline.bucket.objects.items() if not key.startswith("applied/")
    }
    both.chain.server.fault("/pulls/2", status=502, times=TRIES)
    both.taken()

    (failure,) = both.pipeline.apply()

    assert "not applied, since it is not known whether a request asked for it" in failure
    assert (both.taken(), shown(both)) == ([], [])
    assert both.pipeline.apply() == []
    assert both.taken() == [
        ("may_apply", True),
        ("apply", "started"),
        ("heartbeat", "1 requests are at work"),
        ("apply", "succeeded"),
    ]


def test_functions_that_are_older_than_main_apply_nothing_and_name_the_missing_step(both: Both) -> None:
    request = both.chain.opened()
    assert both.planned(request)
    known = both.functions.invoke

    def older(*, Payload: bytes, **call: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        content = json.loads(Payload)
        unknown = {"type": "unknown to this release"} if content["type"] == "may_apply" else {}
        return known(Payload=json.dumps(content | unknown).encode(), **call)

    both.functions.invoke = older  # type: ignore[method-assign]
    (failure,) = both.pipeline.apply()
    assert "deploy the stack first (docs/upgrade.md)" in failure
    assert both.pipeline.cloud.applied == []


def test_what_was_merged_by_hand_without_its_approval_is_applied_once_an_owner_approves(both: Both) -> None:
    request = both.chain.opened(environment="staging")
    place = request.place
    assert both.planned(request)
    both.chain.server.users.merge(1, login="mallory")

    assert both.pipeline.apply("staging") == []

    assert both.pipeline.cloud.applied == []
    event = both.chain.ledger.database_events(place)[0]
    assert event.detail["cause"].startswith(
        "mallory merged pull request 1 by hand, but it waits for an approval of `@acme/platform`"
    )
    assert event.detail["fix"].startswith("one of the code owners approves the pull request")
    both.chain.server.users.approve(1)
    assert both.pipeline.apply("staging") == []
    assert both.pipeline.cloud.applied[-1] == "staging/mydb123: create aws_db_instance"


def test_an_apply_that_began_before_is_not_asked_for_its_approval_again(both: Both) -> None:
    request = both.chain.opened(environment="staging")
    assert both.planned(request)
    both.chain.server.users.merge(1, login="mallory")
    both.chain.apply(request, "failed")
    assert both.pipeline.apply("staging") == []
    assert both.pipeline.cloud.applied == []
    both.chain.apply(request, "started")  # as an earlier release did, which did not ask
    assert both.pipeline.apply("staging") == []
    assert both.pipeline.cloud.applied[-1] == "staging/mydb123: create aws_db_instance"


class TestBreakGlass:
    """An operator lets one root change without a request, for a while."""

    def opened(self, both: Both, place: Place = PLACE, minutes: int = 60) -> Glass:
        now = dt.datetime.now(dt.UTC)
        until = now + dt.timedelta(minutes=minutes)
        glass = Glass(place=place, actor="ada", reason="API down", opened_at=now, until=until)
        assert both.chain.ledger.break_glass.open(glass)
        return glass

    def test_a_change_by_hand_is_planned_merged_and_applied_and_the_alarm_rings(
        self, both: Both, capsys: pytest.CaptureFixture[str]
    ) -> None:
        made = both.created()
        self.opened(both)
        larger = dataclasses.replace(made.root, storage_gb=40, max_storage_gb=80)
        number = by_hand(both, "fix/disk", PLACE, render(larger))
        capsys.readouterr()

        assert both.planned_branch("fix/disk")
        assert comments(both, number)[0].startswith(PLAN)
        assert "ada broke the glass for dev/mydb123" in comments(both, number)[0]
        both.chain.server.users.merge(number)
        assert both.pipeline.apply() == []

        assert both.pipeline.instance()["allocated_storage"] == 40
        assert metrics(capsys.readouterr().out, "BreakGlass") == 3  # gate's word, plan, apply
        events = both.chain.ledger.database_events(PLACE)
        assert [event.detail["doing"] for event in events if event.type is DatabaseEventType.BREAK_GLASS] == [
            "used"
        ]

    def test_it_lets_one_database_pass_and_no_other(self, both: Both) -> None:
        self.opened(both, Place("dev", "other"))
        by_hand(both, "tidy", PLACE, render(handmade()))
        assert not both.planned_branch("tidy")
        both.repository.git("checkout", "--quiet", "main")
        on_main(both, PLACE, render(handmade()))
        assert both.pipeline.apply() == []
        assert both.pipeline.cloud.applied == []

    def test_after_its_time_nothing_passes(self, both: Both) -> None:
        self.opened(both, minutes=-1)
        on_main(both, PLACE, render(handmade()))
        assert both.pipeline.apply() == []
        assert both.pipeline.cloud.applied == []

    def test_it_lets_no_other_rule_of_the_gate_pass(self, both: Both) -> None:
        self.opened(both)
        by_hand(both, "tidy", PLACE, render(handmade(storage_gb=4000, max_storage_gb=4000)))
        assert not both.planned_branch("tidy")

    def test_the_alarm_rings_for_as_long_as_it_is_open(
        self, both: Both, capsys: pytest.CaptureFixture[str]
    ) -> None:
        glass = self.opened(both)
        rings = []
        for minutes in (1, 59, 60, 61):
            capsys.readouterr()
            reaper.handler({"now": (glass.opened_at + minutes * MINUTE).isoformat()}, both.chain.context)
            rings.append(metrics(capsys.readouterr().out, "BreakGlass"))
        assert rings == [1, 1, 0, 0]
        assert list(both.chain.ledger.break_glass.watched(glass.until)) == []
        assert [used.reason for used in both.chain.ledger.break_glass.of(PLACE)] == ["API down"]

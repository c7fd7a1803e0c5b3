"""Drift has an owner: one issue for each database that differs, updated, and closed when it ended."""

import datetime as dt
import os
from typing import Any
from unittest import mock

import pytest
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.names import Place
from provisioner.handlers import report
from provisioner.pull_requests import comments

from sandbox.github.issues import Issue
from tests.golden_files import assert_golden
from tests.handlers.chain import Chain
from tests.handlers.test_report import bodies, done

PLACE = Place("dev", "mydb123")


@pytest.fixture
def asked(chain: Chain) -> Any:
    """A database, and a stack whose App may write issues."""
    chain.server.app.permissions["issues"] = "write"
    with mock.patch.dict(os.environ, {"DRIFT_ISSUES": "true"}):
        done(chain)
        yield chain


def look(chain: Chain, night: int = 1, *, name: str = "mydb123", **more: Any) -> dict[str, Any]:
    """What a nightly check reports."""
    event = {
        "version": 1,
        "type": "drift",
        "environment": "dev",
        "database_name": name,
        "drifted": True,
        "plan_text": "~ instance_class = db.t4g.micro -> db.m7g.large",
        "pipeline_url": f"https://ci.example/jobs/{night}",
    }
    answer: dict[str, Any] = report.plan_handler(event | more, chain.context)
    return answer


def issues(chain: Chain) -> list[Issue]:
    return list(chain.server.hub.issues.values())


def drift(chain: Chain) -> Any:
    database = chain.ledger.database(PLACE)
    assert database is not None
    return chain.ledger.drift(database)


def said(chain: Chain) -> list[DatabaseEventType]:
    kinds = (DatabaseEventType.DRIFTED, DatabaseEventType.DRIFT_ENDED)
    return [event.type for event in chain.ledger.database_events(PLACE) if event.type in kinds]


def test_drift_is_one_issue_that_is_updated_and_closed_when_it_ended(asked: Chain) -> None:
    assert look(asked) == {"accepted": True, "reason": "drift noted"}
    (issue,) = issues(asked)
    assert (issue.title, issue.labels) == ("dev/mydb123 differs from its root", ["drift", "env:dev"])
    assert_golden("comments/drift-issue.md", issue.body)
    assert drift(asked).detail["link"] == f"{asked.server.url}/acme/databases/issues/{issue.number}"

    asked.calls()
    look(asked, 1)
    assert asked.calls() == ["GET /issues"]
    look(asked, 2, plan_text="~ storage 20 -> 40")
    assert "~ storage 20 -> 40" in issue.body
    assert len(issues(asked)) == 1

    assert look(asked, 3, drifted=False, plan_text="")["reason"] == "drift ended"
    assert issue.state == "closed"
    assert "✅ It is as its root says again" in issue.body
    assert (drift(asked), said(asked)) == (None, [DatabaseEventType.DRIFTED, DatabaseEventType.DRIFT_ENDED])
    assert not any(body.startswith(comments.DRIFT) for body in bodies(asked))

    asked.calls()
    assert look(asked, 4, drifted=False, plan_text="")["reason"] == "no drift"
    assert asked.calls() == []


def test_drift_that_begins_again_gets_another_issue(asked: Chain) -> None:
    for night, drifted in enumerate((True, False, True), start=1):
        look(asked, night, drifted=drifted)

    assert [issue.state for issue in issues(asked)] == ["closed", "open"]
    assert drift(asked).detail["pipeline_url"] == "https://ci.example/jobs/3"


def test_what_a_newer_module_explains_ends_drift_and_opens_no_issue(asked: Chain) -> None:
    assert look(asked, drifted=False, module_newer=True)["reason"] == "a newer module is noted"
    assert issues(asked) == []

    look(asked, 2)
    assert look(asked, 3, drifted=False, module_newer=True)["reason"] == "drift ended"
    assert [issue.state for issue in issues(asked)] == ["closed"]


@pytest.mark.parametrize("call", ["GET .*/issues", "POST .*/issues"])
@pytest.mark.parametrize(
    "harm",
    [{"status": 500}, {"status": 502, "after_effect": True}, {"drop": True}, {"status": 429}],
    ids=str,
)
def test_a_fault_between_the_calls_makes_no_second_issue_and_loses_none(
    asked: Chain, call: str, harm: dict[str, Any]
) -> None:
    asked.server.fault(call, **harm)

    first = look(asked)
    assert (first["accepted"], first["retry"]) == (False, True)
    assert said(asked) == [DatabaseEventType.DRIFTED]
    if harm.get("status") == 429:
        return  # GitHub wants quiet for a minute
    assert look(asked)["accepted"]

    assert len(issues(asked)) == 1
    assert said(asked) == [DatabaseEventType.DRIFTED]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_where_github_takes_no_issue_it_is_a_comment(asked: Chain, status: int) -> None:
    asked.server.fault("POST .*/issues$", status=status, times=9)

    assert look(asked)["accepted"]
    assert look(asked, 2)["accepted"]

    assert issues(asked) == []
    assert [body.splitlines()[1] for body in bodies(asked) if body.startswith(comments.DRIFT)] == [
        "## 🔎 `dev/mydb123` differs from its root"
    ]


def test_without_the_permission_the_comment_says_that_it_drifted_and_that_it_ended(asked: Chain) -> None:
    del asked.server.app.permissions["issues"]

    look(asked)
    assert drift(asked).detail["link"] == "https://ci.example/jobs/1"
    look(asked, 2, drifted=False)

    assert [body.splitlines()[1] for body in bodies(asked) if body.startswith(comments.DRIFT)] == [
        "## ✅ `dev/mydb123` is as its root says again"
    ]
    assert drift(asked) is None


def test_an_end_that_github_failed_is_said_the_next_time(asked: Chain) -> None:
    look(asked)
    asked.server.fault("PATCH .*/issues/", status=500)

    assert look(asked, 2, drifted=False)["retry"]
    assert drift(asked) is not None
    assert look(asked, 2, drifted=False)["reason"] == "drift ended"
    assert [issue.state for issue in issues(asked)] == ["closed"]


def test_a_users_issue_with_the_marker_is_left_alone(asked: Chain) -> None:
    body = "<!-- rds-provisioner: drift of dev/mydb123 -->\nmine"
    asked.server.hub.issues[50] = Issue(50, "mine", body, "stranger", ["drift"])

    look(asked)

    assert [issue.login for issue in issues(asked)] == ["stranger", "rds-provisioner[bot]"]
    assert issues(asked)[0].body == body


def test_the_twenty_first_of_a_night_goes_into_one_summary(asked: Chain) -> None:
    names = ("other", "third")
    for name in names:
        done(asked, database_name=name)
    for number in range(100, 120):
        title = f"dev/x{number} differs from its root"
        body = f"<!-- rds-provisioner: drift of dev/x{number} -->\n"
        asked.server.hub.issues[number] = Issue(number, title, body, "rds-provisioner[bot]", ["drift"])

    for name in ("mydb123", *names, "mydb123"):
        look(asked, name=name)

    (summary,) = [issue for issue in issues(asked) if issue.number >= 120]
    assert summary.title == "More databases differ from their roots"
    assert_golden("comments/drift-summary.md", summary.body)

    for name in ("mydb123", *names):
        assert summary.state == "open"
        look(asked, 2, name=name, drifted=False)
    assert summary.state == "closed"


def test_a_day_later_those_of_the_summary_get_their_issues(asked: Chain) -> None:
    yesterday = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=23)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for number in range(100, 120):
        body = f"<!-- rds-provisioner: drift of dev/x{number} -->\n"
        old = Issue(number, "x", body, "rds-provisioner[bot]", ["drift"], created_at=yesterday)
        asked.server.hub.issues[number] = old

    text = "<!-- rds-provisioner: drift summary -->\n- `dev/mydb123`\n"
    summary = Issue(130, "More", text, "rds-provisioner[bot]", ["drift"], created_at=yesterday)
    asked.server.hub.issues[130] = summary

    look(asked)

    assert issues(asked)[-1].title == "dev/mydb123 differs from its root"
    assert summary.state == "closed"


def test_where_the_app_may_write_no_issues_the_comment_says_that_it_began_and_ended(chain: Chain) -> None:
    done(chain)
    look(chain, 1)
    assert "differs from its root" in bodies(chain)[-1]

    assert look(chain, 2, drifted=False, plan_text="")["reason"] == "drift ended"

    assert "is as its root says again" in bodies(chain)[-1]
    assert issues(chain) == []
    assert (drift(chain), said(chain)) == (None, [DatabaseEventType.DRIFTED, DatabaseEventType.DRIFT_ENDED])


def test_a_right_that_was_taken_meanwhile_leaves_the_end_to_the_comment(asked: Chain) -> None:
    look(asked, 1)
    asked.server.app.permissions["issues"] = "read"

    assert look(asked, 2, drifted=False, plan_text="")["reason"] == "drift ended"

    assert "is as its root says again" in bodies(asked)[-1]
    assert drift(asked) is None

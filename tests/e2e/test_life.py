"""A database ends with its time, and a request can be stopped or tried again before it is merged."""

import pytest

from sandbox.github import control
from sandbox.instance import identifiers
from tests.e2e.running import Sandbox, events
from tests.e2e.scenes import Expired

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

UNSURE = {"database_name": "unsure", "database_engine": "mysql", "environment": "staging"}
AGAIN = {"database_name": "again", "database_engine": "postgres", "environment": "staging"}


def test_a_cancelled_request_closes_its_pull_request_and_frees_the_name(sandbox: Sandbox) -> None:
    request_id = sandbox.ask("POST", "/provision-rds", UNSURE)
    opened = sandbox.wait(request_id, "pull_request_open")

    sandbox.ask("POST", f"/requests/{request_id}/cancel")
    cancelled = sandbox.wait(request_id, "cancelled")
    again = sandbox.ask("POST", f"/requests/{request_id}/cancel")

    pull = sandbox.pull(opened)
    assert (pull["state"], pull["merged"]) == ("closed", False)
    assert "cancelled" in events(cancelled)[-2:]  # GitHub counts whole seconds, so that "closed" may follow
    assert again == request_id
    other = sandbox.ask("POST", "/provision-rds", UNSURE | {"size": "medium"})
    assert other != request_id
    sandbox.wait(other, "pull_request_open")
    sandbox.ask("POST", f"/requests/{other}/cancel")
    sandbox.wait(other, "cancelled")


def test_a_failed_request_is_tried_again_with_one_pull_request(sandbox: Sandbox) -> None:
    control.post(
        f"{sandbox.github}/_sandbox/faults",
        {"match": "PUT .*/databases/staging/again/", "status": 403, "body": '{"message": "Forbidden"}'},
    )
    request_id = sandbox.ask("POST", "/provision-rds", AGAIN)

    failed = sandbox.wait(request_id, "failed")
    assert failed["error"]["step"] == "pull_request"
    assert failed["error"]["retryable"]
    assert failed["error"]["fix"]
    sandbox.ask("POST", f"/requests/{request_id}/retry")
    opened = sandbox.wait(request_id, "pull_request_open")
    twice = sandbox.alpha.call("POST", f"/requests/{request_id}/retry")
    sandbox.ask("POST", f"/requests/{request_id}/cancel")
    sandbox.wait(request_id, "cancelled")

    assert (twice.status, twice.body["title"]) == (409, "Nothing to retry")
    branch = sandbox.pull(opened)["branch"]
    assert [pull["branch"] for pull in control.pulls(sandbox.github)].count(branch) == 1


def test_a_database_is_warned_once_each_before_its_end(expired: Expired) -> None:
    assert [run["warned"] for run in expired.reaped] == [1, 1, 0, 0, 0]
    assert [len(bodies) for bodies in expired.comments] == [1, 1, 1, 1, 1]
    assert "Last warning" not in expired.comments[0][0]
    assert "Last warning" in expired.comments[1][0]
    warnings = [event["detail"] for event in expired.database["events"] if event["event"] == "expiring"]
    assert [warning["last"] for warning in warnings] == [False, True]


def test_an_expired_database_has_one_removal_which_merges_automatically(
    sandbox: Sandbox, expired: Expired
) -> None:
    assert [run["expired"] for run in expired.reaped] == [0, 0, 0, 1, 0]
    assert [run["errors"] for run in expired.reaped] == [[]] * 5
    assert len(expired.pulls) == 1
    assert expired.pulls[0]["merged_by"].endswith("[bot]")
    assert expired.removal["kind"] == "remove"
    assert expired.removal["requested_by"] == "rds-provisioner"
    assert "dev-orders" not in identifiers(sandbox.cloud)
    assert expired.database["state"] == "removed"
    assert sandbox.alpha.call("PATCH", "/databases/dev/orders", {"ttl": "8h"}).status == 409
    assert sandbox.beta.call("GET", "/databases/dev/orders").status == 404

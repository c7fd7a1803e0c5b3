"""A database with deletion protection goes in two steps that a reviewer approves, and leaves a snapshot."""

import pytest

from sandbox.instance import identifiers
from tests.e2e.running import Sandbox, events
from tests.e2e.scenes import Guarded, Revived

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


def test_each_step_waits_for_a_reviewer(guarded: Guarded) -> None:
    assert [(request["kind"], request["state"]) for request in guarded.waiting] == [
        ("create", "pull_request_open"),
        ("disarm", "pull_request_open"),
        ("remove", "pull_request_open"),
    ]
    for document in guarded.requests:
        happened = events(document)
        assert happened.index("planned") < happened.index("approved") < happened.index("merged")


def test_the_removal_follows_the_disarming_automatically(guarded: Guarded) -> None:
    create, disarm, remove = guarded.requests

    assert guarded.protected == [True, False]
    assert disarm["links"]["next_request"].endswith(f"/v1/_user_request_/requests/{remove['id']}")
    assert [request["state"] for request in guarded.requests] == ["done", "done", "done"]
    assert remove["links"]["next_request"] is None
    assert create["links"]["next_request"] is None


def test_the_database_is_destroyed_and_its_history_kept(sandbox: Sandbox, guarded: Guarded) -> None:
    assert "prod-ledger" not in identifiers(sandbox.cloud)
    assert guarded.database["state"] == "removed"
    assert guarded.database["requests"] == [f"/requests/{request['id']}" for request in guarded.requests]
    assert sandbox.alpha.call("PATCH", "/databases/prod/ledger", {"ttl": "30d"}).status == 409
    assert sandbox.beta.call("GET", "/databases/prod/ledger").status == 404


def test_the_final_snapshot_is_there_with_the_instances_tags(guarded: Guarded) -> None:
    create = guarded.requests[0]
    tags = {tag["Key"]: tag["Value"] for tag in guarded.snapshot["TagList"]}

    assert guarded.snapshot["Status"] == "available"
    assert guarded.snapshot["Encrypted"]
    assert guarded.snapshot["DBSnapshotIdentifier"].startswith("prod-ledger-final-")
    assert guarded.database["final_snapshot_id"] == guarded.snapshot["DBSnapshotIdentifier"]
    assert tags["ManagedBy"] == "rds-provisioner"
    assert tags["Team"] == create["team"]
    assert tags["Environment"] == "prod"


def test_a_change_while_another_one_is_open_gets_a_link_to_it(guarded: Guarded) -> None:
    assert guarded.meanwhile.status == 409
    assert guarded.meanwhile.body["type"] == "urn:rds-provisioner:problem:under-way"
    assert guarded.meanwhile.body["request"] == f"/requests/{guarded.requests[1]['id']}"


def test_what_is_applied_is_not_cancelled(guarded: Guarded) -> None:
    assert guarded.too_late.status == 409
    assert guarded.too_late.body["title"] == "Too late to cancel"
    assert "applying" in guarded.too_late.body["detail"]


def test_a_removal_without_protection_takes_one_step(sandbox: Sandbox, revived: Revived) -> None:
    assert revived.removal["kind"] == "remove"
    assert revived.removal["links"]["next_request"] is None
    assert "staging-shop" not in identifiers(sandbox.cloud)
    assert sandbox.database("staging/shop")["state"] == "removed"

"""A restored database has the data of its source, and everything else from its own file."""

import pytest

from tests.e2e.running import Sandbox, events
from tests.e2e.scenes import Copied, Revived, has_server

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


@pytest.fixture(params=["final snapshot", "point in time"])
def copy(request: pytest.FixtureRequest) -> Copied:
    if request.param == "point in time":
        cloned: Copied = request.getfixturevalue("cloned")
        return cloned
    revived: Revived = request.getfixturevalue("revived")
    return revived.copy


def test_the_rows_of_the_source_are_there(sandbox: Sandbox, copy: Copied) -> None:
    if not has_server(sandbox, copy.instance):
        pytest.skip("no server for this engine is installed on this machine")
    assert copy.rows == [(42,)]
    assert copy.instance["DBName"] == copy.source["DBName"]


def test_the_secret_the_tags_and_the_settings_are_its_own(copy: Copied) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in copy.instance["TagList"]}

    assert copy.instance["MasterUserSecret"]["SecretArn"] == copy.document["result"]["secret_arn"]
    assert copy.instance["MasterUserSecret"]["SecretArn"] != copy.source["MasterUserSecret"]["SecretArn"]
    assert copy.instance["StorageEncrypted"]
    assert not copy.instance["PubliclyAccessible"]
    assert copy.instance["IAMDatabaseAuthenticationEnabled"]
    assert tags["RequestId"] == copy.document["id"]
    assert tags["ExpiresAt"] == copy.document["database"]["expires_at"]


def test_the_pull_request_says_what_comes_along_and_what_does_not(revived: Revived, cloned: Copied) -> None:
    snapshot = revived.snapshot["DBSnapshotIdentifier"]

    assert f"### Restored from snapshot `{snapshot}`" in revived.copy.pull["body"]
    assert "| As of | when the snapshot was taken |" in revived.copy.pull["body"]
    assert "### Restored from database `dev-orders`" in cloned.pull["body"]
    assert "| As of | the latest restorable time" in cloned.pull["body"]
    for copy in (revived.copy, cloned):
        assert "| Comes along | the data" in copy.pull["body"]
        assert "| Does not | the master password" in copy.pull["body"]


def test_a_clone_in_dev_needs_no_reviewer(cloned: Copied) -> None:
    assert "approved" not in events(cloned.document)
    assert cloned.pull["merged_by"].endswith("[bot]")

"""An Aurora Serverless v2 cluster goes the same way as an instance, and sleeps while nobody is connected."""

import pytest

from sandbox import cluster
from tests.e2e.cluster import IDENTIFIER, Slept
from tests.e2e.running import Sandbox, events

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


@pytest.fixture(autouse=True)
def server(sandbox: Sandbox) -> None:
    if "postgres" in sandbox.state["missing_engines"]:
        pytest.skip("no PostgreSQL server is installed on this machine")


def test_it_is_made_by_a_reviewed_pull_request_with_its_costs(slept: Slept) -> None:
    assert slept.created["kind"] == "create"
    happened = events(slept.created)
    assert happened.index("planned") < happened.index("approved") < happened.index("merged")
    assert "asleep" in slept.pull["body"]
    assert slept.database["price"]["range"]["least_usd"] < slept.database["price"]["range"]["most_usd"]


def test_it_is_hardened_and_its_endpoints_are_in_the_result(slept: Slept) -> None:
    assert slept.members == [f"{IDENTIFIER}-member-1"]
    assert slept.cluster["StorageEncrypted"]
    assert slept.cluster["IAMDatabaseAuthenticationEnabled"]
    assert slept.cluster["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
    result = slept.created["result"]
    assert result["secret_arn"] == slept.cluster["MasterUserSecret"]["SecretArn"]
    assert (result["endpoint"], result["reader_endpoint"]) == (
        slept.cluster["Endpoint"],
        slept.cluster["ReaderEndpoint"],
    )
    assert set(slept.database["secrets"]) == {"master", "application", "read_only"}


def test_it_sleeps_without_a_connection_and_the_next_login_wakes_it(slept: Slept) -> None:
    assert slept.asleep == 0
    assert slept.rows == [(42,)]
    assert slept.awake >= 0.5


def test_its_end_leaves_its_final_snapshot_alone(sandbox: Sandbox, slept: Slept) -> None:
    assert slept.left["state"] == "removed"
    assert slept.left["final_snapshot_id"] == f"{IDENTIFIER}-final-{slept.created['id'][:8]}"
    assert slept.left["final_snapshot_id"] in cluster.snapshots(sandbox.cloud)
    assert IDENTIFIER not in cluster.identifiers(sandbox.cloud)
    assert slept.instances == []

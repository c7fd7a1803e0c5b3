"""Which snapshots and log groups the reaper may touch, of instances and of clusters.

The simulator does not know the condition keys of secrets that RDS made; tests/template/test_roles.py does.
"""

from pathlib import Path
from typing import Final

from tests.iam.deployed import HERE, SECRET, Deployed
from tests.iam.simulation import Call

REAPER: Final = Deployed(parameters={"RequestTopic": f"arn:aws:sns:{HERE}:r", "GitHubAppKey": f"{SECRET}app"})
OURS: Final = {"aws:ResourceTag/ManagedBy": ["rds-provisioner"]}
THEIRS: Final = {"aws:ResourceTag/ManagedBy": ["someone"]}
RDS: Final = f"arn:aws:rds:{HERE}:"
GROUPS: Final = f"arn:aws:logs:{HERE}:log-group:/aws/rds/"
DELETE: Final = {"snapshot": "rds:DeleteDBSnapshot", "cluster-snapshot": "rds:DeleteDBClusterSnapshot"}


def test_the_reaper_deletes_old_snapshots_of_ours_alone(simulator: Path) -> None:
    allowed = [
        Call(action, f"{RDS}{kind}:prod-orders-{what}-0a1b2c3d", OURS)
        for kind, action in DELETE.items()
        for what in ("final", "before")
    ]
    denied = [
        call
        for kind, action in DELETE.items()
        for call in (
            Call(action, f"{RDS}{kind}:prod-orders-final-0a1b2c3d", THEIRS),
            Call(action, f"{RDS}{kind}:prod-orders-final-0a1b2c3d"),
            Call(action, f"{RDS}{kind}:prod-orders-mine", OURS),
        )
    ]
    REAPER.assert_may(simulator, "ReaperRole", allowed, denied)


def test_the_reaper_sees_databases_of_both_kinds_and_changes_none(simulator: Path) -> None:
    allowed = [
        Call("rds:DescribeDBInstances", f"{RDS}db:*"),
        Call("rds:DescribeDBClusters", f"{RDS}cluster:*"),
        Call("rds:DescribeDBClusterSnapshots", f"{RDS}cluster-snapshot:*"),
        Call("logs:PutRetentionPolicy", f"{GROUPS}instance/dev-orders/error"),
        Call("logs:PutRetentionPolicy", f"{GROUPS}cluster/dev-orders/error"),
    ]
    denied = [
        Call("rds:DeleteDBCluster", f"{RDS}cluster:dev-orders", OURS),
        Call("rds:ModifyDBCluster", f"{RDS}cluster:dev-orders", OURS),
        Call("rds:DeleteDBInstance", f"{RDS}db:dev-orders-member-1", OURS),
        Call("logs:PutRetentionPolicy", f"{GROUPS}proxy/dev-orders"),
        Call("secretsmanager:DescribeSecret", f"{SECRET}rds!cluster-1"),
        Call("secretsmanager:GetSecretValue", f"{SECRET}rds!cluster-1"),
    ]
    REAPER.assert_may(simulator, "ReaperRole", allowed, denied)

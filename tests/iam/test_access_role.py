"""Which secrets the access function may touch, by a simulation of IAM over the template's policies."""

from pathlib import Path
from typing import Final

from tests.iam.deployed import SECRET, Deployed
from tests.iam.simulation import Call

USERS: Final = f"{SECRET}rds-provisioner/prod/orders"
ALLOWED: Final = [
    Call(f"secretsmanager:{action}", f"{USERS}/{user}-a1B2c3")
    for action in ("CreateSecret", "DescribeSecret", "GetSecretValue", "PutSecretValue", "DeleteSecret")
    for user in ("application", "read_only")
]
DENIED: Final = [
    Call("secretsmanager:GetSecretValue", f"{SECRET}rds-provisioner/notify/alpha-a1B2c3"),
    Call("secretsmanager:GetSecretValue", f"{SECRET}rds-provisioner/notify/application-a1B2c3"),
    Call("secretsmanager:GetSecretValue", f"{SECRET}rds-provisioner/notify/shop/dev-a1B2c3"),
    Call("secretsmanager:PutSecretValue", f"{SECRET}rds-provisioner/notify/alpha-a1B2c3"),
    Call("secretsmanager:GetSecretValue", f"{USERS}/owner-a1B2c3"),
    Call("secretsmanager:GetSecretValue", f"{SECRET}rds-provisioner-GitHubAppKey-a1B2c3"),
    Call("secretsmanager:RotateSecret", f"{USERS}/application-a1B2c3"),
]


def test_the_access_function_keeps_the_users_secrets_and_sees_no_teams_channel(simulator: Path) -> None:
    Deployed().assert_may(simulator, "AccessRole", ALLOWED, DENIED)

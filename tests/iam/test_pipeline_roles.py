"""What the pipeline's roles may do on AWS, decided by a simulation of IAM over the rendered policies."""

import json
from pathlib import Path

import pytest

from tests.iam.simulation import ACCOUNT, KEY, Call, Policies, decide, render
from tests.terraform_files.terraform import REPOSITORY

# One process renders the policies that they share.
pytestmark = pytest.mark.xdist_group("policies")

RDS = f"arn:aws:rds:eu-central-1:{ACCOUNT}"
BUCKET = "arn:aws:s3:::acme-rds-provisioner-state"
FUNCTION = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:rds-provisioner"
SECRET = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:rds!db-1-a"
LEDGER = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/rds-provisioner-ledger"
STATE = f"{BUCKET}/databases/dev/orders/terraform.tfstate"
PROD_STATE = f"{BUCKET}/databases/prod/orders/terraform.tfstate"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/rds-provisioner-apply-dev"
TAGGED = {"aws:RequestTag/ManagedBy": "rds-provisioner"}
OURS = {"aws:ResourceTag/ManagedBy": "rds-provisioner"}
BY_RDS = {"kms:ViaService": "rds.eu-central-1.amazonaws.com"}
ISSUER = "oidc.circleci.com/org/11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Policies:
    """The policies of the repository's own catalog, which opens no environment's data to another."""
    return render(tmp_path_factory.mktemp("delivered"))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Policies:
    """The policies of a catalog in which prod opens its data to dev."""
    text = (REPOSITORY / "catalog.yaml").read_text()
    text = text.replace("  prod:\n", "  prod:\n    restore_to: [dev]\n")
    return render(tmp_path_factory.mktemp("opened"), text)


def apply(policies: Policies, environment: str) -> list[object]:
    return [policies.of(f'aws_iam_role_policy.apply["{environment}"]')]


def restore(snapshot: str) -> list[Call]:
    """RDS asks for the source, and for the instance that is made of it."""
    action = "rds:RestoreDBInstanceFromDBSnapshot"
    return [Call(action, f"{RDS}:snapshot:{snapshot}"), Call(action, f"{RDS}:db:dev-copy", TAGGED)]


def copy_of(instance: str) -> list[Call]:
    action = "rds:RestoreDBInstanceToPointInTime"
    return [Call(action, f"{RDS}:db:{instance}", OURS), Call(action, f"{RDS}:db:dev-copy", TAGGED)]


def restore_cluster(snapshot: str, kind: str = "cluster-snapshot") -> list[Call]:
    """A cluster is made of an instance's snapshot too."""
    action = "rds:RestoreDBClusterFromSnapshot"
    return [
        Call(action, f"{RDS}:{kind}:{snapshot}"),
        Call(action, f"{RDS}:cluster:dev-copy", TAGGED),
    ]


def clone_of(cluster: str) -> list[Call]:
    action = "rds:RestoreDBClusterToPointInTime"
    return [Call(action, f"{RDS}:cluster:{cluster}", OURS), Call(action, f"{RDS}:cluster:dev-copy", TAGGED)]


ALLOWED = {
    "make an instance": Call("rds:CreateDBInstance", f"{RDS}:db:dev-orders", TAGGED),
    "change one of ours": Call("rds:ModifyDBInstance", f"{RDS}:db:dev-orders", OURS),
    "change one with a managed password": Call(
        "rds:ModifyDBInstance", f"{RDS}:db:dev-orders", OURS | {"rds:ManageMasterUserPassword": "true"}
    ),
    "remove one of ours": Call("rds:DeleteDBInstance", f"{RDS}:db:dev-orders", OURS),
    "make a cluster": Call("rds:CreateDBCluster", f"{RDS}:cluster:dev-shop", TAGGED),
    "make it with its group": Call("rds:CreateDBCluster", f"{RDS}:cluster-pg:dev-shop-1"),
    "make it in its subnets": Call("rds:CreateDBCluster", f"{RDS}:subgrp:rds-provisioner-dev"),
    "make a cluster's group": Call("rds:CreateDBClusterParameterGroup", f"{RDS}:cluster-pg:dev-shop-1"),
    "make a member": Call("rds:CreateDBInstance", f"{RDS}:db:dev-shop-member-1", TAGGED),
    "make it in one of our clusters": Call("rds:CreateDBInstance", f"{RDS}:cluster:dev-shop", OURS),
    "make it with its engine's group": Call("rds:CreateDBInstance", f"{RDS}:pg:default.aurora-postgresql17"),
    "change one of our clusters": Call("rds:ModifyDBCluster", f"{RDS}:cluster:dev-shop", OURS),
    "remove one of our clusters": Call("rds:DeleteDBCluster", f"{RDS}:cluster:dev-shop", OURS),
    "leave a cluster's final snapshot": Call(
        "rds:CreateDBClusterSnapshot", f"{RDS}:cluster-snapshot:dev-shop-final-3f0c1a2b"
    ),
    "tag a cluster": Call("rds:AddTagsToResource", f"{RDS}:cluster:dev-shop"),
    "leave a final snapshot": Call("rds:CreateDBSnapshot", f"{RDS}:snapshot:dev-orders-final-3f0c1a2b"),
    "take a snapshot before an upgrade": Call(
        "rds:CreateDBSnapshot", f"{RDS}:snapshot:dev-orders-before-3f0c1a2b"
    ),
    "tag it": Call("rds:AddTagsToResource", f"{RDS}:snapshot:dev-orders-before-3f0c1a2b"),
    "take it of an instance": Call("rds:CreateDBSnapshot", f"{RDS}:db:dev-orders"),
    "write its state": Call("s3:PutObject", STATE),
    "release its lock": Call("s3:DeleteObject", f"{STATE}.tflock"),
    "mark what is applied": Call("s3:PutObject", f"{BUCKET}/applied/dev/orders/attempted.json"),
    "keep a log": Call("s3:PutObject", f"{BUCKET}/logs/apply/dev/orders/1/1.txt"),
    "list its states": Call("s3:ListBucket", BUCKET, {"s3:prefix": "databases/dev/"}),
    "use its key": Call("kms:CreateGrant", f"{KEY}/dev", BY_RDS),
    "report an apply": Call("lambda:InvokeFunction", f"{FUNCTION}-apply-report:live"),
}
DENIED = {
    "make one without our tag": Call("rds:CreateDBInstance", f"{RDS}:db:dev-orders"),
    "make one of another environment": Call("rds:CreateDBInstance", f"{RDS}:db:prod-orders", TAGGED),
    "change one of another environment": Call("rds:ModifyDBInstance", f"{RDS}:db:prod-orders", OURS),
    "change one of someone else": Call("rds:ModifyDBInstance", f"{RDS}:db:dev-theirs"),
    "remove one of another environment": Call("rds:DeleteDBInstance", f"{RDS}:db:prod-orders", OURS),
    "make one with an unmanaged password": Call(
        "rds:CreateDBInstance", f"{RDS}:db:dev-orders", TAGGED | {"rds:ManageMasterUserPassword": "false"}
    ),
    "take one out of managed passwords": Call(
        "rds:ModifyDBInstance", f"{RDS}:db:dev-orders", OURS | {"rds:ManageMasterUserPassword": "false"}
    ),
    "make a cluster without our tag": Call("rds:CreateDBCluster", f"{RDS}:cluster:dev-shop"),
    "make a cluster of another environment": Call("rds:CreateDBCluster", f"{RDS}:cluster:prod-shop", TAGGED),
    "make a member of another environment": Call("rds:CreateDBInstance", f"{RDS}:cluster:prod-shop", OURS),
    "make a member of someone else's cluster": Call("rds:CreateDBInstance", f"{RDS}:cluster:dev-theirs"),
    "change a cluster of another environment": Call("rds:ModifyDBCluster", f"{RDS}:cluster:prod-shop", OURS),
    "change a cluster of someone else": Call("rds:ModifyDBCluster", f"{RDS}:cluster:dev-theirs"),
    "remove a cluster of another environment": Call("rds:DeleteDBCluster", f"{RDS}:cluster:prod-shop", OURS),
    "remove a cluster of someone else": Call("rds:DeleteDBCluster", f"{RDS}:cluster:dev-theirs"),
    "take a cluster out of managed passwords": Call(
        "rds:ModifyDBCluster", f"{RDS}:cluster:dev-shop", OURS | {"rds:ManageMasterUserPassword": "false"}
    ),
    "change another environment's group": Call(
        "rds:ModifyDBClusterParameterGroup", f"{RDS}:cluster-pg:prod-shop-1"
    ),
    "delete a cluster snapshot": Call(
        "rds:DeleteDBClusterSnapshot", f"{RDS}:cluster-snapshot:dev-shop-final-3f0c1a2b"
    ),
    "read a password": Call("secretsmanager:GetSecretValue", SECRET),
    "log in by IAM": Call("rds-db:connect", f"arn:aws:rds-db:eu-central-1:{ACCOUNT}:dbuser:db-A/dbadmin"),
    "take a snapshot of another name": Call("rds:CreateDBSnapshot", f"{RDS}:snapshot:dev-orders-mine"),
    "take one of another environment": Call(
        "rds:CreateDBSnapshot", f"{RDS}:snapshot:prod-orders-before-3f0c1a2b"
    ),
    "delete a snapshot": Call("rds:DeleteDBSnapshot", f"{RDS}:snapshot:dev-orders-final-3f0c1a2b"),
    "write another environment's state": Call("s3:PutObject", PROD_STATE),
    "read another environment's state": Call("s3:GetObject", PROD_STATE),
    "mark another environment's": Call("s3:PutObject", f"{BUCKET}/applied/prod/orders/attempted.json"),
    "release another environment's lock": Call("s3:DeleteObject", f"{PROD_STATE}.tflock"),
    "write another environment's log": Call("s3:PutObject", f"{BUCKET}/logs/apply/prod/orders/1/1.txt"),
    "write a plan's log": Call(
        "s3:PutObject", f"{BUCKET}/logs/plan/dev/orders/1/1.txt", {"s3:if-none-match": "*"}
    ),
    "delete a log": Call("s3:DeleteObject", f"{BUCKET}/logs/apply/dev/orders/1/1.txt"),
    "delete a state": Call("s3:DeleteObject", STATE),
    "use another environment's key": Call("kms:CreateGrant", f"{KEY}/prod", BY_RDS),
    "use its key itself": Call("kms:Decrypt", f"{KEY}/dev"),
    "report a plan": Call("lambda:InvokeFunction", f"{FUNCTION}-plan-report:live"),
    "report past the alias": Call("lambda:InvokeFunction", f"{FUNCTION}-apply-report"),
    "report to the newest code": Call("lambda:InvokeFunction", f"{FUNCTION}-apply-report:$LATEST"),
    "break the glass": Call("dynamodb:PutItem", LEDGER),
    "change its own rights": Call(
        "iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/rds-provisioner-apply-dev"
    ),
}


def test_an_environments_apply_role_does_its_work(simulator: Path, delivered: Policies) -> None:
    answers = decide(simulator, apply(delivered, "dev"), list(ALLOWED.values()))
    assert dict(zip(ALLOWED, answers, strict=True)) == dict.fromkeys(ALLOWED, True)


def test_an_environments_apply_role_does_nothing_else(simulator: Path, delivered: Policies) -> None:
    answers = decide(simulator, apply(delivered, "dev"), list(DENIED.values()))
    assert dict(zip(DENIED, answers, strict=True)) == dict.fromkeys(DENIED, False)


@pytest.mark.parametrize(
    ("calls", "allowed"),
    [
        (restore("dev-orders-final-3f0c1a2b"), True),
        (restore("rds:dev-orders-2026-11-20-03-10"), True),
        (copy_of("dev-orders"), True),
        (restore("prod-payments-final-779a8818"), False),
        (restore("rds:prod-payments-2026-11-20-03-10"), False),
        (copy_of("prod-payments"), False),
        (restore_cluster("dev-shop-final-3f0c1a2b"), True),
        (restore_cluster("rds:dev-shop-2026-11-20-03-10"), True),
        (clone_of("dev-shop"), True),
        (restore_cluster("dev-orders-final-3f0c1a2b", "snapshot"), True),
        (restore_cluster("rds:dev-orders-2026-11-20-03-10", "snapshot"), True),
        (restore_cluster("prod-payments-final-779a8818", "snapshot"), False),
        (restore_cluster("rds:prod-payments-2026-11-20-03-10", "snapshot"), False),
        (restore_cluster("prod-payments-final-779a8818"), False),
        (restore_cluster("rds:prod-payments-2026-11-20-03-10"), False),
        (clone_of("prod-payments"), False),
    ],
)
def test_data_stays_in_its_environment(
    simulator: Path, delivered: Policies, calls: list[Call], allowed: bool
) -> None:
    assert all(decide(simulator, apply(delivered, "dev"), calls)) is allowed


def test_an_environment_that_opens_its_data_is_restored_from_with_its_key(
    simulator: Path, opened: Policies
) -> None:
    key = Call("kms:CreateGrant", f"{KEY}/prod", BY_RDS)
    sources = [
        restore("prod-payments-final-779a8818"),
        copy_of("prod-payments"),
        restore_cluster("prod-payments-final-779a8818"),
        clone_of("prod-payments"),
    ]
    calls = [call for pair in sources for call in pair]
    assert decide(simulator, apply(opened, "dev"), [*calls, key]) == [True] * 9
    others = [pair[0] for pair in sources]
    assert decide(simulator, apply(opened, "staging"), [*others, key]) == [False] * 5


def test_the_plan_role_reads_everywhere_and_keeps_reviewed_plans_alone(
    simulator: Path, delivered: Policies
) -> None:
    policies = [delivered.of("aws_iam_role_policy.plan")]
    allowed = [
        Call("rds:DescribeDBInstances", f"{RDS}:db:prod-orders"),
        Call("rds:DescribeDBClusters", f"{RDS}:cluster:prod-shop"),
        Call("rds:DescribeDBClusterParameters", f"{RDS}:cluster-pg:prod-shop-1"),
        Call("rds:DescribeGlobalClusters", "*"),
        Call("s3:GetObject", PROD_STATE),
        Call("s3:PutObject", f"{BUCKET}/reviewed/prod/orders/1.json"),
        Call("lambda:InvokeFunction", f"{FUNCTION}-plan-report:live"),
        Call("s3:PutObject", f"{BUCKET}/logs/plan/prod/orders/1/1.txt", {"s3:if-none-match": "*"}),
    ]
    assert decide(simulator, policies, allowed) == [True] * len(allowed)
    denied = [call for call in ALLOWED.values() if call.action not in ("s3:ListBucket",)]
    denied += [
        Call("s3:PutObject", f"{BUCKET}/logs/plan/prod/orders/1/1.txt"),  # over what is there
        Call("s3:GetObject", f"{BUCKET}/logs/plan/prod/orders/1/1.txt"),
        Call("s3:GetObject", f"{BUCKET}/logs/apply/prod/orders/1/1.txt"),
    ]
    denied += [Call(f"dynamodb:{action}", LEDGER) for action in ("PutItem", "UpdateItem", "GetItem")]
    assert decide(simulator, policies, denied) == [False] * len(denied)


def test_a_job_that_was_run_again_with_ssh_takes_no_apply_role(simulator: Path, delivered: Policies) -> None:
    """The simulator knows no claims of CircleCI, which stand here as tags of the caller."""
    text = json.dumps(delivered.trust('aws_iam_role.apply["dev"]')).replace(f"{ISSUER}:", "aws:PrincipalTag/")
    policy = json.loads(text)
    for statement in policy["Statement"]:
        del statement["Principal"]
        statement["Resource"] = "*"
    project = "66666666-7777-4888-8999-aaaaaaaaaaaa"
    subject = f"org/{ISSUER[-36:]}/project/{project}/user/99999999-0000-4111-8222-333333333333"
    subject += "/vcs-origin/github.com/acme/rds-provisioner/vcs-ref/refs/heads/main"
    claims = {"aws:PrincipalTag/aud": ISSUER[-36:], "aws:PrincipalTag/sub": subject}
    ssh, at = "aws:PrincipalTag/oidc.circleci.com/ssh-rerun", "aws:PrincipalTag/oidc.circleci.com/project-id"
    other_audience = {"aws:PrincipalTag/aud": "another"}
    calls = [
        Call("sts:AssumeRoleWithWebIdentity", ROLE, claims | more)
        for more in (
            {},
            {ssh: "false", at: project},
            {ssh: "true"},
            {at: "another"},
            other_audience,
        )
    ]
    assert decide(simulator, [policy], calls) == [True, True, False, False, False]

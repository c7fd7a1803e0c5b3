"""A deployment in which all is well, as far as it is described; each test spoils one thing of it."""

import base64
import datetime as dt
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from provisioner.core.catalog import parse
from provisioner.core.offered import catalog_document

from ops.doctor.checks import CHECKS
from ops.doctor.deployment import Deployment
from ops.doctor.http import Answer
from ops.doctor.run import look
from ops.doctor.verdict import Finding, NotLooked
from ops.stack import Stack
from tests.ops.doctor.canned_aws import REGION, CannedAws, Refusal, Reply

PROJECT = Path(__file__).parents[3]
ACCOUNT = "123456789012"
ORGANIZATION = "11111111-2222-4333-8444-555555555555"
CIRCLECI_PROJECT = "66666666-7777-4888-8999-aaaaaaaaaaaa"
API = "https://rds.acme.example"
CIRCLECI = "https://circleci.com/api/v2/project/gh/acme/rds-provisioner"
TOKENS = {"GITHUB_TOKEN": "ghp_1", "CIRCLE_TOKEN": "c1", "RDSCTL_API_KEY": "k1"}
OWNERS = "* @acme/platform\n/terraform/databases/dev/\n"
ENVIRONMENTS = ("dev", "staging", "prod")
PEM = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    .decode()
)
ACCESS_GROUP, ACCESS_SUBNETS = "sg-0123456789abcdef0", "subnet-0123456789abcdef0,subnet-0123456789abcdef1"
FILES = (
    "catalog.yaml",
    "prices.json",
    ".circleci/config.yml",
    "terraform/modules/rds_cluster/main.tf",
    "terraform/modules/rds_cluster/variables.tf",
    "terraform/modules/rds_database/main.tf",
    "terraform/modules/rds_database/variables.tf",
)


@dataclass
class Setting:
    """What the checks meet; change it before you look."""

    clone: Path
    aws: CannedAws = field(default_factory=lambda: CannedAws(replies()))
    outputs: dict[str, Any] = field(default_factory=lambda: dict(outputs()))
    parameters: dict[str, str] = field(default_factory=lambda: dict(parameters()))
    tokens: dict[str, str] = field(default_factory=lambda: dict(TOKENS))
    web: dict[str, Answer] = field(default_factory=lambda: dict(pages()))
    foundation: bool = True

    def deployment(self) -> Deployment:
        stack = Stack("rds-provisioner", stack_outputs(), self.parameters)
        return Deployment(
            stack, self.clone, self.aws.client, self._outputs, self._http, self.tokens, api_url=API
        )

    def look(self, name: str) -> Finding:
        """The end of the check of this name."""
        (check,) = [check for check in CHECKS if check.name == name]
        (finding,) = look([check], self.deployment())
        return finding

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file of the clone."""
        path = self.clone / file
        text = path.read_text()
        assert old in text, f"{file} has no {old}"
        path.write_text(text.replace(old, new))

    def _outputs(self) -> Mapping[str, Any]:
        if not self.foundation:
            raise NotLooked("`terraform output` said: no state")
        return self.outputs

    def _http(
        self, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Answer:
        named = f"{method} {url}" + (" with a key" if "x-api-key" in headers else "")
        if named not in self.web:
            raise AssertionError(f"nobody said what {named} answers")
        return self.web[named]


def clone(directory: Path) -> Path:
    """The files of this repository that the checks read."""
    for name in FILES:
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, target)
    return directory


def outputs() -> dict[str, Any]:
    """The foundation's."""
    role = f"arn:aws:iam::{ACCOUNT}:role/rds-provisioner"
    return {
        "plan_role_arn": f"{role}-plan",
        "apply_role_arn": f"{role}-apply",
        "state_bucket": "acme-rds-provisioner-state",
        "region": REGION,
        "security_group_ids": {name: f"sg-{name}" for name in ENVIRONMENTS},
        "key_arns": {name: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}" for name in ENVIRONMENTS},
    }


def pages() -> dict[str, Answer]:
    """What GitHub, CircleCI and the API answer, by call."""
    permissions = {"contents": "write", "pull_requests": "write", "metadata": "read", "members": "read"}
    github = {
        "POST /app/installations/815/access_tokens": (
            201,
            {"token": "ghs_1", "expires_at": "2027-01-01T00:00:00Z"},
        ),
        "GET /app": (200, {"permissions": permissions, "events": ["pull_request", "pull_request_review"]}),
        "GET /app/installations/815": (200, {"permissions": permissions, "suspended_at": None}),
        "GET /app/hook/config": (
            200,
            {"url": "https://rds.acme.example/webhooks/github", "content_type": "json", "insecure_ssl": "0"},
        ),
        "GET /app/hook/deliveries?per_page=20": (200, [delivery(200), delivery(502)]),
        "GET /repos/acme/rds-provisioner": (200, {"default_branch": "main"}),
        "GET /repos/acme/rds-provisioner/contents/.github/CODEOWNERS?ref=main": (200, code_owners(OWNERS)),
        "GET /repos/acme/rds-provisioner/codeowners/errors": (200, {"errors": []}),
        "GET /repos/acme/rds-provisioner/rules/branches/main?per_page=100": (200, rules()),
        "GET /repos/acme/rds-provisioner/rulesets/1": (200, {"name": "reviews", "bypass_actors": []}),
        "GET /repos/acme/rds-provisioner/rulesets/2": (
            200,
            {"name": "restrict updates", "bypass_actors": [{"actor_type": "Integration", "actor_id": 4711}]},
        ),
    }
    project = {"id": CIRCLECI_PROJECT, "organization_id": ORGANIZATION, "slug": "gh/acme/rds-provisioner"}
    names = ("AWS_REGION", "TF_STATE_BUCKET", "AWS_PLAN_ROLE_ARN", "AWS_APPLY_ROLE_ARN")
    circleci = {
        "": project,
        "/envvar": {"items": [{"name": name, "value": "xxxx"} for name in names]},
        "/settings": {"advanced": settings()},
        "/schedule": {"items": [{"parameters": {"branch": "main", "nightly": True}}]},
        "/pipeline": {"items": [{"id": "p1", "number": 7, "state": "created", "errors": []}]},
    }
    prices = PROJECT / "prices.json"
    shown = catalog_document(parse((PROJECT / "catalog.yaml").read_text(), prices.read_text))
    refused = Answer(403, {"status": 403}, {"content-type": "application/problem+json"})
    passed = Answer(200, {"policy": {"passed": True, "results": []}})
    return {
        **{
            f"{call.partition(' ')[0]} https://api.github.com{call.partition(' ')[2]}": Answer(
                status, content
            )
            for call, (status, content) in github.items()
        },
        **{f"GET {CIRCLECI}{path}": Answer(200, content) for path, content in circleci.items()},
        "GET https://circleci.com/api/v2/pipeline/p1/workflow": Answer(
            200, {"items": [{"status": "success"}]}
        ),
        f"GET {API}/health": Answer(200, {"status": "ok"}),
        f"GET {API}/catalog": refused,
        f"GET {API}/catalog with a key": Answer(200, shown),
        f"POST {API}/provision-rds?dry_run=true with a key": passed,
    }


def code_owners(text: str) -> dict[str, Any]:
    """The file as GitHub's contents call shows it."""
    return {"path": ".github/CODEOWNERS", "content": base64.encodebytes(text.encode()).decode()}


def delivery(status: int) -> dict[str, Any]:
    """A webhook's delivery, as GitHub lists it."""
    return {"id": 1, "event": "pull_request", "delivered_at": "2026-11-26T12:00:00Z", "status_code": status}


def rules(**pull_request: Any) -> list[dict[str, Any]]:
    """The rules of main, of two rulesets."""
    reviews = {
        "required_approving_review_count": 0,
        "require_code_owner_review": True,
        "dismiss_stale_reviews_on_push": True,
        "allowed_merge_methods": ["squash"],
    } | pull_request
    return [
        {"type": "deletion", "ruleset_id": 1},
        {"type": "non_fast_forward", "ruleset_id": 1},
        {"type": "pull_request", "ruleset_id": 1, "parameters": reviews},
        {"type": "update", "ruleset_id": 2},
    ]


def settings(**changed: bool) -> dict[str, bool]:
    """The advanced settings of a CircleCI project."""
    return {
        "disable_ssh": True,
        "build_fork_prs": False,
        "forks_receive_secret_env_vars": False,
        "build_prs_only": False,
        "autocancel_builds": True,
    } | changed


def stack_outputs() -> dict[str, str]:
    names = ("GitHubAppKeySecretArn", "GitHubWebhookSecretArn", "CircleCiSecretArn")
    return {name: f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}" for name in names} | {
        "ApiUrl": "https://rds.acme.example",
        "WebhookUrl": "https://rds.acme.example/webhooks/github",
        "LedgerTable": "rds-provisioner",
    }


def migration(**attributes: str) -> dict[str, Any]:
    """How far the ledger's migration is, as its row says."""
    row = {"pk": {"S": "MIGRATION#lists"}, "sk": {"S": "MIGRATION"}, "looked_at": {"N": "812"}}
    return {"Item": row | {name: {"S": text} for name, text in attributes.items()}}


def parameters() -> dict[str, str]:
    """The stack's."""
    return {
        "GitHubRepository": "acme/rds-provisioner",
        "GitHubAppId": "4711",
        "GitHubInstallationId": "815",
        "RetryThroughCircleCi": "true",
        "StateBucket": "acme-rds-provisioner-state",
        "AccessSubnetIds": ACCESS_SUBNETS,
        "AccessSecurityGroupId": ACCESS_GROUP,
    }


def trust(role: str, **changed: Any) -> dict[str, Any]:
    """The trust policy of a role, as the foundation writes it; `changed` by the key's last word."""
    reference = "*" if role == "rds-provisioner-plan" else "refs/heads/main"
    user = "????????-????-????-????-????????????"
    values = {
        "sub": f"org/{ORGANIZATION}/project/{CIRCLECI_PROJECT}/user/{user}"
        f"/vcs-origin/github.com/acme/rds-provisioner/vcs-ref/{reference}",
        "aud": ORGANIZATION,
        "project": CIRCLECI_PROJECT,
        "ssh": "true",
    } | changed
    issuer = f"oidc.circleci.com/org/{ORGANIZATION}"
    condition = {
        "StringEquals": {f"{issuer}:aud": values["aud"]},
        "StringLike": {f"{issuer}:sub": values["sub"]},
        "StringEqualsIfExists": {f"{issuer}:oidc.circleci.com/project-id": values["project"]},
    }
    if role != "rds-provisioner-plan":
        condition["StringNotEqualsIfExists"] = {f"{issuer}:oidc.circleci.com/ssh-rerun": values["ssh"]}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(name: str, policy: Mapping[str, Any], seconds: int = 10_800) -> dict[str, Any]:
    """A role as IAM describes it."""
    return {
        "Role": {
            "Path": "/",
            "RoleName": name,
            "RoleId": "AROA1234567890123456",
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
            "CreateDate": "2026-11-01T00:00:00Z",
            "AssumeRolePolicyDocument": quote(json.dumps(policy)),
            "MaxSessionDuration": seconds,
        }
    }


def roles(asked: Mapping[str, Any]) -> Any:
    """Every role of the foundation."""
    name = asked["RoleName"]
    if name == "rds-provisioner-apply":
        return Refusal("NoSuchEntity")
    return role(name, trust(name))


def decide(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What IAM would answer: the calls that a role may make, as this test sees it."""
    principal = asked["PolicySourceArn"].rpartition("rds-provisioner-")[2]
    (action,), (resource,) = asked["ActionNames"], asked["ResourceArns"]
    context = {entry["ContextKeyName"]: entry["ContextKeyValues"][0] for entry in asked["ContextEntries"]}
    tagged = "rds-provisioner" in context.values()
    environment = principal.partition("apply-")[2] or None
    own = environment is not None and any(
        part in resource
        for part in (f":db:{environment}-", f":cluster:{environment}-", f"/databases/{environment}/")
    )
    if action == "lambda:InvokeFunction":
        kind = "plan" if principal == "plan" else "apply"
        return decision(resource.endswith(f"{kind}-report:live"))
    if action == "s3:GetObject":
        return decision(True)
    if action.startswith("rds:"):
        return decision(own and tagged and context.get("rds:ManageMasterUserPassword") != "false")
    return decision(own and action == "s3:PutObject")


def decision(allowed: bool) -> dict[str, Any]:
    """One result of a simulation."""
    said = "allowed" if allowed else "implicitDeny"
    return {"EvaluationResults": [{"EvalActionName": "any", "EvalDecision": said}]}


def security_group(group: str, inbound: list[Any], outbound: list[Any]) -> dict[str, Any]:
    return {"GroupId": group, "IpPermissions": inbound, "IpPermissionsEgress": outbound}


def rule(port: int, **who: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **who}


def groups(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The security groups: by id those of the databases and the access function's, by name any."""
    member = {"UserIdGroupPairs": [{"GroupId": ACCESS_GROUP}]}
    found = [
        security_group(f"sg-{name}", [rule(5432, **member), rule(3306, **member)], [])
        for name in ENVIRONMENTS
    ]
    everywhere = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    found.append(security_group(ACCESS_GROUP, [], [{"IpProtocol": "-1", **everywhere}]))
    return {"SecurityGroups": found}


def subnet_group(name: str, *zones: str) -> dict[str, Any]:
    subnets = [
        {"SubnetIdentifier": f"subnet-{zone}", "SubnetAvailabilityZone": {"Name": zone}} for zone in zones
    ]
    return {"DBSubnetGroupName": name, "VpcId": "vpc-0a1b2c3d", "Subnets": subnets}


def secret(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each of the stack's secrets."""
    values = {
        "GitHubAppKeySecretArn": PEM,
        "GitHubWebhookSecretArn": "a" * 40,
        "CircleCiSecretArn": json.dumps({"project": "gh/acme/rds-provisioner", "token": "t"}),
    }
    return {"SecretString": values[asked["SecretId"].rpartition(":")[2]]}


def option(asked: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """What RDS offers of a class."""
    aurora = asked["Engine"].startswith("aurora-")
    offered = {
        "Engine": asked["Engine"],
        "EngineVersion": asked["EngineVersion"],
        "DBInstanceClass": asked["DBInstanceClass"],
        "StorageType": "aurora" if aurora else "gp3",
        "MultiAZCapable": not aurora,
        "SupportsClusters": aurora,
        "SupportsStorageEncryption": True,
        "SupportsEnhancedMonitoring": True,
        "SupportsIAMDatabaseAuthentication": True,
        "SupportsStorageAutoscaling": not aurora,
    }
    return {"OrderableDBInstanceOptions": [offered | changed]}


ENDS = {
    "postgres": {"15": "2028-02-29", "16": "2029-02-28", "17": "2030-02-28"},
    "mysql": {"8.4": "2029-07-31"},
    "aurora-postgresql": {"16": "2029-02-28", "17": "2030-02-28"},
    "aurora-mysql": {"8.0": "2028-04-30"},
}


def major_versions(asked: Mapping[str, Any], **changed: Mapping[str, str]) -> dict[str, Any]:
    """Until when RDS supports each major version, by engine."""
    ends = ENDS[asked["Engine"]] | dict(changed.get(asked["Engine"], {}))
    return {
        "DBMajorEngineVersions": [
            {
                "Engine": asked["Engine"],
                "MajorEngineVersion": version,
                "SupportedEngineLifecycles": [
                    {
                        "LifecycleSupportName": f"open-source-rds-{name}-support",
                        "LifecycleSupportStartDate": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
                        "LifecycleSupportEndDate": dt.datetime.fromisoformat(f"{end}T23:59:59+00:00"),
                    }
                    for name, end in (("standard", day), ("extended", "2034-01-01"))
                ],
            }
            for version, day in ends.items()
        ]
    }


def enrolled(version: str, **changed: Any) -> dict[str, Any]:
    """One database that is enrolled in Extended Support."""
    tags = {"ManagedBy": "rds-provisioner", "Environment": "prod"}
    instance = {
        "DBInstanceIdentifier": "prod-orders",
        "DBInstanceClass": "db.m7g.large",
        "Engine": "postgres",
        "EngineVersion": version,
        "EngineLifecycleSupport": "open-source-rds-extended-support",
        "TagList": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    return {"DBInstances": [instance | changed]}


def enrolled_cluster(version: str, **changed: Any) -> dict[str, Any]:
    """One cluster that is enrolled in Extended Support."""
    tags = {"ManagedBy": "rds-provisioner", "Environment": "prod"}
    cluster = {
        "DBClusterIdentifier": "prod-bills",
        "Engine": "aurora-postgresql",
        "EngineVersion": version,
        "EngineLifecycleSupport": "open-source-rds-extended-support",
        "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 4.0},
        "TagList": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    return {"DBClusters": [cluster | changed]}


def engine_version(asked: Mapping[str, Any], least: float = 0.0) -> dict[str, Any]:
    """The default minor version of a major one, and from how many ACU on it scales."""
    described: dict[str, Any] = {"EngineVersion": f"{asked['EngineVersion']}.7"}
    if asked["Engine"].startswith("aurora-"):
        described["ServerlessV2FeaturesSupport"] = {"MinCapacity": least, "MaxCapacity": 256.0}
    return {"DBEngineVersions": [described]}


DEFAULTS = {
    "rds.force_ssl": "0,1",
    "log_connections": "0,1",
    "log_disconnections": "0,1",
    "log_lock_waits": "0,1",
    "log_min_duration_statement": "-1-2147483647",
    "require_secure_transport": "0,1",
    "log_output": "TABLE,FILE,NONE",
    "slow_query_log": "0,1",
    "long_query_time": "0-31536000",
    "log_bin_trust_function_creators": "0,1",
}


def defaults(**changed: str) -> dict[str, Any]:
    """A family's parameters."""
    known = [
        {"ParameterName": name, "AllowedValues": allowed, "IsModifiable": True}
        for name, allowed in (DEFAULTS | changed).items()
    ]
    return {"EngineDefaults": {"Parameters": known}}


def quota(name: str, used: int, most: int) -> dict[str, Any]:
    return {"AccountQuotaName": name, "Used": used, "Max": most}


def replies() -> dict[str, Reply]:
    """What AWS answers where all is well."""
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.circleci.com/org/{ORGANIZATION}"
    subnet_groups = [subnet_group(f"rds-provisioner-{name}", "a", "b") for name in ENVIRONMENTS]
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
    # 40 databases, each of which may be a cluster, and 6,400 GB are what the catalog lets one team ask for.
    quotas = [quota("DBInstances", 3, 100), quota("DBParameterGroups", 3, 100)]
    quotas += [quota("AllocatedStorage", 60, 100_000), quota("ManualSnapshots", 1, 100)]
    quotas += [quota("DBClusters", 1, 40), quota("DBClusterParameterGroups", 1, 50)]
    quotas += [quota("ManualClusterSnapshots", 1, 100)]
    return {
        "s3.GetBucketVersioning": {"Status": "Enabled"},
        "s3.GetPublicAccessBlock": {"PublicAccessBlockConfiguration": closed()},
        "s3.GetBucketEncryption": {
            "ServerSideEncryptionConfiguration": {
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            }
        },
        "rds.DescribeDBSubnetGroups": {"DBSubnetGroups": subnet_groups},
        "ec2.DescribeSecurityGroups": groups,
        "ec2.DescribeSubnets": {"Subnets": [{"CidrBlock": "10.0.1.0/24"}, {"CidrBlock": "10.0.2.0/24"}]},
        "kms.DescribeKey": {"KeyMetadata": {"KeyId": "key", "KeyState": "Enabled"}},
        "dynamodb.GetItem": migration(state="complete"),
        "iam.GetRole": roles,
        "iam.ListOpenIDConnectProviders": {"OpenIDConnectProviderList": [{"Arn": provider}]},
        "iam.GetOpenIDConnectProvider": {"ClientIDList": [ORGANIZATION]},
        "iam.SimulateCustomPolicy": decision(True),
        "iam.SimulatePrincipalPolicy": decide,
        "lambda.GetFunctionConfiguration": {"State": "Active"},
        "lambda.GetAccountSettings": {"AccountLimit": limits},
        "secretsmanager.GetSecretValue": secret,
        "rds.DescribeAccountAttributes": {"AccountQuotas": quotas},
        "rds.DescribeDBInstanceAutomatedBackups": {"DBInstanceAutomatedBackups": [{"Status": "retained"}]},
        "rds.DescribeDBEngineVersions": engine_version,
        "rds.DescribeOrderableDBInstanceOptions": option,
        "rds.DescribeDBMajorEngineVersions": major_versions,
        "rds.DescribeDBInstances": {"DBInstances": []},
        "rds.DescribeDBClusters": {"DBClusters": []},
        "rds.DescribeEngineDefaultParameters": defaults(),
        "rds.DescribeEngineDefaultClusterParameters": defaults(require_secure_transport="ON,OFF"),
    }


def closed(**changed: bool) -> dict[str, bool]:
    """A bucket that is not public."""
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return dict.fromkeys(names, True) | changed

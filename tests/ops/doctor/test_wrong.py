"""Each check says wrong where it should, and ok where all is well."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from ops.doctor.checks import CHECKS
from ops.doctor.http import Answer
from ops.doctor.verdict import Verdict
from tests.ops.doctor import healthy
from tests.ops.doctor.canned_aws import Refusal
from tests.ops.doctor.healthy import Setting

Spoil = Callable[[Setting], Any]


def aws(call: str, reply: Any) -> Spoil:
    """AWS answers a call otherwise."""
    return lambda setting: setting.aws.replies.update({call: reply})


def edited(file: str, old: str, new: str) -> Spoil:
    """A file of the clone reads otherwise."""
    return lambda setting: setting.edit(file, old, new)


def trusting(name: str, **changed: Any) -> Spoil:
    """One role trusts otherwise."""
    whole = f"rds-provisioner-{name}"

    def get(asked: Any) -> Any:
        if asked["RoleName"] == whole:
            return healthy.role(whole, healthy.trust(whole, **changed))
        return healthy.roles(asked)

    return aws("iam.GetRole", get)


def ending(engine: str, version: str, day: str) -> Spoil:
    """RDS supports a version until another day."""
    call = "rds.DescribeDBMajorEngineVersions"
    return aws(call, lambda asked: healthy.major_versions(asked, **{engine: {version: day}}))


def without_role(name: str) -> Spoil:
    whole = f"rds-provisioner-{name}"
    return aws(
        "iam.GetRole",
        lambda asked: Refusal("NoSuchEntity") if asked["RoleName"] == whole else healthy.roles(asked),
    )


def without_file(file: str) -> Spoil:
    """The clone has no such directory."""
    return lambda setting: shutil.rmtree(setting.clone / file)


def deciding(role: str, action: str, allowed: bool, resource: str = "", **context: str) -> Spoil:
    """IAM answers otherwise for one call of a role."""

    def decide(asked: Any) -> Any:
        given = {entry["ContextKeyName"]: entry["ContextKeyValues"][0] for entry in asked["ContextEntries"]}
        same = asked["PolicySourceArn"].endswith(f"-{role}") and asked["ActionNames"] == [action]
        if same and resource in asked["ResourceArns"][0] and context.items() <= given.items():
            return healthy.decision(allowed)
        return healthy.decide(asked)

    return aws("iam.SimulatePrincipalPolicy", decide)


def secret(output: str, value: str) -> Spoil:
    def read(asked: Any) -> Any:
        return {"SecretString": value} if asked["SecretId"].endswith(output) else healthy.secret(asked)

    return aws("secretsmanager.GetSecretValue", read)


def groups(change: Callable[[list[Any]], None]) -> Spoil:
    """The security groups are otherwise."""

    def answer(asked: Any) -> Any:
        found = healthy.groups(asked)
        change(found["SecurityGroups"])
        return found

    return aws("ec2.DescribeSecurityGroups", answer)


def quotas(name: str, used: int, most: int) -> Spoil:
    found = {"AccountQuotas": [healthy.quota("DBInstances", 0, 1000), healthy.quota(name, used, most)]}
    return aws("rds.DescribeAccountAttributes", found)


def web(call: str, status: int, content: Any = None, **headers: str) -> Spoil:
    """GitHub, CircleCI or the API answers a call otherwise; `call` is how the call's name ends."""

    def spoil(setting: Setting) -> None:
        (name,) = [name for name in setting.web if name.endswith(call)]
        setting.web[name] = Answer(status, content, headers)

    return spoil


def changed(call: str, **fields: Any) -> Spoil:
    """One answer of the web with other fields."""

    def spoil(setting: Setting) -> None:
        (name,) = [name for name in setting.web if name.endswith(call)]
        found = setting.web[name]
        setting.web[name] = Answer(found.status, found.content | fields)

    return spoil


def owned(text: str) -> Spoil:
    """CODEOWNERS on main reads otherwise."""
    return web("CODEOWNERS?ref=main", 200, healthy.code_owners(text))


def catalog_of_the_api(setting: Setting) -> None:
    (name,) = [name for name in setting.web if name.endswith("/catalog with a key")]
    content = setting.web[name].content
    sizes = {size: about for size, about in content["sizes"].items() if size != "small"}
    setting.web[name] = Answer(200, content | {"sizes": sizes})


def notifying(channels: str, **parameters: str) -> Spoil:
    """A team has these channels, in a stack with a notifier."""

    def spoil(setting: Setting) -> None:
        setting.edit("catalog.yaml", "teams: {}", f"teams:\n  alpha: {{ notify: {{ {channels} }} }}")
        setting.parameters |= {"Notifier": "true", **parameters}

    return spoil


def holding(webhook: str | None) -> Spoil:
    """A team's secret holds this, or is not there."""

    def spoil(setting: Setting) -> None:
        notifying("slack: rds-provisioner/notify/alpha")(setting)
        reply = Refusal("ResourceNotFoundException") if webhook is None else {"SecretString": webhook}
        aws("secretsmanager.GetSecretValue", reply)(setting)

    return spoil


RULES = "/rules/branches/main?per_page=100"
# (check, what is spoilt, what it says)
CASES: list[tuple[str, Spoil, str]] = [
    (
        "teams' channels are there",
        holding(None),
        "team alpha: secret rds-provisioner/notify/alpha is not there: put the webhook's address into it",
    ),
    (
        "teams' channels are there",
        holding("https://example.com/hook"),
        "holds no address that begins with https://hooks.slack.com/",
    ),
    (
        "teams' channels are there",
        notifying("email: alpha@acme.example"),
        "the stack no NotifyFrom",
    ),
    (
        "teams' channels are there",
        notifying("email: alpha@acme.test", NotifyFrom="rds@acme.example", NotifyDomains="acme.example"),
        "alpha@acme.test has none of NotifyDomains",
    ),
    (
        "ledger's rows are migrated",
        aws("dynamodb.GetItem", {}),
        "it was never run to its end: run `python -m ops.migrate --write`",
    ),
    (
        "ledger's rows are migrated",
        aws(
            "dynamodb.GetItem", healthy.migration(state="under way", position='{"pk": "REQ#1", "sk": "REQ"}')
        ),
        "it ended after 812 rows: run `python -m ops.migrate --write`",
    ),
    (
        "catalog",
        edited("catalog.yaml", "default_size: small", "default_size: tiny"),
        "default_size is not one",
    ),
    (
        "module takes the catalog",
        edited("catalog.yaml", '- "18"', '- "19"'),
        "postgres 19: engine_version must be a major version in standard support",
    ),
    (
        "module takes the catalog",
        edited("catalog.yaml", "db.t4g.micro", "db.t4g.nano"),
        "size small: instance_class must be an RDS instance class",
    ),
    (
        "module takes the catalog",
        edited("catalog.yaml", "versions: # 8.0 is Aurora MySQL 3", 'versions:\n      - "5.7"'),
        "aurora-mysql 5.7: engine_version must be a major version in standard support: 15, 16 or 17 for "
        "aurora-postgresql, 8.0 for aurora-mysql. Change terraform/modules/rds_cluster/variables.tf",
    ),
    (
        "module takes the catalog",
        edited("terraform/modules/rds_cluster/variables.tf", "var.max_acu <= 256", "var.max_acu <= 8"),
        "size busy: max_acu must be 1 to 256",
    ),
    (
        "module takes the catalog",
        without_file("terraform/modules/rds_cluster"),
        "aurora-mysql 8.0, and this clone has no terraform/modules/rds_cluster/: merge the release that "
        "brings it, or take the engines out of the catalog",
    ),
    (
        "pipeline applies each environment",
        edited(".circleci/config.yml", "[dev, staging, prod]", "[dev, staging]"),
        "prod is merged and never applied: add it to the matrix of `apply`",
    ),
    (
        "pipeline applies each environment",
        edited(".circleci/config.yml", "[dev, staging, prod]", "[dev, staging, prod, qa]"),
        "qa is applied and not in the catalog",
    ),
    (
        "foundation is the stack's",
        lambda setting: setting.outputs.update(plan_role_arn="arn:aws:iam::123456789012:role/other-plan"),
        "its plan role is other-plan, the stack's would be rds-provisioner-plan",
    ),
    (
        "foundation is the stack's",
        lambda setting: setting.outputs.update(region="eu-west-1"),
        "the foundation is in eu-west-1, the stack in eu-central-1",
    ),
    (
        "foundation is the stack's",
        lambda setting: setting.parameters.pop("StateBucket"),
        "the stack reads logs from no bucket, the pipeline keeps them in acme-rds-provisioner-state",
    ),
    (
        "each environment has a place",
        lambda setting: setting.outputs["key_arns"].pop("prod"),
        "prod is not in the foundation: add it to environments in terraform.tfvars",
    ),
    ("state bucket is closed", aws("s3.GetBucketVersioning", {}), "it keeps no versions"),
    (
        "state bucket is closed",
        aws(
            "s3.GetPublicAccessBlock",
            {"PublicAccessBlockConfiguration": healthy.closed(BlockPublicAcls=False)},
        ),
        "it may be made public",
    ),
    (
        "networks are there",
        aws(
            "rds.DescribeDBSubnetGroups",
            {"DBSubnetGroups": [healthy.subnet_group("rds-provisioner-dev", "a", "b")]},
        ),
        "staging has no subnet group rds-provisioner-staging",
    ),
    (
        "networks are there",
        aws(
            "rds.DescribeDBSubnetGroups",
            {"DBSubnetGroups": [healthy.subnet_group("rds-provisioner-dev", "a", "a")]},
        ),
        "dev has subnets in a alone",
    ),
    (
        "networks are there",
        aws("ec2.DescribeSecurityGroups", {"SecurityGroups": []}),
        "dev has no security group rds-provisioner-dev in vpc-0a1b2c3d",
    ),
    (
        "keys can be used",
        aws("kms.DescribeKey", Refusal("NotFoundException")),
        "dev has no key alias/rds-provisioner-dev",
    ),
    (
        "keys can be used",
        aws("kms.DescribeKey", {"KeyMetadata": {"KeyId": "key", "KeyState": "PendingDeletion"}}),
        "alias/rds-provisioner-dev is PendingDeletion",
    ),
    ("monitoring role is there", without_role("monitoring"), "there is no role rds-provisioner-monitoring"),
    (
        "identity provider is there",
        aws("iam.ListOpenIDConnectProviders", {"OpenIDConnectProviderList": []}),
        "no identity provider for CircleCI",
    ),
    (
        "identity provider is there",
        aws("iam.GetOpenIDConnectProvider", {"ClientIDList": ["sts.amazonaws.com"]}),
        "takes tokens for another audience",
    ),
    ("plan role is the repository's", without_role("plan"), "there is no role rds-provisioner-plan"),
    (
        "plan role is the repository's",
        lambda setting: setting.parameters.update(GitHubRepository="acme/databases"),
        "trusts pipelines of github.com/acme/rds-provisioner, the stack is for acme/databases",
    ),
    ("plan role is the repository's", trusting("plan", aud="any"), "takes tokens for any audience"),
    ("plan role is the repository's", trusting("plan", sub="org/*"), "does not bind CircleCI's subject"),
    (
        "apply roles are main's",
        trusting(
            "apply-prod",
            sub=healthy.trust("rds-provisioner-plan")["Statement"][0]["Condition"]["StringLike"][
                f"oidc.circleci.com/org/{healthy.ORGANIZATION}:sub"
            ],
        ),
        "rds-provisioner-apply-prod can be taken on *, not on refs/heads/main",
    ),
    (
        "apply roles are main's",
        trusting("apply-dev", ssh="false"),
        "rds-provisioner-apply-dev takes a rerun with SSH",
    ),
    (
        "apply roles are main's",
        trusting("apply-dev", project="other"),
        "does not compare the claim project-id",
    ),
    (
        "shared apply role is away",
        aws("iam.GetRole", lambda asked: healthy.role(asked["RoleName"], healthy.trust(asked["RoleName"]))),
        "rds-provisioner-apply may change every environment's databases",
    ),
    (
        "apply roles last long enough",
        aws(
            "iam.GetRole",
            lambda asked: healthy.role(asked["RoleName"], healthy.trust(asked["RoleName"]), 3600),
        ),
        "rds-provisioner-apply-dev ends after 3600 s",
    ),
    (
        "pipeline changes what it should",
        deciding("apply-dev", "rds:CreateDBInstance", False),
        "rds-provisioner-apply-dev may not rds:CreateDBInstance on dev-doctor",
    ),
    (
        "pipeline changes what it should",
        deciding("apply-dev", "rds:DeleteDBInstance", True, ":db:prod-"),
        "rds-provisioner-apply-dev may rds:DeleteDBInstance on prod-doctor (ManagedBy=rds-provisioner)",
    ),
    (
        "pipeline changes what it should",
        deciding("plan", "s3:PutObject", True),
        "rds-provisioner-plan may s3:PutObject",
    ),
    (
        "passwords stay managed",
        deciding("apply-prod", "rds:ModifyDBInstance", True, **{"rds:ManageMasterUserPassword": "false"}),
        "rds-provisioner-apply-prod may rds:ModifyDBInstance on prod-doctor "
        "(ManagedBy=rds-provisioner, ManageMasterUserPassword=false)",
    ),
    (
        "pipeline changes what it should",
        deciding("apply-dev", "rds:CreateDBCluster", False),
        "rds-provisioner-apply-dev may not rds:CreateDBCluster on dev-doctor",
    ),
    (
        "pipeline changes what it should",
        deciding("apply-dev", "rds:DeleteDBCluster", True, ":cluster:prod-"),
        "rds-provisioner-apply-dev may rds:DeleteDBCluster on prod-doctor",
    ),
    (
        "passwords stay managed",
        deciding("apply-prod", "rds:ModifyDBCluster", True, **{"rds:ManageMasterUserPassword": "false"}),
        "rds-provisioner-apply-prod may rds:ModifyDBCluster on prod-doctor",
    ),
    (
        "passwords stay managed",
        deciding("plan", "secretsmanager:GetSecretValue", True, "rds!cluster-"),
        "rds-provisioner-plan may secretsmanager:GetSecretValue on rds!cluster-doctor",
    ),
    (
        "passwords stay managed",
        deciding("plan", "secretsmanager:GetSecretValue", True),
        "rds-provisioner-plan may secretsmanager:GetSecretValue",
    ),
    (
        "functions run",
        aws("lambda.GetFunctionConfiguration", Refusal("ResourceNotFoundException")),
        "rds-provisioner-api has no alias `live`",
    ),
    (
        "functions run",
        aws("lambda.GetFunctionConfiguration", {"State": "Failed", "StateReason": "no subnet"}),
        "rds-provisioner-api is Failed (no subnet)",
    ),
    ("GitHub App's key is set", secret("GitHubAppKeySecretArn", "put it here"), "it holds no private key"),
    (
        "GitHub App's key is set",
        aws("secretsmanager.GetSecretValue", Refusal("ResourceNotFoundException")),
        "the secret of output GitHubAppKeySecretArn has no value",
    ),
    ("webhook's secret is set", secret("GitHubWebhookSecretArn", "hunter2"), "shorter than 20 characters"),
    ("CircleCI's secret is set", secret("CircleCiSecretArn", "put it here"), "Retries through CircleCI"),
    (
        "access function reaches the databases",
        groups(lambda found: found[0].update(IpPermissions=[])),
        f"the databases of dev do not let {healthy.ACCESS_GROUP} in on 5432",
    ),
    (
        "access function reaches the databases",
        groups(
            lambda found: found[2].update(
                IpPermissions=[
                    healthy.rule(5432, IpRanges=[{"CidrIp": "10.0.1.0/24"}]),
                    *found[2]["IpPermissions"][1:],
                ]
            )
        ),
        f"the databases of prod do not let {healthy.ACCESS_GROUP} in on 5432",
    ),
    (
        "access function reaches the databases",
        groups(lambda found: found[3].update(IpPermissionsEgress=[])),
        f"{healthy.ACCESS_GROUP} lets nothing out to port 5432",
    ),
    (
        "access function reaches the databases",
        aws("ec2.DescribeSecurityGroups", Refusal("InvalidGroup.NotFound", "sg-1 does not exist")),
        "sg-1 does not exist: correct AccessSubnetIds and AccessSecurityGroupId",
    ),
    (
        "App may what it should",
        changed("/app", permissions={"contents": "write", "pull_requests": "read", "metadata": "read"}),
        "it lacks pull_requests: write",
    ),
    (
        "App may what it should",
        changed(
            "/app",
            permissions=healthy.pages()["GET https://api.github.com/app"].content["permissions"]
            | {"administration": "write"},
        ),
        "it asks for administration: write, which nothing uses",
    ),
    (
        "App may what it should",
        lambda setting: setting.parameters.update(DriftIssues="true"),
        "it lacks issues: write",
    ),
    (
        "App may what it should",
        changed(
            "/app",
            permissions=healthy.pages()["GET https://api.github.com/app"].content["permissions"]
            | {"issues": "write"},
        ),
        "it asks for issues: write, which nothing uses",
    ),
    (
        "App may what it should",
        web("com/app", 401, {"message": "Bad credentials"}),
        "GitHub answered 401 to App 4711",
    ),
    ("App is sent pull requests", changed("com/app", events=["push"]), "not subscribed to pull_request"),
    (
        "App is installed",
        changed("installations/815", suspended_at="2026-11-01"),
        "the installation is suspended",
    ),
    (
        "App is installed",
        changed("installations/815", permissions={"contents": "read"}),
        "the installation has not accepted contents: write",
    ),
    ("App is installed", web("/repos/acme/rds-provisioner", 404), "does not reach acme/rds-provisioner"),
    ("App is installed", web("/access_tokens", 404), "GitHub answered 404 to installation 815"),
    (
        "webhook is the stack's",
        changed("/hook/config", url="https://old.example/x"),
        "goes to https://old.example/x",
    ),
    ("webhook is the stack's", changed("/hook/config", url=None), "the App has no webhook"),
    (
        "webhook is the stack's",
        changed("/hook/config", content_type="form"),
        "content type is not application/json",
    ),
    ("webhook is the stack's", changed("/hook/config", insecure_ssl="1"), "does not verify TLS"),
    (
        "webhooks arrive",
        web("deliveries?per_page=20", 200, [healthy.delivery(401), healthy.delivery(200)]),
        "was answered 401: the secrets of webhook and stack differ",
    ),
    (
        "code owners are read",
        web(
            "/codeowners/errors",
            200,
            {"errors": [{"line": 3, "kind": "Unknown owner", "suggestion": "add them"}]},
        ),
        "line 3: Unknown owner; add them",
    ),
    ("code owners are read", web("/codeowners/errors", 404), "there is no CODEOWNERS on main"),
    (
        "code owners approve what they should",
        owned("* @acme/platform\n"),
        "dev merges automatically, and waits for @acme/platform: add the line `/terraform/databases/dev/`",
    ),
    (
        "code owners approve what they should",
        owned("* @acme/platform\n/terraform/databases/\n"),
        "staging wants a review, and nobody owns it: add `/terraform/databases/staging/ @OWNER`",
    ),
    ("code owners approve what they should", owned("* platform\n"), "line 1 of CODEOWNERS"),
    (
        "code owners approve what they should",
        owned("/terraform/databases/staging/ @a\n/terraform/databases/prod/ @a\n"),
        "nobody owns `*`",
    ),
    ("main is guarded", web(RULES, 200, healthy.rules()[:3]), "main has no rule `update`"),
    ("main is guarded", web(RULES, 200, []), "main has no rule `pull_request`"),
    (
        "main is guarded",
        web(RULES, 200, healthy.rules(require_code_owner_review=False)),
        "main does not ask for the code owners' review",
    ),
    (
        "main is guarded",
        web(RULES, 200, healthy.rules(dismiss_stale_reviews_on_push=False)),
        "main keeps approvals of commits before the newest",
    ),
    (
        "main is guarded",
        web(RULES, 200, healthy.rules(required_approving_review_count=1)),
        "main asks for 1 approvals",
    ),
    (
        "main is guarded",
        web(RULES, 200, healthy.rules(allowed_merge_methods=["merge"])),
        "does not take squash merges",
    ),
    (
        "main is guarded",
        web(RULES, 200, [*healthy.rules(), {"type": "merge_queue", "ruleset_id": 3}]),
        "main has a merge queue",
    ),
    (
        "main is guarded",
        web(
            RULES,
            200,
            [
                *healthy.rules(),
                {
                    "type": "required_status_checks",
                    "parameters": {"strict_required_status_checks_policy": True},
                },
            ],
        ),
        "main wants branches to be up to date",
    ),
    (
        "nobody passes the rules",
        changed("/rulesets/1", bypass_actors=[{"actor_type": "Integration", "actor_id": 4711}]),
        "1 may bypass reviews, which asks for reviews",
    ),
    (
        "nobody passes the rules",
        changed("/rulesets/2", bypass_actors=[]),
        "the App cannot merge past restrict updates",
    ),
    (
        "CircleCI project is the roles'",
        changed("project/gh/acme/rds-provisioner", id="other"),
        "CircleCI says other",
    ),
    (
        "CircleCI project is the roles'",
        web("project/gh/acme/rds-provisioner", 404),
        "CircleCI knows no /project/gh/",
    ),
    ("CircleCI variables are set", web("/envvar", 200, {"items": []}), "AWS_REGION is not set"),
    (
        "CircleCI settings are safe",
        web("/settings", 200, {"advanced": healthy.settings(disable_ssh=False)}),
        "disable_ssh is false: a rerun with SSH has the apply role",
    ),
    (
        "CircleCI settings are safe",
        web("/settings", 200, {"advanced": healthy.settings(build_fork_prs=True)}),
        "build_fork_prs is true",
    ),
    ("drift is looked for", web("/schedule", 200, {"items": []}), "no trigger sets `nightly` = true"),
    (
        "drift is looked for",
        web("/schedule", 200, {"items": [{"parameters": {"branch": "develop", "nightly": True}}]}),
        "no trigger sets `nightly` = true",
    ),
    (
        "pipelines may run",
        web("/workflow", 200, {"items": [{"status": "unauthorized"}]}),
        "pipeline 7 was refused",
    ),
    ("API answers", web("/health", 502), "/health answered 502"),
    ("API refuses without a key", web("/catalog", 200), "/catalog answered 200 without a key"),
    (
        "API refuses without a key",
        web("/catalog", 403, {"message": "Forbidden"}, **{"content-type": "application/json"}),
        "the refusal came as application/json",
    ),
    (
        "deployed catalog is the clone's",
        catalog_of_the_api,
        "the API has another sizes.small than this clone",
    ),
    (
        "dry request passes",
        web("?dry_run=true with a key", 422, {"detail": "Change engine_version."}),
        "postgres in dev: 422, Change engine_version.",
    ),
    (
        "dry request passes",
        web(
            "?dry_run=true with a key",
            200,
            {"policy": {"passed": False, "results": [{"rule": "class", "passed": False}]}},
        ),
        "postgres in dev: the policy denies it; class",
    ),
    ("RDS has room", quotas("DBInstances", 36, 40), "DBInstances: 36 of 40 are used"),
    (
        "RDS has room",
        quotas("DBParameterGroups", 0, 30),
        "DBParameterGroups: a team's quota in catalog.yaml lets it ask for 40, the region takes 30",
    ),
    (
        "RDS has room",
        quotas("DBClusters", 0, 30),
        "DBClusters: a team's quota in catalog.yaml lets it ask for 40, the region takes 30",
    ),
    ("RDS has room", quotas("ManualClusterSnapshots", 99, 100), "ManualClusterSnapshots: 99 of 100 are used"),
    ("RDS has room", quotas("ManualSnapshots", 99, 100), "ManualSnapshots: 99 of 100 are used"),
    (
        "retained backups have room",
        aws(
            "rds.DescribeDBInstanceAutomatedBackups",
            {"DBInstanceAutomatedBackups": [{"Status": "retained"}] * 36},
        ),
        "36 of 40 retained automated backups are used",
    ),
    (
        "Lambda has room",
        aws("lambda.GetAccountSettings", {"AccountLimit": {"UnreservedConcurrentExecutions": 10}}),
        "10 concurrent executions are left",
    ),
    (
        "versions are offered",
        aws("rds.DescribeDBEngineVersions", {"DBEngineVersions": []}),
        "RDS offers no postgres 15 here",
    ),
    (
        "classes are offered",
        aws("rds.DescribeOrderableDBInstanceOptions", {"OrderableDBInstanceOptions": []}),
        "size small (db.t4g.micro) with postgres 15.7 is not offered here",
    ),
    (
        "classes are offered",
        aws(
            "rds.DescribeOrderableDBInstanceOptions",
            lambda asked: healthy.option(asked, SupportsIAMDatabaseAuthentication=False),
        ),
        "lacks IAM authentication",
    ),
    (
        "classes are offered",
        aws(
            "rds.DescribeOrderableDBInstanceOptions",
            lambda asked: healthy.option(asked, MultiAZCapable=False),
        ),
        "lacks a standby in a second zone",
    ),
    (
        "support ends when the catalog says",
        ending("postgres", "17", "2030-05-31"),
        "the standard support of postgres 17 ends 2030-05-31, and catalog.yaml says 2030-02-28",
    ),
    (
        "support ends when the catalog says",
        ending("postgres", "18", "2031-02-28"),
        "the standard support of postgres 18 ends 2031-02-28, and catalog.yaml says nothing",
    ),
    (
        "support ends when the catalog says",
        ending("aurora-mysql", "8.0", "2027-04-30"),
        "the standard support of aurora-mysql 8.0 ends 2027-04-30, and catalog.yaml says 2028-04-30",
    ),
    (
        "nobody pays for Extended Support",
        lambda setting: [
            ending("aurora-postgresql", "16", "2020-02-29")(setting),
            aws("rds.DescribeDBInstances", healthy.enrolled("16.7", DBClusterIdentifier="prod-bills"))(
                setting
            ),
            aws(
                "rds.DescribeDBClusters",
                healthy.enrolled_cluster("16.7", DBClusterMembers=[{}, {}]),
            )(setting),
        ],
        "RDS charges Extended Support for prod-bills (aurora-postgresql 16.7, 1 to 8 ACU) by the ACU and "
        "hour since 2020-03-01, 124.10 to 992.80 USD a month (list price of us-east-1, 2026-05-01): upgrade "
        "it",
    ),
    (
        "nobody pays for Extended Support",
        lambda setting: [
            ending("postgres", "15", "2020-02-29")(setting),
            aws("rds.DescribeDBInstances", healthy.enrolled("15.7", MultiAZ=True))(setting),
        ],
        "RDS charges Extended Support for prod-orders (postgres 15.7, 4 vCPUs) by the vCPU and hour since "
        "2020-03-01, 584.00 USD a month (list price of us-east-1, 2026-05-01): upgrade it",
    ),
    (
        "nobody pays for Extended Support",
        lambda setting: [
            ending("postgres", "13", "2020-11-30")(setting),  # which the catalog no longer has
            aws("rds.DescribeDBInstances", healthy.enrolled("13.9", DBInstanceClass="db.x9z.large"))(setting),
        ],
        "RDS charges Extended Support for prod-orders (postgres 13.9, an unknown number of vCPUs) by the "
        "vCPU and hour since 2020-12-01, at a price that is not known: upgrade it",
    ),
    (
        "nobody pays for Extended Support",
        lambda setting: [
            edited("catalog.yaml", "region: us-east-1", "region: eu-central-1")(setting),
            ending("postgres", "15", "2020-02-29")(setting),
            aws("rds.DescribeDBInstances", healthy.enrolled("15.7"))(setting),
        ],
        "since 2020-03-01, at a price that is not known: upgrade it",
    ),
    (
        "classes are offered",
        aws(
            "rds.DescribeOrderableDBInstanceOptions",
            lambda asked: (
                healthy.option(asked, SupportsClusters=False)
                if asked["Engine"] == "aurora-mysql"
                else healthy.option(asked)
            ),
        ),
        "size busy (db.serverless) with aurora-mysql 8.0.7 lacks clusters",
    ),
    (
        "classes are offered",
        aws("rds.DescribeDBEngineVersions", lambda asked: healthy.engine_version(asked, least=0.5)),
        "size sleepy (db.serverless) with aurora-postgresql 16.7 lacks a minimum of 0 ACU "
        "(it takes 0.5 and more)",
    ),
    (
        "parameters are taken",
        aws("rds.DescribeEngineDefaultClusterParameters", healthy.defaults(require_secure_transport="0,1")),
        "aurora-mysql8.0: require_secure_transport = ON is not among 0,1: correct it in "
        "terraform/modules/rds_cluster/main.tf",
    ),
    (
        "parameters are taken",
        aws("rds.DescribeEngineDefaultParameters", healthy.defaults(require_secure_transport="ON,OFF")),
        "mysql8.4: require_secure_transport = 1 is not among ON,OFF",
    ),
    (
        "parameters are taken",
        aws("rds.DescribeEngineDefaultParameters", {"EngineDefaults": {"Parameters": []}}),
        "names a parameter that RDS does not have",
    ),
]


@pytest.mark.parametrize(
    ("name", "spoil", "words"), CASES, ids=[f"{name}: {words}" for name, _, words in CASES]
)
def test_a_check_says_what_is_wrong(setting: Setting, name: str, spoil: Spoil, words: str) -> None:
    spoil(setting)
    finding = setting.look(name)
    assert (finding.verdict, words in finding.text) == (Verdict.WRONG, True), finding


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            healthy.enrolled("15.7"),
            "enrolled: prod-orders (postgres 15.7, 2 vCPUs) from 2028-03-01 on, 146.00 USD a month (list "
            "price of us-east-1, 2026-05-01)",
        ),
        (healthy.enrolled("18.1"), "enrolled: prod-orders (postgres 18.1, 2 vCPUs) after a day that neither"),
        (healthy.enrolled("15.7", TagList=[]), "no database is enrolled"),
        (
            healthy.enrolled("15.7", EngineLifecycleSupport="open-source-rds-extended-support-disabled"),
            "no database is enrolled",
        ),
    ],
)
def test_whoever_would_be_charged_later_is_named(setting: Setting, answer: Any, said: str) -> None:
    setting.aws.replies["rds.DescribeDBInstances"] = answer
    finding = setting.look("nobody pays for Extended Support")
    assert finding.verdict is Verdict.OK
    assert finding.text.startswith(said)


def test_what_the_catalog_enrols_is_listed_with_its_cost_and_is_not_wrong(setting: Setting) -> None:
    ending("postgres", "15", "2020-02-29")(setting)
    aws("rds.DescribeDBInstances", healthy.enrolled("15.7"))(setting)
    setting.edit("catalog.yaml", "  prod:\n", "  prod:\n    extended_support: true\n")

    finding = setting.look("nobody pays for Extended Support")

    assert (finding.verdict, finding.text) == (
        Verdict.OK,
        "enrolled: prod-orders (postgres 15.7, 2 vCPUs) since 2020-03-01, as prod is by the catalog, 292.00 "
        "USD a month (list price of us-east-1, 2026-05-01)",
    )


def test_those_to_be_charged_later_are_named_with_those_that_are_by_now(setting: Setting) -> None:
    ending("postgres", "15", "2020-02-29")(setting)
    aws("rds.DescribeDBInstances", healthy.enrolled("15.7"))(setting)
    aws("rds.DescribeDBClusters", healthy.enrolled_cluster("17.2"))(setting)

    finding = setting.look("nobody pays for Extended Support")

    assert finding.verdict is Verdict.WRONG
    assert "for prod-orders (postgres 15.7, 2 vCPUs)" in finding.text
    assert "enrolled: prod-bills (aurora-postgresql 17.2, 0.5 to 4 ACU) from 2030-03-01 on" in finding.text


def test_channels_that_are_there_are_named(setting: Setting) -> None:
    holding("https://hooks.slack.com/services/T0/B0/x")(setting)
    assert setting.look("teams' channels are there").text == "alpha"


def test_channels_without_a_notifier_are_said_to_receive_nothing(setting: Setting) -> None:
    notifying("email: alpha@acme.example", Notifier="false")(setting)
    finding = setting.look("teams' channels are there")
    assert (finding.verdict, "alpha of the catalog receive nothing" in finding.text) == (Verdict.OK, True)


def test_every_check_has_a_case_that_makes_it_say_wrong() -> None:
    assert {name for name, _, _ in CASES} == {check.name for check in CHECKS}


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_a_check_says_ok_where_all_is_well(setting: Setting, name: str) -> None:
    finding = setting.look(name)
    assert finding.verdict is Verdict.OK, finding
    assert finding.text

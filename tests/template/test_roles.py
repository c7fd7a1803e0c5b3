"""Who may do what: written out, so that a change of a permission is seen in review."""

from typing import Any

import pytest

from tests.template.stack import FUNCTIONS, listed, of_type, references, resource, statements

LEDGER = {
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
}
COMMON = {
    "*": {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
}
KEEP = {"Ledger": LEDGER}
APP_KEY = {"GitHubAppKey": {"secretsmanager:GetSecretValue"}}
DEAD = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
USERS_SECRETS = {
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecretVersionStage",
}
SEND = {"RequestTopic": {"sns:Publish"}}
SEE_DATABASES = {
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshots",
    "rds:ListTagsForResource",
}
DROP_SNAPSHOTS = {"rds:DeleteDBClusterSnapshot", "rds:DeleteDBSnapshot"}


def _managed(action: str) -> dict[str, set[str]]:
    """An action on the secrets that RDS makes for instances and for clusters."""
    return {f"secretsmanager:secret:rds!{kind}-*": {action} for kind in ("db", "cluster")}


MAY = {
    "api": {
        "Ledger": LEDGER | {"dynamodb:BatchGetItem"},
        **SEND,
        **_managed("secretsmanager:RotateSecret"),
        "kms:key/*": {"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"},
        "s3:::${StateBucket}/logs/*": {"s3:GetObject"},
        "s3:::${StateBucket}": {"s3:ListBucket"},
    },
    "worker": {
        **KEEP,
        **APP_KEY,
        "CircleCiSecret": {"secretsmanager:GetSecretValue"},
        "RequestQueue": {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        },
    },
    "webhook": {**KEEP, **SEND, "GitHubWebhookSecret": {"secretsmanager:GetSecretValue"}},
    "plan-report": {**KEEP, **APP_KEY},
    "apply-report": {
        **KEEP,
        **APP_KEY,
        **SEND,
        "CircleCiSecret": {"secretsmanager:GetSecretValue"},
    },
    "reaper": {
        **KEEP,
        **APP_KEY,
        **SEND,
        "*": COMMON["*"] | {"cloudwatch:GetMetricData", "logs:DescribeLogGroups"},
        "logs:log-group:/aws/rds/cluster/*": {"logs:PutRetentionPolicy"},
        "logs:log-group:/aws/rds/instance/*": {"logs:PutRetentionPolicy"},
        "rds:cluster:*": SEE_DATABASES,
        "rds:cluster-snapshot:*": SEE_DATABASES,
        "rds:db:*": SEE_DATABASES,
        "rds:snapshot:*": SEE_DATABASES,
        "rds:cluster-snapshot:*-before-*": DROP_SNAPSHOTS,
        "rds:cluster-snapshot:*-final-*": DROP_SNAPSHOTS,
        "rds:snapshot:*-before-*": DROP_SNAPSHOTS,
        "rds:snapshot:*-final-*": DROP_SNAPSHOTS,
        **_managed("secretsmanager:DescribeSecret"),
    },
    "events": {
        "Ledger": {
            "dynamodb:DescribeStream",
            "dynamodb:GetItem",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        },
        "EventsTopic": {"sns:Publish"},
        "EventsDeadLetters": {"sqs:SendMessage"},
    },
    "access": {
        "*": COMMON["*"]
        | {
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
            "secretsmanager:GetRandomPassword",
        },
        "Ledger": LEDGER,
        "AccessQueue": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
        **_managed("secretsmanager:GetSecretValue"),
        "kms:key/*": {"kms:Decrypt"},
        "secretsmanager:secret:rds-provisioner/*/*/application*": USERS_SECRETS,
        "secretsmanager:secret:rds-provisioner/*/*/read_only*": USERS_SECRETS,
    },
    "console": {},
    "admin": {
        "Ledger": (LEDGER - {"dynamodb:PutItem"}) | {"dynamodb:BatchGetItem", "dynamodb:Scan"},
        "RequestDeadLetters": DEAD,
        "AccessDeadLetters": DEAD,
        "EventWebhookDeadLetters": DEAD,
        "NotifierDeadLetters": DEAD,
        "EventsDeadLetters": {"sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
        "ScheduleDeadLetters": {"sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
        "RequestQueue": {"sqs:SendMessage"},
        "AccessQueue": {"sqs:SendMessage"},
        "EventWebhookQueue": {"sqs:SendMessage"},
        "NotifierQueue": {"sqs:SendMessage"},
        "apigateway:${AWS::Region}::/usageplans": {"apigateway:GET"},
        "apigateway:${AWS::Region}::/usageplans/${UsagePlan}/keys": {"apigateway:GET"},
        "apigateway:${AWS::Region}::/usageplans/${UsagePlan}/keys/*": {"apigateway:DELETE"},
    },
    "notifier": {
        "Ledger": {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"},
        "NotifierQueue": {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        },
        "secretsmanager:secret:rds-provisioner/notify/*": {"secretsmanager:GetSecretValue"},
        "ses:identity/*": {"ses:SendEmail"},
    },
    "event-webhook": {
        "EventWebhookSecret": {"secretsmanager:GetSecretValue"},
        "EventWebhookQueue": {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        },
    },
}
PREFIX = "arn:${AWS::Partition}:"
PLACE = ":${AWS::Region}:${AWS::AccountId}:"


def short(target: Any) -> str:
    """A resource of this stack by its name, another one by service and rest of the ARN."""
    match target:
        case {"Fn::Sub": str(text)} if text.startswith(PREFIX):
            return text.removeprefix(PREFIX).replace(PLACE, ":")
        case {"Fn::If": [_, chosen, {"Ref": "AWS::NoValue"}]}:
            return short(chosen)
        case "*":
            return "*"
    (name,) = references(target)
    return name


@pytest.mark.parametrize(("function", "name"), FUNCTIONS.items())
def test_a_function_may_do_this_and_nothing_else(function: str, name: str) -> None:
    role = function.replace("Function", "Role")
    may: dict[str, set[str]] = {}
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        for target in listed(statement["Resource"]):
            may.setdefault(short(target), set()).update(listed(statement["Action"]))
    logs = {role.replace("Role", "Logs"): {"logs:CreateLogStream", "logs:PutLogEvents"}}
    assert may == COMMON | logs | MAY[name]


def test_a_role_belongs_to_one_function_and_takes_no_managed_policy() -> None:
    of_functions = [
        references(function["Role"]).pop() for function in of_type("AWS::Serverless::Function").values()
    ]
    assert len(set(of_functions)) == len(FUNCTIONS)
    for role in of_functions:
        assert "ManagedPolicyArns" not in resource(role)


def test_no_action_has_a_wildcard() -> None:
    for role in of_type("AWS::IAM::Role"):
        if "Policies" in resource(role):
            actions = [action for statement in statements(role) for action in listed(statement["Action"])]
            assert [action for action in actions if "*" in action] == []


def test_what_reaches_beyond_the_stack_is_bound_by_a_condition() -> None:
    conditions: dict[str, Any] = {
        statement["Sid"]: statement.get("Condition")
        for role in ("ApiRole", "ReaperRole", "AccessRole")
        for statement in statements(role)
    }
    assert conditions["DropOldSnapshots"] == {
        "StringEquals": {"aws:ResourceTag/ManagedBy": "rds-provisioner"}
    }
    assert (
        "secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn" in conditions["RotatePasswords"]["ArnLike"]
    )
    of_clusters = conditions["RotatePasswordsOfClusters"]
    assert list(of_clusters["ArnLike"]) == ["secretsmanager:ResourceTag/aws:rds:primaryDBClusterArn"]
    assert conditions["LogInAsMasterOfClusters"] == conditions["SeeRotationsOfClusters"] == of_clusters
    assert conditions["LogInAsMaster"] == conditions["SeeRotations"] == conditions["RotatePasswords"]
    assert set(conditions["UseDatabaseKeysForThat"]) == {"StringEquals", "ForAnyValue:StringLike"}


def test_an_operators_function_writes_the_rows_of_keys_alone() -> None:
    (ends,) = [each for each in statements("AdminRole") if "dynamodb:UpdateItem" in each["Action"]]
    assert ends["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "KEY#*"}}


def test_the_notifier_writes_what_it_sent_alone_and_mails_in_one_name() -> None:
    (keeps,) = [each for each in statements("NotifierRole") if "dynamodb:PutItem" in each["Action"]]
    assert keeps["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["SAID#*", "CHANNELS"]}}
    (mails,) = [each for each in statements("NotifierRole") if "ses:SendEmail" in each["Action"]]
    assert mails["Condition"]["StringEquals"] == {"ses:FromAddress": {"Ref": "NotifyFrom"}}
    assert "NotifyDomains" in references(mails["Condition"])


def test_indexes_are_read_by_those_who_list() -> None:
    assert index_readers("listing") == {"AdminRole", "ApiRole", "NotifierRole", "ReaperRole"}
    assert index_readers("due") == {"NotifierRole", "ReaperRole"}


def index_readers(index: str) -> set[str]:
    return {
        role
        for role in of_type("AWS::IAM::Role")
        for statement in (statements(role) if "Policies" in resource(role) else [])
        if f"/index/{index}" in str(statement["Resource"])
    }


def test_the_schedule_may_run_the_reaper_alone() -> None:
    may = {
        short(statement["Resource"]): listed(statement["Action"])
        for statement in statements("ReaperScheduleRole")
    }
    assert may == {"ReaperFunction": ["lambda:InvokeFunction"], "ScheduleDeadLetters": ["sqs:SendMessage"]}

"""A call is read as RDS's service model types it, and one of another form is refused."""

import pytest

from sandbox.aws.rds_rules.query import Malformed, read

GROUP = {"DBParameterGroupName": ["dev-orders-1"]}
INSTANCE = {"DBInstanceIdentifier": ["dev-orders"]}


def test_text_numbers_truths_lists_and_structures_are_typed() -> None:
    asked = {
        "Action": ["ModifyDBInstance"],
        "Version": ["2014-10-31"],
        **INSTANCE,
        "AllocatedStorage": ["30"],
        "ApplyImmediately": ["true"],
        "VpcSecurityGroupIds.VpcSecurityGroupId.1": ["sg-1"],
        "VpcSecurityGroupIds.VpcSecurityGroupId.2": ["sg-2"],
        "CloudwatchLogsExportConfiguration.EnableLogTypes.member.1": ["error"],
    }

    assert read("ModifyDBInstance", asked) == {
        "DBInstanceIdentifier": "dev-orders",
        "AllocatedStorage": 30,
        "ApplyImmediately": True,
        "VpcSecurityGroupIds": ["sg-1", "sg-2"],
        "CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["error"]},
    }


def test_members_come_in_the_order_of_their_numbers() -> None:
    settings = {f"Parameters.Parameter.{number}.ParameterName": [f"name{number}"] for number in (10, 9, 2, 1)}

    found = read("ModifyDBParameterGroup", {**GROUP, **settings})

    assert [setting["ParameterName"] for setting in found["Parameters"]] == [
        "name1",
        "name2",
        "name9",
        "name10",
    ]


@pytest.mark.parametrize(
    ("action", "asked", "code", "message"),
    [
        (
            "ModifyDBInstance",
            {},
            "MissingParameter",
            "The request must contain the parameter DBInstanceIdentifier.",
        ),
        (
            "ModifyDBInstance",
            {**INSTANCE, "KmsKeyId": ["key"]},
            "InvalidQueryParameter",
            "ModifyDBInstance has no parameter KmsKeyId",
        ),
        (
            "RestoreDBInstanceFromDBSnapshot",
            {**INSTANCE, "StorageEncrypted": ["true"]},
            "InvalidQueryParameter",
            "RestoreDBInstanceFromDBSnapshot has no parameter StorageEncrypted",
        ),
        (
            "ModifyDBInstance",
            {**INSTANCE, "MultiAZ": ["yes"]},
            "InvalidParameterValue",
            "MultiAZ must be true or false, not yes",
        ),
        (
            "ModifyDBInstance",
            {**INSTANCE, "AllocatedStorage": ["20.5"]},
            "InvalidParameterValue",
            "AllocatedStorage must be a whole number, not 20.5",
        ),
        (
            "ModifyDBParameterGroup",
            {**GROUP, "Parameters.Parameter.1.ApplyMethod": ["at-once"]},
            "InvalidParameterValue",
            "ApplyMethod must be one of immediate, pending-reboot, not at-once",
        ),
        (
            "ModifyDBInstance",
            {**INSTANCE, "AwsBackupRecoveryPointArn": ["a" * 351]},
            "InvalidParameterValue",
            "AwsBackupRecoveryPointArn must be at most 350 characters",
        ),
        (
            "ModifyDBInstance",
            {**INSTANCE, "VpcSecurityGroupIds.Group.1": ["sg-1"]},
            "InvalidQueryParameter",
            "VpcSecurityGroupIds has no members Group",
        ),
        (
            "ModifyDBInstance",
            {**INSTANCE, "DBInstanceClass.1": ["db.t4g.micro"]},
            "InvalidQueryParameter",
            "DBInstanceClass is one value, not a list or a structure",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_a_call_of_another_form_is_refused(
    action: str, asked: dict[str, list[str]], code: str, message: str
) -> None:
    with pytest.raises(Malformed) as caught:
        read(action, asked)

    assert (caught.value.code, str(caught.value)) == (code, message)

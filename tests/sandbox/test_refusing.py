"""The emulated RDS refuses what RDS refuses, in its words, and gives back what RDS makes of the rest."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import control
from sandbox.cloud import Cloud

KEY = "arn:aws:kms:eu-central-1:000000000000:key/1"


def create(cloud: Cloud, identifier: str, **settings: Any) -> None:
    asked: dict[str, Any] = {
        "Engine": "mysql",
        "EngineVersion": "8.4",
        "DBInstanceClass": "db.t4g.medium",
        "StorageType": "gp3",
        "AllocatedStorage": 100,
        "MasterUsername": "dbadmin",
        "ManageMasterUserPassword": True,
        "DBName": "orders",
    }
    cloud.client("rds").create_db_instance(DBInstanceIdentifier=identifier, **asked | settings)


def described(cloud: Cloud, identifier: str) -> dict[str, Any]:
    found = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)
    instance: dict[str, Any] = found["DBInstances"][0]
    return instance


def sizes(cloud: Cloud, identifier: str) -> tuple[int, int, int]:
    """GiB, IOPS and MiB/s."""
    found = described(cloud, identifier)
    return found["AllocatedStorage"], found["Iops"], found["StorageThroughput"]


def change(cloud: Cloud, identifier: str, **settings: Any) -> None:
    cloud.client("rds").modify_db_instance(DBInstanceIdentifier=identifier, ApplyImmediately=True, **settings)


def refused(cloud: Cloud, identifier: str, **settings: Any) -> tuple[str, str]:
    """Code and words of the refusal of a change."""
    with pytest.raises(ClientError) as caught:
        change(cloud, identifier, **settings)
    answer = caught.value.response["Error"]
    return answer["Code"], answer["Message"]


def test_a_refusal_has_the_code_and_words_of_rds_and_changes_nothing(bare_cloud: Cloud) -> None:
    create(bare_cloud, "refused")

    assert refused(bare_cloud, "refused", AllocatedStorage=500, Iops=3000) == (
        "InvalidParameterCombination",
        "Invalid iops value for engine name mysql and storage type gp3: 3000",
    )
    assert sizes(bare_cloud, "refused") == (100, 3000, 125)


def test_a_call_that_the_service_model_does_not_know_is_refused(bare_cloud: Cloud) -> None:
    with pytest.raises(control.Refused) as caught:
        control.call(bare_cloud, "ModifyDBInstance", AllocatedStorage=20)

    assert "The request must contain the parameter DBInstanceIdentifier." in str(caught.value)


def test_a_growth_is_rounded_up_and_no_second_one_follows_within_six_hours(bare_cloud: Cloud) -> None:
    create(bare_cloud, "growing")
    change(bare_cloud, "growing", AllocatedStorage=101)

    assert sizes(bare_cloud, "growing") == (110, 3000, 125)
    assert refused(bare_cloud, "growing", AllocatedStorage=130)[1].startswith("You can't currently modify")

    control.pass_hours(bare_cloud, 6)
    change(bare_cloud, "growing", AllocatedStorage=400)

    assert sizes(bare_cloud, "growing") == (400, 12000, 500)


def test_rds_grows_an_instance_up_to_its_bound(bare_cloud: Cloud) -> None:
    create(bare_cloud, "grown", AllocatedStorage=390, MaxAllocatedStorage=430)
    control.grow(bare_cloud, "grown")

    assert sizes(bare_cloud, "grown") == (429, 12000, 500)

    control.grow(bare_cloud, "grown")

    assert sizes(bare_cloud, "grown") == (429, 12000, 500)


def test_a_bound_that_equals_the_size_switches_growth_off(bare_cloud: Cloud) -> None:
    create(bare_cloud, "bounded", MaxAllocatedStorage=200)
    assert described(bare_cloud, "bounded")["MaxAllocatedStorage"] == 200

    change(bare_cloud, "bounded", MaxAllocatedStorage=100)

    assert "MaxAllocatedStorage" not in described(bare_cloud, "bounded")


def test_insights_that_were_never_on_have_no_retention(bare_cloud: Cloud) -> None:
    create(bare_cloud, "dark")
    create(bare_cloud, "lit", EnablePerformanceInsights=True, PerformanceInsightsKMSKeyId=KEY)

    assert "PerformanceInsightsRetentionPeriod" not in described(bare_cloud, "dark")
    assert described(bare_cloud, "lit")["PerformanceInsightsRetentionPeriod"] == 7


def test_the_support_of_an_old_version_is_described(bare_cloud: Cloud) -> None:
    create(bare_cloud, "enrolled")
    create(bare_cloud, "not-enrolled", EngineLifecycleSupport="open-source-rds-extended-support-disabled")

    assert described(bare_cloud, "enrolled")["EngineLifecycleSupport"] == "open-source-rds-extended-support"
    assert described(bare_cloud, "not-enrolled")["EngineLifecycleSupport"].endswith("-disabled")


def test_a_group_keeps_the_system_s_own_value_as_the_system_s(bare_cloud: Cloud) -> None:
    rds = bare_cloud.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="own-values", DBParameterGroupFamily="postgres17", Description="of the system"
    )
    rds.modify_db_parameter_group(
        DBParameterGroupName="own-values",
        Parameters=[
            {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"},
            {"ParameterName": "log_connections", "ParameterValue": "1", "ApplyMethod": "immediate"},
        ],
    )
    found = {
        setting["ParameterName"]: (setting["Source"], setting["ParameterValue"], setting["ApplyMethod"])
        for setting in rds.describe_db_parameters(DBParameterGroupName="own-values")["Parameters"]
        if "ParameterValue" in setting
    }
    users = rds.describe_db_parameters(DBParameterGroupName="own-values", Source="user")["Parameters"]

    assert found == {
        "rds.force_ssl": ("system", "1", "pending-reboot"),
        "log_connections": ("user", "1", "immediate"),
    }
    assert [setting["ParameterName"] for setting in users] == ["log_connections"]


def test_a_switch_lets_the_next_call_fail_in_the_words_of_rds_and_is_off_then(cloud: Cloud) -> None:
    control.fail_next(cloud, "capacity")
    with pytest.raises(ClientError) as caught:
        create(cloud, "unlucky")
    assert caught.value.response["Error"] | {"Type": ""} == {
        "Type": "",
        "Code": "InsufficientDBInstanceCapacity",
        "Message": "The specified DB instance class isn't available in the specified Availability Zone.",
    }
    create(cloud, "unlucky")
    control.fail_next(cloud, "parameter")
    assert refused(cloud, "unlucky", AllocatedStorage=200) == (
        "InvalidParameterValue",
        "Invalid parameter value: 2 for: rds.force_ssl allowed values are: 0,1",
    )
    change(cloud, "unlucky", AllocatedStorage=200)


def test_a_switch_that_is_none_is_refused(cloud: Cloud) -> None:
    with pytest.raises(control.Refused, match="Switch is one of capacity, parameter"):
        control.fail_next(cloud, "moon")

"""What RDS makes of the calls that it takes: sizes, performance, insights, parameters, its own growth."""

from typing import Any

import pytest

from sandbox.aws.rds_rules import effects
from sandbox.aws.rds_rules.call import CREATE, MODIFY, RESTORE
from sandbox.aws.rds_rules.parameters import described, settled
from sandbox.aws.rds_rules.storage import autoscaled_gb
from tests.sandbox.rds_rules.examples import NOW, call, setting


@pytest.mark.parametrize(
    ("asked_gb", "becomes_gb"), [(101, 110), (109, 110), (110, 110), (111, 111), (100, 100)]
)
def test_a_growth_is_rounded_up_to_a_tenth(asked_gb: int, becomes_gb: int) -> None:
    assert call(MODIFY, AllocatedStorage=asked_gb).size_gb == becomes_gb


@pytest.mark.parametrize(
    ("size_gb", "iops", "throughput"), [(20, 3000, 125), (399, 3000, 125), (400, 12000, 500)]
)
def test_a_size_has_its_performance(size_gb: int, iops: int, throughput: int) -> None:
    found = effects.of_call(call(CREATE, AllocatedStorage=size_gb))

    assert (found["Iops"], found["StorageThroughput"]) == (iops, throughput)


def test_a_growth_over_400_gib_brings_the_performance_and_starts_the_rest() -> None:
    found = effects.of_call(call(MODIFY, AllocatedStorage=450))

    assert (found["AllocatedStorage"], found["Iops"], found["_StorageChangedAt"]) == (450, 12000, NOW)


def test_a_change_of_class_starts_no_rest() -> None:
    found = effects.of_call(call(MODIFY, AllocatedStorage=100, DBInstanceClass="db.m7g.large"))

    assert "_StorageChangedAt" not in found


def test_a_restore_has_its_source_s_size_and_no_insights() -> None:
    found = effects.of_call(call(RESTORE))

    assert (found["AllocatedStorage"], found["PerformanceInsightsEnabled"]) == (100, False)


def test_extended_support_is_on_unless_refused() -> None:
    refused = "open-source-rds-extended-support-disabled"

    assert effects.of_call(call(CREATE))["EngineLifecycleSupport"] == "open-source-rds-extended-support"
    assert effects.of_call(call(CREATE, EngineLifecycleSupport=refused))["EngineLifecycleSupport"] == refused


def test_insights_that_are_switched_off_keep_their_key() -> None:
    found = effects.of_call(call(MODIFY, EnablePerformanceInsights=False))

    assert found["PerformanceInsightsEnabled"] is False
    assert "PerformanceInsightsKMSKeyId" not in found


@pytest.mark.parametrize(
    ("instance", "predicted_gb", "grown_gb"),
    [
        ({"AllocatedStorage": 20, "MaxAllocatedStorage": 40}, 0, 30),
        ({"AllocatedStorage": 200, "MaxAllocatedStorage": 400}, 0, 220),
        ({"AllocatedStorage": 200, "MaxAllocatedStorage": 400}, 100, 300),
        ({"AllocatedStorage": 90, "MaxAllocatedStorage": 100}, 0, 90),
        ({"AllocatedStorage": 90, "MaxAllocatedStorage": 101}, 0, 100),
        ({"AllocatedStorage": 100, "MaxAllocatedStorage": 110}, 0, 100),
        ({"AllocatedStorage": 100}, 0, 100),
    ],
    ids=[
        "by 10 GiB at least",
        "by a tenth",
        "by what is predicted",
        "not to the bound",
        "to just below the bound",
        "not at all below a bound of a tenth",
        "not at all without a bound",
    ],
)
def test_rds_grows_a_volume(instance: dict[str, Any], predicted_gb: int, grown_gb: int) -> None:
    assert autoscaled_gb(instance, predicted_gb) == grown_gb


ON = {"ParameterValue": "1", "ApplyMethod": "immediate"}


@pytest.mark.parametrize(
    ("family", "held", "asked", "kept"),
    [
        ("postgres17", {}, setting("rds.force_ssl", "1"), None),
        ("postgres17", {}, setting("log_connections", "1"), ON),
        (
            "postgres17",
            {"log_connections": ON},
            setting("log_connections", "1", "pending-reboot"),
            ON,
        ),
        (
            "postgres17",
            {"log_connections": ON},
            setting("log_connections", "0", "pending-reboot"),
            {"ParameterValue": "0", "ApplyMethod": "pending-reboot"},
        ),
        ("mysql8.4", {}, setting("log_output", "FILE"), None),
    ],
    ids=[
        "the system's own value leaves nothing",
        "another value stays with its method",
        "the same value with another method changes nothing",
        "another value brings its method",
        "the same for MySQL",
    ],
)
def test_a_group_keeps_of_a_setting(
    family: str, held: dict[str, Any], asked: dict[str, str], kept: dict[str, str] | None
) -> None:
    assert settled(family, held, asked) == kept


def test_a_parameter_is_described_with_source_type_and_method() -> None:
    found = {
        parameter["ParameterName"]: parameter for parameter in described("postgres16", {"log_lock_waits": ON})
    }

    assert found["log_lock_waits"] == {
        "ParameterName": "log_lock_waits",
        "ParameterValue": "1",
        "Source": "user",
        "ApplyType": "dynamic",
        "AllowedValues": "0,1",
        "IsModifiable": "true",
        "ApplyMethod": "immediate",
    }
    assert (found["rds.force_ssl"]["Source"], found["rds.force_ssl"]["ApplyMethod"]) == (
        "system",
        "pending-reboot",
    )
    assert found["log_connections"]["Source"] == "engine-default"
    assert "ParameterValue" not in found["log_connections"]

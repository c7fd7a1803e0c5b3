"""What the model of RDS refuses, in which words, and that no rule of it can be left out."""

import pytest

from sandbox.aws.rds_rules import RULES, refusal
from sandbox.aws.rds_rules.call import (
    CREATE,
    DELETE,
    MODIFY,
    MODIFY_CLUSTER,
    MODIFY_GROUP,
    RESTORE_CLUSTER_IN_TIME,
    Call,
    Rule,
)
from tests.sandbox.rds_rules import refused_clusters, refused_names, refused_settings, refused_storage
from tests.sandbox.rds_rules.examples import ACCEPTED, call, setting

REFUSED = {
    **refused_names.REFUSED,
    **refused_storage.REFUSED,
    **refused_settings.REFUSED,
    **refused_clusters.REFUSED,
}


NO_SNAPSHOT = {"FinalDBSnapshotIdentifier": None}


def answers(rules: tuple[Rule, ...]) -> dict[str, tuple[str, str] | None]:
    """What a set of rules answers to each call of the table."""
    found = {}
    for name, (asked, _, _) in REFUSED.items():
        refused = refusal(asked, rules)
        found[name] = (refused.code, refused.message) if refused else None
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_in_the_words_of_rds(name: str) -> None:
    asked, code, message = REFUSED[name]

    found = refusal(asked)

    assert found is not None
    assert (found.code, found.message) == (code, message)


@pytest.mark.parametrize("action", ACCEPTED)
def test_the_call_that_the_table_varies_is_taken(action: str) -> None:
    assert refusal(call(action)) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_without_any_one_rule_something_of_the_table_passes(rule: Rule) -> None:
    expected = {name: (code, message) for name, (_, code, message) in REFUSED.items()}

    assert answers(RULES) == expected
    assert answers(tuple(other for other in RULES if other is not rule)) != expected


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_names_its_source(rule: Rule) -> None:
    text = rule.__doc__ or ""

    assert any(source in text for source in ("https://", "API_", "CHAP_", "USER_", "issue", "pull request"))


@pytest.mark.parametrize(
    "asked",
    [
        call(MODIFY, DBInstanceIdentifier="dev-rested"),
        call(MODIFY, EngineVersion="18", AllowMajorVersionUpgrade=True, DBParameterGroupName="dev-next-1"),
        call(MODIFY, EngineVersion="17.7"),
        call(MODIFY, PreferredBackupWindow="03:00-03:30", PreferredMaintenanceWindow="Sun:03:30-Sun:04:00"),
        call(MODIFY, DBInstanceIdentifier="dev-grown", AllocatedStorage=None, DBInstanceClass="db.m7g.large"),
        call(MODIFY, DBInstanceIdentifier="dev-grown", AllocatedStorage=100),
        call(MODIFY, AllocatedStorage=400, MaxAllocatedStorage=500, Iops=12000, StorageThroughput=500),
        call(MODIFY, AllocatedStorage=None, MaxAllocatedStorage=100),
        call(CREATE, AllocatedStorage=400, MaxAllocatedStorage=500),
        call(MODIFY_GROUP, Parameters=[setting("log_bin_trust_function_creators", "1", "pending-reboot")]),
        call(MODIFY, AllocatedStorage=None, EnablePerformanceInsights=False),
        call(DELETE, refused_clusters.WITH_MEMBER, DBInstanceIdentifier="dev-full-member-1", **NO_SNAPSHOT),
        call(
            RESTORE_CLUSTER_IN_TIME,
            RestoreToTime=None,
            UseLatestRestorableTime=True,
            RestoreType="copy-on-write",
        ),
        call(MODIFY_CLUSTER, DBClusterIdentifier="dev-blind", PerformanceInsightsRetentionPeriod=None),
        call(
            MODIFY_CLUSTER,
            EngineVersion="17.7",
            AllowMajorVersionUpgrade=True,
            DBClusterParameterGroupName="dev-next-1",
        ),
        call(MODIFY_CLUSTER, EngineVersion="16.13"),
        call(MODIFY, DBInstanceIdentifier="dev-plain", EngineVersion="18", AllowMajorVersionUpgrade=True),
        call(
            MODIFY_CLUSTER, DBClusterIdentifier="dev-plain", EngineVersion="17", AllowMajorVersionUpgrade=True
        ),
    ],
    ids=[
        "a growth after six hours",
        "a major version with its flag and group",
        "a minor version without the flag",
        "a window that begins when the other ends",
        "another class within six hours",
        "the same size within six hours",
        "a growth over 400 GiB with the performance of its size",
        "a bound that equals the size, which switches growth off",
        "400 GiB without a word of its performance",
        "a static parameter after a reboot",
        "insights off, with neither key nor retention",
        "a member without a word of a final snapshot",
        "a clone of now",
        "a cluster whose insights are off, without a retention",
        "an upgrade with the group of its version",
        "a cluster's minor version without the flag",
        "a major version of an instance with RDS's own group",
        "a major version of a cluster with RDS's own group",
    ],
)
def test_what_lies_just_next_to_a_refusal_is_taken(asked: Call) -> None:
    assert refusal(asked) is None

"""What a check could not look at is never ok, and the doctor changes nothing."""

import re
import shutil
from typing import Any

import pytest

from ops.doctor.checks import CHECKS
from ops.doctor.deployment import Check, Deployment
from ops.doctor.run import line, look, summary
from ops.doctor.verdict import Finding, Verdict
from tests.ops.doctor.canned_aws import Refusal
from tests.ops.doctor.healthy import Setting, quota

READS = re.compile(r"\w+\.(Describe|Get|List|Simulate)\w+")


def test_a_call_that_is_denied_to_the_operator_is_not_looked_at(setting: Setting) -> None:
    setting.aws.replies["s3.GetBucketVersioning"] = Refusal("AccessDenied")
    assert setting.look("state bucket is closed") == Finding(
        "state bucket is closed",
        Verdict.NOT_LOOKED,
        "your credentials may not call GetBucketVersioning: give them the right, and run it again",
    )


def test_a_call_that_this_aws_does_not_know_is_not_looked_at(setting: Setting) -> None:
    setting.aws.replies["rds.DescribeAccountAttributes"] = Refusal("InvalidAction")
    finding = setting.look("RDS has room")
    assert finding.verdict is Verdict.NOT_LOOKED
    assert finding.text == "this AWS does not know DescribeAccountAttributes"


def test_any_other_refusal_of_aws_is_not_looked_at_in_its_words(setting: Setting) -> None:
    setting.aws.replies["lambda.GetAccountSettings"] = Refusal("TooManyRequestsException", "slow down")
    finding = setting.look("Lambda has room")
    assert finding.verdict is Verdict.NOT_LOOKED
    assert "AWS refused GetAccountSettings" in finding.text
    assert "slow down" in finding.text


def test_a_catalog_without_clusters_needs_nothing_of_them(setting: Setting) -> None:
    catalog = (setting.clone / "catalog.yaml").read_text()
    begin, end = catalog.index("  aurora-postgresql:"), catalog.index("\nsizes:")
    (setting.clone / "catalog.yaml").write_text(catalog[:begin] + catalog[end:])
    shutil.rmtree(setting.clone / "terraform/modules/rds_cluster")
    asked = setting.aws.replies["iam.SimulatePrincipalPolicy"]

    def decide(call: Any) -> Any:
        assert "Cluster" not in call["ActionNames"][0]
        return asked(call)  # type: ignore[operator]

    setting.aws.replies["iam.SimulatePrincipalPolicy"] = decide
    setting.aws.replies["rds.DescribeAccountAttributes"] = {
        "AccountQuotas": [quota("DBInstances", 3, 100), quota("DBClusters", 0, 0)]
    }

    for name in (
        "module takes the catalog",
        "parameters are taken",
        "versions are offered",
        "pipeline changes what it should",
        "passwords stay managed",
        "RDS has room",
    ):
        assert setting.look(name).verdict is Verdict.OK, setting.look(name)


def test_without_the_foundations_outputs_its_checks_are_not_looked_at(setting: Setting) -> None:
    setting.foundation = False
    finding = setting.look("each environment has a place")
    assert finding == Finding(
        "each environment has a place", Verdict.NOT_LOOKED, "`terraform output` said: no state"
    )


def test_a_simulation_that_leaves_condition_keys_out_proves_nothing(setting: Setting) -> None:
    setting.aws.replies["iam.SimulateCustomPolicy"] = {
        "EvaluationResults": [{"EvalActionName": "any", "EvalDecision": "implicitDeny"}]
    }
    finding = setting.look("passwords stay managed")
    assert finding.verdict is Verdict.NOT_LOOKED
    assert "leaves condition keys out" in finding.text


def test_databases_without_users_are_not_looked_at(setting: Setting) -> None:
    setting.parameters["AccessSubnetIds"] = ""
    assert setting.look("access function reaches the databases").verdict is Verdict.NOT_LOOKED


def test_the_access_function_may_come_from_a_range_that_holds_its_subnets(setting: Setting) -> None:
    def ranges(asked: Any) -> Any:
        found = before(asked)
        for group in found["SecurityGroups"][:3]:
            for rule in group["IpPermissions"]:
                rule.pop("UserIdGroupPairs")
                rule["IpRanges"] = [{"CidrIp": "10.0.0.0/16"}]
        return found

    before: Any = setting.aws.replies["ec2.DescribeSecurityGroups"]
    setting.aws.replies["ec2.DescribeSecurityGroups"] = ranges
    assert setting.look("access function reaches the databases").verdict is Verdict.OK


def test_a_check_that_breaks_is_wrong(setting: Setting) -> None:
    def broken(deployment: Deployment) -> str:
        raise KeyError(deployment.stack.name)

    (finding,) = look([Check("broken", broken)], setting.deployment())
    assert finding.verdict is Verdict.WRONG
    assert finding.text == "the check itself broke: KeyError('rds-provisioner'); report it"


def test_the_doctor_reads_and_changes_nothing(setting: Setting) -> None:
    findings = list(look(CHECKS, setting.deployment()))
    assert len(findings) == len(CHECKS)
    assert [call for call in setting.aws.calls if not READS.fullmatch(call)] == []


def test_a_finding_is_one_line_and_the_summary_counts_each_verdict() -> None:
    findings = [
        Finding("catalog", Verdict.OK, "dev, prod"),
        Finding("RDS has room", Verdict.NOT_LOOKED, "this AWS does not know DescribeAccountAttributes"),
        Finding("functions run", Verdict.WRONG, "deploy again"),
    ]
    assert [line(finding, 13) for finding in findings] == [
        "ok             catalog        dev, prod",
        "not looked at  RDS has room   this AWS does not know DescribeAccountAttributes",
        "wrong          functions run  deploy again",
    ]
    assert summary(findings) == "3 checks: 1 ok, 1 wrong, 1 not looked at"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_has_a_name_of_one_line_and_says_what_it_looks_at(check: Check) -> None:
    assert re.fullmatch(r"[A-Za-z][\w' ]{3,44}", check.name)
    assert check.look.__doc__

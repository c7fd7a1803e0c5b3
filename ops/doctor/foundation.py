"""The foundation: it is the stack's, and has a place for each environment of the catalog."""

from typing import Any, Final

from botocore.exceptions import ClientError

from ops.doctor.deployment import Check, Deployment
from ops.doctor.verdict import one_of, wrong_if

APPLY: Final = "apply terraform/foundation"
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
_LEAST_ZONES: Final = 2


def foundation_is_the_stacks(deployment: Deployment) -> str:
    """Both have one name and one region: the roles name the functions."""
    outputs, stack = deployment.foundation, deployment.stack
    region = deployment.client("cloudformation").meta.region_name
    named = str(outputs.get("plan_role_arn", "")).rpartition("/")[2]
    problems = []
    if named != deployment.role("plan"):
        problems.append(
            f"its plan role is {named or 'missing'}, the stack's would be {deployment.role('plan')}: "
            f"give stack_name in terraform.tfvars the stack's name, and {APPLY}"
        )
    if outputs.get("region") != region:
        problems.append(
            f"the foundation is in {outputs.get('region')}, the stack in {region}: set AWS_REGION to the "
            "foundation's, and deploy the stack there"
        )
    bucket, given = str(outputs.get("state_bucket", "")), stack.parameters.get("StateBucket", "")
    if given != bucket:
        problems.append(
            f"the stack reads logs from {given or 'no bucket'}, the pipeline keeps them in {bucket}: deploy "
            f"it with StateBucket={bucket}"
        )
    wrong_if(problems)
    return f"{stack.name} in {region}"


def each_environment_has_a_place(deployment: Deployment) -> str:
    """The foundation was applied for each environment of the catalog."""
    there = set(deployment.foundation.get("key_arns", {}))
    wrong_if(
        [
            f"{name} is not in the foundation: add it to environments in terraform.tfvars, and {APPLY}"
            for name in deployment.environments
            if name not in there
        ]
    )
    return one_of(sorted(there))


def state_bucket_is_closed(deployment: Deployment) -> str:
    """The states are versioned, encrypted and not public."""
    s3, bucket = deployment.client("s3"), str(deployment.foundation.get("state_bucket", ""))
    problems = []
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        problems.append("it keeps no versions")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    if not all(block.values()):
        problems.append("it may be made public")
    s3.get_bucket_encryption(Bucket=bucket)
    wrong_if([f"{bucket}: {problem}; {APPLY}" for problem in problems])
    return bucket


def networks_are_there(deployment: Deployment) -> str:
    """Each environment has a subnet group in two zones, and a security group, by the module's names."""
    rds, ec2 = deployment.client("rds"), deployment.client("ec2")
    groups = {group["DBSubnetGroupName"]: group for group in _pages(rds, "describe_db_subnet_groups")}
    problems = []
    for environment in deployment.environments:
        name = f"rds-provisioner-{environment}"
        group = groups.get(name)
        if group is None:
            problems.append(f"{environment} has no subnet group {name}: {APPLY}")
            continue
        zones = {subnet["SubnetAvailabilityZone"]["Name"] for subnet in group["Subnets"]}
        if len(zones) < _LEAST_ZONES:
            problems.append(
                f"{environment} has subnets in {one_of(sorted(zones))} alone: name two zones' and {APPLY}"
            )
        wanted = [{"Name": "group-name", "Values": [name]}, {"Name": "vpc-id", "Values": [group["VpcId"]]}]
        if not ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]:
            problems.append(f"{environment} has no security group {name} in {group['VpcId']}: {APPLY}")
    wrong_if(problems)
    return one_of(deployment.environments)


def keys_can_be_used(deployment: Deployment) -> str:
    """Each environment's key is enabled and has the alias that the module asks for."""
    kms, problems = deployment.client("kms"), []
    for environment in deployment.environments:
        alias = f"alias/rds-provisioner-{environment}"
        try:
            key = kms.describe_key(KeyId=alias)["KeyMetadata"]
        except kms.exceptions.NotFoundException:
            problems.append(f"{environment} has no key {alias}: {APPLY}")
            continue
        if key["KeyState"] != "Enabled":
            problems.append(
                f"{alias} is {key['KeyState']}, and no database of {environment} can be read without it: "
                "`aws kms cancel-key-deletion`, then `aws kms enable-key`"
            )
    wrong_if(problems)
    return one_of(deployment.environments)


def monitoring_role_is_there(deployment: Deployment) -> str:
    """RDS may send its metrics."""
    iam, name = deployment.client("iam"), "rds-provisioner-monitoring"
    try:
        iam.get_role(RoleName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        wrong_if([f"there is no role {name}: {APPLY}"])
    return name


def _pages(client: Any, operation: str) -> list[dict[str, Any]]:
    """Every item of a list that comes in pages."""
    pages = client.get_paginator(operation)
    return [item for page in pages.paginate() for item in page[pages.result_keys[0].expression]]


CHECKS: Final = (
    Check("foundation is the stack's", foundation_is_the_stacks),
    Check("each environment has a place", each_environment_has_a_place),
    Check("state bucket is closed", state_bucket_is_closed),
    Check("networks are there", networks_are_there),
    Check("keys can be used", keys_can_be_used),
    Check("monitoring role is there", monitoring_role_is_there),
)

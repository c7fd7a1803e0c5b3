"""The network of the databases: the default VPC, and a group for the function that makes their users."""

from dataclasses import dataclass

from sandbox.cloud import Cloud

ACCESS_GROUP = "rds-provisioner-access"


@dataclass(frozen=True, slots=True)
class Network:
    """What foundation and stack are given of it."""

    vpc: str
    subnets: tuple[str, ...]
    access_group: str


def make(cloud: Cloud) -> Network:
    """Make the group, unless an earlier start did; the rest is there."""
    ec2 = cloud.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    known = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [ACCESS_GROUP]}])
    group = (known["SecurityGroups"] or [None])[0] or ec2.create_security_group(
        GroupName=ACCESS_GROUP, Description="The function that makes the databases' users", VpcId=vpc
    )
    return Network(vpc, tuple(sorted(subnet["SubnetId"] for subnet in subnets)), group["GroupId"])

"""The stack's functions, their secrets, and the way from the access function to the databases."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from provisioner.circleci import CircleCiAccess
from provisioner.core.errors import NeedsPerson

from ops.doctor import channels
from ops.doctor.deployment import Check, Deployment
from ops.doctor.foundation import APPLY
from ops.doctor.verdict import NotLooked, Wrong, one_of, wrong_if

FUNCTIONS: Final = ("api", "worker", "webhook", "plan-report", "apply-report", "reaper", "events")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PORTS: Final = {"postgres": 5432, "mysql": 3306}


def functions_run(deployment: Deployment) -> str:
    """Each function has its alias `live`, which calls and reports go to, and is active."""
    functions, problems = deployment.client("lambda"), []
    names = [*FUNCTIONS, *(["access"] if _has_access(deployment) else [])]
    names += ["notifier"] if channels.has_notifier(deployment) else []
    for name in names:
        whole = deployment.role(name)
        try:
            found = functions.get_function_configuration(FunctionName=whole, Qualifier="live")
        except functions.exceptions.ResourceNotFoundException:
            problems.append(f"{whole} has no alias `live`: run `sam build && sam deploy`")
            continue
        state = found.get("State", "Active")
        if state != "Active":
            problems.append(
                f"{whole} is {state} ({found.get('StateReason', 'no reason given')}): deploy again"
            )
    wrong_if(problems)
    return one_of(names)


def app_key_is_set(deployment: Deployment) -> str:
    """The secret of the GitHub App holds a private key."""
    text = _secret(deployment, "GitHubAppKeySecretArn")
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        # Without the cause: a parser's words may quote the key.
        raise Wrong("it holds no private key: put the App's .pem there (docs/deploy.md, step 6)") from None
    return f"{getattr(key, 'key_size', '?')} bits"


def webhook_secret_is_set(deployment: Deployment) -> str:
    """The webhook's secret is long enough that nobody guesses it."""
    text = _secret(deployment, "GitHubWebhookSecretArn")
    if len(text) < 20 or text != text.strip():
        raise Wrong(
            "it is shorter than 20 characters, or begins or ends with white space: put a random value "
            "there, and the same into the App's settings"
        )
    return f"{len(text)} characters"


def circleci_secret_is_set(deployment: Deployment) -> str:
    """Where retries run the pipeline, the secret says of which project, with which token."""
    if deployment.stack.parameters.get("RetryThroughCircleCi") != "true":
        return "not needed: RetryThroughCircleCi is false"
    try:
        return CircleCiAccess.parse(_secret(deployment, "CircleCiSecretArn")).project
    except NeedsPerson as error:
        raise Wrong(f"{error} (docs/deploy.md, Retries through CircleCI)") from error


def access_function_reaches_the_databases(deployment: Deployment) -> str:
    """The databases' security groups let the access function in, and its own group lets it out."""
    if not _has_access(deployment):
        raise NotLooked("AccessSubnetIds is empty: databases have their master user alone (docs/access.md)")
    parameters, ec2 = deployment.stack.parameters, deployment.client("ec2")
    group, subnets = parameters["AccessSecurityGroupId"], parameters["AccessSubnetIds"].split(",")
    ours = deployment.foundation.get("security_group_ids", {})
    try:
        groups = ec2.describe_security_groups(GroupIds=[group, *ours.values()])["SecurityGroups"]
        there = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
    except ClientError as error:
        if not error.response["Error"]["Code"].endswith(".NotFound"):
            raise
        words = error.response["Error"]["Message"]
        raise Wrong(f"{words}: correct AccessSubnetIds and AccessSecurityGroupId, and deploy") from error
    by_id = {found["GroupId"]: found for found in groups}
    networks = [ipaddress.ip_network(subnet["CidrBlock"]) for subnet in there]
    places = [(name, ours[name]) for name in deployment.environments if name in ours]
    problems = [
        f"the databases of {name} do not let {group} in on {port}: add it to client_security_group_ids "
        f"of {name}, and {APPLY}"
        for name, theirs in places
        for port in PORTS.values()
        if not any(_admits(rule, port, group, networks) for rule in by_id[theirs]["IpPermissions"])
    ]
    out = by_id[group].get("IpPermissionsEgress", [])
    problems += [
        f"{group} lets nothing out to port {port}: add an egress rule (docs/access.md)"
        for port in (*PORTS.values(), 443)
        if not any(_opens(rule, port) for rule in out)
    ]
    wrong_if(problems)
    return group


def _opens(rule: Mapping[str, Any], port: int) -> bool:
    """Whether a rule is about a port, and names anybody."""
    about = rule.get("IpProtocol") == "-1" or rule.get("FromPort", 0) <= port <= rule.get("ToPort", -1)
    return about and any(rule.get(kind) for kind in ("UserIdGroupPairs", "IpRanges", "PrefixListIds"))


def _admits(rule: Mapping[str, Any], port: int, group: str, networks: Sequence[_Network]) -> bool:
    """Whether a rule lets a group, or the networks that it stands in, reach a port."""
    if not _opens(rule, port):
        return False
    if any(pair.get("GroupId") == group for pair in rule.get("UserIdGroupPairs", [])):
        return True
    ranges = [ipaddress.ip_network(block["CidrIp"]) for block in rule.get("IpRanges", [])]
    return bool(networks) and all(
        any(network.version == block.version and network.subnet_of(block) for block in ranges)  # type: ignore[arg-type]
        for network in networks
    )


def _has_access(deployment: Deployment) -> bool:
    return bool(deployment.stack.parameters.get("AccessSubnetIds"))


def _secret(deployment: Deployment, output: str) -> str:
    """A secret's value; raises Wrong where it has none."""
    secrets = deployment.client("secretsmanager")
    try:
        return str(secrets.get_secret_value(SecretId=deployment.stack.output(output))["SecretString"])
    except secrets.exceptions.ResourceNotFoundException as error:
        raise Wrong(f"the secret of output {output} has no value: docs/deploy.md, step 6") from error


CHECKS: Final = (
    Check("functions run", functions_run),
    Check("GitHub App's key is set", app_key_is_set),
    Check("webhook's secret is set", webhook_secret_is_set),
    Check("CircleCI's secret is set", circleci_secret_is_set),
    Check("access function reaches the databases", access_function_reaches_the_databases),
)

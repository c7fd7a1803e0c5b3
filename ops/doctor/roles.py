"""Who may take the pipeline's roles."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from ops.doctor.deployment import Check, Deployment
from ops.doctor.foundation import APPLY
from ops.doctor.verdict import Wrong, one_of, wrong_if

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# https://circleci.com/docs/openid-connect-tokens/: the subject of CIRCLE_OIDC_TOKEN_V2
SUBJECT: Final = re.compile(
    rf"org/(?P<organization>{_UUID})/project/(?P<project>{_UUID})/user/"
    r"\?{8}-\?{4}-\?{4}-\?{4}-\?{12}/vcs-origin/(?P<origin>[^*?]+)/vcs-ref/(?P<reference>.+)"
)
# A restore may take 40 minutes to create the instance and 80 to change it.
_LONGEST_APPLY: Final = 10_800


def provider_is_there(deployment: Deployment) -> str:
    """CircleCI's tokens are taken in this account, for its organization."""
    iam = deployment.client("iam")
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    found = [provider["Arn"] for provider in listed if "oidc.circleci.com/org/" in provider["Arn"]]
    wanted = {_organization(deployment, role) for role in _roles(deployment)} - {None}
    missing = [name for name in wanted if not any(str(arn).endswith(f"/org/{name}") for arn in found)]
    wrong_if(
        [
            f"no identity provider for CircleCI's organization {organization}: {APPLY}"
            for organization in missing
        ]
        + ([] if found else [f"no identity provider for CircleCI: {APPLY}"])
    )
    for arn in found:
        about = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        if str(arn).rpartition("/")[2] not in about["ClientIDList"]:
            raise Wrong(f"{arn} takes tokens for another audience than its organization: {APPLY}")
    return one_of([str(arn).partition("/")[2] for arn in found])


def plan_role_is_the_repositorys(deployment: Deployment) -> str:
    """The plan role can be taken by this repository's pipelines, on any branch."""
    wrong_if(_trust(deployment, "plan", "*"))
    return deployment.role("plan")


def apply_roles_are_mains(deployment: Deployment) -> str:
    """Each apply role can be taken on main alone, and not by a rerun with SSH where STS offers the claim."""
    roles = [f"apply-{environment}" for environment in deployment.environments]
    wrong_if([problem for role in roles for problem in _trust(deployment, role, "refs/heads/main")])
    return one_of([deployment.role(role) for role in roles])


def shared_apply_role_is_away(deployment: Deployment) -> str:
    """No role of an earlier version may change every environment's databases."""
    try:
        deployment.client("iam").get_role(RoleName=deployment.role("apply"))
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return "each environment has a separate one"
        raise
    raise Wrong(
        f"{deployment.role('apply')} may change every environment's databases: after the upgrade take "
        f"keep_shared_apply_role out of terraform.tfvars, and {APPLY}"
    )


def apply_roles_last_long_enough(deployment: Deployment) -> str:
    """A session of an apply role outlives a restore."""
    iam, problems = deployment.client("iam"), []
    for environment in deployment.environments:
        name = deployment.role(f"apply-{environment}")
        seconds = iam.get_role(RoleName=name)["Role"].get("MaxSessionDuration", 3600)
        if seconds < _LONGEST_APPLY:
            problems.append(f"{name} ends after {seconds} s, in the middle of a restore: {APPLY}")
    wrong_if(problems)
    return f"{_LONGEST_APPLY // 3600} hours"


def trusted(deployment: Deployment, role: str) -> Mapping[str, Any] | None:
    """The conditions of a role's trust, without their provider's name; None where there is no such role."""
    try:
        found = deployment.client("iam").get_role(RoleName=deployment.role(role))["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return None
    statements = found["AssumeRolePolicyDocument"]["Statement"]
    if len(statements) != 1 or statements[0].get("Action") != "sts:AssumeRoleWithWebIdentity":
        return {}
    conditions: dict[str, Any] = {}
    for operator, values in statements[0].get("Condition", {}).items():
        for key, value in values.items():
            conditions[f"{operator} {key.partition(':')[2]}"] = value
    return conditions


def _roles(deployment: Deployment) -> list[str]:
    return ["plan", *(f"apply-{environment}" for environment in deployment.environments)]


def _organization(deployment: Deployment, role: str) -> str | None:
    match = SUBJECT.fullmatch(str((trusted(deployment, role) or {}).get("StringLike sub", "")))
    return match["organization"] if match else None


def _trust(deployment: Deployment, role: str, reference: str) -> list[str]:
    """What is wrong with whom a role trusts."""
    name, conditions = deployment.role(role), trusted(deployment, role)
    if conditions is None:
        return [f"there is no role {name}: {APPLY}"]
    match = SUBJECT.fullmatch(str(conditions.get("StringLike sub", "")))
    if match is None:
        return [f"{name} does not bind CircleCI's subject to one project and repository: {APPLY}"]
    problems = []
    _, _, origin = match["origin"].partition("/")
    if origin != deployment.repository:
        problems.append(
            f"{name} trusts pipelines of {match['origin']}, the stack is for {deployment.repository}: "
            f"correct `repository` in terraform.tfvars, and {APPLY}"
        )
    if match["reference"] != reference:
        problems.append(f"{name} can be taken on {match['reference']}, not on {reference}: {APPLY}")
    problems += [f"{name} {problem}: {APPLY}" for problem in _missing(role, match, conditions)]
    return problems


def _missing(role: str, match: re.Match[str], conditions: Mapping[str, Any]) -> Iterable[str]:
    if conditions.get("StringEquals aud") != match["organization"]:
        yield "takes tokens for any audience"
    if conditions.get("StringEqualsIfExists oidc.circleci.com/project-id") != match["project"]:
        yield "does not compare the claim project-id"
    if role != "plan" and conditions.get("StringNotEqualsIfExists oidc.circleci.com/ssh-rerun") != "true":
        yield "takes a rerun with SSH, where STS offers that claim"


CHECKS: Final = (
    Check("identity provider is there", provider_is_there),
    Check("plan role is the repository's", plan_role_is_the_repositorys),
    Check("apply roles are main's", apply_roles_are_mains),
    Check("shared apply role is away", shared_apply_role_is_away),
    Check("apply roles last long enough", apply_roles_last_long_enough),
)

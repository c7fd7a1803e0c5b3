"""CircleCI: the project's settings, as step 4 of docs/deploy.md makes them.

https://circleci.com/docs/api/v2/
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from provisioner.circleci import CircleCiAccess
from provisioner.core.errors import NeedsPerson

from ops.doctor.deployment import Check, Deployment
from ops.doctor.foundation import APPLY
from ops.doctor.roles import SUBJECT, trusted
from ops.doctor.verdict import NotLooked, Wrong, one_of, wrong_if

VARIABLES: Final = ("AWS_REGION", "TF_STATE_BUCKET", "AWS_PLAN_ROLE_ARN", "AWS_APPLY_ROLE_ARN")
# What the project's setting has to be, and what to do where it is not.
SETTINGS: Final[Mapping[str, tuple[bool, str]]] = {
    "disable_ssh": (True, "a rerun with SSH has the apply role: switch SSH reruns off"),
    "build_fork_prs": (False, "forks run pipelines: switch Build forked pull requests off"),
    "forks_receive_secret_env_vars": (False, "forks get the project's variables: switch that off"),
    "build_prs_only": (False, "main's pipelines do not run: switch Only build pull requests off"),
    "autocancel_builds": (
        True,
        "each request runs a pipeline for nothing: switch Auto-cancel redundant workflows on",
    ),
}
_NEWEST: Final = 5


def project_is_the_roles(deployment: Deployment) -> str:
    """The project is the one that the pipeline's roles trust."""
    project = _get(deployment, f"/project/{_slug(deployment)}")
    match = SUBJECT.fullmatch(str((trusted(deployment, "plan") or {}).get("StringLike sub", "")))
    if match is None:
        raise NotLooked("the plan role's trust names no project")
    wrong_if(
        [
            f"the roles trust {what} {match[name]}, CircleCI says {found}: correct circleci_{name}_id in "
            f"terraform.tfvars, and {APPLY}"
            for what, name, found in (
                ("organization", "organization", project.get("organization_id")),
                ("project", "project", project.get("id")),
            )
            if found != match[name]
        ]
    )
    return str(project.get("slug", _slug(deployment)))


def variables_are_set(deployment: Deployment) -> str:
    """The project has the variables that its jobs read."""
    found = _get(deployment, f"/project/{_slug(deployment)}/envvar")["items"]
    names = {variable["name"] for variable in found}
    wanted = [*VARIABLES, *(["PROVISIONER_STACK"] if deployment.stack.name != "rds-provisioner" else [])]
    wrong_if(
        [
            f"{name} is not set: add it in Project Settings, Environment Variables"
            for name in wanted
            if name not in names
        ]
    )
    return one_of(wanted)


def settings_are_safe(deployment: Deployment) -> str:
    """The project's advanced settings."""
    found = _get(deployment, f"/project/{_slug(deployment)}/settings")["advanced"]
    unknown = [name for name in SETTINGS if name not in found]
    wrong_if(
        [
            f"{name} is {str(found[name]).lower()}: {advice}"
            for name, (wanted, advice) in SETTINGS.items()
            if name in found and found[name] is not wanted
        ]
    )
    if unknown:
        raise NotLooked(f"CircleCI does not say {one_of(unknown)}: look at Project Settings, Advanced")
    return one_of(list(SETTINGS))


def drift_is_looked_for(deployment: Deployment) -> str:
    """A trigger runs the nightly workflow on main."""
    if not any(_is_nightly(trigger) for trigger in _triggers(deployment)):
        raise Wrong(
            "no trigger sets `nightly` = true on main, so that nobody looks for drift: add it in Project "
            "Settings, Triggers"
        )
    return "nightly"


def pipelines_may_run(deployment: Deployment) -> str:
    """None of the newest pipelines was refused: the App, who is no member, starts them by its pushes."""
    slug, refused = _slug(deployment), []
    pipelines = _get(deployment, f"/project/{slug}/pipeline")["items"][:_NEWEST]
    if not pipelines:
        raise NotLooked("there was no pipeline yet: open the first pull request")
    for pipeline in pipelines:
        workflows = _get(deployment, f"/pipeline/{pipeline['id']}/workflow")["items"]
        statuses = {workflow["status"] for workflow in workflows}
        if pipeline.get("state") == "errored" or "unauthorized" in statuses:
            words = [str(error.get("message", "")) for error in pipeline.get("errors", [])]
            refused.append(f"pipeline {pipeline['number']} was refused ({one_of(words or sorted(statuses))})")
    if refused:
        advice = "take contexts out of the project, and let unregistered users trigger builds"
        raise Wrong(*refused, f"{advice} (docs/deploy.md, step 4)")
    return f"the newest {len(pipelines)}"


def _triggers(deployment: Deployment) -> Iterator[Mapping[str, Any]]:
    """The schedules of a project, whichever way CircleCI is connected to GitHub."""
    slug = _slug(deployment)
    if not slug.startswith("circleci/"):
        yield from _get(deployment, f"/project/{slug}/schedule")["items"]
        return
    project = _get(deployment, f"/project/{slug}")["id"]
    for definition in _get(deployment, f"/projects/{project}/pipeline-definitions")["items"]:
        path = f"/projects/{project}/pipeline-definitions/{definition['id']}/triggers"
        yield from _get(deployment, path)["items"]


def _is_nightly(trigger: Mapping[str, Any]) -> bool:
    parameters = trigger.get("parameters") or {}
    branch = parameters.get("branch") or trigger.get("checkout_ref") or "main"
    return str(parameters.get("nightly")).lower() == "true" and str(branch) in ("main", "refs/heads/main")


def _get(deployment: Deployment, path: str) -> Any:
    access = _access(deployment)
    url = f"{access.url.rstrip('/')}/api/v2{quote(path)}"
    answer = deployment.http("GET", url, {"Circle-Token": access.token, "Accept": "application/json"})
    if answer.status in (401, 403):
        raise NotLooked(
            f"CircleCI answered {answer.status}: give CIRCLE_TOKEN of someone who administers the project"
        )
    if answer.status == 404:
        raise Wrong(
            f"CircleCI knows no {path}: set the project up, or correct its slug in the CircleCI secret"
        )
    if answer.status != 200:
        raise NotLooked(f"CircleCI answered {answer.status} to {path}")
    return answer.content


def _slug(deployment: Deployment) -> str:
    return _access(deployment).project


def _access(deployment: Deployment) -> CircleCiAccess:
    """The project and a token: the environment's, or those that retries use; raises NotLooked without."""
    kept = _kept(deployment)
    token = deployment.tokens.get("CIRCLE_TOKEN") or (kept.token if kept else "")
    if not token:
        deployment.token("CIRCLE_TOKEN", "a personal API token of someone who administers the project")
    project = kept.project if kept else f"gh/{deployment.repository}"
    return CircleCiAccess(project, token, url=kept.url if kept else deployment.circleci_url)


def _kept(deployment: Deployment) -> CircleCiAccess | None:
    if deployment.stack.parameters.get("RetryThroughCircleCi") != "true":
        return None
    secrets = deployment.client("secretsmanager")
    try:
        found = secrets.get_secret_value(SecretId=deployment.stack.output("CircleCiSecretArn"))
        return CircleCiAccess.parse(str(found["SecretString"]))
    except (NeedsPerson, secrets.exceptions.ResourceNotFoundException):
        return None


CHECKS: Final = (
    Check("CircleCI project is the roles'", project_is_the_roles),
    Check("CircleCI variables are set", variables_are_set),
    Check("CircleCI settings are safe", settings_are_safe),
    Check("drift is looked for", drift_is_looked_for),
    Check("pipelines may run", pipelines_may_run),
)

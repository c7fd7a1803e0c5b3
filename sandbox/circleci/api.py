"""What CircleCI's API says of the project and its pipelines: https://circleci.com/docs/api/v2/

The project is set up as docs/deploy.md says, so that its settings are constants. Nothing runs by night here;
the schedule is listed all the same, and `pipelines.start` takes its parameter.
"""

import re
from http import HTTPStatus
from typing import Any

from sandbox.circleci.pipelines import Pipelines
from sandbox.circleci.runs import Pipeline, WorkflowRecord

_PROJECT = re.compile(r"/api/v2/project/gh/(?P<repository>[^/]+/[^/]+?)(?P<rest>/[a-z]+)?")
_WORKFLOWS = re.compile(r"/api/v2/pipeline/(?P<id>[0-9a-f-]{36})/workflow")
SETTINGS = {
    "autocancel_builds": True,
    "build_fork_prs": False,
    "build_prs_only": False,
    "disable_ssh": True,
    "forks_receive_secret_env_vars": False,
    "oss": False,
    "set_github_status": True,
    "setup_workflows": False,
    "write_settings_requires_admin": True,
}
STATUSES = {"canceled": "canceled", "failed": "failed", "running": "running", "success": "success"}


def answer(pipelines: Pipelines, path: str) -> tuple[HTTPStatus, dict[str, Any]] | None:
    """The answer to a GET; None where the path is not one of the API's."""
    if match := _WORKFLOWS.fullmatch(path):
        for pipeline in pipelines.all.values():
            if pipeline.id == match["id"]:
                return HTTPStatus.OK, listed([workflow(pipeline, record) for record in pipeline.workflows])
        return HTTPStatus.NOT_FOUND, {"message": "Pipeline not found"}
    match = _PROJECT.fullmatch(path)
    if match is None:
        return None
    if match["repository"] != pipelines.project.repository:
        return HTTPStatus.NOT_FOUND, {"message": "Project not found"}
    return about(pipelines, match["rest"] or "")


def about(pipelines: Pipelines, what: str) -> tuple[HTTPStatus, dict[str, Any]]:
    """One part of what there is to know of the project."""
    project = pipelines.project
    match what:
        case "":
            slug = f"gh/{project.repository}"
            ids = {"id": pipelines.issuer.project_id, "organization_id": pipelines.issuer.organization_id}
            return HTTPStatus.OK, {"slug": slug, "name": project.repository.partition("/")[2], **ids}
        case "/envvar":
            masked = [
                {"name": name, "value": f"xxxx{value[-4:]}"} for name, value in project.variables.items()
            ]
            return HTTPStatus.OK, listed(masked)
        case "/settings":
            return HTTPStatus.OK, {"advanced": SETTINGS}
        case "/schedule":
            parameters = {"branch": project.default_branch, "nightly": True}
            return HTTPStatus.OK, listed([{"name": "nightly", "parameters": parameters}])
        case "/pipeline":
            newest = sorted(pipelines.all.values(), key=lambda pipeline: -pipeline.number)
            return HTTPStatus.OK, listed([pipeline_document(pipeline) for pipeline in newest])
    return HTTPStatus.NOT_FOUND, {"message": "Not found"}


def pipeline_document(pipeline: Pipeline) -> dict[str, Any]:
    errors = [{"type": "config", "message": pipeline.error}] if pipeline.error else []
    return {
        "id": pipeline.id,
        "number": pipeline.number,
        "state": "errored" if errors else "created",
        "errors": errors,
        "vcs": {"branch": pipeline.source.branch, "revision": pipeline.source.commit},
    }


def workflow(pipeline: Pipeline, record: WorkflowRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "pipeline_id": pipeline.id,
        "status": STATUSES[pipeline.status],
    }


def listed(items: list[dict[str, Any]]) -> dict[str, Any]:
    """A list as the API gives it, on one page."""
    return {"items": items, "next_page_token": None}

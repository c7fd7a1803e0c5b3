"""The API, as a team calls it; every call is a dry run or a read."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from provisioner.core.offered import catalog_document

from ops.doctor.deployment import Check, Deployment
from ops.doctor.http import Answer
from ops.doctor.verdict import NotLooked, Wrong, one_of, wrong_if

# A name that nobody takes: nothing is written.
_NAME: Final = "doctor-dry-run"
_KEY_FOR: Final = "a team's key, made with `python -m ops.team_key create TEAM`"


def api_answers(deployment: Deployment) -> str:
    """The API answers without a key where it should."""
    answer = _call(deployment, "GET", "/health")
    if answer.status != 200:
        raise Wrong(f"/health answered {answer.status}: read the log of the api function")
    return deployment.api_url


def api_refuses_without_a_key(deployment: Deployment) -> str:
    """A call without a key is refused with a problem document: the template's answers are deployed."""
    answer = _call(deployment, "GET", "/catalog")
    if answer.status != 403:
        raise Wrong(f"/catalog answered {answer.status} without a key: deploy the template again")
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("application/problem+json"):
        raise Wrong(
            f"the refusal came as {kind or 'nothing'}, not as application/problem+json: deploy the API once "
            "more (`aws apigateway create-deployment`), as its gateway responses came after its deployment"
        )
    return "403, application/problem+json"


def deployed_catalog_is_the_clones(deployment: Deployment) -> str:
    """The functions have this clone's catalog: a merge changes the gate's at once, a deployment theirs."""
    answer = _with_key(deployment, "GET", "/catalog")
    if answer.status != 200:
        raise Wrong(f"/catalog answered {answer.status}: {_detail(answer)}")
    ours = catalog_document(deployment.catalog)
    different = sorted(_different(answer.content, ours))
    if different:
        raise Wrong(
            f"the API has another {one_of(different)} than this clone: run `sam build && sam deploy` from "
            "main, or look from main"
        )
    return ", ".join(f"{len(ours[name])} {name}" for name in ("engines", "sizes", "environments"))


def _different(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """The places in which two catalogs differ, two names deep."""
    for name in {*theirs, *ours}:
        one, other = theirs.get(name), ours.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from (f"{name}.{key}" for key in {*one, *other} if one.get(key) != other.get(key))
        elif one != other:
            yield name


def dry_request_passes(deployment: Deployment) -> str:
    """A team's request for each environment and engine would be accepted."""
    problems, count = [], 0
    for environment in deployment.environments:
        for engine in deployment.catalog.engines:
            body = {"database_name": _NAME, "database_engine": engine, "environment": environment}
            answer = _with_key(deployment, "POST", "/provision-rds?dry_run=true", body)
            count += 1
            if answer.status != 200:
                problems.append(f"{engine} in {environment}: {answer.status}, {_detail(answer)}")
            elif not answer.content["policy"]["passed"]:
                problems.append(f"{engine} in {environment}: the policy denies it; {_denied(answer.content)}")
    wrong_if(problems)
    return f"{count} dry runs"


def _with_key(
    deployment: Deployment, method: str, path: str, body: Mapping[str, Any] | None = None
) -> Answer:
    key = deployment.token("RDSCTL_API_KEY", _KEY_FOR)
    answer = _call(deployment, method, path, {"x-api-key": key}, body)
    if answer.status == 403:
        raise NotLooked(f"the API does not take the key of RDSCTL_API_KEY: give {_KEY_FOR}")
    return answer


def _call(
    deployment: Deployment,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Answer:
    return deployment.http(method, deployment.api_url + path, headers or {}, body)


def _detail(answer: Answer) -> str:
    content = answer.content if isinstance(answer.content, Mapping) else {}
    return str(content.get("detail") or content.get("message") or "no reason given")


def _denied(content: Mapping[str, Any]) -> str:
    return one_of([str(found["rule"]) for found in content["policy"]["results"] if not found["passed"]])


CHECKS: Final = (
    Check("API answers", api_answers),
    Check("API refuses without a key", api_refuses_without_a_key),
    Check("deployed catalog is the clone's", deployed_catalog_is_the_clones),
    Check("dry request passes", dry_request_passes),
)

"""① The API: read the call, ask the service, answer with a document or a problem document."""

import dataclasses
import datetime as dt
import functools
import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import yaml
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.access import master
from provisioner.api import documents, rotation
from provisioner.api.query import Query
from provisioner.core.catalog import ENGINES
from provisioner.core.errors import NeedsPerson, Problem, TryLater
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.names import Place
from provisioner.intake.message import Message
from provisioner.intake.refusals import not_found
from provisioner.intake.use_cases import Accepted, Caller, Service
from provisioner.wiring import deployed, intake

MAX_BODY: Final = 32_768
MAX_REASON: Final = 256
_KEY: Final = re.compile(r'"?([\x21\x23-\x7e]{1,128})"?')

logger = Logger()
metrics = Metrics()
app = APIGatewayRestResolver()


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The Lambda function."""
    return app.resolve(event, context)


@app.post("/provision-rds")
def provision() -> Response[str]:
    """Ask for a new database."""
    dry_run, content = _query("dry_run").flag("dry_run"), _body()
    if dry_run:
        return _json(200, _service().dry_run_create(content, _caller()))
    return _accepted(_service().create(content, _caller(), key=_idempotency_key()))


@app.get("/requests")
def requests() -> Response[str]:
    """The team's requests, newest first."""
    query = _query("environment", "state", "kind", "database_name", "page_size", "page_token")
    page = settings.ledger().requests(
        _caller().team,
        filters=query.filters(environment=None, state=State, kind=Kind, database_name=None),
        page_size=query.page_size(),
        page_token=query.text("page_token"),
    )
    items = [documents.request_summary(one) for one in page.items]
    return _json(200, {"requests": items, "next_page_token": page.next_token})


@app.get("/requests/<request_id>")
def request(request_id: str) -> Response[str]:
    """One request with its timeline."""
    service = _service()
    found = service.own_request(_uuid(request_id), _caller())
    headers = {} if found.progress.step == "end" else {"Retry-After": "5"}
    return _json(200, service.request_page(found), headers)


@app.post("/requests/<request_id>/cancel")
def cancel(request_id: str) -> Response[str]:
    """Stop a request before it is merged."""
    dry_run = _query("dry_run").flag("dry_run")
    return _accepted(_service().cancel(_uuid(request_id), _caller(), dry_run=dry_run))


@app.post("/requests/<request_id>/retry")
def retry(request_id: str) -> Response[str]:
    """Try the failed step again."""
    dry_run = _query("dry_run").flag("dry_run")
    return _accepted(_service().retry(_uuid(request_id), _caller(), dry_run=dry_run))


@app.get("/databases")
def databases() -> Response[str]:
    """The team's databases, newest first."""
    query = _query("environment", "state", "database_engine", "expires_before", "page_size", "page_token")
    filters = query.filters(environment=None, state=DatabaseState, database_engine=ENGINES)
    if "database_engine" in filters:
        filters["engine"] = filters.pop("database_engine")
    page = settings.ledger().databases(
        _caller().team,
        filters=filters,
        page_size=query.page_size(),
        page_token=query.text("page_token"),
        expires_before=query.instant("expires_before"),
    )
    items = [documents.database_document(one, deployed.catalog()) for one in page.items]
    return _json(200, {"databases": items, "next_page_token": page.next_token})


@app.get("/databases/<environment>/<database_name>")
def database(environment: str, database_name: str) -> Response[str]:
    """One database and its history."""
    return _json(200, _service().database_page(Place(environment, database_name), _caller()))


@app.patch("/databases/<environment>/<database_name>")
def change(environment: str, database_name: str) -> Response[str]:
    """Change a database in place."""
    dry_run = _query("dry_run").flag("dry_run")
    return _accepted(
        _service().change(Place(environment, database_name), _body(), _caller(), dry_run=dry_run)
    )


@app.delete("/databases/<environment>/<database_name>")
def remove(environment: str, database_name: str) -> Response[str]:
    """Remove a database."""
    query = _query("dry_run", "reason")
    reason, dry_run = query.text("reason", longest=MAX_REASON) or "", query.flag("dry_run")
    service = _service()
    return _accepted(
        service.remove(Place(environment, database_name), _caller(), reason=reason, dry_run=dry_run)
    )


@app.post("/databases/<environment>/<database_name>/rotate")
def rotate(environment: str, database_name: str) -> Response[str]:
    """Rotate the password of one of a database's users."""
    dry_run, caller = _query("dry_run").flag("dry_run"), _caller()
    outcome = rotation.ask(
        _service(),
        Place(environment, database_name),
        _body() if app.current_event.body else {},
        team=caller.team,
        actor=caller.actor,
        rotate_master=lambda arn: master.rotate(settings.client("secretsmanager"), arn),
        dry_run=dry_run,
    )
    headers = {"Idempotency-Replayed": "true"} if outcome.replayed else {}
    return _json(200 if outcome.dry_run else HTTPStatus.ACCEPTED, outcome.document, headers)


@app.get("/catalog")
def catalog() -> Response[str]:
    """What may be asked for."""
    content = deployed.catalog().model_dump(mode="json", exclude={"teams"})
    return _json(200, content, {"Cache-Control": "max-age=300"})


@app.get("/quota")
def quota() -> Response[str]:
    """What the team holds and may hold."""
    team, the_catalog = _caller().team, deployed.catalog()
    usage = {name: settings.ledger().quota_used(team, name) for name in the_catalog.environments}
    return _json(200, documents.quota_document(team, usage, the_catalog))


@app.get("/health")
def health() -> Response[str]:
    """Whether the function runs and can read its catalog and its ledger."""
    deployed.catalog()
    settings.ledger().request("health")
    return _json(200, {"status": "ok"})


@app.get("/openapi.json")
def openapi() -> Response[str]:
    """The description of this API."""
    return _json(200, _openapi(), {"Cache-Control": "max-age=300"})


@functools.cache
def _openapi() -> dict[str, Any]:
    text = (Path(__file__).parents[1] / "api" / "openapi.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    url = settings.setting("PUBLIC_URL", "")
    if url:
        content["servers"] = [{"url": url}]
    return content


# Problems


@app.exception_handler(Problem)
def _on_problem(problem: Problem) -> Response[str]:
    return _problem(problem)


def _problem(problem: Problem) -> Response[str]:
    document = {
        "type": f"urn:rds-provisioner:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": app.current_event.path,
        "request_id": app.current_event.request_context.request_id,
        "retryable": problem.status in (429, 503),
        "errors": [{"pointer": one.pointer, "detail": one.detail} for one in problem.errors],
        **problem.extra,
    }
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    logger.info("problem", status=problem.status, slug=problem.slug, detail=problem.detail)
    return _json(problem.status, document, headers, content_type="application/problem+json")


@app.exception_handler(TryLater)
def _try_later(error: TryLater) -> Response[str]:
    logger.warning("try later", reason=str(error))
    return _problem(
        Problem(
            503,
            "Busy, try again",
            "Others changed the same thing at the same moment. Send the same call again.",
            slug="busy",
            retry_after=2,
        )
    )


@app.exception_handler(NotFoundError)
def _no_route(_: NotFoundError) -> Response[str]:
    event = app.current_event
    return _problem(
        Problem(
            404,
            "Not found",
            f"There is no {event.http_method} {event.path}; see /openapi.json.",
            slug="not-found",
        )
    )


@app.exception_handler(NeedsPerson)
def _needs_person(error: NeedsPerson) -> Response[str]:
    logger.exception("needs a person", fix=error.fix)
    return _broken()


@app.exception_handler(Exception)
def _unexpected(_: Exception) -> Response[str]:
    logger.exception("unexpected")
    return _broken()


def _broken() -> Response[str]:
    metrics.add_metric(name="UnexpectedErrors", unit=MetricUnit.Count, value=1)
    return _problem(
        Problem(
            500,
            "Something broke on our side",
            "The same call is safe to send again. If it stays, tell the platform team this request_id.",
            slug="internal",
        )
    )


# Reading the call


def _service() -> Service:
    return dataclasses.replace(intake.service(dt.datetime.now(dt.UTC)), publish=_publish)


def _publish(message: Message) -> None:
    """Send the message; where that fails the ledger holds the request, and the sweeper sends it."""
    try:
        intake.send(message)
    except Exception:
        logger.exception("the message was not sent; the sweeper will", request_id=message.request_id)
        metrics.add_metric(name="MessagesLeftToSweeper", unit=MetricUnit.Count, value=1)


@functools.lru_cache(maxsize=256)
def _team_of(api_key_id: str, _minute: int) -> tuple[str, str] | None:
    return settings.ledger().team_of_key(api_key_id)


def _caller() -> Caller:
    """Whose key it is; API Gateway has checked the key itself."""
    api_key_id = app.current_event.request_context.identity.api_key_id
    minutes = int(dt.datetime.now(dt.UTC).timestamp() // 60)
    known = _team_of(api_key_id, minutes) if api_key_id else None
    if known is None:
        raise Problem(
            403,
            "The key belongs to no team",
            "Send the x-api-key header with your team's key; ask the platform team for one.",
            slug="no-team",
        )
    return Caller(*known)


def _body() -> Any:
    event = app.current_event
    content_type = (event.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if content_type not in ("application/json", "application/merge-patch+json"):
        raise Problem(
            415,
            "The body has to be JSON",
            f"Send the header Content-Type: application/json (it was {content_type or 'missing'}).",
            slug="not-json",
        )
    try:
        text = event.decoded_body or ""
        if len(text) > MAX_BODY:
            raise Problem(
                413, "The body is too long", f"Send at most {MAX_BODY} characters.", slug="too-long"
            )
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise Problem(
            400, "The body is not JSON", f"Correct the JSON: {error}.", slug="malformed-json"
        ) from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a field stands in it twice")
    return content


def _query(*known: str) -> Query:
    return Query(app.current_event.resolved_query_string_parameters, *known)


def _idempotency_key() -> str | None:
    value = app.current_event.headers.get("idempotency-key")
    if value is None:
        return None
    match = _KEY.fullmatch(value)
    if not match:
        raise Problem(
            400,
            "The Idempotency-Key is not valid",
            "Send 1 to 128 printable characters without spaces or quotes, for example a UUID.",
            slug="bad-idempotency-key",
        )
    return match[1]


def _uuid(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        raise not_found(f"request {text!r}")
    return text


def _accepted(outcome: Accepted | dict[str, Any]) -> Response[str]:
    if not isinstance(outcome, Accepted):
        return _json(200, outcome)
    found = outcome.request
    headers = {"Location": f"/requests/{found.id}", "Retry-After": "5"}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    else:
        metrics.add_metric(name="RequestsAccepted", unit=MetricUnit.Count, value=1)
    return _json(HTTPStatus.ACCEPTED, _service().request_page(found), headers)


def _json(
    status: int,
    content: Any,
    headers: dict[str, str] | None = None,
    *,
    content_type: str = "application/json",
) -> Response[str]:
    return Response(
        status_code=int(status),
        content_type=content_type,
        body=json.dumps(content, ensure_ascii=False),
        headers={"Cache-Control": "no-store"} | (headers or {}),
    )

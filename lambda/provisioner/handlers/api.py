"""① The API: read the call, ask the use cases, answer with a document or a problem document."""

import datetime as dt
import functools
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.access import master
from provisioner.api import call, description, documents, lists, logs, pages
from provisioner.api.addresses import Address
from provisioner.api.answers import json_answer
from provisioner.api.answers import not_modified as _not_modified
from provisioner.api.dry_run import move_document
from provisioner.api.faults import answer_faults
from provisioner.api.log_store import LogStore
from provisioner.api.query import Given, Query
from provisioner.api.rotation import Rotations
from provisioner.api.scope import check_scope, team_of
from provisioner.api.snapshots import snapshots_document
from provisioner.api.watch import MAXIMUM_SECONDS, Watch
from provisioner.api.whoami import check_key, whoami_document
from provisioner.core.events import Step
from provisioner.core.models import ApiKey, Request
from provisioner.core.offered import catalog_document
from provisioner.intake.idempotency import Key
from provisioner.intake.message import Message
from provisioner.intake.opening import Caller
from provisioner.intake.use_cases import Accepted, DryRun, UseCases
from provisioner.wiring import changes, deployed, intake

logger = Logger()
metrics = Metrics()
app = APIGatewayRestResolver()
answer_faults(app, logger, metrics)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The Lambda function."""
    return app.resolve(event, context)


@app.post("/provision-rds")
def provision() -> Response[str]:
    """Ask for a new database."""
    dry_run, content, key = _query("dry_run").flag("dry_run"), _body(), _idempotency_key()
    if dry_run:
        return _dry_run(_use_cases().dry_run_create(content, _caller()))
    return _accepted(_use_cases().create(content, _caller(), key=key))


@app.get("/requests")
def requests() -> Response[str]:
    """The team's requests, newest first."""
    team, given = team_of(_caller(), _given())
    return _json(200, lists.requests(given, team, settings.ledger(), deployed.catalog()))


@app.get("/requests/<request_id>")
def request(request_id: str) -> Response[str]:
    """One request with its timeline; with `wait`, once it changes."""
    seconds = _query("wait").seconds("wait", most=MAXIMUM_SECONDS)
    known, caller = app.current_event.headers.get("if-none-match"), _caller()
    found = _use_cases().own_request(call.parse_request_id(request_id), caller)
    ended = found.progress.step is Step.END
    if seconds and not ended and known in (None, pages.tag(found, _request_page(found))):
        watch = Watch(settings.ledger().turns, _now, time.sleep)
        found = watch.changed(found, lambda: settings.ledger().request(found.id), seconds, key=_api_key_id())
    page = _request_page(found)
    headers = {"ETag": pages.tag(found, page), "Cache-Control": "private, no-cache"}
    if found.progress.step is not Step.END:
        headers["Retry-After"] = "5"
    return _json(200, page, headers) if known != headers["ETag"] else _not_modified(headers)


@app.get("/requests/<request_id>/log")
def log(request_id: str) -> Response[str]:
    """What the pipeline said of one request."""
    found = _use_cases().own_request(call.parse_request_id(request_id), _caller())
    store = LogStore(settings.client("s3"), settings.setting("STATE_BUCKET", ""))
    page = logs.log_page(found, _given(), store)
    if app.current_event.headers.get("if-none-match") == page.etag:
        return _not_modified(page.headers())
    return Response(200, "text/plain; charset=utf-8", page.text, page.headers())


@app.post("/requests/<request_id>/cancel")
def cancel(request_id: str) -> Response[str]:
    """Stop a request before it is merged."""
    dry_run, reason = _asked()
    use_cases, found, caller = _use_cases(), call.parse_request_id(request_id), _caller()
    if dry_run and (move := use_cases.dry_run_cancel(found, caller)):
        return _json(200, move_document(move))
    return _accepted(use_cases.cancel(found, caller, reason=reason, key=_call_key()))


@app.post("/requests/<request_id>/retry")
def retry(request_id: str) -> Response[str]:
    """Try the failed step again."""
    dry_run, reason = _asked()
    use_cases, found, caller = _use_cases(), call.parse_request_id(request_id), _caller()
    if dry_run:
        return _json(200, move_document(use_cases.dry_run_retry(found, caller)))
    return _accepted(use_cases.retry(found, caller, reason=reason, key=_call_key()))


@app.get("/databases")
def databases() -> Response[str]:
    """The team's databases, newest first."""
    return _of_team(lists.databases)


@app.get("/databases/<environment>/<database_name>")
def database(environment: str, database_name: str) -> Response[str]:
    """One database and its history."""
    found = _use_cases().own_database(call.place(environment, database_name), _caller())
    users = deployed.makes_users()
    page = pages.database_page(found, settings.ledger(), deployed.catalog(), _now(), makes_users=users)
    return _json(200, page)


@app.patch("/databases/<environment>/<database_name>")
def change(environment: str, database_name: str) -> Response[str]:
    """Change a database in place."""
    dry_run = _query("dry_run").flag("dry_run")
    use_cases, place = _use_cases(), call.place(environment, database_name)
    content, caller = _body(), _caller()
    if dry_run:
        return _dry_run(use_cases.dry_run_change(place, content, caller))
    return _accepted(use_cases.change(place, content, caller, key=_call_key(content)))


@app.delete("/databases/<environment>/<database_name>")
def remove(environment: str, database_name: str) -> Response[str]:
    """Remove a database."""
    dry_run, reason = _asked()
    use_cases, place, caller = _use_cases(), call.place(environment, database_name), _caller()
    if dry_run:
        return _dry_run(use_cases.dry_run_remove(place, caller, reason=reason))
    return _accepted(use_cases.remove(place, caller, reason=reason, key=_call_key()))


@app.post("/databases/<environment>/<database_name>/rotate")
def rotate(environment: str, database_name: str) -> Response[str]:
    """Rotate the password of one of a database's users."""
    dry_run, reason = _asked()
    place, caller = call.place(environment, database_name), _caller()
    content = _body() if app.current_event.body else {}
    rotations = Rotations(_use_cases(), lambda arn: master.rotate(settings.client("secretsmanager"), arn))
    if dry_run:
        return _json(200, rotations.dry_run(place, content, caller))
    outcome = rotations.ask(place, content, caller, reason=reason, key=_call_key(content))
    return _json(202, outcome.document, {"Idempotency-Replayed": "true"} if outcome.replayed else {})


@app.get("/snapshots")
def snapshots() -> Response[str]:
    """The snapshots that removals and upgrades of the team's databases left."""
    return _of_team(snapshots_document)


@app.get("/whoami")
def whoami() -> Response[str]:
    """Whose key it is, and which API this is."""
    _query()
    return _json(200, whoami_document(_key(), deployed.catalog()))


@app.get("/catalog")
def catalog() -> Response[str]:
    """What may be asked for."""
    return _json(200, catalog_document(deployed.catalog()), {"Cache-Control": "max-age=300"})


@app.get("/quota")
def quota() -> Response[str]:
    """What the team holds and may hold."""
    (team, _), the_catalog = team_of(_caller(), _given()), deployed.catalog()
    usage = {name: settings.ledger().quota_used(team, name) for name in the_catalog.environments}
    return _json(200, documents.quota_document(team, usage, the_catalog))


@app.get("/costs")
def costs() -> Response[str]:
    """What the team's databases cost in a month."""
    from provisioner.api.costs import costs_document  # noqa: PLC0415 - few calls need it

    return _of_team(costs_document)


@app.get("/health")
def health() -> Response[str]:
    """Whether the function runs and can read its catalog and its ledger."""
    deployed.catalog()
    settings.ledger().request("health")
    return _json(200, {"status": "ok"})


@app.get("/openapi.json")
def openapi() -> Response[str]:
    """The description of this API."""
    content = description.openapi(_address().base)
    return _json(200, content, {"Cache-Control": "max-age=300"})


@app.get("/certificates.pem")
def certificates() -> Response[str]:
    """The roots that the databases' certificates descend from."""
    text, headers = deployed.roots()
    same = app.current_event.headers.get("if-none-match") == headers["ETag"]
    return _not_modified(headers) if same else Response(200, "application/x-pem-file", text, headers)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _use_cases() -> UseCases:
    return intake.use_cases(_now(), _publish)


def _publish(message: Message) -> None:
    """Send the message; where that fails the ledger holds the request, and the reaper sends it."""
    try:
        changes.send(message)
    except Exception:
        logger.exception("the message was not sent; the reaper will", request_id=message.request_id)
        metrics.add_metric(name="MessagesLeftToSweeper", unit=MetricUnit.Count, value=1)


@functools.lru_cache(maxsize=256)
def _key_of(api_key_id: str, _minute: int) -> ApiKey | None:
    return settings.ledger().api_key(api_key_id)


def _api_key_id() -> str:
    return app.current_event.request_context.identity.api_key_id or ""


def _key() -> ApiKey:
    """The key of this call; API Gateway has checked its value."""
    api_key_id, now = _api_key_id(), _now()
    key = check_key(_key_of(api_key_id, int(now.timestamp() // 60)) if api_key_id else None, now)
    return check_scope(key, now, app.current_event, logger)


def _caller() -> Caller:
    key = _key()
    claimed = call.parse_claimed_by(app.current_event.headers.get("x-claimed-by"))
    return Caller.of_key(key, claimed)


def _address() -> Address:
    console = settings.setting("HAS_CONSOLE", "false") == "true"
    return Address.of_call(
        app.current_event.raw_event, public_url=settings.setting("PUBLIC_URL", ""), console=console
    )


def _body() -> Any:
    event = app.current_event
    return call.body(event.headers.get("content-type"), lambda: event.decoded_body)


def _of_team(document: Callable[..., dict[str, Any]]) -> Response[str]:
    team, given = team_of(_caller(), _given())
    return _json(200, document(given, team, settings.ledger(), deployed.catalog(), _now()))


def _given() -> Given:
    return app.current_event.resolved_query_string_parameters


def _query(*known: str) -> Query:
    return Query(_given(), *known)


def _idempotency_key() -> str | None:
    return call.parse_idempotency_key(app.current_event.headers.get("idempotency-key"))


def _asked() -> tuple[bool, str]:
    return call.asked(_given())


def _call_key(content: Any = None) -> Key | None:
    return Key.of_call(_idempotency_key(), app.current_event.http_method, app.current_event.path, content)


def _accepted(outcome: Accepted) -> Response[str]:
    found = outcome.request
    headers = {"Location": _address().of(f"/requests/{found.id}"), "Retry-After": "5"}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    else:
        metrics.add_metric(name="RequestsAccepted", unit=MetricUnit.Count, value=1)
    return _json(HTTPStatus.ACCEPTED, _request_page(found), headers)


def _dry_run(would: DryRun) -> Response[str]:
    return _json(200, pages.dry_run_page(would, settings.ledger(), deployed.catalog(), _now()))


def _request_page(found: Request) -> dict[str, Any]:
    return pages.request_page(found, settings.ledger(), deployed.catalog(), _now())


def _json(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Response[str]:
    return json_answer(status, _address().linked(content), headers)

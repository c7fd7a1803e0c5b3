"""① What operators see of all teams and the few things they do; for any other key there is nothing here."""

import datetime as dt
import functools
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.api import board, problems
from provisioner.api.answers import json_answer
from provisioner.api.dead_letters import DeadLetters
from provisioner.api.faults import answer_faults
from provisioner.api.key_list import KeyList
from provisioner.api.query import Query
from provisioner.api.scope import audit, is_operator
from provisioner.core.models import ApiKey
from provisioner.core.times import instant
from provisioner.ledger.all_teams import Fleet
from provisioner.wiring import deployed

MOST_DAYS: Final = 90

logger = Logger()
metrics = Metrics()
app = APIGatewayRestResolver()
answer_faults(app, logger, metrics)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The Lambda function."""
    return app.resolve(event, context)


@app.get("/admin/board")
def whole() -> Response[str]:
    """All of it in one answer, read at one time."""
    _operator()
    now, days = _now(), _days()
    fleet = _fleet(now, days)
    return _answer(
        now,
        states=board.states(fleet, now),
        queue=board.queue(fleet, deployed.catalog()),
        approvals=_approvals(fleet),
        failed=board.failed(fleet),
        expiring=_expiring(fleet, now),
        spend=board.spend(fleet, deployed.catalog()),
        drift=board.drift(fleet),
        times=board.times(fleet, deployed.catalog(), now - days),
        channels=_channels(),
        dead_letters=_dead_letters().document(),
    )


@app.get("/admin/queue")
def queue() -> Response[str]:
    """What is applied and what waits for it, by environment."""
    now, fleet = _look()
    return _answer(now, queue=board.queue(fleet, deployed.catalog()), states=board.states(fleet, now))


@app.get("/admin/approvals")
def approvals() -> Response[str]:
    """What waits for a reviewer."""
    now, fleet = _look()
    return _answer(now, approvals=_approvals(fleet))


@app.get("/admin/failed")
def failed() -> Response[str]:
    """What failed and was not fixed."""
    now, fleet = _look()
    return _answer(now, failed=board.failed(fleet))


@app.get("/admin/expiring")
def expiring() -> Response[str]:
    """What ends within seven days."""
    now, fleet = _look()
    return _answer(now, expiring=_expiring(fleet, now))


@app.get("/admin/spend")
def spend() -> Response[str]:
    """What each team holds."""
    now, fleet = _look()
    return _answer(now, spend=board.spend(fleet, deployed.catalog()))


@app.get("/admin/drift")
def drift() -> Response[str]:
    """What differs from git."""
    now, fleet = _look()
    return _answer(now, drift=board.drift(fleet))


@app.get("/admin/times")
def times() -> Response[str]:
    """How long creations took, step by step."""
    _operator()
    now, days = _now(), _days()
    return _answer(now, times=board.times(_fleet(now, days), deployed.catalog(), now - days))


@app.get("/admin/channels")
def channels() -> Response[str]:
    """Which of the teams' channels take no messages."""
    _operator()
    _query()
    return _answer(_now(), channels=_channels())


@app.get("/admin/dead-letters")
def dead_letters() -> Response[str]:
    """What was never done."""
    _operator()
    _query()
    return _answer(_now(), dead_letters=_dead_letters().document())


@app.post("/admin/dead-letters/<queue_name>/send-back")
def send_back(queue_name: str) -> Response[str]:
    """Put what was never done into its queue again."""
    _operator()
    _query()
    return _answer(_now(), **_dead_letters().send_back(queue_name))


@app.get("/admin/keys")
def keys() -> Response[str]:
    """Whose keys there are."""
    _operator()
    _query()
    return _answer(_now(), keys=_keys().document())


@app.delete("/admin/keys/<key_id>")
def end_key(key_id: str) -> Response[str]:
    """End a key, an operator's too."""
    key = _operator()
    _query()
    return _answer(_now(), key=_keys().end(key_id, _now(), str(key.person)))


@functools.lru_cache(maxsize=256)
def _key_of(api_key_id: str, _minute: int) -> ApiKey | None:
    return settings.ledger().api_key(api_key_id)


def _operator() -> ApiKey:
    """The operator's key of this call, which is audited; for any other there is no such route."""
    event, now = app.current_event, _now()
    key_id = event.request_context.identity.api_key_id
    key = _key_of(key_id, int(now.timestamp() // 60)) if key_id else None
    if key is None or not is_operator(key, now):
        raise problems.no_route(event.http_method, event.path)
    audit(key, event, logger)
    return key


def _look() -> tuple[dt.datetime, Fleet]:
    """All teams as of now, for an operator whose call takes no parameters."""
    _operator()
    _query()
    now = _now()
    return now, _fleet(now, dt.timedelta(days=1))


def _fleet(now: dt.datetime, length: dt.timedelta) -> Fleet:
    return settings.ledger().all_teams.fleet(now - length)


def _approvals(fleet: Fleet) -> list[dict[str, Any]]:
    events = {request.id: settings.ledger().events(request.id) for request in board.in_review(fleet)}
    return board.approvals(fleet, events, deployed.catalog())


def _expiring(fleet: Fleet, now: dt.datetime) -> list[dict[str, Any]]:
    ending = board.soon(fleet, now)
    return board.expiring(ending, settings.ledger().listed(ending), deployed.catalog())


def _channels() -> list[dict[str, Any]]:
    return board.channels(settings.ledger().deliveries.failing())


def _dead_letters() -> DeadLetters:
    # A part that is not deployed has no queues.
    known = {
        "requests": (settings.setting("REQUEST_DEAD_LETTERS_URL"), settings.setting("REQUEST_QUEUE_URL")),
        "access": (settings.setting("ACCESS_DEAD_LETTERS_URL"), settings.setting("ACCESS_QUEUE_URL")),
        "event-webhook": (
            settings.setting("EVENT_WEBHOOK_DEAD_LETTERS_URL"),
            settings.setting("EVENT_WEBHOOK_QUEUE_URL"),
        ),
        "notifier": (
            settings.setting("NOTIFIER_DEAD_LETTERS_URL"),
            settings.setting("NOTIFIER_QUEUE_URL"),
        ),
        "events": (settings.setting("EVENTS_DEAD_LETTERS_URL"), ""),
        "schedule": (settings.setting("SCHEDULE_DEAD_LETTERS_URL"), ""),
    }
    return DeadLetters(settings.client("sqs"), {name: urls for name, urls in known.items() if urls[0]})


def _keys() -> KeyList:
    stack = settings.setting("POWERTOOLS_SERVICE_NAME")
    return KeyList(settings.client("apigateway"), settings.ledger(), stack)


def _days() -> dt.timedelta:
    return dt.timedelta(days=_query("days").number("days", most=MOST_DAYS) or 30)


def _query(*known: str) -> Query:
    return Query(app.current_event.resolved_query_string_parameters, *known)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _answer(now: dt.datetime, **content: Any) -> Response[str]:
    return json_answer(200, {"as_of": instant(now), **content})

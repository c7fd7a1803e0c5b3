"""⑦ Turns events into word for people: fed by the events' topic, and for what time brings by a schedule.

Both come through one queue. What a channel did not take stays there, and comes again later and later; the
ledger knows which channels have it.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from provisioner import settings
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.handlers.batch import remaining, wait
from provisioner.notifier.courier import Courier, Word
from provisioner.notifier.links import Console
from provisioner.notifier.look import Look
from provisioner.notifier.mail import Mail
from provisioner.notifier.message import Message
from provisioner.notifier.occasions import Occasions
from provisioner.notifier.recipients import MAIL, SLACK, Recipients, Target
from provisioner.notifier.slack import WEBHOOKS, Slack
from provisioner.notifier.slack_blocks import payload
from provisioner.notifier.texts import Texts
from provisioner.wiring import deployed

_ENOUGH: Final = 20_000  # milliseconds: one more message, and what is written of it

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The Lambda function: answers with the messages that stay in the queue."""
    return remaining(event, lambda record: _is_done(record, context))


def _is_done(record: Mapping[str, Any], context: LambdaContext) -> bool:
    """Whether nothing is left of it; else it waits in the queue until something is due."""
    try:
        document = json.loads(record["body"])
        occasions, courier = _occasions(), _courier(context)
        if document.get("look"):
            _look(occasions, courier)
            return True
        left = [courier.deliver(word) for word in occasions.of(document)]
    except Exception:
        logger.exception("not done", message_id=record["messageId"])
        metrics.add_metric(name="NotificationsFailed", unit=MetricUnit.Count, value=1)
        return False
    due = min(filter(None, left), default=None)
    if due is None:
        return True
    wait(record, "NOTIFIER_QUEUE_URL", (due - dt.datetime.now(dt.UTC)).total_seconds() + 0.5, logger)
    return False


def _look(occasions: Occasions, courier: Courier) -> None:
    """Send what time alone brings; what fails is found again by the next look."""
    for word in Look(occasions, deployed.catalog(), courier, _trouble).words():
        _deliver(courier, word)


def _deliver(courier: Courier, word: Word) -> None:
    try:
        courier.deliver(word)
    except Exception:  # whatever it is: the others do not wait for it
        logger.exception("not sent", message=word.message.id)
        metrics.add_metric(name="NotificationsFailed", unit=MetricUnit.Count, value=1)


def _trouble(what: str, error: Exception) -> None:
    logger.error("not looked at", what=what, exc_info=error)
    metrics.add_metric(name="NotificationsFailed", unit=MetricUnit.Count, value=1)


def _occasions() -> Occasions:
    catalog = deployed.catalog()
    console = Console(settings.setting("API_URL"), settings.setting("HAS_CONSOLE") == "true")
    return Occasions(
        settings.ledger(), Texts(console, catalog), Recipients(catalog, _domains()), dt.datetime.now(dt.UTC)
    )


def _courier(context: LambdaContext) -> Courier:
    mail = Mail(settings.client("sesv2"), settings.setting("NOTIFY_FROM"), _domains())
    return Courier(
        settings.ledger().deliveries,
        {SLACK: _to_slack, MAIL: mail.send},
        lambda: dt.datetime.now(dt.UTC),
        _report,
        lambda: context.get_remaining_time_in_millis() > _ENOUGH,
    )


def _to_slack(secret: str, message: Message) -> None:
    _slack().send(_webhook(secret), payload(message))


def _webhook(secret: str) -> str:
    """The address that a channel's secret holds; raises NeedsPerson or TryLater without one."""
    doing = f"reading secret {secret}"
    try:
        return settings.named_secret(secret).strip()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("ResourceNotFoundException", "InvalidRequestException", "AccessDeniedException"):
            fix = "store the webhook's address in it (docs/notifications.md)"
            raise NeedsPerson(doing, f"secret {secret}: {code}", fix) from None
        raise TryLater(doing, f"Secrets Manager answered {code}") from None
    except BotoCoreError as error:
        raise TryLater(doing, type(error).__name__) from None


@settings.kept
def _slack() -> Slack:
    only = settings.setting("SLACK_WEBHOOKS", "")  # another address than Slack's, for tests
    return Slack(begins=(only,) if only else WEBHOOKS)


def _domains() -> frozenset[str]:
    return frozenset(filter(None, settings.setting("NOTIFY_DOMAINS").lower().split(",")))


def _report(target: Target, reason: str, fails: bool) -> None:
    logger.warning("not delivered", channel=target.name, team=target.team, reason=reason, fails=fails)
    if fails:
        metrics.add_metric(name="NotificationsFailed", unit=MetricUnit.Count, value=1)

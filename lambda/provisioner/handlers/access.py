"""⑤ Users and passwords: made after an apply, rotated when asked for, deleted after a removal.

Fed by the events' topic through a separate queue. A message only says where to look; the ledger says what
is to be done, so that a message may come twice, late or out of order.
"""

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.access.secrets import UserSecrets
from provisioner.access.servers import connector
from provisioner.access.users import MAKING, DatabaseUsers
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.names import Place
from provisioner.handlers.batch import remaining

_ROOTS: Final = str(Path(__file__).parents[1] / "access" / "rds_roots.crt")
_DOING: Final = {"applied": MAKING, "retried": MAKING, "rotation_asked": "rotating a password"}

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function: answers with the messages that stay in the queue."""
    return remaining(event, _is_done)


def _is_done(record: Mapping[str, Any]) -> bool:
    try:
        document = json.loads(record["body"])
        data = document["data"]
        place = Place(str(data["environment"]), str(data["database_name"]))
        what = str(data["event"])
        asked_id = str(document["id"]).removeprefix(f"{place}/")
    except (ValueError, KeyError, TypeError):
        logger.exception("unreadable message", message_id=record["messageId"])
        return False
    access = _access()
    try:
        match what:
            case "applied":
                if refused := access.prepare(place):
                    logger.warning("rights are missing", subject=str(place), refused=refused)
            case "retried":
                if access.waits(str((data.get("request") or {}).get("id"))):
                    access.prepare(place)
            case "rotation_asked":
                access.rotate(place, asked_id)
            case "removed" | "removed_in_git":
                access.forget(place)
    except (TryLater, NeedsPerson) as error:
        return _later(record, access, place, what, error)
    except Exception as error:
        logger.exception("unexpected", message_id=record["messageId"], subject=str(place))
        # Its text may hold a statement, which people who read the database's events should not see.
        cause = f"{type(error).__name__}, which the log of the access function explains"
        return _later(record, access, place, what, TryLater(_DOING.get(what, "deleting the secrets"), cause))
    logger.info("done", what=what, subject=str(place))
    return True


def _later(
    record: Mapping[str, Any],
    access: DatabaseUsers,
    place: Place,
    what: str,
    error: TryLater | NeedsPerson,
) -> bool:
    """Leave it in the queue; the last time also write down that an operator has to look.

    It comes again after the queue's own time: to set another one, this function would need a way to SQS out
    of the databases' network.
    """
    received = int(record["attributes"]["ApproximateReceiveCount"])
    logger.warning("not now", what=what, subject=str(place), reason=str(error), received=received)
    if received >= int(settings.setting("MAX_RECEIVE_COUNT", "8")):
        metrics.add_metric(name="AccessFailed", unit=MetricUnit.Count, value=1)
        access.failed(place, _DOING.get(what, "deleting the secrets"), str(error))
    return False


def _access() -> DatabaseUsers:
    return DatabaseUsers(
        settings.ledger(),
        UserSecrets(settings.client("secretsmanager")),
        connector(settings.setting("DATABASE_ROOTS", _ROOTS)),
        lambda: secrets.token_bytes(16),
        dt.datetime.now(dt.UTC),
    )

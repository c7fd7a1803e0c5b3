"""⑦ Publishes what is new in the ledger's stream to the topic that anybody may subscribe to.

The stream is the outbox: an event is published if and only if its row was written, in the order of its
request. A batch that fails is read again from the record that failed, so that a subscriber may receive an
event twice and knows it by its id.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from provisioner import settings
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.events import Event
from provisioner.core.names import Place
from provisioner.ledger.codecs import Row, from_item
from provisioner.ledger.rows import database_event_from_row, event_from_row
from provisioner.notify import cloudevents

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """The Lambda function: answers with the first record that has to be read again."""
    for record in event["Records"]:
        try:
            _publish(record)
        except Exception:
            position = record["dynamodb"]["SequenceNumber"]
            logger.exception("not published; it is read again", position=position)
            return {"batchItemFailures": [{"itemIdentifier": position}]}
    return {"batchItemFailures": []}


def _publish(record: Mapping[str, Any]) -> None:
    image = record["dynamodb"].get("NewImage", {})
    if record["eventName"] != "INSERT" or not image.get("sk", {}).get("S", "").startswith("EVT#"):
        return
    document = _document(image)
    if document is None:
        return
    data = document["data"]
    settings.client("sns").publish(
        TopicArn=settings.setting("EVENTS_TOPIC_ARN"),
        Subject=cloudevents.subject(document),
        Message=cloudevents.encode(document),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": data[name]}
            for name in ("event", "environment", "team")
        },
    )
    logger.info("published", id=document["id"], event=data["event"])


def _document(image: Mapping[str, Any]) -> dict[str, Any] | None:
    row = from_item(image)
    source = f"urn:{settings.setting('POWERTOOLS_SERVICE_NAME', 'rds-provisioner')}"
    kind, _, key = str(row["pk"]).partition("#")
    try:
        return _of_request(key, row, source) if kind == "REQ" else _of_database(key, row, source)
    except (KeyError, ValueError):  # a row that only newer code can read; no try will fix that
        logger.exception("unreadable", pk=row["pk"], sk=row["sk"])
        metrics.add_metric(name="UnreadableEvents", unit=MetricUnit.Count, value=1)
        return None


def _of_request(request_id: str, row: Row, source: str) -> dict[str, Any] | None:
    event = event_from_row(row)
    _expect_known(event)
    request = settings.ledger().request(request_id)
    return cloudevents.of_request(event, request, source=source) if request else None


def _of_database(key: str, row: Row, source: str) -> dict[str, Any] | None:
    event = database_event_from_row(row)
    _expect_known(event)
    environment, database_name = key.split("#")
    database = settings.ledger().database(Place(environment, database_name))
    return cloudevents.of_database(event, database, source=source) if database else None


def _expect_known(event: Event | DatabaseEvent) -> None:
    if not event.type.is_known:
        raise ValueError(f"type {event.type} is of a newer release")

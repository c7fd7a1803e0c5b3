"""Names that are stored, or that something outside this repository depends on: none is ever renamed.

Each list is written out as it stands. A new name is added here; a missing one wants a migration first.
"""

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from provisioner.access.secrets import secret_name
from provisioner.core import database_events, events
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Beat, Listed, ListedRequest, User
from provisioner.intake.message import Message
from provisioner.ledger.codecs import LISTED
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.migration import Standing
from provisioner.pull_requests import comments, request_record

from pipeline.__main__ import _parser
from tests.compatibility import samples
from tests.core.examples import NOW, ROOMY, charge, database, request
from tests.ledger.memory_table import MemoryTable
from tests.ledger.moto_table import TABLE
from tests.template.stack import of_type, template

LAMBDA = Path(__file__).parents[2] / "lambda" / "provisioner"

# Attributes of rows by sort key; of those with an index the index's come last.
ROWS = {
    "REQ": (
        *("pk", "sk", "id", "kind", "environment", "database_name", "team", "actor", "root", "before"),
        *("asked", "reason", "charge", "created_at", "state", "engine", "progress", "follow_up", "attempts"),
        *("lease_until", "version", "list_pk", "list_sk", "due_kind", "due_at"),
    ),
    "DB": (
        *("pk", "sk", "environment", "database_name", "team", "state", "engine", "expires_at", "root"),
        *("asked", "origin", "active", "created_at", "charge", "charge_before", "failed_before", "result"),
        *("marks", "version", "list_pk", "list_sk", "due_kind", "due_at"),
    ),
    "EVT#": ("pk", "sk", "event_id", "type", "at", "actor", "detail"),
    "REQ#": ("pk", "sk", "request_id", "team", "created_at"),
    "USE": (
        *("pk", "sk", "origin", "looked_at", "last_connection_at", "idle_since", "idle_seen_at"),
        *("warned_at", "version"),
    ),
    "QUOTA": ("pk", "sk", "databases", "storage_gb", "monthly_cents"),
    "IDEM": ("pk", "sk", "fingerprint", "request_id", "expire_at"),
    "KEY": ("pk", "sk", "team", "actor"),
    "STAT": ("pk", "sk", "seconds", "version"),
    "TURN": ("pk", "sk", "next_at", "version"),
}
# Attributes that came after the samples: absent in older rows, and left out where there is nothing to say.
LATER = {
    "REQ": ("person", "claimed_by", "beat", "took", "contradicted"),
    "DB": ("drift", "listed"),
    "QUOTA": ("list_pk", "list_sk"),
    "MIGRATION": ("pk", "sk", "state", "looked_at", "changed", "position", "version"),
}
LISTS = {
    *("TEAM#alpha#REQ", "TEAM#alpha#REQ#OPEN", "TEAM#alpha#DB", "TEAM#alpha#DB#REMOVED", "ALL#QUOTA"),
}
PARTITIONS = {
    *("REQ#", "DB#", "QUOTA#", "IDEM#", "KEY#", "STAT#", "TURN#"),
}
METRICS = {
    *("RequestsAccepted", "RequestFailed", "StuckRequests", "Redriven", "Warned", "Expired", "SweepErrors"),
    *(
        "Idle",
        "SnapshotsDeleted",
        "DriftedDatabases",
        "AccessFailed",
        "RateLimited",
        "OlderModules",
        "UnexpectedErrors",
    ),
    *("MessagesLeftToSweeper", "WebhooksRefused", "ReportsRefused", "UnreadableMessages"),
    *("UnreadableEvents", "EventWebhooksRefused", "BreakGlass", "RootsNotApplied", "NotificationsFailed"),
}
ALARMS = {
    *("api-errors", "webhook-errors", "worker-errors", "plan-report-errors", "apply-report-errors"),
    *("access-errors", "reaper-errors", "events-errors", "event-webhook-errors"),
    *("console-errors", "notifier-errors", "notifier-dead-letters", "notifications-failed"),
    *("dead-letters", "oldest-message", "throttles", "api-5xx", "reaper-silent", "schedule-dead-letters"),
    *("events-dead-letters", "event-webhook-dead-letters", "access-dead-letters"),
    *("stuck-requests", "request-failed", "roots-not-applied", "break-glass"),
}
HANDLERS = {
    "ApiFunction": "provisioner.handlers.api.handler",
    "WorkerFunction": "provisioner.handlers.worker.handler",
    "WebhookFunction": "provisioner.handlers.webhook.handler",
    "PlanReportFunction": "provisioner.handlers.report.plan_handler",
    "ApplyReportFunction": "provisioner.handlers.report.apply_handler",
    "ReaperFunction": "provisioner.handlers.reaper.handler",
    "EventsFunction": "provisioner.handlers.events.handler",
    "EventWebhookFunction": "provisioner.handlers.event_webhook.handler",
    "AccessFunction": "provisioner.handlers.access.handler",
    "NotifierFunction": "provisioner.handlers.notifier.handler",
    "ConsoleFunction": "provisioner.handlers.console.handler",
}
OUTPUTS = {
    *("ApiUrl", "WebhookUrl", "ApiId", "StageName", "UsagePlanId", "LedgerTable", "RequestTopicArn"),
    *("RequestQueueUrl", "DeadLetterQueueUrl", "EventsTopicArn", "EventsWebhookSecretArn", "AlarmTopicArn"),
    *("EventsFunctionName", "GitHubAppKeySecretArn", "CircleCiSecretArn", "GitHubWebhookSecretArn"),
    *("ApiFunctionName", "WorkerFunctionName", "WebhookFunctionName", "PlanReportFunctionName"),
    *("ApplyReportFunctionName", "ReaperFunctionName", "DashboardUrl", "ConsoleUrl"),
}


def test_what_a_request_is_and_where_it_stands() -> None:
    assert {kind.value for kind in Kind} >= {"create", "update", "extend", "maintain", "disarm", "remove"}
    assert {state.value for state in State} >= {
        *("requested", "pull_request_open", "merged", "applying", "done", "rejected", "failed", "cancelled")
    }
    assert {step.value for step in Step} >= {"pull_request", "review", "queue", "apply", "end"}
    assert {state.value for state in DatabaseState} >= {
        *("pending", "available", "updating", "removing", "removed", "failed")
    }
    assert {user.value for user in User} >= {"master", "application", "read_only"}


def test_the_types_of_events() -> None:
    assert {happened.value for happened in EventType} >= {
        *("requested", "opened", "planned", "edited", "approved", "closed", "reopened", "merged", "started"),
        *("succeeded", "failed", "cancel_asked", "cancelled", "retried", "redriven"),
        *("changes_requested", "approval_dismissed", "approval_awaited"),
    }
    assert {happened.value for happened in DatabaseEventType} >= {
        *("expiring", "idle", "removed_in_git", "used_again", "snapshot_deleted"),
        *("users_ready", "rotation_asked", "rotated", "access_failed", "not_applied", "break_glass"),
        *("drifted", "drift_ended", "version_ending"),
    }


def test_the_ledgers_keys_and_attributes() -> None:
    """The other tests of this folder hold the code to these rows, in both directions."""
    found: dict[str, set[str]] = {}
    for row in samples.rows():
        sort_key = row["item"]["sk"]["S"]
        name = sort_key[:4] if "#" in sort_key else sort_key
        found.setdefault(name, set()).update(row["item"])
    assert found == {name: set(attributes) for name, attributes in ROWS.items()}
    partitions = {row["item"]["pk"]["S"].partition("#")[0] + "#" for row in samples.rows()}
    assert partitions == PARTITIONS


def test_the_attributes_that_came_later_and_the_partitions_of_the_lists() -> None:
    table = MemoryTable()
    ledger = Ledger(table, TABLE)
    asked = dataclasses.replace(request(), person="jane", claimed_by="ann")
    ledger.open_create(asked, charge(asked.root), ROOMY)
    ledger.keep_beat(asked.id, "dev", Beat(at=NOW, seconds=60))
    ledger.release(asked.id, NOW, contradicted=True)
    ledger.all_teams.keep_drift(asked.place, {"since": "s", "link": "l"})
    ledger.migration.keep(Standing(position={"pk": "p", "sk": "s"}))
    found = {sk: set(row) for rows in table.rows.values() for sk, row in rows.items()}
    lists = {table.rows[f"REQ#{asked.id}"]["REQ"]["list_pk"]["S"]}
    done = events.succeeded(NOW, pipeline_url="u", commit="c", result={})
    ledger.add_event(asked.id, done, NOW)
    found["REQ"] |= set(table.rows[f"REQ#{asked.id}"]["REQ"])
    later = {sk: found[sk] - set(ROWS.get(sk, ())) for sk in LATER}
    assert later == {sk: set(names) for sk, names in LATER.items()}

    lists |= {
        row["list_pk"]["S"] for rows in table.rows.values() for row in rows.values() if "list_pk" in row
    }
    gone = database_events.removed_in_git(NOW, pipeline_url="u", commit=None)
    assert ledger.mark_removed(asked.place, gone)
    lists |= {table.rows["DB#dev#mydb123"]["DB"]["list_pk"]["S"]}
    assert lists == LISTS


def test_what_lists_show_of_a_database_is_stored_so() -> None:
    text = (
        '{"idle_since":"2026-11-23T12:00:00.000000Z","lacks_users":"8","last_connection_at":'
        '"2026-11-23T12:00:00.000000Z","request":{"actor":"jane","cancelling":false,"cause":"c","id":"7",'
        '"kind":"update","since":"2026-11-23T12:00:00.000000Z","state":"failed","step":"apply"}}'
    )
    waits = ListedRequest(
        id="7", kind=Kind.UPDATE, state=State.FAILED, step=Step.APPLY, since=NOW, actor="jane", cause="c"
    )
    listed = Listed(request=waits, lacks_users="8", last_connection_at=NOW, idle_since=NOW)
    assert LISTED.write(listed) == text
    assert LISTED.read(text) == listed
    assert LISTED.read(LISTED.write(Listed())) == Listed()
    assert LISTED.read(text.replace('{"idle', '{"of_a_newer_release":1,"idle')) == listed


def test_the_ledgers_indexes() -> None:
    (ledger,) = of_type("AWS::DynamoDB::Table").values()
    indexes = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in ledger["GlobalSecondaryIndexes"]
    }
    assert indexes == {"listing": ["list_pk", "list_sk"], "due": ["due_kind", "due_at"]}
    assert ledger["TimeToLiveSpecification"]["AttributeName"] == "expire_at"


def test_the_keys_of_a_message_to_the_worker() -> None:
    names = [field.name for field in dataclasses.fields(Message)]
    assert names == ["request_id", "kind", "environment", "database_name"]


def test_the_markers_of_comments_on_pull_requests() -> None:
    assert comments.PLAN == "<!-- rds-provisioner: plan -->"
    assert comments.OUTCOME == "<!-- rds-provisioner: outcome -->"
    assert comments.DRIFT == "<!-- rds-provisioner: drift -->"
    assert comments.NOT_APPLIED == "<!-- rds-provisioner: not applied -->"
    assert comments.EXPIRY == "<!-- rds-provisioner: expiry -->"
    assert comments.IDLE == "<!-- rds-provisioner: idle -->"
    assert comments.ENDED == "<!-- rds-provisioner: ended -->"
    assert request_record.MARKER == "<!-- rds-provisioner: record -->"
    assert request_record.VERSION == 1


def test_the_secrets_of_a_databases_users() -> None:
    found = [secret_name(database(), user) for user in (User.APPLICATION, User.READ_ONLY)]
    assert found == ["rds-provisioner/dev/mydb123/application", "rds-provisioner/dev/mydb123/read_only"]


def test_the_metrics() -> None:
    files = [*LAMBDA.glob("handlers/*.py"), LAMBDA / "api" / "faults.py"]
    texts = {text for path in files for text in _texts(path)}
    assert texts >= METRICS


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_log_lines_that_the_runbook_names() -> None:
    assert {"looked after ", "swept"} <= set(_texts(LAMBDA / "handlers" / "reaper.py"))


def test_the_alarms() -> None:
    found = {alarm["AlarmName"]["Fn::Sub"] for alarm in of_type("AWS::CloudWatch::Alarm").values()}
    assert found >= {f"${{AWS::StackName}}-{name}" for name in ALARMS}


def test_the_paths_of_the_functions() -> None:
    found = {name: one["Handler"] for name, one in of_type("AWS::Serverless::Function").items()}
    assert found.items() >= HANDLERS.items()


def test_the_outputs_of_the_stack() -> None:
    assert set(template()["Outputs"]) >= OUTPUTS


def test_the_verbs_of_the_pipeline() -> None:
    parser = _parser()
    for words in (["gate"], ["plan"], ["apply", "--environment", "dev"], ["drift"], ["locks"]):
        assert parser.parse_args(words).verb == words[0]

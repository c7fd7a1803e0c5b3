"""The worker, webhook and report functions with a queue and a ledger in moto, and a GitHub on real git."""

import base64
import contextlib
import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from moto.sqs.models import sqs_backends
from provisioner.core.events import Event
from provisioner.core.models import Request
from provisioner.handlers import report, webhook, worker
from provisioner.intake.message import Message
from provisioner.intake.opening import Caller
from provisioner.ledger.ledger import Ledger
from provisioner.reports.schema import ApplyOutcome, ApplyReport, PlanReport, RuleResult, Summary, encode
from provisioner.wiring import changes

from sandbox.github import GitHubServer
from tests.core.examples import ROOMY, charge
from tests.core.examples import request as new_request
from tests.github.github_server import calls

ALPHA = Caller("alpha", "alpha")


@dataclass
class Context:
    """What Lambda hands over next to the event."""

    left_milliseconds: int = 60_000
    function_name: str = "worker"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:worker"
    aws_request_id: str = "call-1"

    def get_remaining_time_in_millis(self) -> int:
        return self.left_milliseconds


@dataclass
class Chain:
    """Steps 2 to 5, to be driven by hand."""

    ledger: Ledger
    sqs: Any
    queue: str
    server: GitHubServer
    context: Context = field(default_factory=Context)

    def ask(self, **body: Any) -> Request:
        """A new create, written to the ledger and sent to the queue."""
        one = new_request(now=now(), **body)
        self.ledger.open_create(one, charge(one.root), ROOMY)
        self.send(one)
        return one

    def send(self, one: Request) -> None:
        message = Message(
            request_id=one.id,
            kind=one.kind.value,
            environment=one.environment,
            database_name=one.database_name,
        )
        changes.send(message)

    def receive(self) -> list[dict[str, Any]]:
        """What the queue shows now, as Lambda passes it on."""
        answer = self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
            }
            for message in answer.get("Messages", [])
        ]

    def work(self, records: list[dict[str, Any]] | None = None) -> list[str]:
        """Run the worker once on what the queue shows; the ids that stay. Lambda deletes the others."""
        records = self.receive() if records is None else records
        answer = worker.handler({"Records": records}, self.context)
        stay = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        for record in records:
            if record["messageId"] not in stay:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=record["receiptHandle"])
        return stay

    def hidden(self) -> list[int]:
        """For how many seconds each message in the queue stays hidden or delayed, rounded."""
        queue = next(iter(sqs_backends["123456789012"]["us-east-1"].queues.values()))
        present = dt.datetime.now().timestamp() * 1000  # noqa: DTZ005 - moto counts in milliseconds
        ends = [max(message.visible_at, message.delayed_until) for message in queue._messages]
        return sorted(round((end - present) / 1000) for end in ends)

    def show_all(self) -> None:
        """Let the time pass that messages are hidden for."""
        queue = next(iter(sqs_backends["123456789012"]["us-east-1"].queues.values()))
        for message in queue._messages:
            message.visible_at = message.delayed_until = 0
        queue.pending_messages.clear()

    def opened(self, **body: Any) -> Request:
        """A request whose pull request is open."""
        one = self.ask(**body)
        assert self.work() == []
        self.calls()
        return self.now(one)

    def now(self, one: Request) -> Request:
        """The request as the ledger has it now."""
        found = self.ledger.request(one.id)
        assert found is not None
        return found

    def events(self, one: Request) -> list[Event]:
        return self.ledger.events(one.id)

    def calls(self) -> list[str]:
        """GitHub's calls since the last look, without signing in."""
        return [call for call in calls(self.server) if not call.endswith("/access_tokens")]

    def plan(self, one: Request, **more: Any) -> dict[str, Any]:
        """Report a plan that does what a create asks for, with any field as given."""
        answer: dict[str, Any] = report.plan_handler(encode(plan_of(one)) | more, self.context)
        return answer

    def apply(self, one: Request, outcome: ApplyOutcome, **more: Any) -> dict[str, Any]:
        """Report how an apply goes, with any field as given."""
        answer: dict[str, Any] = report.apply_handler(encode(apply_of(one, outcome)) | more, self.context)
        return answer

    def deliver(self, name: str, payload: Any, **headers: str) -> dict[str, Any]:
        """Deliver a signed webhook by hand."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        signature = sign(body, self.server.webhook_secret)
        sent = {
            "X-GitHub-Event": name,
            "X-Hub-Signature-256": signature,
            "X-GitHub-Delivery": "d-1",
        } | headers
        event = {"headers": sent, "body": body.decode("latin-1"), "isBase64Encoded": False}
        if not body.isascii():
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        answer: dict[str, Any] = webhook.handler(event, self.context)
        return answer | {"json": json.loads(answer["body"])}

    @contextlib.contextmanager
    def webhooks(self) -> Iterator[None]:
        """Bring GitHub's own webhooks to the function."""
        with _listening(self.context) as url:
            self.server.add_webhook(url)
            yield
            self.server.webhooks.settle()


def now() -> dt.datetime:
    """The present."""
    return dt.datetime.now(dt.UTC)


def sign(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def plan_of(one: Request) -> PlanReport:
    """A report of a plan that does what a create asks for."""
    return PlanReport(
        version=1,
        environment=one.environment,
        database_name=one.database_name,
        branch=one.place.branch(one.kind, one.id),
        commit=one.progress.commit or "",
        outcome="passed",
        summary=Summary(add=2, databases_added=1, only_own_database=True),
        plan_text="Plan: 2 to add, 0 to change, 0 to destroy.",
        policy=(RuleResult(rule="rendered", passed=True, detail="as written"),),
        pipeline_url="https://ci.example/jobs/1",
    )


RESULT = {
    "identifier": "dev-mydb123",
    "endpoint": "dev-mydb123.example",
    "port": 3306,
    "database_name": "mydb123",
    "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:one",
    "arn": "arn:aws:rds:us-east-1:123456789012:db:dev-mydb123",
    "resource_id": "db-ONE",
}


def apply_of(one: Request, outcome: ApplyOutcome) -> ApplyReport:
    """A report of an apply."""
    return ApplyReport(
        version=1,
        environment=one.environment,
        database_name=one.database_name,
        request_id=None if outcome == "removed" else one.id,
        outcome=outcome,
        commit="0" * 40,
        pipeline_url="https://ci.example/jobs/2",
        result=RESULT if outcome == "succeeded" else None,
        cause="Error: out of addresses" if outcome == "failed" else None,
    )


@contextlib.contextmanager
def _listening(context: Context) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            event = {
                "headers": dict(self.headers),
                "body": base64.b64encode(body).decode(),
                "isBase64Encoded": True,
            }
            answer = webhook.handler(event, context)
            self.send_response(answer["statusCode"])
            self.end_headers()
            self.wfile.write(answer["body"].encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()

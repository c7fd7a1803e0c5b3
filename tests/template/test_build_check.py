"""The check that a deployment makes of its build, run as Lambda runs it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from provisioner.handlers import access, worker

from tests.template.stack import listed, of_type, resource, statements

IMPORT_ERROR = {
    "errorType": "Runtime.ImportModuleError",
    "errorMessage": "Unable to import module 'provisioner.handlers.api': No module named '_cffi_backend'",
}


class Cloud(ThreadingHTTPServer):
    """Lambda's API and CloudFormation's address for answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.invoked: list[str] = []
        self.error: dict[str, str] | None = None
        self.refusals = 0
        self.answers: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Cloud

    def do_POST(self) -> None:
        self._read()
        self.server.invoked.append(self.path)
        if self.server.refusals:
            self.server.refusals -= 1
            self._answer(403, {"message": "not authorized"}, {"x-amzn-errortype": "AccessDeniedException"})
        elif self.server.error:
            self._answer(200, self.server.error, {"X-Amz-Function-Error": "Unhandled"})
        else:
            self._answer(200, {"statusCode": 200}, {})

    def do_PUT(self) -> None:
        self.server.answers.append(json.loads(self._read()))
        self._answer(200, {}, {})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def _read(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, status: int, content: dict[str, Any], headers: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with Cloud() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server
        server.shutdown()


def run(cloud: Cloud, kind: str = "Create") -> dict[str, Any]:
    """What CloudFormation receives."""
    code: dict[str, Any] = {}
    exec(resource("BuildCheckFunction")["Code"]["ZipFile"], code)
    code["WAIT"] = 0
    event = {
        "RequestType": kind,
        "ResponseURL": f"{cloud.url}/answer",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "BuildCheck",
        "ResourceProperties": {"Versions": ["rds-provisioner-api:7", "rds-provisioner-worker:9"]},
    }
    code["handler"](event, None)
    (answer,) = cloud.answers
    assert {name: answer[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")
    }
    assert answer["PhysicalResourceId"] == "build-check"
    return dict(answer)


def test_code_that_starts_passes(cloud: Cloud) -> None:
    assert run(cloud)["Status"] == "SUCCESS"
    assert cloud.invoked == [
        "/2015-03-31/functions/rds-provisioner-api%3A7/invocations",
        "/2015-03-31/functions/rds-provisioner-worker%3A9/invocations",
    ]


def test_the_functions_of_a_queue_answer_the_call_of_the_check_and_do_nothing() -> None:
    code: dict[str, Any] = {}
    exec(resource("BuildCheckFunction")["Code"]["ZipFile"], code)
    context = SimpleNamespace(
        function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="id"
    )
    for function in (worker, access):
        assert function.handler(dict(code["CALL"]), context) == {"batchItemFailures": []}
    assert (code["CALL"]["httpMethod"], code["CALL"]["path"]) == ("GET", "/health")


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("error_type", ["Runtime.ImportModuleError", "ModuleNotFoundError"])
def test_code_for_another_python_or_processor_fails_the_deployment_and_says_why(
    cloud: Cloud, kind: str, error_type: str
) -> None:
    cloud.error = IMPORT_ERROR | {"errorType": error_type}
    answer = run(cloud, kind)
    assert answer["Status"] == "FAILED"
    assert IMPORT_ERROR["errorMessage"] in answer["Reason"]
    assert "Give sam build and sam deploy the same --parameter-overrides." in answer["Reason"]


def test_an_error_of_the_code_itself_is_for_the_alarms(cloud: Cloud) -> None:
    cloud.error = {"errorType": "ClientError", "errorMessage": "the ledger is not reachable yet"}
    assert run(cloud)["Status"] == "SUCCESS"


def test_a_role_that_is_not_known_yet_is_waited_for(cloud: Cloud) -> None:
    cloud.refusals, cloud.error = 2, IMPORT_ERROR
    assert run(cloud)["Status"] == "FAILED"
    assert len(cloud.invoked) == 3


def test_the_stack_can_always_be_deleted(cloud: Cloud) -> None:
    cloud.error = IMPORT_ERROR
    assert run(cloud, "Delete")["Status"] == "SUCCESS"
    assert cloud.invoked == []


def test_it_runs_for_each_new_version_of_the_functions_with_compiled_parts_and_may_start_them_alone() -> None:
    assert resource("BuildCheck")["Versions"] == [
        {"Ref": "ApiFunction.Version"},
        {"Ref": "WorkerFunction.Version"},
        {"Fn::If": ["HasAccess", {"Ref": "AccessFunction.Version"}, {"Ref": "AWS::NoValue"}]},
    ]
    starts = next(each for each in statements("BuildCheckRole") if each["Sid"] == "StartTheCode")
    assert [text["Fn::Sub"].rpartition("${AWS::StackName}-")[2] for text in starts["Resource"]] == [
        "api:*",
        "worker:*",
        "access:*",
    ]
    assert list(of_type("AWS::Lambda::Function")) == ["BuildCheckFunction"]
    may = {action for statement in statements("BuildCheckRole") for action in listed(statement["Action"])}
    assert may == {
        "lambda:InvokeFunction",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }

"""The sandbox's API Gateway refuses calls with the documents that the template gives it."""

import copy
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3
from rdsctl.client import Client
from rdsctl.failures import Failure

from sandbox.aws.api_gateway import compressed
from sandbox.cloud import Cloud
from tests.template.stack import of_type

STAGE = "v1"
NO_KEY = "urn:rds-provisioner:problem:no-key"
KEYS: dict[str, dict[str, Any]] = {
    "good": {"Throttle": {"RateLimit": 1000, "BurstLimit": 1000}},
    "hasty": {"Throttle": {"RateLimit": 0.001, "BurstLimit": 1}},
    "busy": {"Quota": {"Limit": 1, "Period": "DAY"}},
}


def template() -> dict[str, Any]:
    """An API with the gateway responses of the template, and one key for each usage plan."""
    (api,) = of_type("AWS::Serverless::Api").values()
    mock: dict[str, Any] = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200"}},
    }
    operations: dict[str, dict[str, Any]] = {
        "/things": mock,
        "/broken": {"type": "http_proxy", "httpMethod": "GET", "uri": "http://127.0.0.1:9/"},
    }
    resources: dict[str, Any] = {
        "Api": {
            "Type": "AWS::Serverless::Api",
            "Properties": {
                "StageName": STAGE,
                "GatewayResponses": api["GatewayResponses"],
                "DefinitionBody": {
                    "openapi": "3.0.1",
                    "info": {"title": "things", "version": "1"},
                    "paths": {
                        path: {"get": {"security": [{"api_key": []}], "x-amazon-apigateway-integration": one}}
                        for path, one in operations.items()
                    },
                    "components": {
                        "securitySchemes": {
                            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}
                        }
                    },
                },
            },
        }
    }
    for name, plan in KEYS.items():
        stage = {"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Api.Stage"}}
        key: dict[str, Any] = {"Enabled": True, "Value": value(name)}
        both = {
            "KeyId": {"Ref": f"{name}Key"},
            "KeyType": "API_KEY",
            "UsagePlanId": {"Ref": f"{name}Plan"},
        }
        resources |= {
            f"{name}Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": key},
            f"{name}Plan": {
                "Type": "AWS::ApiGateway::UsagePlan",
                "Properties": {"ApiStages": [stage], **plan},
            },
            f"{name}Both": {"Type": "AWS::ApiGateway::UsagePlanKey", "Properties": both},
        }
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": resources,
        "Outputs": {"Api": {"Value": {"Ref": "Api"}}},
    }


def value(name: str) -> str:
    return f"{name}-key-of-at-least-20-characters"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: urllib3.HTTPHeaderDict
    body: dict[str, Any]


Get = Callable[..., Answer]


@pytest.fixture(scope="module")
def address(cloud: Cloud) -> str:
    """Where the API stands, once CloudFormation has made it."""
    cloudformation = cloud.client("cloudformation")
    stack = cloudformation.create_stack(
        StackName="things", TemplateBody=json.dumps(template()), Capabilities=["CAPABILITY_AUTO_EXPAND"]
    )["StackId"]
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    api = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"][0]["OutputValue"]
    return f"{cloud.endpoint}/restapis/{api}/{STAGE}/_user_request_"


@pytest.fixture(scope="module")
def get(address: str) -> Get:
    pool = urllib3.PoolManager(timeout=10, retries=False)

    def call(path: str, key: str | None = None, method: str = "GET") -> Answer:
        answer = pool.request(method, address + path, headers={"x-api-key": key} if key else {})
        return Answer(answer.status, answer.headers, json.loads(answer.data or b"{}"))

    return call


def test_a_good_key_passes(get: Get) -> None:
    assert get("/things", value("good")).status == 200


@pytest.mark.parametrize("key", [None, "a-wrong-key-of-20-characters"], ids=["missing", "wrong"])
def test_a_call_without_a_good_key_gets_the_templates_document(get: Get, key: str | None) -> None:
    answer = get("/things", key)

    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body == {
        "type": NO_KEY,
        "title": "The API key is missing or wrong",
        "status": 403,
        "detail": "Send your team's key in the x-api-key header; ask the platform team for one.",
        "instance": "/v1/things",
        "request_id": answer.headers["x-amzn-requestid"],
        "retryable": False,
        "errors": [],
    }


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("DELETE", "/things")])
def test_a_call_to_no_route_is_not_found(get: Get, method: str, path: str) -> None:
    answer = get(path, value("good"), method)

    assert (answer.status, answer.body["status"]) == (404, 404)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["type"] == "urn:rds-provisioner:problem:not-found"
    assert answer.body["instance"] == f"/v1{path}"


@pytest.mark.parametrize(
    ("name", "kind", "retry_after"), [("hasty", "throttled", "1"), ("busy", "quota-exceeded", "3600")]
)
def test_a_key_that_asks_too_often_learns_when_to_come_again(
    get: Get, name: str, kind: str, retry_after: str
) -> None:
    answer = next(
        answer for answer in (get("/things", value(name)) for _ in range(5)) if answer.status != 200
    )

    assert (answer.status, answer.body["status"]) == (429, 429)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == retry_after
    assert answer.body["type"] == f"urn:rds-provisioner:problem:{kind}"


def test_rdsctl_comes_again_when_the_gateway_says(address: str, get: Get) -> None:
    slept: list[float] = []
    said: list[str] = []
    client = Client(address, value("hasty"), say=said.append, sleep=slept.append, tries=3)
    get("/things", value("hasty"))  # its one call
    with pytest.raises(Failure, match="too many requests at once"):
        client.get("/things")
    assert [1 <= seconds <= 1.25 for seconds in slept] == [True, True]
    assert said == [f"… too many requests; again in 1 s (try {number} of 3)" for number in (2, 3)]


def test_rdsctl_does_not_wait_for_the_next_day(address: str, get: Get) -> None:
    slept: list[float] = []
    client = Client(address, value("busy"), sleep=slept.append)
    get("/things", value("busy"))  # its one call
    with pytest.raises(Failure, match="as many requests as it may in a day"):
        client.get("/things")
    assert slept == []


def test_a_path_that_holds_quotes_leaves_the_document_readable(get: Get) -> None:
    assert get("/no%22thing%5C").body["type"] == "urn:rds-provisioner:problem:not-found"


def test_a_fault_without_a_separate_document_gets_the_one_for_all_faults(get: Get) -> None:
    answer = get("/broken", value("good"))

    assert answer.status == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["type"] == "urn:rds-provisioner:problem:internal"
    assert answer.body["instance"] == "/v1/broken"


def test_an_api_whose_description_changes_keeps_its_address(cloud: Cloud) -> None:
    before = template()
    before["Resources"] = {"Api": before["Resources"]["Api"]}
    after = copy.deepcopy(before)
    paths = after["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    paths["/more"] = paths.pop("/broken") | {"get": paths["/things"]["get"] | {"security": []}}
    cloudformation = cloud.client("cloudformation")
    pool = urllib3.PoolManager(timeout=10, retries=False)
    addresses, found = [], []
    for call, state, content in (
        (cloudformation.create_stack, "stack_create_complete", before),
        (cloudformation.update_stack, "stack_update_complete", after),
    ):
        call(StackName="kept", TemplateBody=json.dumps(content), Capabilities=["CAPABILITY_AUTO_EXPAND"])
        cloudformation.get_waiter(state).wait(StackName="kept", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        api = cloudformation.describe_stacks(StackName="kept")["Stacks"][0]["Outputs"][0]["OutputValue"]
        addresses.append(f"{cloud.endpoint}/restapis/{api}/{STAGE}/_user_request_")
        found.append([pool.request("GET", addresses[0] + path).status for path in ("/more", "/things")])

    assert addresses[0] == addresses[1]
    assert found[0][0] != 200
    assert found[1] == [200, 403]


LONG = b"x" * 1024


@pytest.mark.parametrize(
    ("asked", "smallest", "body", "packed"),
    [
        ({"Accept-Encoding": "gzip, br"}, 1024, LONG, True),
        ({"accept-encoding": "gzip"}, "1024", LONG, True),
        ({"Accept-Encoding": "br"}, 1024, LONG, False),
        ({}, 1024, LONG, False),
        ({"Accept-Encoding": "gzip"}, 1025, LONG, False),
        ({"Accept-Encoding": "gzip"}, None, LONG, False),
    ],
)
def test_an_answer_is_compressed_where_the_caller_takes_it_and_it_is_long_enough(
    asked: dict[str, str], smallest: Any, body: bytes, packed: bool
) -> None:
    status, headers, content = compressed((200, {"Content-Length": "1024"}, body), asked, smallest)
    assert status == 200
    assert (gzip.decompress(content) if packed else content) == body
    expected = {"Content-Encoding": "gzip"} if packed else {"Content-Length": "1024"}
    assert headers == expected


def test_what_is_compressed_already_is_left_alone() -> None:
    answered = (200, {"content-encoding": "br"}, LONG)
    assert compressed(answered, {"Accept-Encoding": "gzip"}, 0) == answered

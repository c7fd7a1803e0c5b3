import json
import re
from typing import Any

import pytest
import yaml

from tests.template.stack import PROJECT, resource, routes, template, translated

CONSOLE = {("get", "/console"), ("get", "/console/{proxy+}")}
OPEN = {
    ("get", "/certificates.pem"),
    ("get", "/health"),
    ("get", "/openapi.json"),
    ("post", "/webhooks/github"),
} | CONSOLE
# Not for teams, or described with the handler that serves it.
NOT_DESCRIBED = {("post", "/webhooks/github")} | CONSOLE
# All that a gateway response's template may read.
READABLE = {"$context.path", "$context.requestId", "$context.error.messageString"}
RESPONSES: dict[str, Any] = resource("Api")["GatewayResponses"]


def described() -> dict[tuple[str, str], bool]:
    """(method, path) -> whether a key is needed, as openapi.yaml says."""
    content = yaml.safe_load((PROJECT / "lambda" / "provisioner" / "api" / "openapi.yaml").read_text())
    return {
        (method, path): bool(operation.get("security", content["security"]))
        for path, item in content["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def test_every_described_operation_has_a_route_with_the_same_need_of_a_key() -> None:
    needs = {route: key for route, (_, key) in routes().items()}
    assert {route: needs.get(route) for route in described()} == described()


def test_every_route_is_described() -> None:
    assert set(routes()) - set(described()) <= NOT_DESCRIBED


def test_a_key_is_needed_but_for_these_routes() -> None:
    assert {route for route, (_, key) in routes().items() if not key} == OPEN


def test_the_webhook_the_console_and_operators_have_separate_functions() -> None:
    served = {route: function for route, (function, _) in routes().items()}
    assert served.pop(("post", "/webhooks/github")) == "WebhookFunction"
    assert {served.pop(route) for route in CONSOLE} == {"ConsoleFunction"}
    admin = {route for route in served if route[1].startswith("/admin/")}
    assert {served.pop(route) for route in admin} == {"AdminFunction"}
    assert set(served.values()) == {"ApiFunction"}


@pytest.mark.parametrize("name", RESPONSES)
def test_a_refusal_is_a_problem_document_that_says_what_to_do(name: str) -> None:
    response = RESPONSES[name]
    assert response["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'"
    text = response["ResponseTemplates"]["application/json"]
    assert set(re.findall(r"\$[\w.]+", text)) <= READABLE
    filled = text.replace("$context.error.messageString", '"Say so."')
    document = json.loads(re.sub(r"\$[\w.]+", "x", filled))
    assert {"type", "title", "detail", "instance", "request_id", "retryable", "errors"} <= set(document)
    assert document["detail"].endswith((".", "/openapi.json."))
    assert document.get("status") == response.get("StatusCode")


def test_what_a_caller_meets_is_covered() -> None:
    assert {
        "INVALID_API_KEY",
        "MISSING_AUTHENTICATION_TOKEN",
        "THROTTLED",
        "QUOTA_EXCEEDED",
        "REQUEST_TOO_LARGE",
        "INTEGRATION_TIMEOUT",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
    } <= set(RESPONSES)
    assert "Retry-After" in RESPONSES["THROTTLED"]["ResponseParameters"]["Headers"]
    assert "Retry-After" in RESPONSES["QUOTA_EXCEEDED"]["ResponseParameters"]["Headers"]


def test_access_logs_are_json_without_headers_bodies_or_key_values() -> None:
    text = resource("Api")["AccessLogSetting"]["Format"]
    assert "\n" not in text
    fields = json.loads(text)
    assert fields["request_id"] == "$context.requestId"
    assert fields["api_key_id"] == "$context.identity.apiKeyId"
    assert "$context.identity.apiKey" not in fields.values()  # the key itself
    assert all(value.startswith("$context.") for value in fields.values())


def test_each_key_and_the_whole_stage_have_limits() -> None:
    plan = resource("UsagePlan")
    assert plan["Throttle"] == {"RateLimit": {"Ref": "ThrottleRate"}, "BurstLimit": {"Ref": "ThrottleBurst"}}
    assert plan["Quota"] == {"Limit": {"Ref": "QuotaPerDay"}, "Period": "DAY"}
    everything, *console = resource("Api")["MethodSettings"]
    assert len(console) == 2
    assert everything["ThrottlingRateLimit"] >= template()["Parameters"]["ThrottleRate"]["Default"]
    assert "DataTraceEnabled" not in everything  # it would log bodies


def test_the_consoles_routes_have_separate_limits_while_they_exist() -> None:
    _, *settings = resource("Api")["MethodSettings"]
    limits = {}
    for setting in settings:
        condition, given, otherwise = setting["Fn::If"]
        assert (condition, otherwise) == ("HasConsole", {"Ref": "AWS::NoValue"})
        assert given["HttpMethod"] == "GET"
        path = given["ResourcePath"].replace("/~1", "/").replace("~1", "/")
        limits["get", path] = (given["ThrottlingRateLimit"], given["ThrottlingBurstLimit"])
    assert limits == {("get", "/console"): (10, 20), ("get", "/console/{proxy+}"): (50, 100)}
    assert set(limits) == CONSOLE


def test_answers_are_compressed_from_a_kilobyte_on() -> None:
    assert resource("Api")["MinimumCompressionSize"] == 1024


def test_a_domain_comes_with_all_its_parts_or_not_at_all() -> None:
    parts = {name for name, one in template()["Resources"].items() if one.get("Condition") == "HasDomain"}
    assert parts == {"Certificate", "Domain", "DomainMapping", "DomainRecord"}
    assert resource("Domain")["SecurityPolicy"] == "TLS_1_2"
    assert resource("Certificate")["ValidationMethod"] == "DNS"


def test_a_method_that_a_path_does_not_have_is_not_found_as_the_description_says() -> None:
    """API Gateway takes a method without a route for a missing token, and knows no 405."""
    response = RESPONSES["MISSING_AUTHENTICATION_TOKEN"]
    assert response["StatusCode"] == 404
    text = (PROJECT / "lambda" / "provisioner" / "api" / "openapi.yaml").read_text()
    description = " ".join(yaml.safe_load(text)["info"]["description"].split())
    assert "A path or a method that is not here answers 404" in description


def test_there_is_one_public_stage_with_limits_and_logs() -> None:
    """SAM adds another one, named Stage, to a deployment where the template has no OpenApiVersion."""
    made = translated().values()
    stages = [each["Properties"] for each in made if each["Type"] == "AWS::ApiGateway::Stage"]
    (deployment,) = [each["Properties"] for each in made if each["Type"] == "AWS::ApiGateway::Deployment"]
    assert [stage["StageName"] for stage in stages] == [{"Fn::Join": ["", ["v1"]]}]
    assert "StageName" not in deployment


def test_a_parameter_lets_listed_addresses_alone_reach_the_operators_part() -> None:
    everyone, choice = resource("Api")["Auth"]["ResourcePolicy"]["CustomStatements"]
    assert (everyone["Effect"], everyone["Principal"], everyone["Resource"]) == (
        "Allow",
        "*",
        "execute-api:/*",
    )
    condition, denied, otherwise = choice["Fn::If"]
    assert (condition, otherwise) == ("HasAdminAddresses", {"Ref": "AWS::NoValue"})
    assert (denied["Effect"], denied["Resource"]) == ("Deny", "execute-api:/*/*/admin/*")
    assert denied["Condition"] == {
        "NotIpAddress": {"aws:SourceIp": {"Fn::Split": [",", {"Ref": "AdminAddresses"}]}}
    }
    assert template()["Parameters"]["AdminAddresses"]["Default"] == ""

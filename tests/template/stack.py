"""Reads sam/template.yaml for the tests: resources by type, references, policies."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

PROJECT = Path(__file__).parents[2]
TEMPLATE = PROJECT / "sam" / "template.yaml"
FUNCTIONS = {
    "ApiFunction": "api",
    "WorkerFunction": "worker",
    "WebhookFunction": "webhook",
    "PlanReportFunction": "plan-report",
    "ApplyReportFunction": "apply-report",
    "ReaperFunction": "reaper",
    "EventsFunction": "events",
    "EventWebhookFunction": "event-webhook",
    "AccessFunction": "access",
    "ConsoleFunction": "console",
    "AdminFunction": "admin",
    "NotifierFunction": "notifier",
}


@functools.cache
def template() -> dict[str, Any]:
    read: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return read


@functools.cache
def translated() -> dict[str, dict[str, Any]]:
    """The resources that CloudFormation gets, as SAM writes them."""
    session = boto3.Session(region_name="eu-central-1")
    text = re.sub(r"CodeUri: \S+", "CodeUri: s3://bucket/key", TEMPLATE.read_text())
    found = Translator({}, Parser(), boto_session=session).translate(yaml_parse(text), {})
    resources: dict[str, dict[str, Any]] = found["Resources"]
    return resources


def resource(name: str) -> dict[str, Any]:
    """The properties of a resource."""
    found: dict[str, Any] = template()["Resources"][name]["Properties"]
    return found


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by name."""
    return {name: one["Properties"] for name, one in template()["Resources"].items() if one["Type"] == kind}


def references(value: Any) -> set[str]:
    """Everything that a value names with Ref, Sub or GetAtt; a condition of an If as what it stands for."""
    return set(_references(value))


def _references(value: Any) -> Iterator[str]:
    match value:
        case {"Ref": str(name)}:
            yield name.partition(".")[0]
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from re.findall(r"\$\{([A-Za-z0-9]+)", text)
        case {"Fn::Sub": [str(text), dict(own)]}:
            yield from set(re.findall(r"\$\{([A-Za-z0-9]+)", text)) - set(own)
            yield from _references(own)
        case {"Fn::If": [str(condition), *rest]}:
            yield from _references(template()["Conditions"][condition])
            yield from _references(rest)
        case dict():
            for item in value.values():
                yield from _references(item)
        case list():
            for item in value:
                yield from _references(item)


def environment(function: str) -> dict[str, Any]:
    """The environment variables of a function, the common ones included."""
    common: dict[str, Any] = template()["Globals"]["Function"]["Environment"]["Variables"]
    own: dict[str, Any] = resource(function).get("Environment", {}).get("Variables", {})
    return common | own


def statements(role: str) -> list[dict[str, Any]]:
    """All statements of a role's policies, those of a condition included."""
    added = of_type("AWS::IAM::Policy").values()
    policies = [
        *resource(role)["Policies"],
        *(policy for policy in added if role in references(policy["Roles"])),
    ]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    """One or several, as several."""
    return value if isinstance(value, list) else [value]


def routes() -> dict[tuple[str, str], tuple[str, bool]]:
    """(method, path) -> (function, whether an API key is needed)."""
    found = {}
    for function in of_type("AWS::Serverless::Function"):
        for event in resource(function).get("Events", {}).values():
            if event["Type"] == "Api":
                about = event["Properties"]
                key = about.get("Auth", {}).get("ApiKeyRequired", resource("Api")["Auth"]["ApiKeyRequired"])
                found[about["Method"].lower(), about["Path"]] = (function, key)
    return found

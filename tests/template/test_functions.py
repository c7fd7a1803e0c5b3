import importlib
import re

import pytest
from provisioner.notifier.courier import LEASE, MOST_TRIES
from provisioner.notifier.occasions import OF_DATABASES, OF_REQUESTS

from tests.template.stack import (
    FUNCTIONS,
    PROJECT,
    environment,
    of_type,
    references,
    resource,
    statements,
    template,
)

LAMBDA = PROJECT / "lambda" / "provisioner"
# AWS and Powertools give these, or the code has a default that suits.
NOT_GIVEN = {"CATALOG_PATH", "DATABASE_ROOTS", "SLACK_WEBHOOKS"}


def test_these_are_the_functions() -> None:
    names = {
        name: one["FunctionName"]["Fn::Sub"] for name, one in of_type("AWS::Serverless::Function").items()
    }
    assert names == {name: f"${{AWS::StackName}}-{short}" for name, short in FUNCTIONS.items()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_handler_exists(name: str) -> None:
    module, _, function = resource(name)["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_has_a_separate_role_log_group_and_alarm(name: str) -> None:
    own = name.removesuffix("Function")
    assert resource(name)["Role"] == {"Fn::GetAtt": [f"{own}Role", "Arn"]}
    assert resource(name)["LoggingConfig"] == {"LogGroup": {"Ref": f"{own}Logs"}}
    group = resource(f"{own}Logs")
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert group["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{FUNCTIONS[name]}"}
    conditional = {"PassthroughCondition": True} if "Condition" in template()["Resources"][name] else {}
    # A page asks for several files, which have to be of one version.
    at_once = {"Type": "AllAtOnce"} if name == "ConsoleFunction" else {}
    assert resource(name)["DeploymentPreference"] == at_once | conditional | {
        "Alarms": [{"Ref": f"{own}VersionErrors"}]
    }
    assert resource(f"{own}Errors")["Dimensions"] == [
        {"Name": "FunctionName", "Value": resource(name)["FunctionName"]}
    ]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_has_a_time_limit_and_enough_memory(name: str) -> None:
    assert resource(name)["Timeout"] <= 300
    assert resource(name)["MemorySize"] >= 512  # less memory is less processor, and imports crawl


def test_a_caller_never_waits_longer_than_api_gateway_does() -> None:
    assert max(resource("ApiFunction")["Timeout"], resource("WebhookFunction")["Timeout"]) < 29


def test_all_are_traced_and_come_in_step_by_step() -> None:
    common = template()["Globals"]["Function"]
    assert common["Tracing"] == "Active"
    assert common["AutoPublishAlias"] == "live"
    assert common["DeploymentPreference"] == {"Type": {"Ref": "DeploymentType"}}
    assert template()["Parameters"]["DeploymentType"]["Default"] == "Canary10Percent5Minutes"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_changed_parameter_makes_a_new_version(name: str) -> None:
    """SAM publishes a version for new code only; CloudFormation also for another description."""
    described = references(resource(name)["VersionDescription"])
    parameters = set(template()["Parameters"])
    read = references(environment(name)) & parameters
    # These do not speak with GitHub, and use nothing of what is said about it.
    own: dict[str, set[str]] = {
        "EventWebhookFunction": {"EventsWebhookUrl"},
        "AccessFunction": {"AccessSecurityGroupId"},
        "ConsoleFunction": set(),
        "AdminFunction": {"AccessSubnetIds", "AccessSecurityGroupId", "EventsWebhookUrl", "Notifier"},
        "NotifierFunction": {"Console", "DomainName", "NotifyDomains", "NotifyFrom"},
        "ApiFunction": {
            *("DomainName", "StateBucket", "Console", "AccessSubnetIds", "AccessSecurityGroupId"),
        },
    }
    if name in own:
        read = own[name] | {"LogLevel"}
    assert described & parameters == read


def test_one_parameter_leaves_the_console_out_and_another_bounds_it() -> None:
    parts = {name for name, one in template()["Resources"].items() if one.get("Condition") == "HasConsole"}
    assert parts == {
        *("ConsoleFunction", "ConsoleLogs", "ConsoleErrors", "ConsoleVersionErrors", "ConsoleRole")
    }
    assert resource("ConsoleFunction")["ReservedConcurrentExecutions"] == {
        "Fn::If": ["BoundsConsole", {"Ref": "ConsoleConcurrency"}, {"Ref": "AWS::NoValue"}]
    }
    assert template()["Parameters"]["ConsoleConcurrency"]["Default"] == 20
    assert template()["Outputs"]["ConsoleUrl"]["Condition"] == "HasConsole"


@pytest.mark.parametrize(
    "function", ["ApiFunction", "PlanReportFunction", "ApplyReportFunction", "NotifierFunction"]
)
def test_the_versions_description_never_gets_too_long_for_lambda(function: str) -> None:
    given = resource(function)["VersionDescription"]["Fn::Sub"]
    text, own = given if isinstance(given, list) else (given, {})
    for name, choice in own.items():
        text = text.replace(f"${{{name}}}", max(choice["Fn::If"][1:], key=len))
    for name in re.findall(r"\$\{(\w+)\}", text):
        about = template()["Parameters"][name]
        longest = about.get("MaxLength") or max(map(len, about["AllowedValues"]))
        text = text.replace(f"${{{name}}}", "x" * longest)
    assert len(text) <= 256


def test_one_parameter_adds_the_notifier_which_is_off() -> None:
    assert template()["Parameters"]["Notifier"]["Default"] == "false"
    named = {name for name in template()["Resources"] if name.startswith(("Notifier", "NotificationsFailed"))}
    parts = {
        name for name, one in template()["Resources"].items() if "HasNotifier" in str(one.get("Condition"))
    }
    assert parts == named
    assert template()["Resources"]["NotifierMailPolicy"]["Condition"] == "HasNotifierMail"


def test_the_notifiers_queue_receives_what_the_notifier_knows() -> None:
    wanted = resource("NotifierSubscription")["FilterPolicy"]["event"]
    assert sorted(wanted) == sorted([*OF_REQUESTS, *OF_DATABASES])
    assert resource("NotifierSchedule")["Target"]["Input"] == '{"look":true}'


def test_a_try_of_the_notifier_ends_before_its_lease_and_its_queue_shows_it_later() -> None:
    limit = resource("NotifierFunction")["Timeout"]
    assert LEASE.total_seconds() > limit
    assert resource("NotifierQueue")["VisibilityTimeout"] >= 6 * limit
    # Two channels of a message that fail each time, and never together.
    assert resource("NotifierQueue")["RedrivePolicy"]["maxReceiveCount"] > 3 * MOST_TRIES


def test_every_variable_that_the_code_reads_is_given() -> None:
    code = {path.name: path.read_text() for path in LAMBDA.rglob("*.py")}
    read = {
        match
        for text in code.values()
        for match in re.findall(r"\b(?:setting|secret)\(\s*\"([A-Z_]+)\"", text)
    }
    given = {variable for name in FUNCTIONS for variable in environment(name)}
    assert read - given == NOT_GIVEN


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_knows_a_secret_just_where_its_role_may_read_it(name: str) -> None:
    role = name.replace("Function", "Role")
    readable = {
        secret
        for statement in statements(role)
        if "secretsmanager:GetSecretValue" in statement["Action"]
        for secret in references(statement["Resource"])
    }
    readable &= set(template()["Resources"])  # named one by one, not by a pattern
    passed = references([value for key, value in environment(name).items() if key.endswith("_SECRET_ARN")])
    assert readable == passed - set(template()["Parameters"])


def test_the_lambda_folder_holds_only_what_a_package_needs() -> None:
    kept = {path.name for path in (PROJECT / "lambda").iterdir() if path.name != "__pycache__"}
    assert kept == {"provisioner", "catalog.yaml", "prices.json", "console", "requirements.txt"}
    assert (PROJECT / "lambda" / "catalog.yaml").resolve() == PROJECT / "catalog.yaml"
    assert (PROJECT / "lambda" / "prices.json").resolve() == PROJECT / "prices.json"
    assert (PROJECT / "lambda" / "console").resolve() == PROJECT / "console"

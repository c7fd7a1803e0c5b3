import json
import re

from tests.template.stack import FUNCTIONS, PROJECT, of_type, resource, template

EVERY = of_type("AWS::CloudWatch::Alarm")
# Those of one version watch its deployment; the others ring.
OF_VERSIONS = {name: alarm for name, alarm in EVERY.items() if name.endswith("VersionErrors")}
ALARMS = {name: alarm for name, alarm in EVERY.items() if name not in OF_VERSIONS}
DOCUMENT = (PROJECT / "docs" / "deploy.md").read_text()
PREFIX = "${AWS::StackName}-"


def names() -> set[str]:
    return {alarm["AlarmName"]["Fn::Sub"].removeprefix(PREFIX) for alarm in ALARMS.values()}


def test_these_are_the_alarms() -> None:
    assert names() == {f"{function}-errors" for function in FUNCTIONS.values()} | {
        "access-dead-letters",
        "api-5xx",
        "break-glass",
        "dead-letters",
        "event-webhook-dead-letters",
        "events-dead-letters",
        "notifications-failed",
        "notifier-dead-letters",
        "oldest-message",
        "reaper-silent",
        "request-failed",
        "roots-not-applied",
        "schedule-dead-letters",
        "stuck-requests",
        "throttles",
    }


def test_every_alarm_reaches_someone_and_says_what_to_look_at() -> None:
    for alarm in ALARMS.values():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["AlarmDescription"].endswith(".")
        assert "TreatMissingData" in alarm


def test_a_deployment_is_rolled_back_by_the_errors_of_the_version_that_it_brings() -> None:
    """The alarm of the version before may ring on, and does not stop the one that ends its cause."""
    for function, name in FUNCTIONS.items():
        (watched,) = resource(function)["DeploymentPreference"]["Alarms"]
        alarm = OF_VERSIONS[watched["Ref"]]
        assert alarm["AlarmName"]["Fn::Sub"] == (
            f"{PREFIX}{name}-errors-of-version-${{{function}.Version.Version}}"
        )
        assert alarm["Dimensions"] == [
            {"Name": "FunctionName", "Value": {"Fn::Sub": f"{PREFIX}{name}"}},
            {"Name": "Resource", "Value": {"Fn::Sub": f"{PREFIX}{name}:live"}},
            {"Name": "ExecutedVersion", "Value": {"Fn::GetAtt": [function, "Version.Version"]}},
        ]
        assert template()["Resources"][watched["Ref"]].get("Condition") == (
            template()["Resources"][function].get("Condition")
        )
    assert len(OF_VERSIONS) == len(FUNCTIONS)


def test_silence_of_the_reaper_is_an_alarm_and_silence_elsewhere_is_not() -> None:
    silent = {name for name, alarm in ALARMS.items() if alarm["TreatMissingData"] == "breaching"}
    assert silent == {"ReaperSilentAlarm"}


def test_alarms_on_own_metrics_use_names_that_the_code_sends() -> None:
    text = "".join(path.read_text() for path in (PROJECT / "lambda" / "provisioner").rglob("*.py"))
    own = {alarm["MetricName"] for alarm in ALARMS.values() if alarm.get("Namespace") == "RdsProvisioner"}
    assert own == {"BreakGlass", "NotificationsFailed", "RequestFailed", "RootsNotApplied", "StuckRequests"}
    assert all(f'"{name}"' in text for name in own)
    assert template()["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == {
        "Ref": "AWS::StackName"
    }
    for alarm in ALARMS.values():
        if alarm.get("Namespace") == "RdsProvisioner":
            assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]


def test_the_dashboard_is_json() -> None:
    (dashboard,) = of_type("AWS::CloudWatch::Dashboard").values()
    body = json.loads(re.sub(r"\$\{[\w:]+\}", "x", dashboard["DashboardBody"]["Fn::Sub"]))
    assert len(body["widgets"]) >= 6


def test_the_document_says_what_to_do_about_every_alarm() -> None:
    table = DOCUMENT.partition("## When an alarm rings")[2].partition("## ")[0]
    for name in names() - {f"{function}-errors" for function in FUNCTIONS.values()}:
        assert f"`{name}`" in table
    assert "`<function>-errors`" in table


def test_the_document_counts_the_metrics_that_alarms_are_paid_for() -> None:
    always = [
        one
        for name, one in EVERY.items()
        if template()["Resources"][name].get("Condition") in (None, "HasConsole")
    ]
    paid = sum(
        sum("MetricStat" in metric for metric in alarm["Metrics"]) if "Metrics" in alarm else 1
        for alarm in always
    )
    assert f"| CloudWatch alarms | {paid} metrics \u00d7 0.10 | {paid * 0.1:.2f} |" in DOCUMENT


def test_the_document_adds_up() -> None:
    table = DOCUMENT.partition("## What it costs idle")[2].partition("**together**")
    rows = re.findall(r"\| (\d+\.\d\d) \| (\d+\.\d\d) \|$", table[0], re.MULTILINE)
    listed, free = (sum(round(float(row[column]) * 100) for row in rows) / 100 for column in (0, 1))
    assert f"**{listed:.2f}** | **{free:.2f}**" in table[2]


def test_the_document_names_outputs_and_parameters_that_exist() -> None:
    used = set(re.findall(r"output ([A-Z]\w+)", DOCUMENT))
    assert used <= set(template()["Outputs"])
    table = DOCUMENT.partition("## 5 The stack")[2].partition("```")[0] + DOCUMENT
    documented = set(re.findall(r"\b([A-Z][A-Za-z]+)\b", table))
    assert set(template()["Parameters"]) - documented == set()


def test_the_reaper_is_not_called_silent_in_the_hour_in_which_the_stack_is_deployed() -> None:
    alarm = ALARMS["ReaperSilentAlarm"]
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (3600, 2)

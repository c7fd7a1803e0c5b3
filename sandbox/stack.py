"""Builds and deploys sam/template.yaml to the emulated AWS, as `cd sam && sam build && sam deploy` does."""

import datetime as dt
import json
import os
import platform
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import yaml
from provisioner.ledger.ledger import Ledger

from ops.migrate import Migrate
from ops.team_key import TeamKeys
from sandbox.aws.fleet import missing_engines
from sandbox.cloud import REGION, Cloud
from sandbox.foundation import STATE_BUCKET
from sandbox.github.start import GitHub
from sandbox.network import Network
from sandbox.processes import Processes
from sandbox.state_directory import CACHE, PRODUCT, PROJECT

NAME = "rds-provisioner"
TEAMS = ("alpha", "beta")
BUILT = CACHE / "sam"
# MiniStack runs functions with the Python that runs MiniStack.
RUNTIME = f"python3.{sys.version_info.minor}"
# What to deploy besides: the template's parameters, and keys of the functions' catalog, each as JSON.
PARAMETERS = "SANDBOX_PARAMETERS"
CATALOG = "SANDBOX_CATALOG"
# The emulated RDS is quicker than AWS: what the functions' catalog states before there is a history.
USUAL_SECONDS = {
    "pull_request": {"likely": 5, "latest": 20},
    "review": {"likely": 20, "latest": 60},
    "queue": {"likely": 5, "latest": 30},
    "create": {"likely": 75, "latest": 180},
    "restore": {"likely": 90, "latest": 240},
    "update": {"likely": 40, "latest": 120},
    "extend": {"likely": 15, "latest": 60},
    "disarm": {"likely": 20, "latest": 60},
    "remove": {"likely": 60, "latest": 180},
}
ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


@dataclass(frozen=True, slots=True)
class Deployed:
    """The API's address, keys of teams and of an operator, and the secrets that sign webhooks both ways."""

    api_url: str
    keys: dict[str, str] = field(repr=False)
    webhook_secret: str = field(repr=False)
    events_secret: str = field(repr=False)


def build(processes: Processes) -> None:
    environment = {**Cloud(0).environment(), "SAM_CLI_TELEMETRY": "0"}
    command = [sam(), "build", "--build-dir", str(BUILT), "--parameter-overrides"]
    command += parameters({"Runtime": RUNTIME, "Architecture": ARCHITECTURE})
    processes.run("sam", command, environment, PRODUCT / "sam")
    for catalog in BUILT.glob("*/catalog.yaml"):
        content = yaml.safe_load(catalog.read_text())
        if "usual_seconds" not in content:
            continue  # of a release that knows none
        content |= {"usual_seconds": USUAL_SECONDS} | _given(CATALOG)
        catalog.unlink()
        catalog.write_text(yaml.safe_dump(content, sort_keys=False))


def deploy(
    cloud: Cloud,
    processes: Processes,
    github: GitHub,
    network: Network,
    *,
    events_url: str,
    circleci_url: str,
) -> Deployed:
    """Deploy what was built, hand the secrets over, and give each team a key."""
    update(cloud, processes, github, network, events_url=events_url, circleci_url=circleci_url)
    out = outputs(cloud)
    secrets = cloud.client("secretsmanager")
    secrets.put_secret_value(SecretId=out["GitHubAppKeySecretArn"], SecretString=github.private_key_pem)
    circleci = {"project": f"gh/{github.repository}", "token": "made-up", "url": circleci_url}
    secrets.put_secret_value(SecretId=out["CircleCiSecretArn"], SecretString=json.dumps(circleci))

    def read(output: str) -> str:
        return str(secrets.get_secret_value(SecretId=out[output])["SecretString"])

    gateway, dynamodb = cloud.client("apigateway"), cloud.client("dynamodb")
    keys = TeamKeys(gateway, dynamodb, NAME, out["UsagePlanId"], out["LedgerTable"])
    if PRODUCT == PROJECT:  # an earlier release would write its rows after this
        Migrate(Ledger(dynamodb, out["LedgerTable"]).migration, 100, 10**6, time.sleep, print).run()
    month = dt.datetime.now(dt.UTC) + dt.timedelta(days=30)
    operator = keys.create("operators", person="olivia.operator", expires_at=month, scope="operator")
    return Deployed(
        # The name of an execute-api address is resolved by curl, but not by Python.
        f"http://localhost:{cloud.port}/restapis/{out['ApiId']}/{out['StageName']}/_user_request_",
        {team: keys.create(team)[1] for team in TEAMS} | {"operators": operator[1]},
        read("GitHubWebhookSecretArn"),
        read("EventsWebhookSecretArn"),
    )


def _values(github: GitHub, network: Network, *, events_url: str, circleci_url: str) -> dict[str, str]:
    """What the template's parameters are here."""
    makes_users = not missing_engines()
    return {
        "Runtime": RUNTIME,
        "Architecture": ARCHITECTURE,
        "GitHubRepository": github.repository,
        "GitHubApiUrl": github.url,
        "GitHubAppId": github.app_id,
        "GitHubInstallationId": github.installation_id,
        "EventsWebhookUrl": events_url,
        # Functions run as processes here, which reach the databases from any network. Where no server plays
        # an engine nobody can log in, and no creation of it would ever be done.
        "AccessSubnetIds": ",".join(network.subnets) if makes_users else "",
        "AccessSecurityGroupId": network.access_group if makes_users else "",
        "RetryThroughCircleCi": "true",
        "CircleCiUrl": circleci_url,
        "StateBucket": STATE_BUCKET,
        "DriftIssues": "true",
        "DeploymentType": "AllAtOnce",
        "DeletionProtection": "false",
        "ReaperRate": "rate(1 minute)",
        **_given(PARAMETERS),
    }


def _given(variable: str) -> dict[str, Any]:
    """What a variable of the environment adds, as JSON."""
    found: dict[str, Any] = json.loads(os.environ.get(variable) or "{}")
    return found


def update(
    cloud: Cloud,
    processes: Processes,
    github: GitHub,
    network: Network,
    *,
    events_url: str,
    circleci_url: str,
) -> None:
    """Deploy what was built, as `sam deploy` does, also over an earlier release."""
    values = _values(github, network, events_url=events_url, circleci_url=circleci_url)
    text = (BUILT / "template.yaml").read_text()
    # An earlier release lacks those that came later.
    known = {name: value for name, value in values.items() if f"\n  {name}:\n" in text}
    command = [sam(), "deploy", "--template-file", str(BUILT / "template.yaml"), "--stack-name", NAME]
    command += ["--resolve-s3", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    command += ["--no-confirm-changeset", "--no-progressbar", "--region", REGION]
    command += ["--parameter-overrides", *parameters(known)]
    environment = {**cloud.environment(), "SAM_CLI_TELEMETRY": "0"}
    processes.run("sam", command, environment, PRODUCT / "sam")


def outputs(cloud: Cloud) -> dict[str, str]:
    stack = cloud.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def reap(cloud: Cloud, **event: str) -> dict[str, Any]:
    """Run the reaper once, as its schedule does; its outcome."""
    invoked = cloud.client("lambda").invoke(FunctionName=f"{NAME}-reaper", Payload=json.dumps(event).encode())
    outcome: dict[str, Any] = json.loads(invoked["Payload"].read() or b"{}")
    return outcome


def sam() -> str:
    return str(PROJECT / ".venv" / "bin" / "sam")


def parameters(values: dict[str, str]) -> list[str]:
    return [f'ParameterKey={name},ParameterValue="{value}"' for name, value in values.items()]

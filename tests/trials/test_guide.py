"""The blocks of docs/deploy.md run as they stand, in order, and then the lost ledger's in docs/runbook.md.

An operator's copy of the repository, its own set-up, and the stand-ins for AWS, GitHub and CircleCI, which
nothing but the guide connects with each other. What the guide leaves to a browser, this does: webhooks, the
project's variables. Fifteen minutes, so that `make trials` runs it; tests/guide checks the same blocks unrun.
"""

import json
import re
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from sandbox import foundation, network, stack
from sandbox.aws import start as aws
from sandbox.aws.servers import free_port
from sandbox.circleci import start as circleci
from sandbox.client import Client
from sandbox.cloud import REGION, Cloud
from sandbox.github import control
from sandbox.github import start as github
from sandbox.github.start import GitHub
from sandbox.processes import Processes
from tests.e2e.running import ENDED, until
from tests.guide.blocks import Block, blocks
from tests.guide.test_commands import RUNBOOK, guide
from tests.trials.operator_shell import OperatorShell

REPOSITORY: Final = "acme/databases"  # as the guide calls it
SETUP, RULESETS, FOUNDATION, STACK, SECRETS, KEY, FIRST, DOCTOR, RETRIES, DOWN = range(10)
STOP, COPY, RESTORE, TABLE, REBUILD, BACK = range(6)


@dataclass
class Deployment:
    """What the guide makes, and what it is made on."""

    shell: OperatorShell
    processes: Processes
    hosted: GitHub
    circleci: str
    network: network.Network
    shown: dict[int, str] = field(default_factory=dict)
    key: str = ""

    @property
    def cloud(self) -> Cloud:
        return self.shell.cloud

    @property
    def client(self) -> Client:
        return Client(self.shell.reachable(stack.outputs(self.cloud)["ApiUrl"]), self.key)

    def parameter(self, question: re.Match[str]) -> str:
        """What an operator says to `sam deploy --guided`; the rest is left at its default."""
        return {
            "GitHubRepository": REPOSITORY,
            "GitHubAppId": self.hosted.app_id,
            "GitHubInstallationId": self.hosted.installation_id,
            "GitHubApiUrl": self.hosted.url,
            "CircleCiUrl": self.circleci,
            "StateBucket": foundation.STATE_BUCKET,
            "RetryThroughCircleCi": "true",
            "DriftIssues": "true",  # as the permissions of the stand-in's App are
        }.get(question[1], "")

    def state(self) -> str:
        """The state of the newest request; "" where the API does not answer."""
        answer = self.client.call("GET", "/requests")
        return str(answer.body["requests"][0]["state"]) if answer.status == 200 else ""

    def done(self) -> None:
        until(lambda: self.state() in ENDED or None, "the newest request to end")
        assert self.state() == "done"

    def change(self, method: str, body: Any = None) -> None:
        """A change of the database that the guide made, carried to its end."""
        answer = self.client.call(method, "/databases/dev/hello", body)
        assert answer.status == 202, answer.body
        self.done()

    def requests(self) -> dict[str, tuple[str, str]]:
        """What the ledger says of each request."""
        answer = self.client.call("GET", "/requests")
        assert answer.status == 200, answer.body
        return {found["id"]: (found["kind"], found["state"]) for found in answer.body["requests"]}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    directory = tmp_path_factory.mktemp("operator")
    databases = Path(tempfile.mkdtemp(prefix="rds-"))
    cloud, processes = Cloud(free_port()), Processes(directory / "logs")
    try:
        aws.start(cloud, processes, databases, servers=False)
        hosted = github.start(
            processes, directory, port=free_port(), repository=REPOSITORY, secret=secrets.token_hex(20)
        )
        shell = OperatorShell(directory, cloud, {"GITHUB_API_URL": hosted.url}, [])
        made = Deployment(shell, processes, hosted, circleci.url(free_port()), network.make(cloud))
        shell.answers = [
            (re.compile(r"Stack Name \[.*\]: $"), stack.NAME),
            (re.compile(r"Parameter (\w+)[^\n]*: $"), made.parameter),
            (re.compile(r"Disable rollback \[y/N\]: $"), ""),
            (re.compile(r"\[y/N\]: $"), "y"),
            (re.compile(r"AWS Region \[.*\]: $"), REGION),
            (re.compile(r"(\[Y/n\]|\[samconfig\.toml\]|\[default\]): $"), ""),
        ]
        yield made
    finally:
        processes.stop()


def test_the_guide_leads_from_an_empty_account_to_the_first_database(deployment: Deployment) -> None:
    walk, shell = guide(), deployment.shell
    shell.run(walk[SETUP])
    token = {"GITHUB_TOKEN=...": f"GITHUB_TOKEN={deployment.hosted.administrator_token}"}
    shell.run(walk[RULESETS], token | {"APP_ID": deployment.hosted.app_id})
    fill_in(deployment)
    shown = shell.run(walk[FOUNDATION])
    assert "42 added, 0 changed, 0 destroyed" in shown
    assert "No changes. Your infrastructure matches the configuration." in shown
    shell.run(walk[STACK])
    (shell.copy / "key.pem").write_text(deployment.hosted.private_key_pem)
    url, secret = shell.run(walk[SECRETS]).split()[-2:]
    control.register_webhook(deployment.hosted.url, shell.reachable(url), secret)
    connect_circleci(deployment)  # after the App's own webhook, since the stand-in takes the first for that
    (deployment.key,) = re.findall(r"shown this once:\s+(\S+)", shell.run(walk[KEY]))
    shown = shell.run(walk[FIRST], {"KEY=...": f"KEY={deployment.key}"})
    assert '"database_name": "hello"' in shown or '"database_name":"hello"' in shown
    deployment.done()
    shell.run(walk[RETRIES])
    # "After the last step"; this API has no address that the outside reaches.
    shell.variables |= {"RDSCTL_URL": deployment.client.url, "RDSCTL_API_KEY": deployment.key}
    assert ", 0 wrong, " in shell.run(walk[DOCTOR])


def test_a_lost_ledger_comes_back_from_dynamodbs_own_copy(deployment: Deployment) -> None:
    walk, shell, before = blocks(RUNBOOK), deployment.shell, deployment.requests()
    shell.run(walk[STOP])
    shown = shell.run(walk[COPY])
    (copy,) = set(re.findall(r"arn:aws:dynamodb:[^\"\s]+/backup/[^\"\s]+", shown))
    shell.run(walk[RESTORE], {"arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE/backup/ID": copy})
    shell.run(walk[BACK])
    assert deployment.requests() == before
    deployment.change("PATCH", {"ttl": "2d"})


def test_a_lost_ledger_comes_back_from_github_and_terraforms_states(deployment: Deployment) -> None:
    walk, shell, before = blocks(RUNBOOK), deployment.shell, deployment.requests()
    shell.run(walk[STOP])
    dynamodb, table = deployment.cloud.client("dynamodb"), stack.outputs(deployment.cloud)["LedgerTable"]
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)
    shell.run(walk[TABLE])
    shell.run(walk[REBUILD], {"STATE_BUCKET": foundation.STATE_BUCKET})
    shell.run(Block(RUNBOOK, 0, "python -m ops.team_key restore\n"))  # as the text next to it says
    shell.run(walk[BACK])
    assert deployment.requests() == before
    deployment.change("PATCH", {"ttl": "3d"})


def test_what_the_guide_made_is_taken_down(deployment: Deployment) -> None:
    deployment.change("DELETE")
    deployment.shell.run(guide()[DOWN])
    ran = set(deployment.shell.ran)
    left = [str(block) for block in (*guide(), *blocks(RUNBOOK)) if str(block) not in ran]
    assert left == []  # none is checked only


def fill_in(deployment: Deployment) -> None:
    """What the guide says with "and fill it in", and how the stand-in is driven."""
    given = foundation.variables(deployment.network, REPOSITORY)
    del given["catalog_file"]  # the copy's own
    folder = deployment.shell.copy / "terraform" / "foundation"
    (folder / "filled_in.auto.tfvars.json").write_text(json.dumps(given))
    settings = deployment.shell.copy / "sam" / "samconfig.toml"
    name = f'stack_name = "{stack.NAME}"'
    other = f'parameter_overrides = "Runtime={stack.RUNTIME} Architecture={stack.ARCHITECTURE}"'
    text = settings.read_text()
    assert name in text
    settings.write_text(text.replace(name, f"{name}\n{other}"))


def connect_circleci(deployment: Deployment) -> None:
    """Step 4, which is all in the browser."""
    circleci.start(
        deployment.processes,
        deployment.shell.directory,
        port=int(deployment.circleci.rpartition(":")[2]),
        github=deployment.hosted,
        variables=circleci.project_variables(deployment.cloud),
    )
    hook = f"{deployment.circleci}/webhooks/github"
    control.register_webhook(deployment.hosted.url, hook, deployment.hosted.webhook_secret)

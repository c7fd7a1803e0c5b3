"""The commands of README and of the user's documents run as they stand, in a terminal, and go well.

The API is the handler behind a local server, each request goes through its steps as it is looked at, and the
databases are one real PostgreSQL. `make` and `pipx` only say whether they could do what they are asked for.
"""

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from moto.server import ThreadedMotoServer
from provisioner import settings
from provisioner.access.login import Login, Statement
from provisioner.access.servers import connector
from provisioner.core.lifecycle import Kind, State
from provisioner.notify import signature
from standardwebhooks.webhooks import WebhookVerificationError

from tests.arrows import PROJECT
from tests.guide import terminal
from tests.handlers.conftest import Cloud, chain, cloud  # noqa: F401 - fixtures
from tests.notify.documents import DOCUMENT, SECRET
from tests.rdsctl.conftest import home, life, no_log, rdsctl, server  # noqa: F401 - fixtures
from tests.rdsctl.databases import MASTER, PASSWORDS, Started, keep, secret, started
from tests.rdsctl.life import Life
from tests.rdsctl.running import Run
from tests.rdsctl.server import Server

DOCUMENTS = (
    "README.md",
    "docs/quickstart.md",
    "docs/access.md",
    "docs/events.md",
    "docs/clients.md",
    "docs/agents.md",
    "docs/notifications.md",
    "docs/upgrade.md",
    "rdsctl/README.md",
    "sandbox/README.md",
    "terraform/databases/README.md",
)
# Whose blocks others run: tests/trials/test_guide.py all of a deployment's and the runbook's.
WALKED = ("docs/deploy.md", "docs/runbook.md", "terraform/foundation/README.md")
NEEDS = {"docs/access.md": ("aws", "jq"), "docs/events.md": ("aws",), "docs/notifications.md": ("aws",)}
PROGRAMS = ("make", ".sandbox/rdsctl", ". .sandbox/env", "rdsctl", "uv", "pipx", "curl", "cd")
EVENTS = "docs/events.md"
SOURCE = "git+https://github.com/OWNER/REPOSITORY#subdirectory=rdsctl"
# What is not run, and why; at most five.
SKIPPED = {
    "README.md cd sam && sam build && sam deploy --guided": "it deploys to AWS; docs/deploy.md's test has it",
    "docs/upgrade.md python -m ops.rollout --bucket STATE_BUCKET": "it wants a clone of main and a state "
    "bucket; tests/ops/test_rollout_command.py calls it",
    "docs/upgrade.md python -m ops.migrate            # what it would d": "it wants a stack; "
    "tests/ops/test_migrate.py calls it",
    "terraform/databases/README.md cp ../modules/rds_database/versions.tf . && terraf": "it asks HashiCorp's "
    "registry for the checksums of three platforms",
    "docs/clients.md hcl": "the http provider is in no mirror of this machine; it is formatted and read",
}
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
# What someone types when asked.
ANSWERS = (
    (re.compile(r"Key: $"), "key-alpha"),
    (re.compile(r"\[y/N\]: $"), "y"),
    (re.compile(r"\w+=> $"), "\\q"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a document that someone copies into a shell, an interpreter or a workflow."""

    document: str
    language: str
    text: str

    def __str__(self) -> str:
        first = self.text.strip().splitlines()[0][:50].rstrip()
        return f"{self.document} {self.language if self.language in ('hcl', 'python', 'yaml') else first}"


def blocks(documents: Sequence[str] = DOCUMENTS) -> list[Block]:
    """Every block of commands, in the order of the documents."""
    found = []
    for document in documents:
        for language, text in BLOCK.findall((PROJECT / document).read_text(encoding="utf-8")):
            typed = language in ("sh", "bash", "python", "sql", "hcl") or (
                language == "yaml" and "jobs:" in text
            )
            if typed or (not language and text.startswith(PROGRAMS)):
                found.append(Block(document, language, text))
    return found


EVERY = blocks()


class Machine:
    """A folder with the sandbox's command line, where each program of the documents is found."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment | {"PATH": f"{folder}/bin:{environment['PATH']}"}
        interpreter = f'exec {sys.executable} -m rdsctl "$@"'
        self._program("bin/rdsctl", interpreter)
        self._program(".sandbox/rdsctl", interpreter)
        self._program(
            "bin/make",
            f'exec env -u MAKEFLAGS PATH={os.environ["PATH"]} make -n -C {PROJECT} "$@" >/dev/null',
        )
        self._program("bin/tail", "exec true")  # -f would never end
        for name in ("uv", "pipx"):
            self._program(f"bin/{name}", f'case "$*" in *"{SOURCE}"*) ;; *) exit 1; esac')
        (folder / ".sandbox/env").write_text("")
        (folder / "webhook.txt").write_text("https://hooks.slack.com/services/T0/B0/made-up")

    def _program(self, name: str, script: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, command: list[str], **variables: str) -> tuple[int, str]:
        """Run it in a terminal, and answer what it asks."""
        return terminal.run(command, self.folder, self.environment | variables, ANSWERS)


@pytest.fixture(scope="module")
def database() -> Iterator[Started]:
    with started("postgres") as made:
        yield made


@pytest.fixture
def machine(
    rdsctl: object,  # noqa: F811 - a fixture's own name
    server: Server,  # noqa: F811
    life: Life,  # noqa: F811
    cloud: Cloud,  # noqa: F811
    home: Path,  # noqa: F811
    database: Started,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Machine]:
    """A machine on which whatever is asked for is there as soon as someone looks."""
    monkeypatch.setenv("DATABASE_ROOTS", database.roots)
    settings.forget()
    server.before = [lambda: advance(life, database)] * 1000
    aws = ThreadedMotoServer(port=0)
    aws.start()
    host, port = aws.get_host_and_port()
    yield Machine(
        home,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "PAGER": "cat",
            "RDSCTL_URL": server.url,
            "RDSCTL_API_KEY": "key-alpha",
            "URL": server.url,
            "KEY": "key-alpha",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "made-up",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "TOPIC": cloud.topic,
        },
    )
    aws.stop()


def advance(life: Life, database: Started) -> None:  # noqa: F811
    """The newest request takes its next step."""
    request = life.newest()
    match request.progress.state:
        case State.REQUESTED:
            life.opened()
            life.planned()
        case State.PULL_REQUEST_OPEN:
            life.merged()
        case State.MERGED:
            life.started()
        case State.APPLYING if request.kind is Kind.REMOVE:
            life.removed()
        case State.APPLYING:
            life.succeeded(endpoint="localhost", port=database.port, database_name="orders")
            if request.kind is Kind.CREATE:
                place = str(request.place)
                life.users(place, **{user: secret(database, place, user) for user in PASSWORDS})
        case _:
            pass


def of_workflow(text: str) -> Iterator[str]:
    """The commands of a workflow's steps; what GitHub puts into them is put there."""
    for job in yaml.safe_load(text)["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                yield step["run"]


def test_the_blocks_that_are_not_run_are_few_and_have_a_reason() -> None:
    assert len(SKIPPED) <= 5
    assert set(SKIPPED) <= {str(block) for block in EVERY}
    assert all(SKIPPED.values())
    assert len(EVERY) >= 23


def test_no_document_has_a_block_of_commands_that_nothing_runs() -> None:
    named = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    others = [name for name in named if name not in (*DOCUMENTS, *WALKED) and "golden" not in name]
    assert len(others) > 30
    assert [str(block) for block in blocks(others)] == []


def as_master(database: Started, *statements: str) -> None:
    """What its owner does to the database before someone follows a document."""
    login = Login(
        engine="postgres",
        host="localhost",
        port=database.port,
        database="orders",
        user="dbadmin",
        password=MASTER,
    )
    with connector(database.roots)(login) as run:
        for statement in statements:
            run(Statement("preparing", statement))


# What was there before, by document: the other tables of a database that these tests share.
BEFORE = {
    "docs/quickstart.md": ("DROP TABLE IF EXISTS notes",),
    "docs/access.md": ("DROP TABLE IF EXISTS theirs", "CREATE TABLE theirs (word text)"),
}
# `output` stands in docs/deploy.md, where the stack is.
GIVEN = 'output() { [ "$1" = EventsTopicArn ] && echo "$TOPIC"; }'


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_documents_blocks_run_one_after_the_other(
    document: str,
    machine: Machine,
    server: Server,  # noqa: F811
    database: Started,
    rdsctl: Run,  # noqa: F811
    life: Life,  # noqa: F811
) -> None:
    if missing := [name for name in NEEDS.get(document, ()) if shutil.which(name) is None]:
        pytest.skip(f"{' and '.join(missing)} are not installed")
    as_master(database, *BEFORE.get(document, ()))
    if document == "docs/access.md":
        keep(rdsctl, life, database)
    for block in EVERY:
        if block.document != document or str(block) in SKIPPED:
            continue
        text = block.text.replace("https://rds.example.com/v1", server.url)
        if block.language == "python":
            ran = machine.run([sys.executable, "-c", text]) if document != EVENTS else received(text)
        elif block.language == "sql":
            user = "application" if document == "docs/quickstart.md" else "master"
            ran = sql(machine, database, user, text)
        elif block.language == "yaml":
            script = "\n".join(of_workflow(text))
            ran = machine.run(["bash", "-ec", script], DB="dev/ci-77", GITHUB_RUN_ID="77")
        else:
            ran = machine.run(["bash", "-ec", f"{GIVEN}\n{text}"])
        assert ran[0] == 0, f"{block}\n{ran[1]}"


def sql(machine: Machine, database: Started, user: str, text: str) -> tuple[int, str]:
    """Statements as someone types them in psql, logged in as this user."""
    if user == "application":
        return machine.run(["rdsctl", "connect", "dev/first", "--", "-v", "ON_ERROR_STOP=1", "-c", text])
    as_master(database, *[line for line in text.strip().split("; ") if line])
    return 0, ""


def received(text: str) -> tuple[int, str]:
    """A receiver's code, on an event as the webhook sends it."""
    body = json.dumps(DOCUMENT).encode()
    now = int(dt.datetime.now(dt.UTC).timestamp())
    request = SimpleNamespace(body=body, headers=signature.headers(SECRET, DOCUMENT, body, now))
    names: dict[str, object] = {"secret": SECRET, "request": request}
    exec(text, names)
    assert names["event"] == DOCUMENT
    request.body += b" "
    with pytest.raises(WebhookVerificationError):
        exec(text, names)
    return 0, ""


def test_the_terraform_client_is_formatted_and_keeps_no_password() -> None:
    (block,) = [block for block in EVERY if block.language == "hcl"]
    ran = subprocess.run(
        ["terraform", "fmt", "-"], input=block.text, capture_output=True, text=True, check=True
    )
    assert ran.stdout == block.text
    assert "password" not in block.text

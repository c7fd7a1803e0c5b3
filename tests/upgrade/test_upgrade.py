"""An earlier release is upgraded while it runs, in the order of docs/upgrade.md, and its databases live on.

It takes a quarter of an hour, so that `make check-all` runs it and CI does not. The stand-ins for AWS, GitHub
and CircleCI are those of this work tree from the beginning; the functions, the Terraform and the pipeline are
first those of the earlier commit.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
from provisioner.core.hcl import NEWEST, format_of

from sandbox import foundation, network, stack
from sandbox.github import control
from sandbox.github.start import GitHub
from sandbox.launch import launch, stop
from sandbox.printer import Printer
from sandbox.processes import Processes
from sandbox.state_directory import HOME, PROJECT, StateDirectory
from tests.e2e import running
from tests.e2e.running import ENDED, Sandbox, number, until

# The newest commit that writes roots of the first format, whose pipeline applies without asking, and whose
# reviewers merge.
COMMIT: Final = "3b735640420063a380b8c5af1d8822db10b67958"
DATABASES: Final[dict[str, dict[str, Any]]] = {
    "dev/orders": {"database_engine": "mysql", "ttl": "3d"},
    "staging/shop": {"database_engine": "postgres"},
    "prod/vault": {"database_engine": "postgres"},
}


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of the earlier commit; not run where this clone does not have it."""
    known = subprocess.run(["git", "-C", str(PROJECT), "cat-file", "-e", f"{COMMIT}^{{commit}}"], check=False)
    if known.returncode:
        pytest.skip(f"NOT RUN: this clone does not have commit {COMMIT[:12]}; fetch the whole history for it")
    place = tmp_path_factory.mktemp("earlier")
    archive = subprocess.run(
        ["git", "-C", str(PROJECT), "archive", COMMIT], check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(place)], input=archive, check=True)
    subprocess.run(["git", "init", "--quiet", str(place)], check=True)
    return place


class Upgraded(Sandbox):
    """A sandbox that runs the earlier release, and the three steps that upgrade it."""

    __slots__ = ()

    def request(self, request_id: str) -> dict[str, Any]:
        """The request, however often the API is busy or being deployed before it answers."""

        def answered() -> dict[str, Any] | None:
            answer = self.alpha.call("GET", f"/requests/{request_id}")
            return answer.body if answer.status == 200 else None

        return until(answered, f"the API to show request {request_id}")

    @property
    def directory(self) -> StateDirectory:
        return StateDirectory(HOME / "upgrade")

    def foundation(self) -> None:
        """1: terraform apply, by an operator."""
        foundation.apply(
            self.cloud,
            self.processes,
            self.directory.path / "foundation",
            network.make(self.cloud),
            repository=self.state["repository"],
        )

    def stack(self) -> None:
        """2: sam build && sam deploy."""
        found = self.cloud.client("cloudformation").describe_stacks(StackName=stack.NAME)["Stacks"][0]
        before = {given["ParameterKey"]: given["ParameterValue"] for given in found["Parameters"]}
        stack.build(self.processes)
        stack.update(
            self.cloud,
            self.processes,
            GitHub(**json.loads((self.directory.path / "github.json").read_text())),
            network.make(self.cloud),
            events_url=before["EventsWebhookUrl"],
            circleci_url=self.circleci,
        )

    def merge_release(self) -> None:
        """3: the release's pull request is merged into main."""
        control.release(self.github, self.bare, PROJECT)

    @property
    def processes(self) -> Processes:
        return Processes(self.directory.logs)

    @property
    def bare(self) -> Path:
        return self.directory.path / "github.git"

    def approve_and_merge(self, request_id: str) -> None:
        """What a reviewer of the earlier release does."""
        document = self.planned(request_id)
        control.approve(self.github, number(document))
        control.post(f"{self.github}/_sandbox/pulls/{number(document)}/merge", {})

    def root_format(self, place: str) -> int:
        """The format of a database's root on main."""
        path = f"main:terraform/databases/{place}/main.tf"
        shown = subprocess.run(
            ["git", "-C", str(self.bare), "show", path], check=True, capture_output=True, text=True
        )
        return format_of(shown.stdout)

    def change(self, place: str, body: dict[str, Any]) -> dict[str, Any]:
        """A change of a database, carried to its end."""
        return self.carried(self.ask("PATCH", f"/databases/{place}", body), place)

    def carried(self, request_id: str, place: str) -> dict[str, Any]:
        if not place.startswith("dev/"):
            self.approve(request_id)
        return self.wait(request_id, "done")

    def remove(self, place: str) -> None:
        """Remove a database, with the disarming that comes first in prod."""
        document = self.carried(self.ask("DELETE", f"/databases/{place}"), place)
        if following := document["links"]["next_request"]:
            self.carried(following.rpartition("/")[2], place)
        assert self.database(place)["state"] == "removed"

    def rollout(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """python -m ops.rollout, as an operator runs it."""
        command = [sys.executable, "-m", "ops.rollout", "--bucket", foundation.STATE_BUCKET, *arguments]
        environment = {**os.environ, **self.cloud.environment()}
        return subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def sandbox(earlier: Path) -> Iterator[Upgraded]:
    directory = StateDirectory(HOME / "upgrade")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SANDBOX_PRODUCT", str(earlier))
        patched.setattr(running, "PATIENCE", 1200)  # seconds; several applies of other tests may come first
        try:
            launch(directory, Printer(), with_parent=True)
            yield Upgraded(directory.read())
        finally:
            stop(directory)


def test_an_earlier_release_is_upgraded_while_its_databases_and_requests_live_on(sandbox: Upgraded) -> None:
    # The earlier release: three databases, and a request that waits for its review.
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda place: made(sandbox, place), DATABASES))
    assert {place: sandbox.root_format(place) for place in DATABASES} == dict.fromkeys(DATABASES, 1)
    waiting = sandbox.ask("PATCH", "/databases/staging/shop", {"ttl": "20d"})
    sandbox.planned(waiting)

    # Foundation alone, then foundation and stack: the pipeline of main is still the earlier one.
    sandbox.foundation()
    sandbox.change("dev/orders", {"tags": {"Step": "foundation"}})
    sandbox.stack()
    sandbox.change("dev/orders", {"tags": {"Step": "stack"}})
    assert sandbox.root_format("dev/orders") == 1
    assert sandbox.request(waiting)["state"] == "pull_request_open"

    # The merge: nothing is applied for it, and every root is known.
    sandbox.merge_release()
    listed = sandbox.rollout()
    assert listed.returncode == 1, listed.stderr
    assert "3 due" in listed.stdout or "2 due, 1 waits" in listed.stdout, listed.stdout

    # The request that was open goes on, or ends with a sentence.
    sandbox.approve(waiting)
    ended = until(lambda: in_state(sandbox, waiting, *ENDED), "the end of the open request")
    assert ended["state"] == "done" or (ended["error"]["cause"] and ended["error"]["fix"])

    # The databases of the earlier release are maintained, extended, resized and removed.
    done = sandbox.rollout("--open", "--environment", "dev", "--every", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sandbox.root_format("dev/orders") == NEWEST
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda place: lived(sandbox, place), DATABASES))


def made(sandbox: Upgraded, place: str) -> None:
    environment, name = place.split("/")
    body = {"environment": environment, "database_name": name, **DATABASES[place]}
    request_id = sandbox.ask("POST", "/provision-rds", body)
    if environment != "dev":
        sandbox.approve_and_merge(request_id)
    sandbox.wait(request_id, "done")


def lived(sandbox: Upgraded, place: str) -> None:
    """The rest of a database's life."""
    sandbox.change(place, {"ttl": "5d"})
    assert sandbox.root_format(place) == NEWEST
    sandbox.change(place, {"size": "medium" if place.startswith("dev/") else "large"})
    sandbox.remove(place)


def in_state(sandbox: Upgraded, request_id: str, *states: str) -> dict[str, Any] | None:
    document = sandbox.request(request_id)
    return document if document["state"] in states else None

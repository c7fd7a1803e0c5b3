"""A signed push makes the stand-in run the pushed commit's own configuration."""

import hashlib
import hmac
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from sandbox.circleci.oidc import Issuer
from sandbox.circleci.page import overview
from sandbox.circleci.pipelines import Pipelines
from sandbox.circleci.runs import JobRecord, Pipeline, Project
from sandbox.circleci.server import Server

SECRET = b"between us"
CONFIG = """
version: 2.1
jobs:
  build:
    docker: [{image: "cimg/base:current"}]
    steps:
      - checkout
      - run: echo 'export FROM_BASH_ENV=yes' >> "$BASH_ENV"
      - run: {name: Show, command: "echo $FROM_BASH_ENV $CIRCLE_BRANCH $REGION; cat .circleci/config.yml"}
  broken:
    docker: [{image: "cimg/base:current"}]
    steps:
      - run: {name: Break, command: "false | cat"}
      - run: {name: Not reached, command: "true"}
  recursive:
    docker: [{image: "cimg/base:current"}]
    steps: [{run: "exit 1"}]
workflows:
  main:
    jobs: [build, recursive, broken]
"""
SERIAL = """
version: 2.1
jobs:
  apply:
    docker: [{image: "cimg/base:current"}]
    steps: [{run: "sleep 0.7"}]
workflows:
  main:
    jobs: [{apply: {serial-group: one}}]
"""

SLOW = """
version: 2.1
jobs:
  plan:
    docker: [{image: "cimg/base:current"}]
    steps: [{run: {name: Plan, command: sleep 60}}, {run: {name: Report, command: "true"}}]
workflows:
  main:
    jobs: [plan]
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "origin"
    git("init", "--quiet", "--initial-branch=main", str(path))
    return path


@pytest.fixture
def pipelines(tmp_path: Path) -> Iterator[Pipelines]:
    project = Project(
        repository="acme/databases",
        default_branch="main",
        variables={"REGION": "eu-west-1"},
        left_out=frozenset({"recursive"}),
        directory=tmp_path / "circleci",
        url="http://localhost:1",
    )
    made = Pipelines(project, Issuer(organization_id="org-1", project_id="project-1"))
    yield made
    made.stop()


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    done = subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(repository: Path, config: str, message: str = "A commit") -> dict[str, Any]:
    """Commit a configuration; the push event GitHub sends for it."""
    path = repository / ".circleci" / "config.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(config)
    git("-C", str(repository), "add", "-A")
    git("-C", str(repository), "commit", "--quiet", "--allow-empty", "-m", message)
    return {
        "ref": "refs/heads/main",
        "after": git("-C", str(repository), "rev-parse", "HEAD"),
        "deleted": False,
        "head_commit": {"message": message},
        "repository": {"clone_url": str(repository)},
    }


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def finished(pipeline: Pipeline | None) -> dict[str, Any]:
    assert pipeline is not None
    wait_until(lambda: pipeline.status != "running")
    wait_until(lambda: all(record.ended for record in records(pipeline) if record.run))
    return {record.job.name: record for record in records(pipeline)}


def records(pipeline: Pipeline) -> list[JobRecord]:
    return [record for workflow in pipeline.workflows for record in workflow.jobs]


def output(record: Any, step: str) -> str:
    return str(next(each for each in record.run.steps if each.name == step).log.read_text())


def test_a_job_has_the_commit_the_variables_and_what_an_earlier_step_exported(
    pipelines: Pipelines, repository: Path
) -> None:
    jobs = finished(pipelines.push(commit(repository, CONFIG)))

    assert output(jobs["build"], "Show") == f"yes main eu-west-1\n{CONFIG}"
    assert jobs["build"].status == "success"


def test_a_failing_pipe_fails_the_step_and_the_job_ends_there(pipelines: Pipelines, repository: Path) -> None:
    jobs = finished(pipelines.push(commit(repository, CONFIG)))

    assert jobs["broken"].status == "failed"
    assert [(step.name, step.status) for step in jobs["broken"].run.steps] == [("Break", "failed")]


def test_a_step_that_prints_nothing_for_too_long_is_ended(pipelines: Pipelines, repository: Path) -> None:
    silent = SLOW.replace("command: sleep 60", "command: sleep 60, no_output_timeout: 1s")
    jobs = finished(pipelines.push(commit(repository, silent)))

    assert jobs["plan"].status == "failed"
    assert output(jobs["plan"], "Plan") == "no output for 1 s: the step was ended\n"


def test_the_job_that_tests_the_project_is_left_out(pipelines: Pipelines, repository: Path) -> None:
    jobs = finished(pipelines.push(commit(repository, CONFIG)))
    assert (jobs["recursive"].status, jobs["recursive"].note) == ("success", "left out in the sandbox")


def test_no_pipeline_starts_for_a_deleted_branch_a_tag_or_skip_ci(
    pipelines: Pipelines, repository: Path
) -> None:
    event = commit(repository, CONFIG)
    assert pipelines.push({**event, "deleted": True}) is None
    assert pipelines.push({**event, "ref": "refs/tags/v1"}) is None
    assert pipelines.push({**event, "head_commit": {"message": "Add a file [skip ci]"}}) is None


def test_a_newer_push_to_a_branch_cancels_what_still_runs_for_the_older_one(
    pipelines: Pipelines, repository: Path
) -> None:
    branch = {"ref": "refs/heads/rds/dev/orders/create-3f0c1a2b"}
    older = pipelines.push(commit(repository, SLOW) | branch)
    assert older is not None
    wait_until(lambda: any(record.run and record.run.steps for record in records(older)))
    newer = pipelines.push(commit(repository, SLOW.replace("sleep 60", "echo planned")) | branch)

    jobs = finished(older)
    assert [(step.name, step.status) for step in jobs["plan"].run.steps] == [("Plan", "canceled")]
    assert (jobs["plan"].status, older.status) == ("canceled", "canceled")
    assert {job.status for job in finished(newer).values()} == {"success"}
    assert newer is not None
    assert f'canceled by a newer push, <a href="/pipelines/{newer.number}">' in overview([older, newer])


def test_a_job_that_is_killed_dies_with_all_that_it_started_and_says_nothing(
    pipelines: Pipelines, repository: Path, tmp_path: Path
) -> None:
    words = tmp_path / "words"
    # As Terraform stands in a separate process group, and as a job says its last word.
    command = f"trap 'echo last > {words}' EXIT TERM; setsid sh -c 'sleep 3; echo on > {words}' & sleep 60"
    running = pipelines.push(commit(repository, SLOW.replace("sleep 60", json.dumps(command))))
    assert running is not None
    wait_until(lambda: any(record.run and record.run.steps for record in records(running)))
    time.sleep(0.5)
    (number,) = [record.number for record in records(running)]

    assert pipelines.kill(number) >= 3
    assert finished(running)["plan"].status == "failed"
    time.sleep(3)
    assert not words.exists()
    assert pipelines.kill(number) == 0


def test_on_main_no_push_cancels_another_one(pipelines: Pipelines, repository: Path) -> None:
    older = pipelines.push(commit(repository, CONFIG))
    newer = pipelines.push(commit(repository, CONFIG))

    assert [finished(pipeline)["build"].status for pipeline in (older, newer)] == ["success", "success"]


def test_an_unknown_feature_fails_the_pipeline_and_says_which(pipelines: Pipelines, repository: Path) -> None:
    pipeline = pipelines.push(commit(repository, CONFIG + "orbs: {terraform: circleci/terraform@3}\n"))
    finished(pipeline)
    assert pipeline is not None
    assert pipeline.status == "failed"
    assert "says orbs, which this stand-in does not know" in pipeline.error


def test_a_serial_group_runs_one_job_at_a_time_and_skips_the_overtaken(
    pipelines: Pipelines, repository: Path
) -> None:
    event = commit(repository, SERIAL)
    first = pipelines.push(event)
    wait_until(
        lambda: first is not None and bool(first.workflows) and first.workflows[0].jobs[0].status == "running"
    )
    second = pipelines.push(event)
    wait_until(lambda: second is not None and second.loaded)
    third = pipelines.push(event)
    assert finished(first)["apply"].status == "success"
    assert finished(second)["apply"].status == "skipped"
    assert finished(third)["apply"].status == "success"


def test_the_identity_token_names_project_and_branch() -> None:
    token = Issuer(organization_id="org-1", project_id="project-1").token(
        repository="acme/databases", branch="main", pipeline_id="p", workflow_id="w", job_id="j"
    )
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == "https://oidc.circleci.com/org/org-1"
    assert claims["oidc.circleci.com/project-id"] == "project-1"
    assert claims["sub"].endswith("/vcs-origin/github.com/acme/databases/vcs-ref/refs/heads/main")


def test_only_a_signed_webhook_starts_a_pipeline_and_its_page_shows_the_output(
    pipelines: Pipelines, repository: Path
) -> None:
    server = Server(0, pipelines, secret=SECRET, clone_url=str(repository))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    body = json.dumps(commit(repository, CONFIG)).encode()

    def post(signature: str) -> int:
        headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": signature}
        request = urllib.request.Request(f"{url}/webhooks/github", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request) as response:
                return int(response.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return int(refused.code)

    try:
        assert post("sha256=" + "0" * 64) == 401
        assert pipelines.all == {}
        assert post("sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()) == 202
        jobs = finished(pipelines.all[1])
        with urllib.request.urlopen(f"{url}/pipelines/1/jobs/{jobs['build'].number}") as response:
            assert "yes main eu-west-1" in response.read().decode()
    finally:
        server.shutdown()
        server.server_close()

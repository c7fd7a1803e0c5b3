"""The verbs as the configuration calls them: a process with an environment, and an exit status."""

import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.core.examples import root
from tests.pipeline.repository import Repository, file_of

PROJECT = Path(__file__).parents[2]
BRANCH = "rds/dev/mydb123/create-3f0c1a2b"


def run(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A verb in a checkout, with nothing in its environment but what is given."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{PROJECT}/lambda:{PROJECT}",
            "HOME": str(directory),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_gate_passes_a_good_branch_without_any_credentials(repository: Repository) -> None:
    repository.branch(BRANCH)
    repository.commit(file_of(root(now=dt.datetime.now(dt.UTC))))  # the process has today's clock
    result = repository.directory.parent / "gate.json"
    done = run(repository.directory, "pipeline", "gate", "--result", str(result), CIRCLE_BRANCH=BRANCH)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Gate: passed (create, dev/mydb123)")
    verdict = json.loads(result.read_text())
    assert (verdict["passed"], verdict["action"]) == (True, "create")


def test_the_gate_fails_the_job_of_a_bad_branch(repository: Repository) -> None:
    repository.branch(BRANCH)
    repository.commit(file_of(dataclasses.replace(root(), storage_gb=4000, max_storage_gb=4000)))
    done = run(repository.directory, "pipeline", "gate", CIRCLE_BRANCH=BRANCH)
    assert done.returncode == 1
    assert "DENY  storage" in done.stdout
    assert done.stderr == "FAILED  the gate: see the rules marked DENY\n"


def test_a_catalog_that_cannot_be_read_is_named(repository: Repository) -> None:
    repository.branch("feature")
    repository.commit({"catalog.yaml": "version: 2\n"})
    done = run(repository.directory, "pipeline", "gate", CIRCLE_BRANCH="feature")
    assert done.returncode == 1
    assert done.stderr.startswith("catalog.yaml cannot be used:\nversion: ")


def test_a_job_without_the_projects_variables_says_what_is_missing(repository: Repository) -> None:
    done = run(repository.directory, "pipeline", "apply", "--environment", "dev")
    assert done.returncode == 2
    assert done.stderr == (
        "pipeline apply: set AWS_REGION, TF_STATE_BUCKET (the CircleCI project's variables)\n"
    )


def test_an_environment_that_the_catalog_lacks_is_not_applied(repository: Repository) -> None:
    done = run(
        repository.directory, "pipeline", "apply", "--environment", "mars",
        AWS_REGION="eu-central-1", TF_STATE_BUCKET="states",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "FAILED  the catalog has no environment mars\n"


def test_a_main_that_cannot_be_fetched_is_not_applied(repository: Repository) -> None:
    repository.git("remote", "set-url", "origin", str(repository.directory / "nowhere"))
    done = run(
        repository.directory, "pipeline", "apply", "--environment", "dev",
        AWS_REGION="eu-central-1", TF_STATE_BUCKET="states",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("pipeline apply: git fetch: ")


class Sts(BaseHTTPRequestHandler):
    """Gives a role for one token, as AWS words it."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        good = form["WebIdentityToken"] == ["main.identity.token"] and "Authorization" not in self.headers
        self.send_response(200 if good else 403)
        self.end_headers()
        self.wfile.write((GIVEN if good else REFUSED).encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


GIVEN = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>
<SecretAccessKey>a/secret+key</SecretAccessKey><SessionToken>a session's $(token)</SessionToken>
<Expiration>2026-11-23T15:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""
REFUSED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error>
</ErrorResponse>"""


@pytest.fixture
def job(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a job of the project."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield {
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_PLAN_ROLE_ARN": "arn:aws:iam::123456789012:role/plan",
        "AWS_APPLY_ROLE_ARN": "arn:aws:iam::123456789012:role/apply",
        "BASH_ENV": str(tmp_path / "bash_env"),
        "CIRCLE_WORKFLOW_ID": "7",
        "CIRCLE_OIDC_TOKEN_V2": "main.identity.token",
    }
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_identity_token_becomes_credentials_for_later_steps(tmp_path: Path, job: dict[str, str]) -> None:
    Path(job["BASH_ENV"]).write_text("export EARLIER=1\n")
    done = run(tmp_path, "pipeline.assume_role", "apply", "dev", **job)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Assumed arn:aws:iam::123456789012:role/apply-dev until 15:00:00 UTC.\n"
    script = '. "$0"; echo "$EARLIER|$AWS_ACCESS_KEY_ID|$AWS_SECRET_ACCESS_KEY|$AWS_SESSION_TOKEN"'
    shown = subprocess.run(
        ["bash", "-c", script, job["BASH_ENV"]], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "1|ASIAEXAMPLE|a/secret+key|a session's $(token)\n"


def test_a_role_that_is_refused_is_reported_with_what_to_compare(tmp_path: Path, job: dict[str, str]) -> None:
    done = run(
        tmp_path, "pipeline.assume_role", "apply", "dev", **job | {"CIRCLE_OIDC_TOKEN_V2": "a.branchs.token"}
    )
    assert done.returncode == 1
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in done.stderr
    assert "Compare the sub in the job's token" in done.stderr
    assert not Path(job["BASH_ENV"]).exists()


def test_no_role_is_taken_without_the_projects_variables(tmp_path: Path) -> None:
    done = run(tmp_path, "pipeline.assume_role", "plan", AWS_REGION="eu-central-1")
    assert done.returncode == 2
    assert "CIRCLE_OIDC_TOKEN_V2, AWS_PLAN_ROLE_ARN, BASH_ENV not set" in done.stderr

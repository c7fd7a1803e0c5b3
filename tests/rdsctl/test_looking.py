"""`logs` and `doctor`: what AWS and this machine say of a database."""

import time

import boto3
import pytest
from rdsctl.commands import logs

from tests.rdsctl.life import Life
from tests.rdsctl.running import Run

GROUP = "/aws/rds/instance/dev-orders/postgresql"


@pytest.fixture
def made(rdsctl: Run, life: Life) -> Life:
    """dev/orders, available, with two lines in its log."""
    rdsctl("create", "dev/orders", "--engine", "postgres")
    life.created()
    logs = boto3.client("logs", region_name="us-east-1")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="dev-orders.0")
    now = int(time.time() * 1000)
    lines = ["2026-11-25 22:58:41 UTC:LOG:  checkpoint complete", "FATAL:  no pg_hba.conf entry"]
    logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="dev-orders.0",
        logEvents=[{"timestamp": now - 1000 + number, "message": text} for number, text in enumerate(lines)],
    )
    return life


def test_a_databases_log_is_the_engines_own(rdsctl: Run, made: Life) -> None:
    first, second = rdsctl("logs", "dev/orders").out.splitlines()
    assert first == "2026-11-25 22:58:41 UTC:LOG:  checkpoint complete"
    assert second.endswith("Z FATAL:  no pg_hba.conf entry")
    assert rdsctl("logs", "orders", "--since", "week").code == 2


def kept(request_id: str, name: str, text: str, step: str = "apply", place: str = "dev/orders") -> None:
    """A log as the pipeline keeps it."""
    key = f"logs/{step}/{place}/{request_id}/{name}.txt"
    boto3.client("s3", region_name="us-east-1").put_object(Bucket="states", Key=key, Body=text.encode())


@pytest.fixture
def bucket(made: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API has the state bucket."""
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="states")
    monkeypatch.setenv("STATE_BUCKET", "states")


@pytest.mark.usefixtures("bucket")
def test_a_requests_log_is_what_the_pipeline_said_of_its_newest_try(rdsctl: Run, made: Life) -> None:
    request_id = made.newest().id
    kept(request_id, "1", "planned", step="plan")
    kept(request_id, "1", "failed\n")
    kept(request_id, "2", "Creating...\nDone\n")
    ran = rdsctl("logs", request_id[:8])
    assert (ran.code, ran.out) == (0, "Creating...\nDone\n")
    assert rdsctl("logs", request_id[:8], "--grep", "Done").out == "Done\n"


@pytest.mark.usefixtures("bucket")
def test_a_requests_log_is_followed_to_its_end_through_every_try(
    rdsctl: Run, made: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = made.newest().id
    kept(request_id, "1", "planned\n", step="plan")
    later = [("planned\nwell\n", "plan"), ("Creating...\n", "apply"), ("Creating...\nDone\n", "apply")]

    def sleep(_: float) -> None:
        if later:
            text, step = later.pop(0)
            kept(request_id, "1", text, step=step)

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(logs, "is_over", lambda _: not later)
    ran = rdsctl("logs", request_id[:8], "--follow")
    assert ran.out.splitlines() == ["planned", "well", "Creating...", "Done"]


def test_without_a_log_a_request_has_the_address_of_its_job(rdsctl: Run, made: Life) -> None:
    ran = rdsctl("logs", made.newest().id[:8])
    assert ran.out == "https://circleci.example/jobs/88\n"
    assert "Logs cannot be read" in ran.err
    rdsctl("create", "dev/shop", "--engine", "mysql")
    assert rdsctl("logs", made.newest().id[:8]).code == 5
    assert rdsctl("logs", "dev/shop").code == 6


def test_doctor_has_a_line_for_each_thing_and_fails_with_one(
    rdsctl: Run, made: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = rdsctl("doctor", "dev/orders", "--json")
    assert ran.code == 1
    states = {check["check"]: check["state"] for check in ran.json}
    assert states == {
        "API": "ok",
        "clock": "ok",
        "key": "ok",
        "AWS": "ok",
        "psql": "ok",
        "secret": "failed",
        "network": "failed",
    }
    lines = rdsctl("doctor", "dev/orders").out.splitlines()
    assert lines[2] == "✓ key       team alpha, from RDSCTL_API_KEY"
    assert "there is no such host" in lines[-1]
    monkeypatch.setenv("PATH", "/nowhere")
    assert "! mysql     not found" in rdsctl("doctor").out
    monkeypatch.setenv("RDSCTL_API_KEY", "key-nobody")
    assert "✗ key       The API key is missing or wrong" in rdsctl("doctor").out

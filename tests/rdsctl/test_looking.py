"""`logs` and `doctor`: what AWS and this machine say of a database."""

import time

import boto3
import pytest

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


def test_a_requests_log_is_the_pipelines(rdsctl: Run, made: Life) -> None:
    assert rdsctl("logs", made.newest().id[:8]).out == "https://circleci.example/jobs/88\n"
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

"""How Terraform is run: kindly ended, never for ever, and without a secret in what it says."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.bad_setting import BadSetting
from pipeline.interruption import Interruption
from pipeline.terraform_cli import Limits, Terraform, TerraformError, backend_settings, plan_text, program

SCRIPT = """#!/usr/bin/env python3
import os, pathlib, signal, subprocess, sys, time
directory, command = sys.argv[1].removeprefix("-chdir="), sys.argv[2]
received = pathlib.Path(directory, "received")
pathlib.Path(directory, "arguments").write_text(" ".join(sys.argv[2:]))
def end(*_):
    received.write_text(received.read_text() + "SIGINT " if received.exists() else "SIGINT ")
    print("Interrupt received. Gracefully shutting down...", flush=True)
    sys.exit(1)
signal.signal(signal.SIGINT, signal.SIG_IGN if os.environ.get("DEAF") else end)
if command == "apply":
    print("first line with", os.environ.get("AWS_SESSION_TOKEN"), flush=True)
    provider = subprocess.Popen(["sleep", "60"]) if os.environ.get("DEAF") else None
    time.sleep(float(os.environ.get("TAKES", "0")))
    print("last line", flush=True)
elif command == "init":
    print("\\u2577\\n\\u2502 Error: No such provider\\n\\u2502 \\n\\u2502 token", os.environ.get("AWS_SESSION_TOKEN"), file=sys.stderr)
    sys.exit(1)
elif command == "output":
    print("a warning", file=sys.stderr)
    print('{"database": {"value": {"port": 3306}}}')
"""  # noqa: E501


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to run in, and on the path a program that behaves like Terraform."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(SCRIPT)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-very-secret-token")
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def arguments(root: Path) -> str:
    return (root / "arguments").read_text()


def until(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_apply_is_shown_line_by_line_without_secrets(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Terraform(root, {}).apply("tfplan")
    assert arguments(root) == "apply -input=false -no-color -lock-timeout=60s tfplan"
    assert capsys.readouterr().out == "first line with ***\nlast line\n"


def test_a_failure_is_shown_without_its_frame_and_without_secrets(root: Path) -> None:
    with pytest.raises(TerraformError) as failed:
        Terraform(root, {"bucket": "states"}).init()
    assert arguments(root) == (
        "init -input=false -no-color -reconfigure -lockfile=readonly -backend-config=bucket=states"
    )
    assert failed.value.cause == "Error: No such provider token ***"
    assert "a-very-secret-token" not in failed.value.output


def test_warnings_do_not_spoil_what_is_read_as_json(root: Path) -> None:
    assert Terraform(root, {}).outputs() == {"database": {"port": 3306}}


def test_a_command_beyond_its_time_is_asked_to_end(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKES", "30")
    began = time.monotonic()
    with pytest.raises(TerraformError, match=r"ended after 0 minutes, its time limit.*Gracefully"):
        Terraform(root, {}, limits=Limits(apply=1.0)).apply("tfplan")
    assert time.monotonic() - began < 10
    assert (root / "received").read_text() == "SIGINT "


def test_a_command_that_does_not_listen_goes_with_all_it_started(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAKES", "60")
    monkeypatch.setenv("DEAF", "1")
    began = time.monotonic()
    with pytest.raises(TerraformError):
        # Its child holds the other end of the pipe, and would keep the job waiting.
        Terraform(root, {}, limits=Limits(apply=1.0, grace=0.5)).apply("tfplan")
    assert time.monotonic() - began < 10


def test_the_jobs_end_reaches_terraform_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKES", "30")
    interruption = Interruption()

    def end() -> None:
        until(root / "arguments")
        time.sleep(0.2)
        interruption.request()
        interruption.request()

    thread = threading.Thread(target=end)
    thread.start()
    with pytest.raises(TerraformError, match="Gracefully"):
        Terraform(root, {}, interruption).apply("tfplan")
    thread.join()
    assert (root / "received").read_text() == "SIGINT "
    with pytest.raises(TerraformError, match="not begun"):
        Terraform(root, {}, interruption).init()


def test_a_cancelled_job_passes_the_signal_on_and_ends(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM to the whole group of the step, as CircleCI sends it."""
    monkeypatch.setenv("TAKES", "30")
    code = (
        "import sys; from pathlib import Path\n"
        "from pipeline.interruption import Interruption; from pipeline.terraform_cli import *\n"
        "one = Interruption(); one.listen()\n"
        "try: Terraform(Path(sys.argv[1]), {}, one).apply('tfplan')\n"
        "except TerraformError: sys.exit(7)\n"
    )
    step = subprocess.Popen(
        [sys.executable, "-c", code, str(root)], process_group=0, stdout=subprocess.DEVNULL
    )
    until(root / "arguments")
    time.sleep(0.3)
    os.killpg(step.pid, signal.SIGTERM)
    assert step.wait(10) == 7
    assert (root / "received").read_text() == "SIGINT "


def test_another_endpoint_gets_none_of_the_checks_that_aws_answers() -> None:
    aws = {"TF_STATE_BUCKET": "states", "AWS_REGION": "eu-central-1"}
    assert backend_settings(aws) == {"bucket": "states", "region": "eu-central-1"}
    assert backend_settings(aws | {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}) == {
        "bucket": "states",
        "region": "eu-central-1",
        "use_path_style": "true",
        "skip_credentials_validation": "true",
        "skip_metadata_api_check": "true",
        "skip_requesting_account_id": "true",
        "skip_region_validation": "true",
    }


def test_a_plan_is_read_without_progress_and_without_advice() -> None:
    rule = "─" * 77
    said = (
        "data.aws_kms_alias.this: Reading...\n"
        "module.database.data.aws_iam_role.x: Read complete after 0s [id=x]\n"
        "module.database.aws_db_instance.this: Refreshing state... [id=db-1]\n"
        "\nNote: Objects have changed outside of Terraform\n\nchanges:\n\n"
        f"{rule}\n\nPlan: 2 to add, 0 to change, 0 to destroy.\n\n{rule}\n\n"
        'Saved the plan to: tfplan\n\nTo perform exactly these actions, run:\n    terraform apply "tfplan"\n'
    )
    assert plan_text(said) == (
        "Note: Objects have changed outside of Terraform\n\nchanges:\n\n"
        f"{rule}\n\nPlan: 2 to add, 0 to change, 0 to destroy.\n"
    )
    assert (
        plan_text(f"No changes.\n\n{rule}\nend of the world\n")
        == f"No changes.\n\n{rule}\nend of the world\n"
    )


def test_one_setting_chooses_the_program(root: Path, tmp_path: Path) -> None:
    assert [program(given) for given in ({}, {"TERRAFORM_CLI": ""}, {"TERRAFORM_CLI": "tofu"})] == [
        "terraform",
        "terraform",
        "tofu",
    ]
    with pytest.raises(BadSetting, match="TERRAFORM_CLI is 'pulumi': set terraform or tofu, or leave it out"):
        program({"TERRAFORM_CLI": "pulumi"})
    other = tmp_path / "tofu"
    other.write_text('#!/bin/sh\necho \'{"answer": {"value": 42}}\'\n')
    other.chmod(0o755)
    assert Terraform(root, {}, program=str(other)).outputs() == {"answer": 42}


@pytest.mark.parametrize("said", ["No matching objects found", "No state file was found!"])
def test_what_no_state_has_is_forgotten_already(root: Path, said: str) -> None:
    """A killed apply leaves a state without the instance, or none."""
    (root.parent / "bin" / "terraform").write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    assert Terraform(root, {}).forget("aws_db_instance.this") is False


def test_a_state_that_cannot_be_changed_is_no_state_without_it(root: Path) -> None:
    (root.parent / "bin" / "terraform").write_text("#!/bin/sh\necho 'Error: the lock is taken' >&2\nexit 1\n")
    with pytest.raises(TerraformError, match="the lock is taken"):
        Terraform(root, {}).forget("aws_db_instance.this")

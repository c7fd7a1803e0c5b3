"""The sandbox's commands say why there is no sandbox, where it ended of something."""

import subprocess
from pathlib import Path

import pytest
from rdsctl.program import COMMANDS

from sandbox.__main__ import approve, next_commands, stop
from sandbox.state_directory import StateDirectory
from sandbox.supervisor import Supervisor

WHY = "aws ended with -9; see .sandbox/logs/aws.log"


@pytest.fixture
def directory(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path / "sandbox")


def test_a_sandbox_that_lost_a_part_is_not_ready_any_more_and_says_why(directory: StateDirectory) -> None:
    directory.path.mkdir()
    supervisor = Supervisor(directory)
    supervisor.take_down(WHY)

    assert (directory.read()["ready"], directory.read()["ended"]) == (False, WHY)
    assert not directory.ready


def test_whoever_approves_reads_why_no_sandbox_runs(
    directory: StateDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    directory.path.mkdir()
    directory.write({"ready": False, "ended": WHY + "\nits last lines"})

    assert approve(directory, 3) == 1
    assert capsys.readouterr().out == (
        f"no sandbox runs (the last one ended: {WHY}); start one: make sandbox\n"
    )
    assert stop(directory) == 0
    assert capsys.readouterr().out == f"no sandbox runs (the last one ended: {WHY})\n"


def test_a_state_that_says_ready_without_a_process_is_not_ready(directory: StateDirectory) -> None:
    directory.path.mkdir()
    directory.write({"ready": True})

    assert not directory.ready


def test_the_command_line_has_the_sandboxs_variables_whatever_the_shell_has(
    directory: StateDirectory,
) -> None:
    directory.path.mkdir()
    directory.write_environment({"RDSCTL_URL": "http://localhost:1/it's", "RDSCTL_API_KEY": "key"})
    directory.write_command_line()

    ran = subprocess.run(
        [directory.command_line, "ls", "--debug", "--json"],
        env={"PATH": "/usr/bin:/bin", "RDSCTL_URL": "https://elsewhere.example", "RDSCTL_PROFILE": "work"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "localhost:1 does not answer (connection refused" in ran.stderr


def test_what_to_type_next_are_commands_that_there_are(directory: StateDirectory) -> None:
    for line in next_commands(directory):
        program, command, place, *_ = line.split()
        assert program.endswith("/sandbox/rdsctl")
        assert command in COMMANDS
        assert place == "dev/first"

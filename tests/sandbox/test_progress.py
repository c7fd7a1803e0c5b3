"""Whoever waits for the sandbox's start reads what is done, and never waits long without a word."""

import time
from pathlib import Path

import pytest

from sandbox.progress import Progress


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def test_a_step_is_a_line_once_it_is_done(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "progress")
    with progress.step("starting AWS", "AWS answers"):
        assert lines(tmp_path / "progress") == []
    progress.close()

    assert lines(tmp_path / "progress") == ["AWS answers"]


def test_a_long_silence_names_every_step_under_way(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "progress", silence=0.05)
    with progress.step("deploying the stack", "deployed"), progress.step("applying", "applied"):
        deadline = time.monotonic() + 10
        while not lines(tmp_path / "progress") and time.monotonic() < deadline:
            time.sleep(0.01)
    progress.close()

    assert lines(tmp_path / "progress")[0] == "  still under way: deploying the stack (0 s), applying (0 s)"


def test_a_step_that_fails_is_not_called_done(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "progress", silence=0.02)
    with pytest.raises(ZeroDivisionError), progress.step("dividing", "divided"):
        _ = 1 // 0
    time.sleep(0.1)
    progress.close()

    assert lines(tmp_path / "progress") == []

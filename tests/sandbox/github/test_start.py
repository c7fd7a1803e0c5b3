"""The local GitHub starts as a process, on the work tree, with the rules that docs/deploy.md applies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.servers import free_port
from sandbox.client import get_json
from sandbox.github import control
from sandbox.github.start import GitHub, start
from sandbox.processes import Processes


@pytest.fixture
def started(tmp_path: Path) -> Iterator[GitHub]:
    logs = tmp_path / "logs"
    logs.mkdir()
    processes = Processes(logs)
    try:
        yield start(processes, tmp_path, port=free_port(), repository="acme/databases", secret="s")
        assert (logs / "rulesets.log").read_text() == "made reviews\nmade restrict updates\n"
    finally:
        processes.stop()


def test_it_has_both_rulesets_and_nobody_approves_what_is_not_there(started: GitHub) -> None:
    assert get_json(f"{started.url}/_sandbox/pulls") == []
    with pytest.raises(control.NotPossible, match="there is no #3"):
        control.approve(started.url, 3)

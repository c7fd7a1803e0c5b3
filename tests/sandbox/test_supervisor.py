"""A part of the sandbox that dies ends all of it, and whoever looks later reads why."""

import os
import sys
from pathlib import Path

import pytest

from sandbox.processes import ProcessFailed
from sandbox.state_directory import StateDirectory
from sandbox.supervisor import Supervisor


def test_a_part_that_dies_ends_the_sandbox_which_is_not_ready_any_more_and_says_why(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    supervisor = Supervisor(directory)
    supervisor._foundation.set_result(None)
    directory.write(directory.read() | {"ready": True})
    supervisor._processes.start("aws", [sys.executable, "-c", "raise SystemExit(7)"], os.environ)

    with pytest.raises(ProcessFailed) as failed:
        supervisor.keep_up(with_parent=False)
    assert str(failed.value) == f"aws ended with 7; see {directory.logs / 'aws.log'}"
    supervisor.take_down(str(failed.value))

    state = directory.read()
    assert (state["ready"], state["ended"]) == (False, str(failed.value))
    assert not Path(state["temporary"][0]).exists()

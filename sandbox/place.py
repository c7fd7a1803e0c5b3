"""Where one sandbox keeps its files, and whether it runs."""

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from sandbox.processes import end_session

PROJECT: Final = Path(__file__).resolve().parent.parent
CACHE: Final = PROJECT / ".cache"
HOME: Final = PROJECT / ".sandbox"


@dataclass(frozen=True, slots=True)
class Place:
    """A directory for one sandbox. Two sandboxes in two places know nothing of each other."""

    directory: Path

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def environment(self) -> Path:
        return self.directory / "env"

    @property
    def progress(self) -> Path:
        return self.directory / "progress"

    @property
    def _state(self) -> Path:
        return self.directory / "state.json"

    def lock(self) -> IO[str] | None:
        """Take the place for as long as the returned file stays open; None when another sandbox has it.

        A lock goes with its process, so that a file left behind by a crash never says that a sandbox runs.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        file = (self.directory / "lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    @property
    def running(self) -> bool:
        if not self.directory.exists():
            return False
        file = self.lock()
        if file is None:
            return True
        file.close()
        return False

    def read(self) -> dict[str, Any]:
        """What the sandbox wrote about itself, or nothing."""
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            found: dict[str, Any] = json.loads(self._state.read_text())
            return found
        return {}

    def write(self, state: Mapping[str, Any]) -> None:
        temporary = self._state.with_suffix(".new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(state, indent=2) + "\n")
        temporary.rename(self._state)

    def write_environment(self, variables: Mapping[str, str]) -> None:
        """For a shell: `. .sandbox/env`."""
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
        self.environment.touch(mode=0o600)
        self.environment.write_text("".join(lines))

    def empty(self) -> None:
        """Remove what an earlier sandbox left, but not the last demo's request document."""
        for path in self.directory.iterdir():
            if path.name not in ("lock", "demo.json", "demo", "test"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def stop(place: Place, seconds: float = 30) -> bool:
    """End the sandbox of a place and all it started; whether one ran."""
    state = place.read()
    ran = place.running
    if process := state.get("process"):
        if ran:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
            deadline = time.monotonic() + seconds
            while place.running and time.monotonic() < deadline:
                time.sleep(0.1)
        end_session(process)
    for name in state.get("temporary", []):
        shutil.rmtree(name, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        place.environment.unlink()
    return ran

"""The directory in which one sandbox keeps its files and says where everything is, and whether it runs."""

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

PROJECT: Final = Path(__file__).resolve().parent.parent
CACHE: Final = PROJECT / ".cache"
HOME: Final = PROJECT / ".sandbox"
# What a sandbox deploys and puts on GitHub: this work tree, or another checkout of the product.
PRODUCT: Final = Path(os.environ.get("SANDBOX_PRODUCT") or PROJECT)


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """A directory for one sandbox. Two sandboxes in two directories know nothing of each other."""

    path: Path

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def environment(self) -> Path:
        return self.path / "env"

    @property
    def command_line(self) -> Path:
        return self.path / "rdsctl"

    @property
    def progress(self) -> Path:
        return self.path / "progress"

    @property
    def _state(self) -> Path:
        return self.path / "state.json"

    def lock(self) -> IO[str] | None:
        """Take the directory for as long as the returned file stays open; None when another sandbox has it.

        A lock goes with its process, so that a file left behind by a crash never says that a sandbox runs.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        file = (self.path / "lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    @property
    def running(self) -> bool:
        if not self.path.exists():
            return False
        file = self.lock()
        if file is None:
            return True
        file.close()
        return False

    @property
    def ready(self) -> bool:
        return self.running and bool(self.read().get("ready"))

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

    def write_command_line(self) -> None:
        """`.sandbox/rdsctl`: the command line with the variables above, whatever the shell has."""
        script = (
            "#!/bin/sh\n"
            f". {shlex.quote(str(self.environment))}\n"
            f"unset RDSCTL_PROFILE AWS_PROFILE AWS_SESSION_TOKEN\n"
            f'exec {shlex.quote(str(Path(sys.executable).parent / "rdsctl"))} "$@"\n'
        )
        self.command_line.write_text(script)
        self.command_line.chmod(0o755)

    def empty(self) -> None:
        """Remove what an earlier sandbox left, but not the last demo's request document."""
        for path in self.path.iterdir():
            if path.name not in ("lock", "demo.json", "demo", "test", "upgrade"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

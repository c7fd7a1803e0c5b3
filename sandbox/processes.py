"""Starts the sandbox's processes, and ends every one of them, whatever happens."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

# In the environment of everything that a sandbox starts: the sandbox's directory.
MARK = "RDS_PROVISIONER_SANDBOX"


class ProcessFailed(Exception):
    """A process of the sandbox ended badly; the message names its log."""


class Processes:
    """The long-running processes of one sandbox, each with a separate log, and the commands under way."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: list[subprocess.Popen[bytes]] = []
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait_for(self, name: str, url: str, seconds: float = 120) -> None:
        """Wait until `url` answers anything at all."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check(name)
            try:
                urllib.request.urlopen(url, timeout=2).close()
            except urllib.error.HTTPError as answer:
                answer.close()
                return
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise ProcessFailed(f"{name} did not answer at {url} within {seconds:.0f} s; see {self.log(name)}")

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> str:
        """Run a command to its end; its standard output."""
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
            self._commands.append(process)
            output, _ = process.communicate()
            self._commands.remove(process)
            log.write(output)
        if process.returncode:
            tail = "\n".join(self.log(name).read_text(errors="replace").splitlines()[-15:])
            raise ProcessFailed(
                f"{' '.join(command[:3])} ended with {process.returncode}; see {self.log(name)}\n{tail}"
            )
        return output.decode()

    def check(self, *names: str) -> None:
        """Raise when one of the processes, or of the named ones, has ended."""
        for name in names or tuple(self._running):
            if (status := self._running[name].poll()) is not None:
                raise ProcessFailed(f"{name} ended with {status}; see {self.log(name)}")

    def stop(self) -> None:
        """End what runs, commands first, then the servers in the reverse order of their start."""
        for process in (*tuple(self._commands), *reversed(self._running.values())):
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def end_session(session: int, mark: str) -> None:
    """Kill what is left of a session: everything its first process started, in whatever group it is.

    A session whose processes do not carry this mark got the same number later, and is not ours.
    """
    found = [process for process in members(session) if process != os.getpid()]
    if any(is_marked(process, mark) for process in found):
        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)


def members(session: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True).stdout
    found = []
    for process in map(int, listed.split()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(process) == session:
                found.append(process)
    return found


def is_marked(process: int, mark: str) -> bool:
    """Whether a process inherited the mark; without /proc, as on macOS, the session has to do."""
    if not Path("/proc/self/environ").exists():
        return True
    with contextlib.suppress(OSError):
        return f"{MARK}={mark}".encode() in Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    return False

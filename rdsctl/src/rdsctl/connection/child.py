"""The program that gets the login: in this process's place where nothing is left to do after it."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from rdsctl.failures import Failure


def replace_this(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Become the program: signals, terminal and exit status are its own. Returns where there is no exec."""
    if os.name != "posix":
        return
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise _cannot_start(command[0], error) from error


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program and wait; its exit status, or 128 and the signal that ended it. Ctrl-C is its own."""
    # Not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        # close_fds would close the file of the password that the program reads by its number.
        with subprocess.Popen(
            list(command),
            env=dict(environment),
            close_fds=False,
        ) as process:
            code = process.wait()
    except OSError as error:
        raise _cannot_start(command[0], error) from error
    finally:
        signal.signal(signal.SIGINT, before)
    return 128 - code if code < 0 else code


def _cannot_start(name: str, error: OSError) -> Failure:
    reason = "it is not installed" if isinstance(error, FileNotFoundError) else str(error.strerror).lower()
    return Failure(f"{name} cannot be started: {reason}.")

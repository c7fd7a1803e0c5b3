"""Runs a command in a terminal, and types what someone would when it asks."""

import os
import pty
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# What stands last on the terminal, and what is typed then: a text, or what it makes of the question.
Answers = Sequence[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]]
COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    answers: Answers,
    seconds: float = 120,
) -> tuple[int, str]:
    """The exit status, and all that it showed, without colours; what is not ended by then is killed."""
    near, far = pty.openpty()
    process = subprocess.Popen(
        ["timeout", "--foreground", str(seconds), "setsid", "--ctty", "--wait", *command],
        cwd=folder,
        env=environment,
        stdin=far,
        stdout=far,
        stderr=far,
    )
    os.close(far)
    shown, deadline = "", time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            shown += os.read(near, 4096).decode(errors="replace")
        except OSError:
            break
        for prompt, answer in answers:
            if found := prompt.search(COLOURS.sub("", shown)):
                os.write(near, f"{answer if isinstance(answer, str) else answer(found)}\n".encode())
                shown += " "
    os.close(near)
    return process.wait(30), COLOURS.sub("", shown)

"""Every command of rdsctl, once and well, on the shared sandbox: one database's life as someone types it."""

import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Final

from sandbox.github import control
from sandbox.state_directory import HOME, StateDirectory
from tests.e2e.scenes import Scenes, revived

PLACE: Final = "dev/typed"
AGAIN: Final = "staging/typed-again"
REQUEST, SNAPSHOT = "REQUEST", "SNAPSHOT"
# In this order. REQUEST is the creation, SNAPSHOT the one that staging/shop left. The end is days off, where
# the clock that another scene moves does not reach it.
TYPED: Final = {
    "create": f"{PLACE} --engine postgres --purpose first-steps --wait",
    "get": PLACE,
    "wait": PLACE,
    "ls": "--env dev",
    "requests": f"--db {PLACE}",
    "connect": f"{PLACE} -- -c 'CREATE TABLE notes AS SELECT 42 AS answer'",
    "run": f"""{PLACE} -- sh -c 'psql "$DATABASE_URL" -Atc "SELECT answer FROM notes"'""",
    "url": f"{PLACE} --format dotenv",
    "logs": REQUEST,
    "open": f"{PLACE} --print",
    "doctor": PLACE,
    "catalog": "dev",
    "quota": "",
    "cost": "--by database",
    "whoami": "",
    "admin": "queue",
    "completion": "bash",
    "api": "GET /quota",
    "mcp": "",  # its client ends at once
    "rotate": PLACE,
    "edit": f"{PLACE} --tag Service=typed --wait",
    "extend": f"{PLACE} 8d --wait",
    "resize": f"{PLACE} medium --yes --wait",
    "clone": f"{PLACE} dev/typed-copy --dry-run",
    "retry": AGAIN,  # its creation failed at GitHub
    "cancel": AGAIN,
    "delete": f"{PLACE} --yes --wait",
    "snapshots": "",
    "restore": f"{SNAPSHOT} staging/typed-back --dry-run",
    "login": "URL --key-stdin --store file",
    "profiles": "",
    "logout": "",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def typed(scenes: Scenes) -> dict[str, Ended]:
    """Each command of TYPED, in its order; the scene ends with the first that does not go well."""
    sandbox = scenes.sandbox
    control.post(
        f"{sandbox.github}/_sandbox/faults",
        {"match": f"PUT .*/databases/{AGAIN}/", "status": 403, "body": '{"message": "Forbidden"}'},
    )
    found: dict[str, Ended] = {}
    with tempfile.TemporaryDirectory() as home:
        for name, text in TYPED.items():
            typing = shlex.split(text)
            if name == "snapshots":
                scenes.see(revived)
            if name == "retry":
                run(home, "create", AGAIN, "--engine", "mysql", "--wait")
            if SNAPSHOT in typing:
                left = run(home, "snapshots", "staging/shop", "-o", "name").out.splitlines()
                typing[typing.index(SNAPSHOT)] = left[0]
            if REQUEST in typing:
                typing[typing.index(REQUEST)] = run(home, "requests", "--db", PLACE, "-o", "name").out.strip()
            if "URL" in typing:
                typing[typing.index("URL")] = sandbox.state["api_url"]
            key = f"{sandbox.state['api_key']}\n" if name == "login" else ""
            operator = sandbox.state["operator_api_key"] if name == "admin" else ""
            found[name] = run(home, name, *typing, stdin=key, key=operator)
            assert found[name].code == 0, f"rdsctl {name} {text}: {found[name]}"
    return found


def run(home: str, *typing: str, stdin: str = "", key: str = "") -> Ended:
    """One command, as `.sandbox/rdsctl` runs it, with its key or another one."""
    directory = StateDirectory(HOME / "test")
    line = [str(directory.command_line)]
    if key:
        line = [sys.executable, "-m", "rdsctl"]
    ran = subprocess.run(
        [*line, *typing],
        env={**os.environ, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
        | ({"RDSCTL_URL": directory.read()["api_url"], "RDSCTL_API_KEY": key} if key else {}),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    return Ended(ran.returncode, ran.stdout, ran.stderr)

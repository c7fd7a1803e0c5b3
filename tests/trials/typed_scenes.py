"""The lives of a few databases as someone types them, side by side on one sandbox.

The switch that lets an apply fail is met by whichever comes first, and what has failed is taken up by the
next run of the pipeline; so the others are merged once the retry is under way.
"""

import functools
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.github import control
from sandbox.state_directory import HOME, PROJECT, StateDirectory
from tests.e2e.running import Sandbox, until
from tests.e2e.scenes import Scenes, Seen
from tests.trials import typing_it
from tests.trials.between import Between
from tests.trials.typed_cells import LEDGER, of_scene
from tests.trials.typing_it import Ended, Typist

DIRECTORY = StateDirectory(HOME / "test")
AWAY = 12  # seconds without a network


class Typed:
    """The scenes, and who types in them."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self._scenes = Scenes(sandbox)
        self.typist = Typist(DIRECTORY, home, {"URL": DIRECTORY.read()["api_url"]})
        self.retrying = threading.Event()

    def begin(self, scene: "Callable[[Typed], object]") -> None:
        """Begin a scene, once."""
        self._scenes.begin(self._played(scene))

    def see(self, scene: "Callable[[Typed], Seen]") -> Seen:
        """What a scene saw, once it is over; raises what went wrong in it."""
        return self._scenes.see(self._played(scene))

    def end(self) -> None:
        self._scenes.end()

    def _played(self, scene: "Callable[[Typed], Seen]") -> Callable[[Scenes], Seen]:
        @functools.wraps(scene)
        def played(_: Scenes) -> Seen:
            return scene(self)

        return played

    def after_the_retry(self) -> None:
        """Wait until the apply that failed is tried again."""
        self.see(unlucky)
        assert self.retrying.wait(120)


def typed(scenes: Typed, name: str) -> dict[str, Ended]:
    """What a scene types, one after the other; ends with the first that does not go well."""
    found, typist = {}, scenes.typist
    for command, text in of_scene(name).items():
        typing = typist.typing(command, text)
        found[command] = typist.run(*typing, **typist.keyed(command), stdin=typist.stdin(command))
        assert found[command].code == 0, f"rdsctl {command} {text}: {found[command]}"
        if command == "create":
            newest = typist.run("requests", "--db", LEDGER, "-o", "name").out.strip()
            typist.words["REQUEST"] = newest
    return found


def without_network(scenes: Typed) -> dict[str, Ended]:
    return typing_it.gone(scenes.typist)


@dataclass(frozen=True, slots=True)
class Unlucky:
    """An apply that AWS refused: what the switch said, and what each command said of it."""

    switch: Ended
    create: Ended
    wait: Ended
    get: Ended
    document: dict[str, Any]


def unlucky(scenes: Typed) -> Unlucky:
    """dev/sparks: AWS has no capacity."""
    switch = ["fail", "capacity", "--directory", str(DIRECTORY.path)]
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox", *switch], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    typist = scenes.typist
    created = typist.run("create", "dev/sparks", "--engine", "postgres", "--wait")
    request = typist.run("requests", "--db", "dev/sparks", "-o", "name").out.strip()
    return Unlucky(
        switch=Ended(ran.returncode, ran.stdout, ran.stderr),
        create=created,
        wait=typist.run("wait", "dev/sparks"),
        get=typist.run("get", request[:8]),
        document=scenes.sandbox.request(request),
    )


def born(scenes: Typed) -> dict[str, Ended]:
    """dev/ledger: made, looked at, written to."""
    scenes.after_the_retry()
    return typed(scenes, "born")


@dataclass(frozen=True, slots=True)
class Left:
    """Someone who watched, and pressed Ctrl-C; what became of the request."""

    create: Ended
    wait: Ended
    document: dict[str, Any]


def left(scenes: Typed) -> Left:
    """staging/shop: waits for a reviewer, and nobody waits for it."""
    typist = scenes.typist
    creating = typist.start("create", "staging/shop", "--engine", "mysql", "--wait")
    said = typing_it.read_until(creating, ["approval", "review"])
    created = typist.interrupt(creating)
    waiting = typist.start("wait", "staging/shop")
    typing_it.read_until(waiting, ["approval", "review"])
    request = typist.run("requests", "--db", "staging/shop", "-o", "name").out.strip()
    return Left(
        create=Ended(created.code, created.out, said + created.err),
        wait=typist.interrupt(waiting),
        document=scenes.sandbox.planned(request),
    )


def refused_by_github(scenes: Typed) -> Ended:
    """staging/again: GitHub takes no file of it, and nobody tries again."""
    match = {"match": "PUT .*/databases/staging/again/", "status": 403, "body": '{"message": "Forbidden"}'}
    control.post(f"{scenes.sandbox.github}/_sandbox/faults", match)
    return scenes.typist.run("create", "staging/again", "--engine", "mysql", "--wait")


@dataclass(frozen=True, slots=True)
class Situations:
    """Each command in each situation, and the children of those that have one."""

    refused: dict[str, Ended]
    piped: dict[str, Ended]
    interrupted: dict[str, Ended]
    psql: Ended
    child: Ended
    follower: Ended


def situations(scenes: Typed) -> Situations:
    """dev/ledger is there, staging/shop waits, staging/again failed."""
    for scene in (left, refused_by_github, born):
        scenes.see(scene)
    typist, waits = scenes.typist, scenes.see(left).document["id"]
    psql = typist.start("connect", LEDGER, "--", "-c", "SELECT pg_sleep(60)")
    child = typist.start("run", LEDGER, "--", "sleep", "60")
    follower = typist.start("logs", waits, "--follow")
    typing_it.running_child(psql, "psql")
    typing_it.running_child(child, "sleep")
    time.sleep(2)  # until psql has logged in, and the follower has looked once
    return Situations(
        psql=typist.interrupt(psql),
        child=typist.interrupt(child),
        follower=typist.interrupt(follower),
        refused=typing_it.refused(typist),
        piped=typing_it.piped(typist),
        interrupted=typing_it.interrupted(typist),
    )


def tried_again(scenes: Typed) -> dict[str, Ended]:
    """dev/sparks: retried to its end, though the network is away for a while."""
    scenes.see(unlucky)
    typist = scenes.typist
    (text,) = of_scene("tried_again").values()
    with Between(typist.url) as between:
        process = typist.start("retry", *text.split(), url=between.url)
        said = typing_it.read_until(process, ["apply"])
        scenes.retrying.set()
        between.cut()
        time.sleep(AWAY)
        between.restore()
        retried = typist.finish(process)
    retried = Ended(retried.code, retried.out, said + retried.err)
    return {"retry": retried, "get": typist.run("get", "dev/sparks")}


def cloned(scenes: Typed) -> dict[str, Ended]:
    """dev/copy: dev/ledger once more, with its rows; and nobody wants staging/shop any more."""
    scenes.see(situations)
    found = typed(scenes, "cloned")
    answer = "SELECT answer FROM notes"
    return found | {"connect": scenes.typist.run("connect", "dev/copy", "-q", "--", "-Atc", answer)}


def grown(scenes: Typed) -> dict[str, Ended]:
    """dev/sparks: changed three times, now that it is there."""
    scenes.see(tried_again)
    return typed(scenes, "grown")


def kept(scenes: Typed) -> dict[str, Ended]:
    """staging/kept: removed with a final snapshot, and back from it; each step has a reviewer."""
    typist, found = scenes.typist, {}
    creating = typist.start("create", "staging/kept", "--engine", "postgres", "--wait")
    scenes.after_the_retry()
    made = reviewed(scenes, "staging/kept", creating)
    assert made.code == 0, made
    for command, text in of_scene("kept").items():
        typing = typist.typing(command, text)
        if command == "snapshots":
            found[command] = typist.run(*typing)
            typist.words["SNAPSHOT"] = typist.run(*typing, "-o", "name").out.splitlines()[0]
        else:
            place = "staging/back" if command == "restore" else "staging/kept"
            found[command] = reviewed(scenes, place, typist.start(*typing))
        assert found[command].code == 0, f"rdsctl {command} {text}: {found[command]}"
    return found


def reviewed(scenes: Typed, place: str, process: "subprocess.Popen[str]") -> Ended:
    """A command that waits, while a code owner approves what it asked for."""

    def asked() -> str | None:
        if process.poll() is not None:
            raise AssertionError(f"it ended before anyone approved: {scenes.typist.finish(process)}")
        found = scenes.sandbox.alpha.call("GET", f"/databases/{place}")
        active = (found.body.get("links") or {}).get("active_request") if found.status == 200 else None
        return str(active).rpartition("/")[2] if active else None

    scenes.sandbox.approve(until(asked, f"a request for {place}"))
    return scenes.typist.finish(process)

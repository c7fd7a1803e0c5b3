"""The sandbox's commands, which the Makefile calls: start, stop, approve and demo."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
from pathlib import Path

from sandbox import hosting, place
from sandbox.demo import life, story
from sandbox.demo.paper import Paper
from sandbox.demo.stage import Stage, StoryFailed
from sandbox.place import HOME, Place
from sandbox.processes import MARK

STARTING = 5 * 60
STORIES = {"create": story.tell, "life": life.tell}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("start", "start the whole system in the background"),
        ("stop", "stop it and everything it started"),
        ("demo", "start a sandbox, turn one POST into a database or tell its whole life, clean up"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--directory", type=Path, default=HOME / "demo" if name == "demo" else HOME)
    commands.choices["demo"].add_argument("--story", choices=list(STORIES), default="create")
    merge = commands.add_parser("approve", help="approve and merge a pull request as a person")
    merge.add_argument("pull_request", type=int)
    merge.add_argument("--directory", type=Path, default=HOME)
    supervise = commands.add_parser("supervise", help="run the sandbox in this process (start does this)")
    supervise.add_argument("--directory", type=Path, required=True)
    supervise.add_argument("--with-parent", action="store_true", help="end when the parent process ends")
    arguments = parser.parse_args()
    at = Place(arguments.directory.resolve())
    try:
        match arguments.command:
            case "start":
                return start(at)
            case "stop":
                return stop(at)
            case "demo":
                return show(at, arguments.story)
            case "approve":
                return approve(at, arguments.pull_request)
            case _:
                from sandbox.up import supervise as run  # noqa: PLC0415  (it brings boto3 along)

                return run(at, with_parent=arguments.with_parent)
    except KeyboardInterrupt:
        return 130


def start(at: Place) -> int:
    if at.running and at.read().get("ready"):
        print(f"the sandbox runs already: . {shown(at.environment)}   (make sandbox-stop ends it)")
        return 0
    paper = Paper()
    paper.title("Starting the sandbox")
    try:
        launch(at, paper, with_parent=False)
    except BaseException:
        place.stop(at)
        raise
    state = at.read()
    print(f"\nThe sandbox runs. In a shell: . {shown(at.environment)}   (make sandbox-stop ends it)")
    print(f"  API       {state['api_url']}")
    print(f"  GitHub    {state['github_url']}")
    print(f"  CircleCI  {state['circleci_url']}")
    print(f"  AWS       {state['aws_url']}")
    return 0


def stop(at: Place) -> int:
    print("the sandbox is stopped" if place.stop(at) else "no sandbox runs")
    return 0


def approve(at: Place, number: int) -> int:
    state = at.read()
    if not (at.running and state.get("ready")):
        print("no sandbox runs; start one: make sandbox")
        return 1
    try:
        hosting.approve_and_merge(state["github_url"], number)
    except urllib.error.HTTPError as refused:
        with refused:
            print(f"pull request {number} was not merged: {refused.read().decode()}")
        return 1
    print(f"approved and merged: {state['github_url']}/{state['repository']}/pull/{number}")
    return 0


def show(at: Place, story: str) -> int:
    """The demo, on a sandbox of its own that goes away with it, whatever happens."""
    paper = Paper()
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    paper.title("RDS Provisioner: the whole system on this machine")
    try:
        launch(at, paper, with_parent=True)
        told = STORIES[story](Stage(at.read(), paper))
    except (StoryFailed, SystemExit) as failure:
        paper.bad(f"\nThe demo failed after {paper.seconds:.0f} s: {failure}")
        print(f"logs: {shown(at.logs)}")
        return 1
    finally:
        place.stop(at)
    (HOME / "demo.json").write_text(json.dumps(told, indent=2) + "\n")
    paper.good(f"\nDone in {paper.seconds:.0f} s. The API's documents are in {shown(HOME / 'demo.json')}.")
    return 0


def launch(at: Place, paper: Paper, *, with_parent: bool) -> None:
    """Start the supervisor in a session of its own and print its progress until it is ready.

    In its own session it hears no Ctrl-C of this terminal: whoever started it ends it, in order.
    """
    if at.running:
        place.stop(at)
    at.directory.mkdir(parents=True, exist_ok=True)
    at.empty()
    at.logs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sandbox", "supervise", "--directory", str(at.directory)]
    with (at.logs / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            command + (["--with-parent"] if with_parent else []),
            env={**os.environ, MARK: str(at.directory)},
            cwd=place.PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    at.write({"process": process.pid})
    told = 0
    deadline = time.monotonic() + STARTING
    while True:
        ready = bool(at.read().get("ready"))
        lines = at.progress.read_text().splitlines() if at.progress.exists() else []
        for line in lines[told:]:
            paper.line(line)
        told = len(lines)
        if ready:
            return
        if process.poll() is not None:
            raise SystemExit(f"the sandbox did not start; see {shown(at.logs / 'sandbox.log')}")
        if time.monotonic() > deadline:
            raise SystemExit(f"the sandbox did not start within {STARTING} s; see {shown(at.logs)}")
        time.sleep(0.1)


def shown(path: Path) -> str:
    """A path as one would type it from here."""
    return os.path.relpath(path)


if __name__ == "__main__":
    sys.exit(main())

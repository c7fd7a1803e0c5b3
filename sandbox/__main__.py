"""The sandbox's commands, which the Makefile calls: start, stop, approve, fail and demo."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from sandbox import doctor
from sandbox.demo import burst, cluster, life, review, story
from sandbox.demo.stage import Stage, StoryFailed
from sandbox.github import control
from sandbox.launch import launch, shown
from sandbox.launch import stop as stop_sandbox
from sandbox.printer import Printer
from sandbox.state_directory import HOME, StateDirectory

STORIES = {
    "create": story.play,
    "life": life.play,
    "burst": burst.play,
    "review": review.play,
    "cluster": cluster.play,
}
# What a story needs of its sandbox.
ENVIRONMENTS = {"cluster": cluster.ENVIRONMENT}


def main() -> int:
    arguments = parser().parse_args()
    directory = StateDirectory(arguments.directory.resolve())
    try:
        match arguments.command:
            case "start":
                return start(directory)
            case "stop":
                return stop(directory)
            case "demo":
                return demo(directory, arguments.story)
            case "approve":
                return approve(directory, arguments.pull_request)
            case "fail":
                return fail(directory, arguments.what)
            case _:
                from sandbox.supervisor import supervise  # noqa: PLC0415  (it brings boto3 along)

                return supervise(directory, with_parent=arguments.with_parent)
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = made.add_subparsers(dest="command", required=True)
    for name, text in (
        ("start", "start the whole system in the background"),
        ("stop", "stop it and everything it started"),
        ("demo", "start a sandbox, turn one POST into a database or show its whole life, clean up"),
        ("approve", "approve a pull request as a code owner; the provisioner merges it"),
        ("fail", "let the next apply fail with AWS's words: no capacity, or a refused parameter"),
        ("supervise", "run the sandbox in this process (start does this)"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--directory", type=Path, default=HOME / "demo" if name == "demo" else HOME)
    commands.choices["demo"].add_argument("--story", choices=list(STORIES), default="create")
    commands.choices["approve"].add_argument("pull_request", type=int)
    commands.choices["fail"].add_argument("what", choices=["capacity", "parameter"])
    commands.choices["supervise"].add_argument(
        "--with-parent", action="store_true", help="end when the parent process ends"
    )
    return made


def start(directory: StateDirectory) -> int:
    if directory.ready:
        print(f"the sandbox runs already: . {shown(directory.environment)}   (make sandbox-stop ends it)")
        return 0
    printer = Printer()
    printer.title("Starting the sandbox")
    try:
        launch(directory, printer, with_parent=False)
    except BaseException:
        stop_sandbox(directory)
        raise
    state = directory.read()
    print(f"\nThe sandbox runs. In a shell: . {shown(directory.environment)}   (make sandbox-stop ends it)")
    print(f"  Console   {state['api_url']}/console/")
    print(f"            sign in with {state['api_key']}")
    print(f"            or as an operator with {state['operator_api_key']}")
    print(f"  API       {state['api_url']}")
    print(f"  GitHub    {state['github_url']}")
    print("            sign in as a code owner to review (make sandbox-approve PR=n does it from here)")
    print(f"  CircleCI  {state['circleci_url']}")
    print(f"  AWS       {state['aws_url']}")
    print("\nThe doctor goes through it (python -m ops.doctor):", flush=True)
    status = doctor.look(directory)
    print("\n".join(["", "Type next:", *(f"  {line}" for line in next_commands(directory))]))
    return status


def next_commands(directory: StateDirectory) -> list[str]:
    """What to type first: ask for a database, log in, and write a row."""
    rdsctl = shown(directory.command_line)
    return [
        f"{rdsctl} create dev/first --engine postgres --wait",
        f"{rdsctl} connect dev/first",
        f"""{rdsctl} run dev/first -- sh -c 'psql "$DATABASE_URL" -c "SELECT now()"'""",
    ]


def stop(directory: StateDirectory) -> int:
    why = no_sandbox(directory)
    print("the sandbox is stopped" if stop_sandbox(directory) else why)
    return 0


def approve(directory: StateDirectory, number: int) -> int:
    state = directory.read()
    if not directory.ready:
        print(f"{no_sandbox(directory)}; start one: make sandbox")
        return 1
    try:
        control.approve(state["github_url"], number)
    except control.NotPossible as refused:
        print(f"pull request {number} was not approved: {refused}")
        return 1
    print(f"approved: {state['github_url']}/{state['repository']}/pull/{number}")
    print("The provisioner merges it once its gate and plan have passed.")
    return 0


def fail(directory: StateDirectory, what: str) -> int:
    """Let the next apply that makes or changes an instance fail, once."""
    if not directory.ready:
        print(f"{no_sandbox(directory)}; start one: make sandbox")
        return 1
    from sandbox.aws import control as aws  # noqa: PLC0415
    from sandbox.running import Running  # noqa: PLC0415

    aws.fail_next(Running(directory.read()).cloud, what)
    words = {"capacity": "that it has no capacity", "parameter": "that a parameter's value is invalid"}[what]
    rdsctl = shown(directory.command_line)
    print(f"The next apply that creates or resizes a database fails: RDS says {words}. Try it:")
    print(f"  {rdsctl} create dev/unlucky --engine postgres --wait")
    print(f"  {rdsctl} retry dev/unlucky --wait     (the switch is off then)")
    return 0


def no_sandbox(directory: StateDirectory) -> str:
    """That no sandbox runs, and why the last one ended."""
    ended = str(directory.read().get("ended", ""))
    return "no sandbox runs" + (f" (the last one ended: {ended.splitlines()[0]})" if ended else "")


def demo(directory: StateDirectory, name: str) -> int:
    """One story, on a sandbox that goes away with it, whatever happens."""
    printer = Printer()
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    printer.title("RDS Provisioner: the whole system on this machine")
    os.environ.update(ENVIRONMENTS.get(name, {}))
    try:
        launch(directory, printer, with_parent=True)
        documents = STORIES[name](Stage(directory.read(), printer))
    except (StoryFailed, SystemExit) as failure:
        printer.bad(f"\nThe demo failed after {printer.seconds:.0f} s: {failure}")
        print(f"logs: {shown(directory.logs)}")
        return 1
    finally:
        stop_sandbox(directory)
    (HOME / "demo.json").write_text(json.dumps(documents, indent=2) + "\n")
    printer.good(
        f"\nDone in {printer.seconds:.0f} s. The API's documents are in {shown(HOME / 'demo.json')}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

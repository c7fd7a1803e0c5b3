"""Brings every database to the module and the root format of main: python -m ops.rollout --bucket STATES.

Without --open it says what it would do, and writes nothing. With it, it asks for one maintenance after the
other, each a request with its own pull request, plan and approval, and stops at the first that fails. Ended
at any time and run again, it goes on from there.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provisioner.core import catalog
from provisioner.core.engines import RESOURCES, Resource
from provisioner.core.errors import Problem
from provisioner.core.hcl import FORMAT_PATH, NEWEST
from provisioner.core.module import is_of_module, module_hash
from provisioner.intake.message import Message, encode
from provisioner.intake.opening import Opening
from provisioner.ledger.ledger import Ledger

from ops.maintenance import Finding, Goal, Maintenance, Standing, utc_now
from ops.stack import STACK, Refused, Stack, Stopped, client, resumable
from ops.states import States

_PROJECT: Final = Path(__file__).parents[1]
_LOOK_EVERY: Final = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Pace:
    """`every` seconds between two requests, `at_once` under way, `patience` seconds for one to end."""

    every: float
    at_once: int
    patience: float


@dataclass(frozen=True, slots=True)
class Rollout:
    """Asks for what is due at a pace that CircleCI, GitHub and the reviewers can follow."""

    maintenance: Maintenance
    pace: Pace
    sleep: Callable[[float], None]
    say: Callable[[str], None]

    def run(self, findings: Sequence[Finding]) -> int:
        """Ask for the maintenance of what is due; how many were asked for. Raises Stopped."""
        moving = [finding for finding in findings if finding.standing is Standing.UNDER_WAY]
        asked = 0
        for finding in findings:
            if finding.standing is not Standing.DUE:
                continue
            moving = self._wait(moving, self.pace.at_once - 1)
            try:
                request = self.maintenance.open(finding)
            except Problem as problem:
                self.say(f"{finding.place}: waits: {problem.detail}")
                continue
            self.say(f"{finding.place}: asked for with request {request.id}")
            moving.append(finding)
            asked += 1
            self.sleep(self.pace.every)
        self._wait(moving, 0)
        return asked

    def _wait(self, moving: list[Finding], at_most: int) -> list[Finding]:
        """Wait until no more than `at_most` are under way; those that still are."""
        waited = 0.0
        while True:
            left = [finding for finding in moving if self._moves(finding)]
            if len(left) <= at_most:
                return left
            if waited >= self.pace.patience:
                listed = ", ".join(str(finding.place) for finding in left)
                raise Stopped(f"{listed}: still under way. Run it again once they are approved or done.")
            self.sleep(_LOOK_EVERY)
            waited += _LOOK_EVERY

    def _moves(self, finding: Finding) -> bool:
        now = self.maintenance.look(finding.place)
        if now.standing in (Standing.FAILED, Standing.REFUSED):
            raise Stopped(f"{now.place}: {now.detail}. Nothing more is asked for until that is settled.")
        if now.standing is not Standing.UNDER_WAY:
            self.say(f"{now.place}: {now.standing}: {now.detail}")
        return now.standing is Standing.UNDER_WAY


def goals(project: Path = _PROJECT) -> dict[Resource, Goal]:
    """What this clone has for each kind; raises Refused where its code is of another release than that."""
    said = (project / FORMAT_PATH).read_text(encoding="utf-8").strip()
    if said != str(NEWEST):
        raise Refused(f"{FORMAT_PATH} says {said!r}, but this code writes format {NEWEST}: check out main.")
    return {resource: Goal(module_hash(_module(project, resource)), NEWEST) for resource in RESOURCES}


def _module(project: Path, resource: Resource) -> dict[str, str]:
    files = [path.relative_to(project).as_posix() for path in (project / resource.module_path).rglob("*.tf")]
    return {
        path: (project / path).read_bytes().decode("utf-8", "replace")
        for path in files
        if is_of_module(resource, path)
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status: 0 all current or asked for, 1 something is left, 2 refused."""
    chosen = _parser().parse_args(arguments)
    return resumable(lambda: _run(chosen, Stack.find(chosen.stack)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rollout", description="Brings every database to the module and the root format of main."
    )
    parser.add_argument("--bucket", required=True, help="the bucket of Terraform's states")
    parser.add_argument("--open", action="store_true", help="ask for it; without this, nothing is written")
    parser.add_argument("--stack", default=STACK, help=f"the stack (default: {STACK})")
    parser.add_argument("--environment", action="append", help="only this one; may be given more than once")
    parser.add_argument(
        "--again", action="store_true", help="also where a try was closed, cancelled or given up"
    )
    parser.add_argument("--every", type=float, default=60, help="seconds between two requests (default: 60)")
    parser.add_argument("--at-once", type=int, default=5, help="requests under way at a time (default: 5)")
    parser.add_argument(
        "--patience", type=float, default=3600, help="seconds to wait for them (default: 3600)"
    )
    return parser


def _run(chosen: argparse.Namespace, stack: Stack) -> int:
    maintenance = Maintenance(_opening(stack), States(client("s3"), chosen.bucket), goals(), chosen.again)
    findings = [
        finding
        for finding in maintenance.findings()
        if not chosen.environment or finding.place.environment in chosen.environment
    ]
    print(listing(findings, maintenance.goals))
    if chosen.open:
        pace = Pace(chosen.every, max(chosen.at_once, 1), chosen.patience)
        asked = Rollout(maintenance, pace, time.sleep, _say).run(findings)
        print(f"\n{asked} asked for.")
        findings = [maintenance.look(finding.place) for finding in findings]
    elif any(finding.standing is Standing.DUE for finding in findings):
        print("\nNothing was written. With --open, it asks for what is due.")
    return int(any(finding.standing is not Standing.CURRENT for finding in findings))


def listing(findings: Sequence[Finding], wanted: Mapping[Resource, Goal]) -> str:
    """Where every database stands, for people."""
    counted = Counter(finding.standing for finding in findings)
    summary = ", ".join(f"{counted[standing]} {standing}" for standing in Standing if counted[standing])
    width = max((len(str(finding.place)) for finding in findings), default=0)
    rows = [f"  {finding.place!s:<{width}}  {finding.standing:<9}  {finding.detail}" for finding in findings]
    has = ", ".join(f"{goal} for {kind.name}s" for kind, goal in wanted.items())
    return "\n".join([f"Main has {has}. Databases: {summary or 'none'}.", *rows])


def _opening(stack: Stack) -> Callable[[], Opening]:
    ledger = Ledger(client("dynamodb"), stack.output("LedgerTable"))
    rules = catalog.load(_PROJECT / "catalog.yaml")
    sns: Any = client("sns")
    topic = stack.output("RequestTopicArn")

    def publish(message: Message) -> None:
        sns.publish(
            TopicArn=topic,
            Message=encode(message),
            MessageAttributes={"kind": {"DataType": "String", "StringValue": message.kind}},
        )

    return lambda: Opening(ledger, rules, publish, utc_now())


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())

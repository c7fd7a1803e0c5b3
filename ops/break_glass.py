"""Lets one database's root change in git without a request for a while: python -m ops.break_glass open PLACE.

For the day on which the API cannot do what has to be done. It writes a row of the ledger, which the report
functions read: the plan of a pull request that no request made then passes, and main's root is applied. The
gate's job stays red, since it has no credentials to ask with: an operator merges past it. Every use is kept,
published as an event and counted, and an alarm rings for as long as it is open (docs/runbook.md).
"""

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core import database_events
from provisioner.core.names import Place
from provisioner.ledger.break_glass import LONGEST, Glass
from provisioner.ledger.ledger import Ledger

from ops.stack import STACK, Refused, Stack, client


@dataclass(frozen=True, slots=True)
class Switch:
    """The switch of one stack, in the hands of one operator."""

    ledger: Ledger
    actor: str

    @classmethod
    def of_stack(cls, name: str) -> "Switch":
        """Find the ledger among the stack's outputs, and who asks."""
        table = Stack.find(name).output("LedgerTable")
        return cls(Ledger(client("dynamodb"), table), client("sts").get_caller_identity()["Arn"])

    def open(self, place: Place, reason: str, duration: dt.timedelta, now: dt.datetime) -> Glass:
        """Open it; raises Refused where it is open, or asked for too long or without a reason."""
        if not reason.strip():
            raise Refused("Say why with --reason: the events and the runbook's reader will ask.")
        if not dt.timedelta() < duration <= LONGEST:
            raise Refused(
                f"It opens for 1 to {LONGEST.total_seconds() / 60:.0f} minutes; open it again later."
            )
        if there := self.ledger.break_glass.open_for(place, now):
            raise Refused(f"It is open for {place} until {there.until:%H:%M} UTC, by {there.actor}.")
        glass = Glass(place=place, actor=self.actor, reason=reason, opened_at=now, until=now + duration)
        if not self.ledger.break_glass.open(glass):
            raise Refused("Another operator opened it at the same moment; `list` shows it.")
        self._say("opened", glass, now)
        return glass

    def close(self, place: Place, now: dt.datetime) -> Glass:
        """End it before its time; raises Refused where it is not open."""
        glass = self.ledger.break_glass.open_for(place, now)
        if glass is None or not self.ledger.break_glass.close(glass, now):
            raise Refused(f"It is not open for {place}.")
        self._say("closed", glass, now)
        return glass

    def _say(self, doing: str, glass: Glass, now: dt.datetime) -> None:
        event = database_events.break_glass(
            doing, now, self.actor, opened_at=glass.opened_at, until=glass.until, reason=glass.reason
        )
        self.ledger.add_database_event(glass.place, event)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    chosen = _parser().parse_args(arguments)
    now = dt.datetime.now(dt.UTC)
    try:
        place = Place.parse(chosen.place)
        if place is None:
            raise Refused(f"{chosen.place!r} names no database: write it as dev/orders.")
        switch = Switch.of_stack(chosen.stack)
        print(_run(switch, chosen, place, now))
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused: {error}", file=sys.stderr)
        return 1
    return 0


def _run(switch: Switch, chosen: argparse.Namespace, place: Place, now: dt.datetime) -> str:
    if chosen.command == "open":
        glass = switch.open(place, chosen.reason, dt.timedelta(minutes=chosen.minutes), now)
        return (
            f"Until {glass.until:%H:%M} UTC the root of {place} may change without a request. Open a pull "
            "request that changes it alone, run its pipeline, merge it past the gate's job, and close the "
            "switch. Then ask for the same through the API, so that the ledger knows it."
        )
    if chosen.command == "close":
        switch.close(place, now)
        return f"Closed: the root of {place} changes through the API alone again."
    found = switch.ledger.break_glass.of(place)
    return "\n".join(_line(glass, now) for glass in found) or f"It was never opened for {place}."


def _line(glass: Glass, now: dt.datetime) -> str:
    end = glass.closed_at or glass.until
    state = "OPEN until" if glass.is_open(now) else "closed"
    return f"{glass.opened_at:%Y-%m-%d %H:%M}  {state} {end:%Y-%m-%d %H:%M}  {glass.actor}  {glass.reason}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="break_glass", description="Lets a root change in git without a request, for a while."
    )
    parser.add_argument("--stack", default=STACK, help=f"the stack (default: {STACK})")
    commands = parser.add_subparsers(dest="command", required=True)
    opening = commands.add_parser("open", help="let the root change without a request")
    opening.add_argument("place", help="the database, such as dev/orders")
    opening.add_argument("--reason", required=True, help="why; it is kept and published")
    opening.add_argument("--minutes", type=int, default=60, help="for how long (default: 60)")
    for name, words in (("close", "end it before its time"), ("list", "show every use of it")):
        commands.add_parser(name, help=words).add_argument("place")
    return parser


if __name__ == "__main__":
    sys.exit(main())

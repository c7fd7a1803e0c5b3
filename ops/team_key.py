"""Makes, lists, rotates, revokes and restores API keys: python -m ops.team_key create TEAM.

A key is shown once, when it is made; AWS keeps it, and whoever may read API Gateway's keys can look it up
there. With --operator it opens all teams' things, to read (docs/operator.md).
"""

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core.catalog import lifetime
from provisioner.core.scopes import OPERATOR, TEAM

from ops.stack import STACK, Refused
from ops.team_keys import Key, TeamKeys

__all__ = ["Key", "TeamKeys", "main"]
# The team of operators' keys, which asks for nothing.
OPERATORS: Final = "operators"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="team_key", description="Makes, lists, rotates, revokes and restores API keys."
    )
    parser.add_argument("--stack", default=STACK, help=f"the stack (default: {STACK})")
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="make a key and print it, once")
    create.add_argument("team", nargs="?", help="whose it is; an operator's needs none")
    create.add_argument("--operator", action="store_true", help="opens all teams' things, to read (30 days)")
    create.add_argument("--actor", help="who uses it, for the timelines (default: the team)")
    create.add_argument("--person", help="whose key it is: what is asked with it names this user")
    create.add_argument("--expires", metavar="DAYS", help="when it ends, such as 90d (default: never; 30d)")
    create.add_argument("--quiet", action="store_true", help="print the key alone, for a pipe into a vault")
    listing = commands.add_parser("list", help="show which keys there are, never their values")
    listing.add_argument("team", nargs="?")
    rotate = commands.add_parser("rotate", help="make a key like another one, which ends then")
    rotate.add_argument("key", help="its name or its id")
    rotate.add_argument("--grace", metavar="HOURS", default="24h", help="how long the old one lives on (24h)")
    rotate.add_argument("--quiet", action="store_true", help="print the key alone, for a pipe into a vault")
    revoke = commands.add_parser("revoke", help="end a key")
    revoke.add_argument("key", help="its name or its id")
    commands.add_parser("restore", help="write the keys' rows again, where the ledger was lost")
    chosen = parser.parse_args(arguments)
    try:
        keys = TeamKeys.of_stack(chosen.stack)
        if chosen.command == "create":
            _create(keys, chosen)
        elif chosen.command == "list":
            _list(keys, chosen.team)
        elif chosen.command == "rotate":
            _rotate(keys, chosen)
        elif chosen.command == "restore":
            for key in keys.restore():
                print(f"Restored {key.name} of team {key.team}.")
        else:
            ended = keys.revoke(chosen.key)
            print(f"Revoked {ended.name} of team {ended.team}. The API refuses it within a minute.")
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused: {error}", file=sys.stderr)
        return 1
    return 0


def _length(option: str, text: str) -> dt.timedelta | None:
    try:
        return lifetime(text)
    except ValueError as error:
        raise Refused(f"{option}: {error}") from None


def _create(keys: TeamKeys, chosen: argparse.Namespace) -> None:
    team, expires = chosen.team, chosen.expires
    if chosen.operator:
        team, expires = team or OPERATORS, expires or "30d"
    elif team is None:
        raise Refused("Say whose key it is: create TEAM, or create --operator --person NAME.")
    length = _length("--expires", expires) if expires else None
    end = dt.datetime.now(dt.UTC) + length if length else None
    scope = OPERATOR if chosen.operator else TEAM
    key, value = keys.create(team, chosen.actor, person=chosen.person, expires_at=end, scope=scope)
    _show(key, value, quiet=chosen.quiet)


def _rotate(keys: TeamKeys, chosen: argparse.Namespace) -> None:
    grace = _length("--grace", chosen.grace) or dt.timedelta()
    now = dt.datetime.now(dt.UTC)
    made, value, old = keys.rotate(chosen.key, now, grace)
    _show(made, value, quiet=chosen.quiet)
    if not chosen.quiet:
        print(f"{old.name} is refused from {now + grace:%Y-%m-%d %H:%M} UTC on; `revoke` deletes it.")


def _show(key: Key, value: str, *, quiet: bool) -> None:
    if quiet:
        print(value)
        return
    whose = f"operator {key.person}" if key.scope == OPERATOR else f"team {key.team}"
    print(f"Key {key.name} (id {key.id}) of {whose}, shown this once:\n\n  {value}\n")
    print("Send it in the x-api-key header. API Gateway may take a minute to know it.")


def _list(keys: TeamKeys, team: str | None) -> None:
    found = keys.list(team)
    if not found:
        print("No keys. Make one: python -m ops.team_key create TEAM")
        return
    rows = [("NAME", "ID", "TEAM", "ACTOR", "CREATED", "PERSON", "ENDS", "SCOPE")]
    rows += [
        (
            key.name,
            key.id,
            key.team,
            key.actor,
            key.created,
            key.person or "-",
            key.expires or "never",
            key.scope,
        )
        for key in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())

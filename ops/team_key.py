"""Makes, lists, revokes and restores the teams' API keys: python -m ops.team_key create TEAM.

A key belongs to a team through a row of the ledger, which the API reads, and carries the same as tags, from
which `restore` writes the rows of a ledger that was lost. A key is shown once, when it is
made; AWS keeps it, and whoever may read API Gateway's keys can look it up there.
"""

import argparse
import datetime as dt
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core.catalog import lifetime
from provisioner.ledger.codecs import when

from ops.stack import STACK, Refused, Stack, client

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_dynamodb import DynamoDBClient

TEAM: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_TEAM: Final = 40
# Everything up to a printed name: a user, a bot, a service.
# What a key's row and its tags have; a row has its name, too.
_OWNER: Final = ("team", "actor", "person", "expires_at")
ACTOR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 @._+/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a team."""

    id: str
    name: str
    team: str
    actor: str
    created: str
    person: str = ""
    expires: str = ""


@dataclass(frozen=True, slots=True)
class TeamKeys:
    """The keys of one stack."""

    gateway: "APIGatewayClient"
    dynamodb: "DynamoDBClient"
    stack: str
    usage_plan: str
    table: str

    @classmethod
    def of_stack(cls, stack: str) -> "TeamKeys":
        """Find the usage plan and the ledger among the stack's outputs."""
        found = Stack.find(stack)
        return cls(
            client("apigateway"),
            client("dynamodb"),
            stack,
            found.output("UsagePlanId"),
            found.output("LedgerTable"),
        )

    def create(
        self,
        team: str,
        actor: str | None = None,
        *,
        person: str | None = None,
        expires_at: dt.datetime | None = None,
    ) -> tuple[Key, str]:
        """Make a key, and give it to a team, or to one of its users; the key and its secret value.

        After `expires_at` the API refuses it.
        """
        if not TEAM.fullmatch(team) or len(team) > MAX_TEAM:
            raise Refused(
                f"{team!r} is no team's name: use lower-case letters, digits and single hyphens, "
                f"a letter first, {MAX_TEAM} characters at most."
            )
        for name in (person, actor):
            if name is not None and not ACTOR.fullmatch(name):
                raise Refused(
                    f"{name!r} is no actor's name: use up to 64 letters, digits, spaces and @._+/-."
                )
        name = f"{self.stack}-{team}-{self._next(team)}"
        about = {"team": team, "actor": actor or person or team}
        about |= {"person": person} if person else {}
        about |= {"expires_at": when(expires_at)} if expires_at else {}
        made = self.gateway.create_api_key(name=name, enabled=True, tags=about)
        try:
            self._write_owner(made["id"], name, about)
            # Last, because from here on the key opens the API.
            self.gateway.create_usage_plan_key(
                usagePlanId=self.usage_plan, keyId=made["id"], keyType="API_KEY"
            )
        except (BotoCoreError, ClientError):
            self._remove(made["id"])
            raise
        return _key(made, about, made), made["value"]

    def list(self, team: str | None = None) -> list[Key]:
        """The stack's keys, by name; one that was deleted outside, and is still attached, is passed over."""
        keys = []
        for attached in self._attached():
            owner = self._owner(attached["id"])
            about = self._about(attached["id"])
            if about and team in (None, owner.get("team")):
                keys.append(_key(attached, owner, about))
        return sorted(keys, key=lambda key: key.name)

    def restore(self) -> tuple[Key, ...]:
        """Write the rows of keys that have none, from their tags; those keys."""
        restored = []
        for attached in self._attached():
            if self._owner(attached["id"]):
                continue
            about = self._about(attached["id"])
            tags = about.get("tags", {})
            if "team" not in tags:
                continue  # deleted, or not made here; it opens nothing
            owner = {"actor": tags["team"]} | {name: tags[name] for name in _OWNER if name in tags}
            self._write_owner(attached["id"], attached["name"], owner)
            restored.append(_key(attached, owner, about))
        return tuple(sorted(restored, key=lambda key: key.name))

    def revoke(self, key: str) -> Key:
        """End a key of this stack, named by its name or its id; one that is half gone is ended as a whole."""
        found = next(
            (attached for attached in self._attached() if key in (attached["name"], attached["id"])), None
        )
        if found is None:
            raise Refused(f"The stack {self.stack!r} has no key {key!r}; `list` shows its keys.")
        owner, about = self._owner(found["id"]), self._about(found["id"])
        with suppress(self.gateway.exceptions.NotFoundException):  # from here on it opens nothing
            self.gateway.delete_usage_plan_key(usagePlanId=self.usage_plan, keyId=found["id"])
        self._remove(found["id"])
        return _key(found, owner, about)

    def _remove(self, key_id: str) -> None:
        """Delete a key and its row, whatever is left of them.

        The key first: a key without a row is refused by the API, a row without a key opens nothing.
        """
        try:
            with suppress(self.gateway.exceptions.NotFoundException):
                self.gateway.delete_api_key(apiKey=key_id)
        finally:
            self.dynamodb.delete_item(TableName=self.table, Key=_row_key(key_id))

    def _about(self, key_id: str) -> dict[str, Any]:
        """What API Gateway says of a key; empty where it no longer exists.

        A usage plan may still name a key that was deleted.
        """
        try:
            return dict(self.gateway.get_api_key(apiKey=key_id))
        except self.gateway.exceptions.NotFoundException:
            return {}

    def _attached(self) -> Iterator[dict[str, Any]]:
        pages = self.gateway.get_paginator("get_usage_plan_keys").paginate(usagePlanId=self.usage_plan)
        for page in pages:
            yield from (dict(item) for item in page["items"])

    def _owner(self, key_id: str) -> dict[str, str]:
        answer = self.dynamodb.get_item(TableName=self.table, Key=_row_key(key_id), ConsistentRead=True)
        row = answer.get("Item", {})
        return {field: value["S"] for field, value in row.items() if "S" in value}

    def _write_owner(self, key_id: str, name: str, owner: Mapping[str, str]) -> None:
        row = _row_key(key_id) | {field: {"S": text} for field, text in {**owner, "name": name}.items()}
        self.dynamodb.put_item(TableName=self.table, Item=row)

    def _next(self, team: str) -> int:
        name = re.compile(re.escape(f"{self.stack}-{team}-") + r"(\d+)")
        numbers = [
            int(match[1]) for attached in self._attached() if (match := name.fullmatch(attached["name"]))
        ]
        return max(numbers, default=0) + 1


def _row_key(key_id: str) -> dict[str, dict[str, str]]:
    """Where the ledger has a key's row."""
    return {"pk": {"S": f"KEY#{key_id}"}, "sk": {"S": "KEY"}}


def _key(attached: Mapping[str, Any], owner: Mapping[str, str], about: Mapping[str, Any]) -> Key:
    """A key as the usage plan has it, with its row and what API Gateway says of it, where these are there."""
    return Key(
        attached["id"],
        attached["name"],
        owner.get("team", "(none)"),
        owner.get("actor", ""),
        _created(about) if about else "",
        owner.get("person", ""),
        owner.get("expires_at", "")[:10],
    )


def _created(about: Mapping[str, Any]) -> str:
    return f"{about['createdDate']:%Y-%m-%d}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="team_key", description="Makes, lists, revokes and restores the teams' API keys."
    )
    parser.add_argument("--stack", default=STACK, help=f"the stack (default: {STACK})")
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="make a key and print it, once")
    create.add_argument("team")
    create.add_argument("--actor", help="who uses it, for the timelines (default: the team)")
    create.add_argument("--person", help="whose key it is: what is asked with it names this user")
    create.add_argument("--expires", metavar="DAYS", help="when it ends, such as 90d (default: never)")
    create.add_argument("--quiet", action="store_true", help="print the key alone, for a pipe into a vault")
    listing = commands.add_parser("list", help="show which keys there are, never their values")
    listing.add_argument("team", nargs="?")
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


def _end(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        length = lifetime(text)
    except ValueError as error:
        raise Refused(f"--expires: {error}") from None
    return None if length is None else dt.datetime.now(dt.UTC) + length


def _create(keys: TeamKeys, chosen: argparse.Namespace) -> None:
    end = _end(chosen.expires)
    key, value = keys.create(chosen.team, chosen.actor, person=chosen.person, expires_at=end)
    if chosen.quiet:
        print(value)
        return
    print(f"Key {key.name} (id {key.id}) of team {key.team}, shown this once:\n\n  {value}\n")
    print("Send it in the x-api-key header. API Gateway may take a minute to know it.")


def _list(keys: TeamKeys, team: str | None) -> None:
    found = keys.list(team)
    if not found:
        print("No keys. Make one: python -m ops.team_key create TEAM")
        return
    rows = [("NAME", "ID", "TEAM", "ACTOR", "CREATED", "PERSON", "ENDS")]
    rows += [
        (key.name, key.id, key.team, key.actor, key.created, key.person or "-", key.expires or "never")
        for key in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())

"""The API keys of a stack: made, listed, replaced, revoked and restored.

A key belongs to a team, or to an operator, through a row of the ledger, which the API reads, and carries the
same as tags, from which `restore` writes the rows of a ledger that was lost.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core.scopes import LONGEST_OPERATOR, OPERATOR
from provisioner.core.scopes import TEAM as TEAM_SCOPE
from provisioner.ledger.codecs import parse_when, when

from ops.stack import Refused, Stack, client

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_dynamodb import DynamoDBClient

TEAM: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_TEAM: Final = 40
# What a key's row and its tags have; a row has its name, too.
_OWNER: Final = ("team", "actor", "person", "expires_at", "scope")
# Everything up to a printed name: a user, a bot, a service.
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
    scope: str = TEAM_SCOPE


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
        scope: str = TEAM_SCOPE,
    ) -> tuple[Key, str]:
        """Make a key, and give it to a team, or to one of its users; the key and its secret value.

        After `expires_at` the API refuses it. An operator's key has someone's name, and ends within 30 days.
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
        if scope == OPERATOR:
            _check_operator(person, expires_at)
        name = f"{self.stack}-{team}-{self._next(team)}"
        about = {"team": team, "actor": actor or person or team}
        about |= {"person": person} if person else {}
        about |= {"expires_at": when(expires_at)} if expires_at else {}
        about |= {"scope": scope} if scope != TEAM_SCOPE else {}
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

    def rotate(self, key: str, now: dt.datetime, grace: dt.timedelta) -> tuple[Key, str, Key]:
        """Make a key like another one, which ends after `grace`: the new key, its value, and the old one.

        The new one lives as long as the old one was meant to: from now on where that is known, else for ever.
        """
        found = self._named(key)
        owner, about = self._owner(found["id"]), self._about(found["id"])
        if not owner or not about:
            raise Refused(f"The key {key!r} belongs to nobody; `list` shows what may be rotated.")
        end = parse_when(owner["expires_at"]) if "expires_at" in owner else None
        if end is not None and end <= now:
            raise Refused(f"The key {key!r} has ended; `create` makes another.")
        lifetime = end - about["createdDate"] if end else None
        scope = owner.get("scope", TEAM_SCOPE)
        if lifetime and scope == OPERATOR:
            lifetime = min(lifetime, LONGEST_OPERATOR)
        made, value = self.create(
            owner["team"],
            owner.get("actor"),
            person=owner.get("person"),
            expires_at=now + lifetime if lifetime else None,
            scope=scope,
        )
        over = {"expires_at": when(min(now + grace, end) if end else now + grace)}
        self.gateway.tag_resource(resourceArn=self._arn(found["id"]), tags=over)
        kept = {name: text for name, text in owner.items() if name in _OWNER}
        self._write_owner(found["id"], found["name"], kept | over)
        return made, value, _key(found, kept | over, about)

    def _arn(self, key_id: str) -> str:
        partition = "aws-cn" if self.gateway.meta.region_name.startswith("cn-") else "aws"
        return f"arn:{partition}:apigateway:{self.gateway.meta.region_name}::/apikeys/{key_id}"

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
        found = self._named(key)
        owner, about = self._owner(found["id"]), self._about(found["id"])
        with suppress(self.gateway.exceptions.NotFoundException):  # from here on it opens nothing
            self.gateway.delete_usage_plan_key(usagePlanId=self.usage_plan, keyId=found["id"])
        self._remove(found["id"])
        return _key(found, owner, about)

    def _named(self, key: str) -> dict[str, Any]:
        found = next(
            (attached for attached in self._attached() if key in (attached["name"], attached["id"])), None
        )
        if found is None:
            raise Refused(f"The stack {self.stack!r} has no key {key!r}; `list` shows its keys.")
        return found

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


def _check_operator(person: str | None, expires_at: dt.datetime | None) -> None:
    if not person:
        raise Refused("An operator's key has a name, under which its calls are audited: --person NAME.")
    # A minute, since the command began a moment before.
    longest = dt.datetime.now(dt.UTC) + LONGEST_OPERATOR + dt.timedelta(minutes=1)
    if expires_at is None or expires_at > longest:
        raise Refused(f"An operator's key lives {LONGEST_OPERATOR.days} days at most: --expires 30d or less.")


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
        owner.get("scope", TEAM_SCOPE),
    )


def _created(about: Mapping[str, Any]) -> str:
    return f"{about['createdDate']:%Y-%m-%d}"

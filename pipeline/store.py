"""What the pipeline keeps in the state bucket beside the states: reviewed plans, and what was applied."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError
from provisioner.terraform import state_key

# Stands beside the hashes of what was applied: an apply began, so that a state may hold something.
ATTEMPTED: Final = "attempted"


@dataclass(frozen=True, slots=True)
class Lock:
    """A state lock that somebody holds, or left behind."""

    id: str
    who: str
    operation: str
    since: str

    def describe(self, now: dt.datetime) -> str:
        """The lock in one sentence, with its age."""
        try:
            minutes = (now - dt.datetime.fromisoformat(self.since[:19] + "+00:00")).total_seconds() / 60
            age = f"{minutes:.0f} minutes ago"
        except ValueError:
            age = f"at {self.since}"
        return f"{self.who} took lock {self.id} for {self.operation}, {age}"


class Store:
    """The state bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keep_reviewed(self, environment: str, database_name: str, digest: str, changes: list[Any]) -> None:
        """Keep a plan as it was shown for review, under the hash of the root that it is for."""
        self._put(f"reviewed/{environment}/{database_name}/{digest}.json", {"version": 1, "changes": changes})

    def reviewed(self, environment: str, database_name: str, digest: str) -> list[dict[str, Any]] | None:
        """The plan that was reviewed for a root's content; None where none was."""
        content = self._get(f"reviewed/{environment}/{database_name}/{digest}.json")
        return None if content is None else list(content["changes"])

    def applied(self, environment: str) -> dict[str, set[str]]:
        """The hashes that were applied, by database; all of an environment in one listing."""
        found: dict[str, set[str]] = {}
        prefix = f"applied/{environment}/"
        for page in self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        ):
            for one in page.get("Contents", []):
                name, _, file = one["Key"].removeprefix(prefix).partition("/")
                found.setdefault(name, set()).add(file.removesuffix(".json"))
        return found

    def mark_attempted(self, environment: str, database_name: str) -> None:
        """Remember that an apply begins, so that a root removed after a failed apply is cleaned up."""
        self._put(f"applied/{environment}/{database_name}/{ATTEMPTED}.json", {"version": 1})

    def mark_applied(
        self, environment: str, database_name: str, digest: str, details: Mapping[str, Any]
    ) -> None:
        """Remember that a root's content was applied, and forget what was applied before."""
        self._put(f"applied/{environment}/{database_name}/{digest}.json", {"version": 1, **details})
        for old in self._keys(f"applied/{environment}/{database_name}/"):
            if not old.endswith(f"/{digest}.json"):
                self._client.delete_object(Bucket=self._bucket, Key=old)

    def forget(self, environment: str, database_name: str) -> None:
        """Forget a removed database; its markers last, so that a crash leaves something to come back to."""
        for kind in ("reviewed", "applied"):
            for key in self._keys(f"{kind}/{environment}/{database_name}/"):
                self._client.delete_object(Bucket=self._bucket, Key=key)

    def lock(self, environment: str, database_name: str) -> Lock | None:
        """The lock on a database's state, if there is one."""
        content = self._get(state_key(environment, database_name) + ".tflock")
        if content is None:
            return None
        names = ("ID", "Who", "Operation", "Created")
        return Lock(*(str(content.get(name, "unknown")) for name in names))

    def _keys(self, prefix: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return [str(one["Key"]) for page in pages for one in page.get("Contents", [])]

    def _put(self, key: str, content: Mapping[str, Any]) -> None:
        body = json.dumps(content, sort_keys=True).encode()
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def _get(self, key: str) -> dict[str, Any] | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        content: dict[str, Any] = json.loads(answer["Body"].read())
        return content

"""What the pipeline keeps in the state bucket next to the states: reviewed plans, and what was applied."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError
from provisioner.core.hcl import content_hash, removals
from provisioner.core.names import Place

from pipeline import plan_changes
from pipeline.plan_changes import ResourceChange

# Stands next to the hashes of what was applied: an apply began, so that a state may hold something.
ATTEMPTED: Final = "attempted"
_LOCK: Final = ".tflock"
# No place begins with a dot.
_LOOKS: Final = "reviewed/.looks.json"


@dataclass(frozen=True, slots=True)
class Lock:
    """A state lock that someone holds, or left behind."""

    id: str
    who: str
    operation: str
    since: str

    @classmethod
    def parse(cls, content: bytes) -> "Lock":
        """The lock that Terraform wrote; what of it cannot be read is unknown, and still it is a lock."""
        said = _read(content)
        return cls(*(str(said.get(name, "unknown")) for name in ("ID", "Who", "Operation", "Created")))

    def describe(self, now: dt.datetime) -> str:
        """The lock in one sentence, with its age."""
        try:
            minutes = (now - dt.datetime.fromisoformat(self.since[:19] + "+00:00")).total_seconds() / 60
            age = f"{minutes:.0f} minutes ago"
        except ValueError:
            age = f"at {self.since}"
        return f"{self.who} took lock {self.id} for {self.operation}, {age}"


@dataclass(frozen=True, slots=True)
class Marker:
    """What was kept when a root's content was applied; a marker of the first releases has no `module`."""

    commit: str
    module: str


class Store:
    """The state bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keep_reviewed(self, place: Place, digest: str, changes: Sequence[ResourceChange]) -> None:
        """Keep a plan as it was shown for review, under the hash of the root that it is for."""
        self._put(_reviewed(place, digest), plan_changes.encode(changes))

    def reviewed(self, place: Place, *digests: str) -> list[ResourceChange] | None:
        """The plan that was reviewed for a root's content, the first of these that was; None where none was.

        Raises UnreadablePlan.
        """
        for digest in digests:
            content = self._get(_reviewed(place, digest))
            if content is not None:
                return plan_changes.decode(content)
        return None

    def looks(self) -> dict[str, str]:
        """When the nightly check saw each database, by place; what cannot be read says nothing."""
        said = _read(self._get(_LOOKS)).get("seen")
        return {str(place): str(at) for place, at in said.items()} if isinstance(said, dict) else {}

    def keep_looks(self, seen: Mapping[str, str]) -> None:
        """Keep those times, where the role may write; without them the order is that of the nights."""
        try:
            self._put(_LOOKS, _json({"version": 1, "seen": dict(seen)}))
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("AccessDenied", "403"):
                raise

    def applied(self, environment: str) -> dict[str, set[str]]:
        """The hashes that were applied, by database; all of an environment in one listing."""
        found: dict[str, set[str]] = {}
        prefix = f"applied/{environment}/"
        for key in self._keys(prefix):
            name, _, file = key.removeprefix(prefix).partition("/")
            found.setdefault(name, set()).add(file.removesuffix(".json"))
        return found

    def mark_attempted(self, place: Place) -> None:
        """Remember that an apply begins, so that what it leaves half made is finished or cleaned up."""
        self._put(f"{_markers(place)}{ATTEMPTED}.json", _json({"version": 1}))

    def mark_applied(self, place: Place, digest: str, details: Mapping[str, Any]) -> None:
        """Remember that a root's content was applied, and forget what was applied before."""
        prefix = _markers(place)
        self._put(f"{prefix}{digest}.json", _json({"version": 1, **details}))
        for key in list(self._keys(prefix)):
            if key != f"{prefix}{digest}.json":
                self._delete(key)

    def marker(self, place: Place, digest: str) -> Marker:
        """What was kept when this content was applied."""
        said = _read(self._get(f"{_markers(place)}{digest}.json"))
        return Marker(str(said.get("commit", "")), str(said.get("module", "")))

    def forget(self, place: Place) -> None:
        """Forget a removed database; its markers last, so that a crash leaves something to come back to.

        A plan that was reviewed after the removal's is for a new database of that name, and stays.
        """
        written = {stored["Key"]: stored["LastModified"] for stored in self._objects(f"reviewed/{place}/")}
        known = (_reviewed(place, content_hash(text)) for text in removals(place))
        own = [key for key in known if key in written]
        if own:
            last = max(written[key] for key in own)
            for key in [key for key, at in written.items() if at <= last and key not in own] + own:
                self._delete(key)
        for key in list(self._keys(_markers(place))):
            self._delete(key)

    def lock(self, place: Place) -> Lock | None:
        """The lock on a database's state, if there is one."""
        return self._lock(place.state_key + _LOCK)

    def release_lock(self, place: Place, lock_id: str) -> None:
        """Remove the lock on a database's state, where it is this one and no other."""
        lock = self.lock(place)
        if lock and lock.id == lock_id:
            self._delete(place.state_key + _LOCK)

    def locks(self) -> dict[str, Lock]:
        """Every lock on a database's state, by the state's key."""
        keys = [key for key in self._keys("databases/") if key.endswith(_LOCK)]
        found = {key.removesuffix(_LOCK): self._lock(key) for key in keys}
        return {key: lock for key, lock in found.items() if lock}

    def _lock(self, key: str) -> Lock | None:
        content = self._get(key)
        return None if content is None else Lock.parse(content)

    def _keys(self, prefix: str) -> Iterator[str]:
        return (str(stored["Key"]) for stored in self._objects(prefix))

    def _objects(self, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return (stored for page in pages for stored in page.get("Contents", []))

    def _put(self, key: str, body: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def _get(self, key: str) -> bytes | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # S3 may also answer 403 for what is not there, to a role that may list some prefixes only.
            if code in ("NoSuchKey", "404") or (code in ("AccessDenied", "403") and not self._exists(key)):
                return None
            raise
        return bytes(answer["Body"].read())

    def _exists(self, key: str) -> bool:
        return key in self._keys(key)

    def _delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=key)


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True).encode()


def _read(content: bytes | None) -> Mapping[str, Any]:
    """A JSON object; what cannot be read says nothing."""
    try:
        said = json.loads(content or b"")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _reviewed(place: Place, digest: str) -> str:
    return f"reviewed/{place}/{digest}.json"


def _markers(place: Place) -> str:
    return f"applied/{place}/"

"""What RDS itself says of a database: an apply that was killed may have made one that no state knows."""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError
from provisioner.core.engines import CLUSTER, INSTANCE, RESOURCES, Described, Resource
from provisioner.core.tags import is_provisioners

# The call that takes a snapshot, and the wait for it.
_TAKE: Final[Mapping[Resource, tuple[str, str]]] = {
    INSTANCE: ("create_db_snapshot", "db_snapshot_available"),
    CLUSTER: ("create_db_cluster_snapshot", "db_cluster_snapshot_available"),
}


class Instances:
    """The account's RDS instances and clusters."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def request_of(self, identifier: str, resource: Resource | None = None) -> str | None:
        """The request that a database was made for: None without one, "" for someone else's.

        Of which kind it is may not be known, where it has no root left.
        """
        for kind in RESOURCES if resource is None else (resource,):
            tags = self.tags(identifier, kind)
            if tags is not None:
                return _request(tags)
        return None

    def lacks_secret(self, identifier: str, request_id: str | None, resource: Resource = INSTANCE) -> bool:
        """Whether a request's database is there, and RDS manages no master password for it."""
        found = self._found(identifier, resource.databases)
        return (
            found is not None and _request(_tags(found)) == request_id and not found.get("MasterUserSecret")
        )

    def tags(self, identifier: str, resource: Resource = INSTANCE) -> dict[str, str] | None:
        """A database's tags; None where there is no such database."""
        found = self._found(identifier, resource.databases)
        return None if found is None else _tags(found)

    def snapshot_tags(self, identifier: str, resource: Resource = INSTANCE) -> dict[str, str] | None:
        """A snapshot's tags; None where there is no such snapshot."""
        found = self._found(identifier, resource.snapshots)
        return None if found is None else _tags(found)

    def snapshot_before(self, name: str, identifier: str, resource: Resource = INSTANCE) -> str:
        """Take a snapshot of a database, unless it is there, and wait until it is complete: what was done.

        Its tags are the database's. Raises ValueError where the name is another database's, and botocore's
        own errors. A wait ends after 30 minutes; a later run finds the snapshot and waits on.
        """
        of, named = resource.databases.identifier, resource.snapshots.identifier
        take, waiter = _TAKE[resource]
        found = self._found(name, resource.snapshots)
        if found and found[of] != identifier:
            raise ValueError(f"the snapshot {name} is of {found[of]}")
        if found is None:
            tags = (self._found(identifier, resource.databases) or {}).get("TagList", [])
            getattr(self._client, take)(**{named: name, of: identifier, "Tags": tags})
        self._client.get_waiter(waiter).wait(**{named: name})
        if found is None:
            return f"The snapshot {name} is taken."
        since = f", of {at:%Y-%m-%d %H:%M} UTC" if (at := found.get("SnapshotCreateTime")) else ""
        return f"The snapshot {name} is there already{since}: what was written since is not in it."

    def version_of(self, identifier: str, resource: Resource = INSTANCE) -> str:
        """The minor version that a database runs; "" where there is no such database."""
        found = self._found(identifier, resource.databases)
        return str(found["EngineVersion"]) if found else ""

    def _found(self, identifier: str, kind: Described) -> Mapping[str, Any] | None:
        try:
            found = getattr(self._client, kind.call)(**{kind.identifier: identifier})[kind.listed]
        except ClientError as error:
            if error.response["Error"]["Code"] in kind.missing:
                return None
            raise
        return dict(found[0]) if found else None


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("TagList", [])}


def _request(tags: dict[str, str]) -> str:
    """The request that the tags name; "" where they are not the provisioner's."""
    return tags.get("RequestId", "") if is_provisioners(tags) else ""

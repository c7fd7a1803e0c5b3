"""What RDS itself says of an instance: an apply that was killed may have made one that no state knows."""

from typing import Any

from botocore.exceptions import ClientError
from provisioner.core.tags import is_provisioners


class Instances:
    """The account's RDS instances."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def request_of(self, identifier: str) -> str | None:
        """The request that an instance was made for: None without an instance, "" for someone else's."""
        tags = self.instance_tags(identifier)
        return None if tags is None else _request(tags)

    def lacks_secret(self, identifier: str, request_id: str | None) -> bool:
        """Whether a request's instance is there, and RDS manages no master password for it."""
        found = self._instance(identifier)
        return (
            found is not None and _request(_tags(found)) == request_id and not found.get("MasterUserSecret")
        )

    def instance_tags(self, identifier: str) -> dict[str, str] | None:
        """An instance's tags; None where there is no such instance."""
        found = self._instance(identifier)
        return None if found is None else _tags(found)

    def snapshot_tags(self, identifier: str) -> dict[str, str] | None:
        """A snapshot's tags; None where there is no such snapshot."""
        found = self._snapshot(identifier)
        return None if found is None else _tags(found)

    def snapshot_before(self, name: str, identifier: str) -> str:
        """Take a snapshot of an instance, unless it is there, and wait until it is complete: what was done.

        Its tags are the instance's. Raises ValueError where the name is another instance's, and botocore's
        own errors. A wait ends after 30 minutes; a later run finds the snapshot and waits on.
        """
        found = self._snapshot(name)
        if found and found["DBInstanceIdentifier"] != identifier:
            raise ValueError(f"the snapshot {name} is of {found['DBInstanceIdentifier']}")
        if found is None:
            tags = (self._instance(identifier) or {}).get("TagList", [])
            self._client.create_db_snapshot(
                DBSnapshotIdentifier=name, DBInstanceIdentifier=identifier, Tags=tags
            )
        self._client.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier=name)
        return f"The snapshot {name} is {'there already' if found else 'taken'}."

    def version_of(self, identifier: str) -> str:
        """The minor version that an instance runs; "" where there is no such instance."""
        found = self._instance(identifier)
        return str(found["EngineVersion"]) if found else ""

    def _snapshot(self, identifier: str) -> dict[str, Any] | None:
        try:
            found = self._client.describe_db_snapshots(DBSnapshotIdentifier=identifier)["DBSnapshots"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("DBSnapshotNotFound", "DBSnapshotNotFoundFault"):
                return None
            raise
        return dict(found[0]) if found else None

    def _instance(self, identifier: str) -> dict[str, Any] | None:
        try:
            found = self._client.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
                return None
            raise
        return dict(found[0]) if found else None


def _tags(found: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("TagList", [])}


def _request(tags: dict[str, str]) -> str:
    """The request that the tags name; "" where they are not the provisioner's."""
    return tags.get("RequestId", "") if is_provisioners(tags) else ""

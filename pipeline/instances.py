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
        if tags is None:
            return None
        return tags.get("RequestId", "") if is_provisioners(tags) else ""

    def instance_tags(self, identifier: str) -> dict[str, str] | None:
        """An instance's tags; None where there is no such instance."""
        try:
            found = self._client.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
                return None
            raise
        return _tags(found)

    def snapshot_tags(self, identifier: str) -> dict[str, str] | None:
        """A snapshot's tags; None where there is no such snapshot."""
        try:
            found = self._client.describe_db_snapshots(DBSnapshotIdentifier=identifier)["DBSnapshots"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("DBSnapshotNotFound", "DBSnapshotNotFoundFault"):
                return None
            raise
        return _tags(found)


def _tags(found: list[dict[str, Any]]) -> dict[str, str] | None:
    return {tag["Key"]: tag["Value"] for tag in found[0].get("TagList", [])} if found else None

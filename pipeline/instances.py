"""What RDS itself says of an instance: an apply that was killed may have made one that no state knows."""

from typing import Any

from botocore.exceptions import ClientError


class Instances:
    """The account's RDS instances."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def request_of(self, identifier: str) -> str | None:
        """The request that an instance was made for: None without an instance, "" for somebody else's."""
        try:
            found = self._client.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
                return None
            raise
        tags = {tag["Key"]: tag["Value"] for tag in found[0].get("TagList", [])}
        return str(tags.get("RequestId", "")) if tags.get("ManagedBy") == "rds-provisioner" else ""

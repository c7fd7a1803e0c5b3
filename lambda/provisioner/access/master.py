"""⑤ The master user's secret, which RDS makes and rotates; `secrets` is Secrets Manager's client."""

import datetime as dt
from typing import Any

from botocore.exceptions import ClientError

from provisioner.core.errors import NeedsPerson, TryLater


def rotate(secrets: Any, arn: str) -> None:
    """Have RDS rotate it, which takes about a minute; raises TryLater where that is refused."""
    try:
        secrets.rotate_secret(SecretId=arn)
    except ClientError as error:
        raise _refused("rotating a master password", "secretsmanager:RotateSecret", error) from error


def is_rotated(secrets: Any, arn: str, since: dt.datetime) -> bool:
    """Whether RDS has rotated it since then; `since` counts in whole seconds, as AWS's own times may.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """
    try:
        found = secrets.describe_secret(SecretId=arn)
    except ClientError as error:
        raise _refused("looking at a master's secret", "secretsmanager:DescribeSecret", error) from error
    under_way = any(
        "AWSPENDING" in stages and "AWSCURRENT" not in stages
        for stages in found["VersionIdsToStages"].values()
    )
    rotated_at = found.get("LastRotatedDate") or found["LastChangedDate"]
    return not under_way and rotated_at >= since.replace(microsecond=0)


def _refused(doing: str, right: str, error: ClientError) -> TryLater | NeedsPerson:
    code = error.response["Error"]["Code"]
    if code == "AccessDeniedException":
        return NeedsPerson(doing, code, f"give the function's role {right} for this secret and its key")
    return TryLater(doing, f"{code}: {error.response['Error'].get('Message', '')}")

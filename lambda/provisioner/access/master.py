"""⑤ The master user's secret, which RDS makes and rotates."""

from typing import Any

from botocore.exceptions import ClientError

from provisioner.core.errors import NeedsPerson, TryLater


def rotate(secrets: Any, arn: str) -> None:
    """Have RDS rotate it now; raises TryLater where that is refused. `secrets` is boto3's client."""
    try:
        secrets.rotate_secret(SecretId=arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "AccessDeniedException":
            fix = "give the API function's role secretsmanager:RotateSecret for this secret and its key"
            raise NeedsPerson("rotating a master password", code, fix) from error
        raise TryLater("rotating a master password", code) from error

"""The caller's AWS credentials, by botocore's own chain; region and account come from each ARN."""

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rdsctl.failures import Exit, Failure

_CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "max_attempts": 3})


@cache
def client(service: str, region: str | None) -> Any:
    """A botocore client; raises Failure where no region or endpoint can be made out."""
    try:
        return botocore.session.Session().create_client(service, region_name=region, config=_CONFIG)
    except BotoCoreError as error:
        raise Failure(f"AWS cannot be asked: {error}.", hints=["see `aws configure list`"]) from error


def call(doing: str, service: str, region: str | None, operation: str, **parameters: Any) -> Any:
    """One call; raises Failure that says what was being done and what AWS answered."""
    try:
        return getattr(client(service, region), operation)(**parameters)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        text = str(error.response.get("Error", {}).get("Message", "")) or str(error)
        raise Failure(f"{doing}: AWS answered {code}: {text}", Exit.FAILED, hints=_ways_on(code)) from error
    except BotoCoreError as error:
        raise Failure(f"{doing}: {error}", Exit.FAILED, hints=_ways_on(type(error).__name__)) from error


def region_of(arn: str) -> str:
    """The region that an ARN names."""
    return arn.split(":")[3]


def account_of(arn: str) -> str:
    """The account that an ARN names."""
    return arn.split(":")[4]


def _ways_on(code: str) -> list[str]:
    if code in ("NoCredentialsError", "CredentialRetrievalError", "TokenRetrievalError", "SSOTokenLoadError"):
        return ["sign in to AWS first: aws sso login, or set AWS_PROFILE"]
    if "Expired" in code or code in ("InvalidClientTokenId", "UnrecognizedClientException"):
        return ["the AWS credentials have ended, or are another account's: sign in again"]
    if "AccessDenied" in code:
        return ["your AWS role may not read it: it needs secretsmanager:GetSecretValue, and kms:Decrypt"]
    return []

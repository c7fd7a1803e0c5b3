"""What a function keeps warm: its settings, the catalog and its clients, each made when first asked for.

The only module that reads the environment. A missing variable is a NeedsPerson that names it.
"""

import datetime as dt
import functools
import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from provisioner.circleci import CircleCi, CircleCiAccess
from provisioner.core import catalog
from provisioner.core.catalog import Catalog
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.github.app import GitHubApp
from provisioner.github.client import GitHub
from provisioner.intake.message import Message, encode
from provisioner.intake.use_cases import Service
from provisioner.ledger.ledger import Ledger

# A function lives for seconds: better to fail and be tried again than to wait on a dead connection.
_CLIENT_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})


def setting(name: str, default: str | None = None) -> str:
    """One environment variable; raises NeedsPerson where it is missing and has no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise NeedsPerson("reading settings", f"{name} is not set", "deploy the function with the template")
    return value


@functools.cache
def client(service: str) -> Any:
    """A boto3 client with the time limits that suit a function."""
    return boto3.client(service, config=_CLIENT_CONFIG)  # type: ignore[call-overload]


@functools.cache
def ledger() -> Ledger:
    """The ledger."""
    return Ledger(client("dynamodb"), setting("LEDGER_TABLE"))


@functools.cache
def the_catalog() -> Catalog:
    """The catalog that was deployed with the function."""
    beside = Path(__file__).parents[1] / "catalog.yaml"
    return catalog.load(Path(setting("CATALOG_PATH", str(beside))).read_text(encoding="utf-8"))


def secret(name: str) -> str:
    """The text of the secret whose ARN stands in the environment variable `name`, at most 5 minutes old."""
    return _secret(name, int(time.time() // 300))


@functools.lru_cache(maxsize=4)
def _secret(name: str, period: int) -> str:  # noqa: ARG001 - a new period reads anew
    return str(client("secretsmanager").get_secret_value(SecretId=setting(name))["SecretString"])


@functools.cache
def github() -> GitHub:
    """The repository, through the App's installation."""
    app = GitHubApp(
        app_id=setting("GITHUB_APP_ID"),
        installation_id=setting("GITHUB_INSTALLATION_ID"),
        private_key=lambda: secret("GITHUB_APP_KEY_SECRET_ARN"),
    )
    return GitHub(setting("GITHUB_API_URL", "https://api.github.com"), setting("GITHUB_REPOSITORY"), app)


def circleci() -> CircleCi | None:
    """CircleCI's API, where the stack was given a token for it."""
    if not setting("CIRCLECI_SECRET_ARN", ""):
        return None
    return CircleCi(CircleCiAccess.read(secret("CIRCLECI_SECRET_ARN")))


def base_branch() -> str:
    """The branch that pull requests go to."""
    return setting("GITHUB_BASE_BRANCH", "main")


def send(message: Message) -> None:
    """Send a message to the worker's topic."""
    client("sns").publish(
        TopicArn=setting("REQUEST_TOPIC_ARN"),
        Message=encode(message),
        MessageAttributes={"kind": {"DataType": "String", "StringValue": message.kind}},
    )


def rotate_secret(arn: str) -> None:
    """Have a secret rotated now by whoever manages it; raises TryLater where that is refused."""
    try:
        client("secretsmanager").rotate_secret(SecretId=arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "AccessDeniedException":
            fix = "give the API function's role secretsmanager:RotateSecret for this secret and its key"
            raise NeedsPerson("rotating a master password", code, fix) from error
        raise TryLater("rotating a master password", code) from error


def service(now: dt.datetime) -> Service:
    """The use cases, as of now."""
    return Service(ledger=ledger(), catalog=the_catalog(), publish=send, now=now, new_id=uuid4)


def forget() -> None:
    """Let go of everything that is kept: a rotated secret, or a test's environment."""
    for cached in (client, ledger, the_catalog, _secret, github):
        cached.cache_clear()

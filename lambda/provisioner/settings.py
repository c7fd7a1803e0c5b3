"""A function's settings, and the clients and the ledger that it keeps warm, each made when first asked for.

The only module that reads the environment. A missing variable is a NeedsPerson that names it. What else
functions keep is in wiring/, so that none loads what it does not use.
"""

import functools
import os
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import botocore.session
from aws_lambda_powertools import Logger
from botocore.config import Config

from provisioner.core.errors import NeedsPerson
from provisioner.ledger.ledger import Ledger

# A function lives for seconds: better to fail and be tried again than to wait on a dead connection.
_CLIENT_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})
_SECRET_SECONDS: Final = 300
_MOST_KEPT: Final = 8  # of each sort, so that secrets which were rotated do not pile up

Made = TypeVar("Made")
_KEPT: Final[list["functools._lru_cache_wrapper[Any]"]] = []


def kept(make: Callable[..., Made]) -> "functools._lru_cache_wrapper[Made]":
    """Make it once, and keep it while the function is warm."""
    cached = functools.lru_cache(maxsize=_MOST_KEPT)(make)
    _KEPT.append(cached)
    return cached


def forget() -> None:
    """Drop everything that is kept: a rotated secret, or a test's environment."""
    for cached in _KEPT:
        cached.cache_clear()


def setting(name: str, default: str | None = None) -> str:
    """One environment variable; raises NeedsPerson where it is missing and has no default."""
    value = os.environ.get(name, default)
    if value is None:
        raise NeedsPerson("reading settings", f"{name} is not set", "deploy the function with the template")
    return value


@kept
def _session() -> botocore.session.Session:
    # boto3's clients are botocore's. boto3 also loads S3's transfers and more: 5 % of a cold start.
    return botocore.session.get_session()


@kept
def client(service: str) -> Any:
    """A client of an AWS service, with the time limits that suit a function."""
    config = _CLIENT_CONFIG
    if service == "s3" and os.environ.get("AWS_ENDPOINT_URL"):  # buckets as host names need AWS's DNS
        config = config.merge(Config(s3={"addressing_style": "path"}))
    if (
        service == "sesv2"
    ):  # a mail whose answer got lost may have gone out: whoever sends it counts the tries
        config = config.merge(Config(retries={"total_max_attempts": 1}))
    return _session().create_client(service, config=config)


@kept
def ledger() -> Ledger:
    """The ledger."""
    return Ledger(client("dynamodb"), setting("LEDGER_TABLE"), warn=Logger().warning)


def secret(name: str) -> str:
    """The text of the secret whose ARN stands in the environment variable `name`, at most 5 minutes old."""
    return named_secret(setting(name))


def named_secret(name: str) -> str:
    """The text of a secret by its name or ARN, at most 5 minutes old."""
    return _secret(name, int(time.time() // _SECRET_SECONDS))


@kept
def _secret(name: str, period: int) -> str:  # noqa: ARG001 - a new period reads again
    return str(client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])

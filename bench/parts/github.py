"""What a database costs in calls to GitHub, by the local GitHub's log of them, with the real functions.

GitHub's limits: 80 requests a minute and 500 an hour that make content, whatever the App's plan.
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import boto3

from bench.figures import Figure
from tests.github.github_server import github_server
from tests.handlers.api_client import Client
from tests.handlers.both import Both
from tests.handlers.chain import Chain
from tests.handlers.conftest import cloud_with
from tests.ledger.memory_table import MemoryTable

PART = "Calls to GitHub"
MOST_TO_OPEN, WRITES_AN_HOUR, WRITES_A_MINUTE = 6, 500, 80


def measure(full: bool) -> Iterator[Figure]:  # noqa: ARG001 - the same in both
    """One database from its request to its removal."""
    with (
        contextlib.redirect_stdout(io.StringIO()),  # what pipeline and functions print
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        functions(Path(directory)) as both,
    ):
        found = dict(life(both))
    opened, writes = found["to the open pull request"], 0
    yield Figure(PART, "to the open pull request", len(opened), "calls", at_most=MOST_TO_OPEN)
    for name, calls in found.items():
        making = sum(not call.startswith("GET ") for call in calls)
        writes += making
        yield Figure(PART, f"{name}: that make content", making, "calls", note=f"of {len(calls)}")
    every = [call for calls in found.values() for call in calls]
    yield Figure(PART, "over the whole life", len(every), "calls")
    yield Figure(PART, "over the whole life, that make content", writes, "calls")
    yield Figure(PART, "whole lives an hour that GitHub allows", WRITES_AN_HOUR // writes, "lives")
    opening = sum(not call.startswith("GET ") for call in opened)
    yield Figure(PART, "pull requests a minute that GitHub allows", WRITES_A_MINUTE // opening, "openings")


@contextlib.contextmanager
def functions(directory: Path) -> Iterator[Both]:
    """The functions and the pipeline, on moto and a local GitHub."""
    with cloud_with(MemoryTable) as cloud, github_server(directory) as server:
        secrets = boto3.client("secretsmanager")
        for name, text in {
            "GITHUB_APP_KEY_SECRET_ARN": server.private_key_pem,
            "GITHUB_WEBHOOK_SECRET_ARN": server.webhook_secret,
        }.items():
            os.environ[name] = secrets.create_secret(Name=name, SecretString=text)["ARN"]
        os.environ |= {
            "GITHUB_API_URL": server.url,
            "GITHUB_REPOSITORY": server.repository,
            "GITHUB_APP_ID": server.app_id,
            "GITHUB_INSTALLATION_ID": server.installation_id,
            "REQUEST_QUEUE_URL": cloud.queue,
            "MAX_RECEIVE_COUNT": "5",
            "CIRCLECI_URL": "https://ci.example",
        }
        (directory / "pipeline").mkdir()
        yield Both(Chain(cloud.ledger, cloud.sqs, cloud.queue, server), directory / "pipeline")


def life(both: Both) -> Iterator[tuple[str, list[str]]]:
    """The calls of each step of a life: created, extended, removed."""
    chain, client = both.chain, Client()
    body = {"database_name": "mydb123", "database_engine": "mysql", "environment": "dev"}
    steps = (
        ("POST", "/provision-rds", body, "to the open pull request", "planned, merged and applied"),
        ("PATCH", "/databases/dev/mydb123", {"ttl": "14d"}, "an extension: opened", "an extension: applied"),
        ("DELETE", "/databases/dev/mydb123", None, "a removal: opened", "a removal: applied"),
    )
    for method, path, content, opened, applied in steps:
        answer = client.call(method, path, content)
        if answer.status != 202:
            raise SystemExit(f"{method} {path} answers {answer.status}: {answer.text}")
        if chain.work():
            raise SystemExit(f"{method} {path}: the worker left its message")
        yield opened, chain.calls()
        request = chain.ledger.request(answer.json["id"])
        if request is None or not both.planned(request) or (failures := both.pipeline.apply()):
            raise SystemExit(f"{method} {path}: not planned or applied: {failures}")
        yield applied, chain.calls()

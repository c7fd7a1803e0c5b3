"""Restores a lost ledger from GitHub and Terraform's states: python -m ops.rebuild --bucket STATES.

What is read from the pull requests is replayed into an empty ledger, through the ledger's own methods and in
the order in which it happened, so that rows, quotas and usual times come out as they were. Then git and
Terraform are asked whether that is true: git decides what exists, and every disagreement is printed.
"""

import argparse
import dataclasses
import datetime as dt
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core import catalog, database_events, events
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import DatabaseState, Kind, State, derive
from provisioner.core.names import MAIN, Place
from provisioner.github.app import GitHubApp
from provisioner.ledger.ledger import Ledger

from ops.comparison import compare
from ops.from_pull_requests import RecordRejected, RequestHistory, add_github_events, read
from ops.github_archive import GitHubArchive
from ops.replay import Replay, Restored
from ops.stack import STACK, Refused, Stack, client
from ops.states import States

_CATALOG: Final = Path(__file__).parents[1] / "catalog.yaml"


def gather(github: GitHubArchive, states: States, base: str) -> tuple[list[RequestHistory], list[str]]:
    """Every request that ever reached GitHub, and why some pull requests could not be read."""
    histories, warnings = [], []
    for pull in github.pulls():
        commits = github.commits(pull.number)
        try:
            history = read(pull, github.record(pull.number), commits)
        except RecordRejected as why:
            warnings.append(f"{pull.url} ({pull.branch}) was left out: {why}.")
            continue
        if not history.whole:
            timeline = github.timeline(pull.number)
            history = add_github_events(history, pull, commits, timeline, github.login, base)
            history = _with_apply(history, states)
        histories.append(history)
    return [_with_later_apply(history, histories) for history in histories], warnings


def _with_apply(history: RequestHistory, states: States) -> RequestHistory:
    """With the end of an apply that nobody recorded, where the pipeline marked it."""
    root = history.request.root
    of_database = derive(history.events).of_database
    if of_database not in (State.MERGED, State.APPLYING) or history.request.kind is Kind.REMOVE:
        return history
    applied = states.applied(root)
    if applied is None:
        return history
    done = events.succeeded(
        applied.at,
        pipeline_url=applied.pipeline_url,
        commit=applied.commit,
        result=states.outputs(root.place),
    )
    return dataclasses.replace(history, events=(*history.events, done))


def _with_later_apply(history: RequestHistory, histories: Sequence[RequestHistory]) -> RequestHistory:
    """With the end of an apply that nobody recorded, where a later change of the database was applied.

    The pipeline keeps a marker of the newest apply alone. A change is let in once the one before has ended,
    and carries all that was asked for before.
    """
    request = history.request
    if history.state not in (State.MERGED, State.APPLYING) or request.kind is Kind.REMOVE:
        return history
    later = [
        other
        for other in histories
        if other.request.place == request.place and other.request.created_at > request.created_at
    ]
    following = min(later, key=lambda other: other.request.created_at, default=None)
    applied = next((each for each in map(_applied, later) if each is not None), None)
    if following is None or applied is None:
        return history
    done = events.succeeded(
        following.request.created_at,
        pipeline_url=applied.detail["pipeline_url"],
        commit=applied.detail["commit"] or "",
        result=applied.detail.get("result"),
    )
    return dataclasses.replace(history, events=(*history.events, done))


def _applied(history: RequestHistory) -> Event | None:
    """How the apply of a change ended well; None for one that did not, and for a removal."""
    if history.request.kind is Kind.REMOVE:
        return None
    return next((event for event in history.events if event.type is EventType.SUCCEEDED), None)


def forget(ledger: Ledger, place: Place, now: dt.datetime) -> None:
    """Take a database for removed that git no longer has, where the ledger has it."""
    database = ledger.database(place)
    if database and database.state not in (DatabaseState.REMOVED, DatabaseState.PENDING):
        ledger.mark_removed(place, database_events.missing_in_git(now))


def is_empty(dynamodb: Any, table: str) -> bool:
    """Whether the table holds nothing but, perhaps, API keys, uses of the break-glass switch, a migration."""
    rows = dynamodb.get_paginator("scan").paginate(TableName=table, ProjectionExpression="sk")
    return all(
        item["sk"]["S"].partition("#")[0] in ("KEY", "GLASS", "MIGRATION")
        for page in rows
        for item in page["Items"]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status: 0 all restored, 1 with warnings, 2 refused."""
    chosen = _parser().parse_args(arguments)
    try:
        restored = _rebuild(chosen, Stack.find(chosen.stack))
    except (Refused, NeedsPerson) as refused:
        print(refused, file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError, TryLater) as error:
        print(f"It broke off: {error}. Run it again with --missing-only.", file=sys.stderr)
        return 2
    for warning in restored.warnings:
        print(f"Look at this: {warning}")
    verb = "Would restore" if chosen.dry_run else "Restored"
    print(
        f"{verb} {restored.requests} requests, {restored.events} events "
        f"and {restored.database_events} events of databases."
    )
    return 1 if restored.warnings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rebuild", description="Restores a lost ledger from GitHub.")
    parser.add_argument("--stack", default=STACK, help=f"the stack (default: {STACK})")
    parser.add_argument("--table", help="the table to write (default: the stack's)")
    parser.add_argument("--repository", help="owner/name (default: the stack's)")
    parser.add_argument("--bucket", default="", help="the bucket of Terraform's states, to compare with")
    parser.add_argument("--catalog", type=Path, default=_CATALOG, help="for prices (default: this clone's)")
    parser.add_argument("--dry-run", action="store_true", help="read and compare, write nothing")
    parser.add_argument(
        "--missing-only", action="store_true", help="go on with a table that an earlier run left unfinished"
    )
    return parser


def _rebuild(chosen: argparse.Namespace, stack: Stack) -> Restored:
    dynamodb = client("dynamodb")
    table = chosen.table or stack.output("LedgerTable")
    if not (chosen.dry_run or chosen.missing_only or is_empty(dynamodb, table)):
        raise Refused(
            f"The table {table!r} is not empty. Give an empty one with --table, or --missing-only "
            "to go on with one that an earlier run left unfinished."
        )
    github = _archive(chosen, stack)
    states = States(client("s3"), chosen.bucket)
    histories, unread = gather(github, states, MAIN)
    doubts, missing = compare(histories, github.roots(MAIN), states)
    restored = Restored(warnings=unread + doubts)
    if chosen.dry_run:
        restored.count(histories)
        return restored
    ledger = Ledger(dynamodb, table)
    Replay(ledger, catalog.load(chosen.catalog), restored).run(histories)
    for place in missing:
        forget(ledger, place, dt.datetime.now(dt.UTC))
    return restored


def _archive(chosen: argparse.Namespace, stack: Stack) -> GitHubArchive:
    return GitHubArchive(
        stack.parameters.get("GitHubApiUrl") or "https://api.github.com",
        chosen.repository or stack.parameters["GitHubRepository"],
        lambda: _app(stack),
        time.sleep,
    )


def _app(stack: Stack) -> GitHubApp:
    """The stack's GitHub App; its key comes from Secrets Manager."""
    secrets, arn = client("secretsmanager"), stack.output("GitHubAppKeySecretArn")
    return GitHubApp(
        stack.parameters["GitHubAppId"],
        stack.parameters["GitHubInstallationId"],
        lambda: str(secrets.get_secret_value(SecretId=arn)["SecretString"]),
    )


if __name__ == "__main__":
    sys.exit(main())

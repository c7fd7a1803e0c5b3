"""Restores a lost ledger from GitHub and Terraform's states: python -m ops.rebuild --bucket STATES.

What is read from the pull requests is told to an empty ledger again, through the ledger's own methods and in
the order in which it happened, so that rows, quotas and usual times come out as they were. Then git and
Terraform are asked whether that is true: git decides what exists, and every disagreement is printed.
"""

import argparse
import dataclasses
import datetime as dt
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core import catalog, database_events, events
from provisioner.core.errors import NeedsPerson, TryLater
from provisioner.core.events import EventType
from provisioner.core.hcl import content_hash, parse, render
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Database
from provisioner.core.names import Place
from provisioner.core.root import Root
from provisioner.github.app import GitHubApp
from provisioner.ledger.ledger import Ledger

from ops.from_pull_requests import RecordRejected, RequestHistory, add_github_events, latest_merged, read
from ops.github_archive import GitHubArchive
from ops.replay import Replay, Report
from ops.team_key import STACK, Refused

_CATALOG: Final = Path(__file__).parents[1] / "catalog.yaml"


@dataclass(frozen=True, slots=True)
class States:
    """What Terraform's state bucket says of a database; `bucket` empty: nobody asks it."""

    s3: Any
    bucket: str

    def outputs(self, place: Place) -> dict[str, Any] | None:
        """The module's outputs in the database's state; None where there is no state, or nothing in it."""
        content = self._json(place.state_key) or {}
        value = content.get("outputs", {}).get("database", {}).get("value")
        return dict(value) if value else None

    def applied(self, root: Root) -> dict[str, Any] | None:
        """What the pipeline wrote down when it had applied exactly this root."""
        return self._json(f"applied/{root.place}/{content_hash(render(root))}.json")

    def _json(self, key: str) -> dict[str, Any] | None:
        if not self.bucket:
            return None
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
            return None
        return dict(json.loads(body))


def gather(github: GitHubArchive, states: States, base: str, report: Report) -> list[RequestHistory]:
    """Every request that ever reached GitHub, told again."""
    stories = []
    for pull in github.pulls():
        commits = github.commits(pull.number)
        try:
            story = read(pull, github.record(pull.number), commits)
        except RecordRejected as why:
            report.warnings.append(f"{pull.url} ({pull.branch}) was left out: {why}.")
            continue
        if not story.whole:
            story = add_github_events(story, pull, commits, github.deeds(pull.number), github.login, base)
            story = _applied(story, states)
        stories.append(story)
    return stories


def _applied(story: RequestHistory, states: States) -> RequestHistory:
    """With the end of an apply that nobody recorded, where the pipeline marked it."""
    root = story.request.root
    if story.state not in (State.MERGED, State.APPLYING) or story.request.kind is Kind.REMOVE:
        return story
    if (marker := states.applied(root)) is None:
        return story
    result = states.outputs(root.place)
    at = dt.datetime.fromisoformat(marker["at"])
    done = events.succeeded(at, pipeline_url=marker["pipeline_url"], commit=marker["commit"], result=result)
    return dataclasses.replace(story, events=(*story.events, done))


def compare(
    stories: Sequence[RequestHistory], roots: dict[Place, str], states: States, report: Report
) -> list[Place]:
    """Hold what was told to git and Terraform; the databases that git no longer has."""
    newest, gone = latest_merged(stories), []
    for place, text in sorted(roots.items()):
        if place not in newest:
            report.warnings.append(f"{place} is on main, and no record names it.")
        elif newest[place].request.kind is Kind.REMOVE:
            report.warnings.append(f"{place} is on main, though its removal was merged.")
        elif text != render(newest[place].request.root):
            report.warnings.append(f"{place}: {_difference(text, newest[place].request.root)}")
    for place, story in sorted(newest.items()):
        request = story.request
        if place not in roots and request.kind is not Kind.REMOVE:
            report.warnings.append(f"{place} is not on main: it is taken for removed.")
            gone.append(place)
        if place in roots and story.state is State.DONE:
            kept = next((e.detail.get("result") for e in story.events if e.type is EventType.SUCCEEDED), None)
            found = states.outputs(place)
            if states.bucket and found != kept:
                wrong = sorted(k for k in {**(found or {}), **(kept or {})} if _of(found, k) != _of(kept, k))
                report.warnings.append(
                    f"{place}: its Terraform state says otherwise than its record of "
                    f"{', '.join(wrong)}; look at the state, and run the workflow of main again."
                )
    return gone


def _of(values: Mapping[str, Any] | None, name: str) -> Any:
    return (values or {}).get(name)


def _difference(text: str, told: Root) -> str:
    try:
        found = parse(text)
    except ValueError as error:
        return f"its main.tf is not one that the provisioner wrote ({error})."
    names = [
        one.name for one in dataclasses.fields(Root) if getattr(found, one.name) != getattr(told, one.name)
    ]
    return f"its main.tf has another {', '.join(names)} than its newest request; main.tf is what is applied."


def forget(ledger: Ledger, place: Place, now: dt.datetime) -> None:
    """Take a database for removed that git no longer has."""
    ledger.mark_removed(place, database_events.missing_in_git(now))


def is_empty(dynamodb: Any, table: str) -> bool:
    """Whether the table holds nothing but, perhaps, API keys."""
    rows = dynamodb.get_paginator("scan").paginate(TableName=table, ProjectionExpression="sk")
    return all(item["sk"]["S"] == "KEY" for page in rows for item in page["Items"])


def at_rest(database: Database | None) -> bool:
    """Whether a database exists, as far as the ledger knows."""
    return database is not None and database.state not in (DatabaseState.REMOVED, DatabaseState.PENDING)


@dataclass(frozen=True, slots=True)
class Stack:
    """What the deployed stack says of itself."""

    outputs: dict[str, str]
    parameters: dict[str, str]

    @classmethod
    def find(cls, name: str) -> "Stack":
        """The stack of this name in this account and region."""
        try:
            found = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise Refused(f"There is no stack {name!r} in this account and region; see --stack.") from error
        return cls(
            {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
            {one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", [])},
        )

    def app(self) -> GitHubApp:
        """The stack's GitHub App; its key comes from Secrets Manager."""
        secrets = boto3.client("secretsmanager")
        arn = self.outputs["GitHubAppKeySecretArn"]
        return GitHubApp(
            self.parameters["GitHubAppId"],
            self.parameters["GitHubInstallationId"],
            lambda: str(secrets.get_secret_value(SecretId=arn)["SecretString"]),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status: 0 all restored, 1 with doubts, 2 refused."""
    parser = argparse.ArgumentParser(prog="rebuild", description="Restores a lost ledger from GitHub.")
    parser.add_argument("--stack", default=STACK, help=f"the stack (default: {STACK})")
    parser.add_argument("--table", help="the table to write (default: the stack's)")
    parser.add_argument("--repository", help="owner/name (default: the stack's)")
    parser.add_argument("--base", default="main", help="the branch that is applied (default: main)")
    parser.add_argument("--bucket", default="", help="the bucket of Terraform's states, to compare with")
    parser.add_argument("--catalog", type=Path, default=_CATALOG, help="for prices (default: this clone's)")
    parser.add_argument("--dry-run", action="store_true", help="read and compare, write nothing")
    parser.add_argument(
        "--missing-only", action="store_true", help="go on with a table that an earlier run left unfinished"
    )
    chosen = parser.parse_args(arguments)
    try:
        report = _rebuild(chosen, Stack.find(chosen.stack))
    except (Refused, NeedsPerson) as refused:
        print(refused, file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError, TryLater) as error:
        print(f"It broke off: {error}. Run it again with --missing-only.", file=sys.stderr)
        return 2
    for doubt in report.warnings:
        print(f"Look at this: {doubt}")
    verb = "Would restore" if chosen.dry_run else "Restored"
    print(f"{verb} {report.requests} requests, {report.events} events and {report.notes} notes.")
    return 1 if report.warnings else 0


def _rebuild(chosen: argparse.Namespace, stack: Stack) -> Report:
    dynamodb, report = boto3.client("dynamodb"), Report()
    table = chosen.table or stack.outputs["LedgerTable"]
    if not (chosen.dry_run or chosen.missing_only or is_empty(dynamodb, table)):
        raise Refused(
            f"The table {table!r} is not empty. Give an empty one with --table, or --missing-only "
            "to go on with one that an earlier run left unfinished."
        )
    github = GitHubArchive(
        stack.parameters.get("GitHubApiUrl") or "https://api.github.com",
        chosen.repository or stack.parameters["GitHubRepository"],
        stack.app,
        time.sleep,
    )
    states = States(boto3.client("s3"), chosen.bucket)
    stories = gather(github, states, chosen.base, report)
    gone = compare(stories, github.roots(chosen.base), states, report)
    if chosen.dry_run:
        report.requests = len(stories)
        report.events = sum(len(story.events) for story in stories)
        report.notes = len({(n.id, s.request.database_name) for s in stories for n in s.notes})
        return report
    ledger = Ledger(dynamodb, table)
    Replay(ledger, catalog.parse(chosen.catalog.read_text(encoding="utf-8")), report).run(stories)
    for place in gone:
        if at_rest(ledger.database(place)):
            forget(ledger, place, dt.datetime.now(dt.UTC))
    return report


if __name__ == "__main__":
    sys.exit(main())

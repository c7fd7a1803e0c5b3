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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from provisioner import catalog, expiry
from provisioner.catalog import Catalog
from provisioner.errors import NeedsPerson, TryLater
from provisioner.expiry import Action
from provisioner.github_app import GitHubApp
from provisioner.ledger import Ledger, NameTaken
from provisioner.lifecycle import ENDED, DatabaseState, Event, Happened, Kind, Note, Noted, State
from provisioner.records import Charge, Database, Request
from provisioner.terraform import Root, content_hash, parse, render, state_key

from ops.github_archive import GitHubArchive
from ops.retelling import Story, Unbelievable, after, complete, tell
from ops.team_key import STACK, Refused

# No quota is asked again for what was granted once.
_NO_LIMIT: Final = Charge(databases=10**9, storage_gb=10**9, monthly_cents=10**12)
_ON_GITHUB: Final = (Happened.OPENED, Happened.APPROVED, Happened.CLOSED, Happened.MERGED, Happened.EDITED)
_CATALOG: Final = Path(__file__).parents[1] / "catalog.yaml"


@dataclass(slots=True)
class Report:
    """What was restored, and what a person should look at."""

    requests: int = 0
    events: int = 0
    notes: int = 0
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class States:
    """What Terraform's state bucket says of a database; `bucket` empty: nobody asks it."""

    s3: Any
    bucket: str

    def outputs(self, environment: str, database_name: str) -> dict[str, Any] | None:
        """The module's outputs in the database's state; None where there is no state, or nothing in it."""
        content = self._json(state_key(environment, database_name)) or {}
        value = content.get("outputs", {}).get("database", {}).get("value")
        return dict(value) if value else None

    def applied(self, root: Root) -> dict[str, Any] | None:
        """What the pipeline wrote down when it had applied exactly this root."""
        return self._json(
            f"applied/{root.environment}/{root.database_name}/{content_hash(render(root))}.json"
        )

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


def gather(github: GitHubArchive, states: States, base: str, report: Report) -> list[Story]:
    """Every request that ever reached GitHub, told again."""
    stories = []
    for pull in github.pulls():
        commits = github.commits(pull.number)
        try:
            story = tell(pull, github.record(pull.number), commits)
        except Unbelievable as why:
            report.doubts.append(f"{pull.url} ({pull.branch}) was left out: {why}.")
            continue
        if not story.whole:
            story = complete(story, pull, commits, github.deeds(pull.number), github.login, base)
            story = _applied(story, states)
        stories.append(story)
    return stories


def _applied(story: Story, states: States) -> Story:
    """With the end of an apply that nobody recorded, where the pipeline marked it."""
    root = story.request.root
    if story.state not in (State.MERGED, State.APPLYING) or story.request.kind is Kind.REMOVE:
        return story
    if (marker := states.applied(root)) is None:
        return story
    result = states.outputs(root.environment, root.database_name)
    detail = {"pipeline_url": marker["pipeline_url"], "commit": marker["commit"], "result": result}
    at = dt.datetime.fromisoformat(marker["at"])
    done = Event(
        id=f"succeeded:{marker['pipeline_url']}",
        type=Happened.SUCCEEDED,
        at=at,
        actor="pipeline",
        detail=detail,
    )
    return dataclasses.replace(story, events=(*story.events, done))


@dataclass(frozen=True, slots=True)
class Replay:
    """Tells stories to a ledger; what it knows already stays as it is."""

    ledger: Ledger
    catalog: Catalog
    report: Report

    def run(self, stories: Sequence[Story]) -> None:
        """Everything, in the order in which it happened."""
        for _, tell_it in sorted(self._steps(stories), key=lambda step: step[0]):
            tell_it()
        for story in stories:
            self._leave(story)

    def _steps(
        self, stories: Sequence[Story]
    ) -> Iterator[tuple[tuple[dt.datetime, int, str], Callable[[], None]]]:
        notes: dict[tuple[str, str, str], Note] = {}
        for story in stories:
            request = story.request
            yield (request.created_at, 2, request.id), partial(self._open, request)
            for event in story.events:
                # GitHub counts whole seconds: nothing comes before the request, nor before its opening.
                opening = event.type is Happened.OPENED
                first = min(one.at for one in story.events if one.type in _ON_GITHUB) if opening else event.at
                at = max(first, request.created_at)
                position = (0 if at > request.created_at else 3) + (not opening)
                yield (at, position, event.id), partial(self._event, request, event)
            for note in story.notes:
                notes[request.environment, request.database_name, note.id] = note
        for (environment, name, _), note in notes.items():
            yield (note.at, 5, note.id), partial(self._note, environment, name, note)

    def _open(self, request: Request) -> None:
        if self.ledger.request(request.id):
            return
        place = f"{request.environment}/{request.database_name}"
        database = self.ledger.database(request.environment, request.database_name)
        if database and self._is_late(request):
            self.report.doubts.append(f"request {request.id} was left out: {place} has newer ones already.")
            return
        if request.kind is not Kind.CREATE and database is None:
            self.report.doubts.append(
                f"request {request.id} was left out: nothing told how {place} was made."
            )
            return
        try:
            if request.kind is Kind.CREATE:
                self.ledger.open_create(request, self._charge(request.root), _NO_LIMIT)
            elif database:
                kept = request.kind in (Kind.REMOVE, Kind.DISARM)
                charge = database.charge if kept else self._charge(request.root)
                self.ledger.open_change(request, database, charge, _NO_LIMIT)
        except NameTaken:
            self.report.doubts.append(f"request {request.id} was left out: {place} existed at its time.")
            return
        self.report.requests += 1

    def _is_late(self, request: Request) -> bool:
        known = self.ledger.history(request.environment, request.database_name)
        newest = self.ledger.request(known[-1]) if known else None
        return newest is not None and newest.created_at > request.created_at

    def _event(self, request: Request, event: Event) -> None:
        if self.ledger.request(request.id) is None:
            return
        self.ledger.record(request.id, event, event.at)
        self.report.events += 1

    def _note(self, environment: str, name: str, note: Note) -> None:
        ledger = self.ledger
        database = ledger.database(environment, name)
        self.report.notes += 1
        if database is None or note.id in {known.id for known in ledger.notes(environment, name)}:
            return
        if note.type is Noted.EXPIRING:
            action = Action.WARN_LAST if note.detail["last"] else Action.WARN_FIRST
            mark = expiry.mark(action, str(note.detail["expires_at"]))
            marks = {**database.marks, mark: note.at.strftime("%Y-%m-%dT%H:%M:%SZ")}
            plan = expiry.plan(database.root.expires_at, database.created_at, marks, note.at)
            ledger.mark(database, mark, note.at, plan.look_again, note)
        elif note.type is not Noted.REMOVED_IN_GIT or not ledger.gone(environment, name, note):
            ledger.note(environment, name, note)

    def _leave(self, story: Story) -> None:
        """Nothing is left to do for what had ended and was recorded as a whole."""
        request = self.ledger.request(story.request.id)
        if request is None or not story.whole or request.progress.state not in ENDED:
            return
        announced = request.progress.state is State.DONE and request.follow_up
        if not announced or self.ledger.request(str(request.follow_up)):
            self.ledger.leave(request)

    def _charge(self, root: Root) -> Charge:
        cents = round(self.catalog.monthly_usd(root) * 100)
        return Charge(databases=1, storage_gb=root.storage_gb, monthly_cents=cents)


def compare(
    stories: Sequence[Story], roots: dict[tuple[str, str], str], states: States, report: Report
) -> list[tuple[str, str]]:
    """Hold what was told to git and Terraform; the databases that git no longer has."""
    newest, gone = after(stories), []
    for place, text in sorted(roots.items()):
        if place not in newest:
            report.doubts.append(f"{'/'.join(place)} is on main, and no record names it.")
        elif newest[place].request.kind is Kind.REMOVE:
            report.doubts.append(f"{'/'.join(place)} is on main, though its removal was merged.")
        elif text != render(newest[place].request.root):
            report.doubts.append(f"{'/'.join(place)}: {_difference(text, newest[place].request.root)}")
    for place, story in sorted(newest.items()):
        request = story.request
        if place not in roots and request.kind is not Kind.REMOVE:
            report.doubts.append(f"{'/'.join(place)} is not on main: it is taken for removed.")
            gone.append(place)
        if place in roots and story.state is State.DONE:
            kept = next((e.detail.get("result") for e in story.events if e.type is Happened.SUCCEEDED), None)
            found = states.outputs(*place)
            if states.bucket and found != kept:
                wrong = sorted(k for k in {**(found or {}), **(kept or {})} if _of(found, k) != _of(kept, k))
                report.doubts.append(
                    f"{'/'.join(place)}: its Terraform state says otherwise than its record of "
                    f"{', '.join(wrong)}; look at the state, and run the workflow of main again."
                )
    return gone


def _of(values: dict[str, Any] | None, name: str) -> Any:
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


def forget(ledger: Ledger, environment: str, database_name: str, now: dt.datetime) -> None:
    """Take a database for removed that git no longer has."""
    note = Note(
        id="removed_in_git:rebuild",
        type=Noted.REMOVED_IN_GIT,
        at=now,
        actor="rds-provisioner",
        detail={"pipeline_url": "", "commit": ""},
    )
    ledger.gone(environment, database_name, note)


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
    for doubt in report.doubts:
        print(f"Look at this: {doubt}")
    verb = "Would restore" if chosen.dry_run else "Restored"
    print(f"{verb} {report.requests} requests, {report.events} events and {report.notes} notes.")
    return 1 if report.doubts else 0


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
    Replay(ledger, catalog.load(chosen.catalog.read_text(encoding="utf-8")), report).run(stories)
    for environment, name in gone:
        if at_rest(ledger.database(environment, name)):
            forget(ledger, environment, name, dt.datetime.now(dt.UTC))
    return report


if __name__ == "__main__":
    sys.exit(main())

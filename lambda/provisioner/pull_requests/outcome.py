"""⑤ How an apply went, as a separate comment on its pull request: GitHub mails people for a new one alone.

Written once for each run and outcome: the marker carries the run, and is looked for first.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from provisioner.core.catalog import Catalog
from provisioner.core.events import Event, EventType, Step, in_order
from provisioner.core.lifecycle import DatabaseState, Kind
from provisioner.core.models import Database, Request
from provisioner.core.root import NEVER
from provisioner.core.times import instant
from provisioner.pull_requests import wording
from provisioner.pull_requests.comments import OUTCOME
from provisioner.pull_requests.markdown import cell, link, quoted

_CAUSE_LENGTH: Final = 4_000
# What to do about a failed apply where the pipeline knows no better, by whether the same may go through.
FIXES: Final = {
    True: "fix the cause, then retry the request",
    False: "change or remove the database; the same apply would fail again",
}
_WHERE: Final = {"endpoint": "Endpoint", "port": "Port", "database_name": "Database"}


def newest(events: Collection[Event]) -> Event | None:
    """The event that says how the newest apply went, or that none began in time; None before there is one."""
    ordered = in_order(events)
    failed = [
        event
        for event in ordered
        if event.type is EventType.FAILED and event.detail["step"] in (Step.QUEUE, Step.APPLY)
    ]
    done = [event for event in ordered if event.type is EventType.SUCCEEDED]
    return next(reversed(done or failed), None)


def marker(event: Event) -> str:
    """Begins the comment of an outcome: the same each time that the same run reports it."""
    digest = hashlib.sha256(event.id.encode()).hexdigest()[:16]
    return f"<!-- rds-provisioner: outcome {digest} -->"


def markers(event: Event) -> list[str]:
    """The same, and how an earlier release began its comment of such an outcome, which it edited."""
    sign = "✅" if event.type is EventType.SUCCEEDED else "❌"
    return [marker(event), f"{OUTCOME}\n## {sign}"]


def applying_comment(request: Request, pipeline_url: str, catalog: Catalog, notes: Sequence[str] = ()) -> str:
    """Says that an apply began, and how long it usually takes; the outcome follows as another comment."""
    sort = "restore" if request.kind is Kind.CREATE and request.root.restore else request.kind.value
    usual = catalog.usual_seconds.of(Step.APPLY.value, sort)
    return (
        f"{OUTCOME}\n## ⏳ {wording.DOING[request.kind]} {cell(str(request.place))}\n\n"
        f"The apply began; usually it takes {_minutes(usual.likely)} to {_minutes(usual.latest)} minutes.\n\n"
        + _notes(notes)
        + _end(pipeline_url, "wait; another comment says how it went.")
    )


def outcome_comment(
    request: Request,
    event: Event,
    catalog: Catalog,
    database: Database | None = None,
    *,
    mention: str = "",
) -> str:
    """How an apply went; where the database is, and never a password.

    `database` is as it is after that; `mention` the login of its owner, where GitHub may mail them.
    """
    url = str(event.detail.get("pipeline_url") or "")
    if event.type is EventType.FAILED:
        text, next_step = _failed(request, event)
    else:
        text, next_step = _succeeded(request, event, catalog, database)
    notes = _notes(event.detail.get("notes", ()))
    owner = f"@{mention} owns this database.\n\n" if mention else ""
    return f"{marker(event)}\n{text}\n\n{notes}{owner}{_end(url, next_step)}"


def _failed(request: Request, event: Event) -> tuple[str, str]:
    place, doing = cell(str(request.place)), wording.DOING[request.kind]
    cause = str(event.detail["cause"] or "The pipeline gave no cause.")[:_CAUSE_LENGTH]
    fix = event.detail.get("fix", "")
    if fix and fix not in FIXES.values():
        cause = f"{cause}\n{fix}"
    text = f"## ❌ {doing} {place} failed\n\n{quoted(cause)}"
    if event.detail["retryable"]:
        return text, (
            f"fix the cause, then `rdsctl retry {request.id}` (`POST /requests/{request.id}/retry`), or run "
            "the pipeline's workflow again; no new pull request is needed."
        )
    return text, "this needs another change: correct the request, or remove the database."


def _succeeded(
    request: Request, event: Event, catalog: Catalog, database: Database | None
) -> tuple[str, str]:
    place, root = cell(str(request.place)), request.root
    read = f"`rdsctl get {request.place}` (`GET /databases/{request.place}`)"
    match request.kind:
        case Kind.CREATE:
            return f"## ✅ {place} is ready\n\n{_where(event.detail.get('result') or {})}", (
                f"connect with `rdsctl connect {request.place}`; {read} has its users, made in the next "
                "minute, and where the secret of each is."
            )
        case Kind.UPDATE:
            changed = wording.changes(request, catalog)
            rows = [f"- {name}" + (f": {what}" if what != name else "") for name, what in changed.items()]
            return "\n".join(
                [f"## ✅ {place} is changed\n", *rows]
            ).rstrip(), "nothing; endpoint and users stay."
        case Kind.EXTEND:
            end = "stays, without an end" if root.expires_at == NEVER else f"stays until {root.expires_at}"
            return f"## ✅ {place} {end}", "nothing; the database itself was not touched."
        case Kind.MAINTAIN:
            return f"## ✅ {place} follows the module of this release", "nothing; endpoint and users stay."
        case Kind.DISARM:
            return f"## ✅ Deletion protection of {place} is off", (
                "its removal is asked for now, by another pull request that links to this one"
                + _approval(request, catalog)
                + f". To keep the database, cancel that one, or `rdsctl extend {request.place}` before it."
            )
        case Kind.REMOVE:
            return _removed(request, event.at, catalog, database)


def _approval(request: Request, catalog: Catalog) -> str:
    return ", and waits for an approval" if catalog.approvers(request.environment, None) else ""


def _removed(
    request: Request, at: dt.datetime, catalog: Catalog, database: Database | None
) -> tuple[str, str]:
    place = cell(str(request.place))
    root = request.before or request.root
    never_made = (
        database is not None and database.state is DatabaseState.REMOVED and database.final_snapshot is None
    )
    if not root.final_snapshot or never_made:
        return f"## ✅ {place} is removed\n\nNo snapshot was kept.", "nothing; the name is free again."
    name, days = wording.snapshot(request), wording.kept_for(root, catalog)
    until = (
        "until it is deleted by hand" if days is None else f"until {instant(at + dt.timedelta(days))[:10]}"
    )
    text = f"## ✅ {place} is removed\n\nIts data is kept in the final snapshot `{name}`, {until}."
    body = f'{{"snapshot": "{name}"}}'
    return text, (
        f"nothing; the name is free again. To get the data back: `rdsctl restore {name} "
        f"{request.environment}/NEW`, or `POST /provision-rds` with `restore_from` `{body}`."
    )


def _where(result: Mapping[str, Any]) -> str:
    rows = [f"| {label} | {cell(str(result[name]))} |" for name, label in _WHERE.items() if result.get(name)]
    return "\n".join(["| Connection | |", "|---|---|", *rows])


def _minutes(seconds: float) -> str:
    return f"{max(round(seconds / 60), 1)}"


def _notes(notes: Sequence[str]) -> str:
    """What else the pipeline says of it: whose place it took over, why its log is not kept."""
    return "".join(f"{quoted(note[:_CAUSE_LENGTH])}\n\n" for note in notes)


def _end(pipeline_url: str, next_step: str) -> str:
    shown = f"{link('The job in the pipeline', pipeline_url)}\n\n" if pipeline_url else ""
    return f"{shown}**Next:** {next_step}\n"

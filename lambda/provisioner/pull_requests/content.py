"""What people read on a pull request: title, branch, commit message and body; text only.

Users' words stand in the body alone, in a fence that they cannot close. Titles, branches and commits are made
from validated names, because CircleCI and GitHub act on what they find there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provisioner.core.catalog import Catalog
from provisioner.core.hcl import NEWEST, render, renderings
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.core.policy import PolicyResult
from provisioner.core.root import NEVER, Root
from provisioner.core.times import instant
from provisioner.pull_requests import request_record
from provisioner.pull_requests.markdown import cell, policy_table, quoted

ENGINE_NAMES: Final = {"mysql": "MySQL", "postgres": "PostgreSQL"}
_VERBS: Final = {
    Kind.CREATE: "Create",
    Kind.UPDATE: "Change",
    Kind.EXTEND: "Extend",
    Kind.MAINTAIN: "Maintain",
    Kind.DISARM: "Disarm",
    Kind.REMOVE: "Remove",
}


def branch(request: Request) -> str:
    """The branch that belongs to a request alone."""
    return request.place.branch(request.kind, request.id)


def title(request: Request) -> str:
    """The title, also of the merge commit."""
    place = str(request.place)
    match request.kind:
        case Kind.CREATE:
            return f"Create {place} ({ENGINE_NAMES[request.root.engine]} {request.root.engine_version})"
        case Kind.MAINTAIN:
            return f"Maintain {place}: the module of this release, nothing that was asked for changes"
        case Kind.DISARM:
            return f"Disarm {place}: deletion protection off, before its removal"
        case kind:
            return f"{_VERBS[kind]} {place}"


def commit_message(request: Request) -> str:
    """The message of the one commit on the branch."""
    return f"{title(request)}\n\nRequest-Id: {request.id}\nTeam: {request.team}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file's new content on a separate branch; without `content` it is deleted.

    `before` is what main is believed to have, in one of the formats of a root; nothing: no such file. The
    first of `content` is written, and each of them says the same: an earlier try may have written another.
    """

    branch: str
    base: str
    title: str
    body: str
    commit_message: str
    path: str
    before: tuple[str, ...]
    content: tuple[str, ...]


def change(
    request: Request,
    results: Sequence[PolicyResult],
    catalog: Catalog,
    *,
    base: str,
    root_format: int = NEWEST,
) -> Change:
    """Everything that the worker publishes for a request; `root_format` is the one that main takes."""
    texts = (render(request.root, root_format), *renderings(request.root))
    return Change(
        branch=branch(request),
        base=base,
        title=title(request),
        body=body(request, results, catalog),
        commit_message=commit_message(request),
        path=request.place.root_path,
        before=() if request.before is None else renderings(request.before),
        content=() if request.kind is Kind.REMOVE else tuple(dict.fromkeys(texts)),
    )


def body(request: Request, results: Sequence[PolicyResult], catalog: Catalog) -> str:
    """The pull request's body."""
    sections = [
        f"## {_VERBS[request.kind]} `{request.place}`",
        _table(request, catalog),
        _who(request),
    ]
    if request.root.tags and request.kind is Kind.CREATE:
        sections.append(
            "**Tags**\n\n" + quoted("\n".join(f"{k} = {v}" for k, v in sorted(request.root.tags.items())))
        )
    if request.root.restore and request.kind is Kind.CREATE:
        sections.append(_restore(request.root))
    if results:
        sections.append(policy_table(results))
    sections.append(_next(request, catalog))
    sections.append(request_record.section(request))
    return "\n\n".join(sections) + "\n"


def facts(root: Root, catalog: Catalog) -> dict[str, str]:
    """What a root means to a reviewer."""
    size = catalog.size_of(root.instance_class)
    return {
        "Engine": f"{ENGINE_NAMES.get(root.engine, root.engine)} {root.engine_version}",
        "Size": f"{size or 'not in the catalog'} ({root.instance_class})",
        "Availability": "a standby in a second zone" if root.multi_az else "one zone",
        "Storage": f"{root.storage_gb} GB, growing to {root.max_storage_gb} GB",
        "Backups": f"kept {_days(root.backup_retention_days)}",
        "Final snapshot": "taken" if root.final_snapshot else "none",
        "Deletion protection": "on" if root.deletion_protection else "off",
        "Lifetime": "no end" if root.expires_at == NEVER else f"until {root.expires_at}",
        "Tags": ", ".join(f"{key}={value}" for key, value in sorted(root.tags.items())) or "none",
        "Cost": _cost(catalog.monthly_usd(root), catalog) if size else "unknown",
    }


def _cost(usd: float, catalog: Catalog) -> str:
    return f"{usd:.2f} USD a month, estimated with prices of {catalog.prices_as_of}"


def _table(request: Request, catalog: Catalog) -> str:
    after = facts(request.root, catalog)
    if request.kind is Kind.CREATE or request.before is None:
        after.pop("Tags")
        rows = [f"| {name} | {value} |" for name, value in after.items()]
        return "\n".join(["| | |", "|---|---|", *rows])
    before = facts(request.before, catalog)
    if request.kind is Kind.MAINTAIN:
        stays = ("Engine", "Size", "Storage", "Lifetime", "Cost")
        rows = [f"| {name} | {before[name]} |" for name in stays]
        return "\n".join(["| What stays | |", "|---|---|", *rows])
    if request.kind is Kind.REMOVE:
        kept = ("Engine", "Size", "Storage", "Final snapshot", "Lifetime", "Cost")
        rows = [f"| {name} | {before[name]} |" for name in kept]
        return "\n".join(["| What goes | |", "|---|---|", *rows])
    changed = [name for name in after if after[name] != before[name]]
    rows = [f"| {name} | {cell(before[name])} | {cell(after[name])} |" for name in changed]
    return "\n".join(["| | Before | After |", "|---|---|---|", *rows])


def _who(request: Request) -> str:
    lines = [
        f"Requested by {cell(request.actor)} of team {cell(request.team)} at {instant(request.created_at)}, "
        f"owner {cell(request.root.owner)}.",
        f"Request `{request.id}`.",
    ]
    why = request.reason or ("" if request.kind is not Kind.CREATE else request.root.purpose)
    lines.append("\n**Why**\n\n" + quoted(why) if why else "No reason was given.")
    return "\n".join(lines)


def _restore(root: Root) -> str:
    """Where the data comes from, and what a restore carries over:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
    """
    assert root.restore is not None  # noqa: S101 - the caller looked
    if root.restore.snapshot:
        source, moment = f"snapshot {cell(root.restore.snapshot)}", "when the snapshot was taken"
    else:
        source = f"database {cell(root.restore.database or '')}"
        moment = cell(root.restore.point_in_time or "")
        if root.restore.point_in_time in (None, "latest"):
            moment = "the latest restorable time, which on RDS is within the last five minutes"
    return (
        f"### Restored from {source}\n\n"
        "| | |\n|---|---|\n"
        f"| As of | {moment} |\n"
        "| Comes along | the data, the name of the database inside the engine, the users in it with their "
        "passwords and grants |\n"
        "| Does not | the master password (a new secret), other secrets, endpoint, size, tags, lifetime, "
        "parameter group, backups and monitoring: they are this file's |"
    )


def _next(request: Request, catalog: Catalog) -> str:
    source = request.source
    approval = "Gate and plan run; when they show exactly this and nothing else, it merges automatically."
    if catalog.approvers(request.environment, source):
        approval = "Gate and plan run; once a code owner has approved it too, it is merged automatically."
    if source and source.environment != request.environment:
        approval += (
            f" It copies data of {source.environment} into {request.environment}, so that a code owner of "
            f"{source.environment} has to approve it."
        )
    apply = {
        Kind.CREATE: "The pipeline creates the database, and a comment here says where it is.",
        Kind.UPDATE: "The pipeline changes the database in place.",
        Kind.EXTEND: "The pipeline writes the new end into the tags; the database itself is not touched.",
        Kind.MAINTAIN: "The pipeline brings the database to the module that `main` has now; the plan shows "
        "what that changes.",
        Kind.DISARM: "The pipeline switches deletion protection off; a second pull request then removes it.",
        Kind.REMOVE: "The pipeline destroys the database"
        + (" after a final snapshot." if request.root.final_snapshot else ". No snapshot is kept."),
    }[request.kind]
    return (
        f"### What happens next\n\n1. {approval}\n2. {apply}\n\n"
        f"To stop it, close this pull request, or `POST /requests/{request.id}/cancel`."
    )


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"

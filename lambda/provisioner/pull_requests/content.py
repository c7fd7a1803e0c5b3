"""What people read on a pull request: title, branch, commit message and body; text only.

Users' words stand in the body alone, in a fence that they cannot close. Titles, branches and commits are made
from validated names, because CircleCI and GitHub act on what they find there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.core.catalog import Catalog
from provisioner.core.engines import label
from provisioner.core.hcl import NEWEST, render, renderings
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.core.policy import PolicyResult
from provisioner.core.prices import ASSUMPTION, NOT_INCLUDED, REMEDY
from provisioner.core.root import NEVER, Root, scale
from provisioner.pull_requests import request_record, upgrading, wording
from provisioner.pull_requests.markdown import cell, policy_table, quoted


def branch(request: Request) -> str:
    """The branch that belongs to a request alone."""
    return request.place.branch(request.kind, request.id)


def commit_message(request: Request, catalog: Catalog) -> str:
    """The message of the one commit on the branch."""
    return f"{wording.title(request, catalog)}\n\n{_trailers(request)}\n"


def is_commit_of(message: str, request: Request) -> bool:
    """Whether the worker wrote a commit's message for a request, whatever title its release gave."""
    title, _, rest = message.strip().partition("\n\n")
    return "\n" not in title and rest == _trailers(request)


def _trailers(request: Request) -> str:
    return f"Request-Id: {request.id}\nTeam: {request.team}"


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
    disarmed_by: int | None = None,
) -> Change:
    """Everything that the worker publishes for a request; `root_format` is the one that main takes.

    `disarmed_by` is the pull request that took the deletion protection off, before a removal.
    """
    texts = (render(request.root, root_format), *renderings(request.root))
    return Change(
        branch=branch(request),
        base=base,
        title=wording.title(request, catalog),
        body=body(request, results, catalog, disarmed_by=disarmed_by),
        commit_message=commit_message(request, catalog),
        path=request.place.root_path,
        before=() if request.before is None else renderings(request.before),
        content=() if request.kind is Kind.REMOVE else tuple(dict.fromkeys(texts)),
    )


def body(
    request: Request,
    results: Sequence[PolicyResult],
    catalog: Catalog,
    *,
    disarmed_by: int | None = None,
) -> str:
    """The pull request's body: what its users and payers feel first, then what changes, for whom and why."""
    sections = [
        f"## {wording.title(request, catalog)}",
        wording.listed(wording.effects(request, catalog)),
        _table(request, catalog),
        _who(request),
    ]
    if request.root.tags and request.kind is Kind.CREATE:
        sections.append(
            "**Tags**\n\n" + quoted("\n".join(f"{k} = {v}" for k, v in sorted(request.root.tags.items())))
        )
    if request.root.restore and request.kind is Kind.CREATE:
        sections.append(_restore(request.root))
    if request.root.upgrade and request.kind is Kind.UPDATE:
        sections.append(upgrading.section(request.root, request.root.upgrade))
    if results:
        sections.append(policy_table(results))
    sections.append(_next(request, catalog, disarmed_by))
    sections.append(_prices(request, catalog))
    sections.append(request_record.section(request))
    return "\n\n".join(sections) + "\n"


def _prices(request: Request, catalog: Catalog) -> str:
    """What the costs are of, and what is not in them."""
    price = catalog.price(request.root)
    if price is None:
        return f"No price is known in {catalog.region}: {REMEDY}."
    assumed = f" Of the range, {ASSUMPTION}." if price.range else ""
    listed = f"Costs are list prices on demand in {price.region} of {price.as_of}, without {NOT_INCLUDED}."
    return listed + assumed


def facts(root: Root, catalog: Catalog) -> dict[str, str]:
    """What a root means to a reviewer."""
    size = catalog.size_of(root)
    second = "a reader" if root.capacity else "a standby"
    return {
        "Engine": f"{label(root.engine)} {root.engine_version}",
        "Size": f"{size or 'not in the catalog'} ({scale(root)})",
        **_monitoring(root),
        "Availability": f"{second} in a second zone" if root.multi_az else "one zone",
        "Storage": _storage(root),
        "Backups": f"kept {_days(root.backup_retention_days)}",
        "Windows": str(root.windows),
        "Final snapshot": "taken" if root.final_snapshot else "none",
        "Deletion protection": "on" if root.deletion_protection else "off",
        "Lifetime": "no end" if root.expires_at == NEVER else f"until {root.expires_at}",
        "Tags": ", ".join(f"{key}={value}" for key, value in sorted(root.tags.items())) or "none",
    }


def _storage(root: Root) -> str:
    if root.capacity:
        return "what is stored, without a size"
    return f"{root.storage_gb} GB, growing to {root.max_storage_gb} GB"


def _monitoring(root: Root) -> dict[str, str]:
    """Whether a cluster is watched, which the catalog decides: while it sleeps there is nothing to watch."""
    if root.capacity is None:
        return {}
    on = "Enhanced Monitoring and Database Insights on"
    if root.capacity.monitoring and root.capacity.min_acu == 0:
        return {"Monitoring": f"{on}; neither keeps it awake, nor sees anything while it sleeps"}
    off = "Enhanced Monitoring and Database Insights off, as the catalog says for this environment"
    return {"Monitoring": on if root.capacity.monitoring else off}


def _table(request: Request, catalog: Catalog) -> str:
    after = facts(request.root, catalog)
    if request.kind is Kind.CREATE or request.before is None:
        after.pop("Tags")
        return _rows("Setting", after)
    before = facts(request.before, catalog)
    if request.kind is Kind.MAINTAIN:
        stays = [
            name
            for name in ("Engine", "Size", "Storage", "Lifetime", "Windows")
            if after[name] == before[name]
        ]
        moves = "" if "Windows" in stays else f"\n\nIts windows become {after['Windows']}."
        return _rows("What stays", {name: before[name] for name in stays}) + moves
    if request.kind is Kind.REMOVE:
        goes = {name: before[name] for name in ("Engine", "Size", "Storage", "Lifetime")}
        return _rows("What is removed", goes)
    changed = [name for name in after if after[name] != before[name]]
    rows = [f"| {name} | {cell(before[name])} | {cell(after[name])} |" for name in changed]
    return "\n".join(["| Setting | Before | After |", "|---|---|---|", *rows])


def _rows(title: str, values: Mapping[str, str]) -> str:
    rows = [f"| {name} | {value} |" for name, value in values.items()]
    return "\n".join([f"| {title} | |", "|---|---|", *rows])


def _who(request: Request) -> str:
    team = cell(request.team)
    by = f"team {team}" if request.actor == request.team else f"{cell(request.actor)} of team {team}"
    lines = [
        f"Requested by {by}, {request.created_at:%d %b %Y %H:%M} UTC; owner {cell(request.root.owner)}. "
        f"Request `{request.id}`.",
    ]
    if request.claimed_by:
        lines[0] += f" The call named {cell(request.claimed_by)}, which nothing checked."
    why = request.reason or ("" if request.kind is not Kind.CREATE else request.root.purpose)
    lines.append("\n**Why**\n\n" + quoted(why) if why else "\n⚠ No reason was given.")
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
    clone = (
        "| How | a copy-on-write clone: minutes whatever the size, and what it costs is the pages that "
        "either changes |\n"
        if root.is_clone
        else ""
    )
    if root.source_resource is not root.resource:
        clone = _becoming(root)
    return (
        f"### Restored from {source}\n\n"
        "| | |\n|---|---|\n"
        f"| As of | {moment} |\n{clone}"
        "| Comes along | the data, the name of the database inside the engine, the users in it with their "
        "passwords and grants |\n"
        "| Does not | the master password (a new secret), other secrets, endpoint, size, tags, lifetime, "
        "parameter group, log exports, backups and monitoring: they are this file's |"
    )


def _becoming(root: Root) -> str:
    """What is different where RDS makes a cluster of an instance's snapshot (docs/clusters.md)."""
    assert root.restore is not None  # noqa: S101 - the caller looked
    of = label(root.restore.engine or "")
    return (
        f"| How | RDS makes an {label(root.engine)} cluster of the {of} instance's snapshot: a copy, which "
        "takes the longer the larger the data is |\n"
        "| Version | the same major one; Aurora's minor version is its own |\n"
        "| The instance | stays as it is, at its endpoint: what is written to it afterwards is not in the "
        "cluster |\n"
    )


def _next(request: Request, catalog: Catalog, disarmed_by: int | None) -> str:
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
        Kind.UPDATE: "The pipeline changes the database in place, without waiting for a maintenance window.",
        Kind.EXTEND: "The pipeline writes the new end into the tags; the database itself is not touched"
        + (", but for its windows." if _moves(request) else "."),
        Kind.MAINTAIN: "The pipeline brings the database to the module that `main` has now; the plan shows "
        "what that changes.",
        Kind.DISARM: "The pipeline switches deletion protection off; a second pull request, which links to "
        "this one, then removes the database.",
        Kind.REMOVE: _removal(request, catalog, disarmed_by),
    }[request.kind]
    return (
        f"### What happens next\n\n1. {approval}\n2. {apply}\n\n"
        f"To stop it, close this pull request, or `POST /requests/{request.id}/cancel`."
    )


def _removal(request: Request, catalog: Catalog, disarmed_by: int | None) -> str:
    before = f"Deletion protection was taken off by #{disarmed_by}. " if disarmed_by else ""
    if not (request.before or request.root).final_snapshot:
        return f"{before}The pipeline destroys the database. No snapshot is kept."
    name, days = wording.snapshot(request), wording.kept_for(request.root, catalog)
    kept = f"for {_days(days)}" if days else "until it is deleted by hand"
    return (
        f"{before}The pipeline takes the final snapshot `{name}`, which is kept {kept}, and destroys the "
        f"database. To get it back: `rdsctl restore {name} {request.environment}/NEW`."
    )


def _moves(request: Request) -> bool:
    """Whether the database is backed up and maintained at other times from then on."""
    return request.before is not None and request.before.windows != request.root.windows


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"

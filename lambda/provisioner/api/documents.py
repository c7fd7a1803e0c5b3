"""The API's documents: how requests and databases look to the team that asked for them."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

from provisioner.api.estimates import estimate_document
from provisioner.api.removals import removal
from provisioner.api.waiting_for import waiting_for
from provisioner.core import approvals, extended_support
from provisioner.core.beats import pipeline_url, silent_since
from provisioner.core.catalog import Catalog
from provisioner.core.durations import Usual
from provisioner.core.effects import interruption_by, sentence
from provisioner.core.estimates import estimate
from provisioner.core.events import Event, EventType, Step
from provisioner.core.lifecycle import (
    ENDED,
    Kind,
    Progress,
    State,
    begins,
    maximum,
    step_starts,
)
from provisioner.core.models import Charge, Request
from provisioner.core.prices import ASSUMPTION, NOT_INCLUDED, REMEDY, Price
from provisioner.core.root import NEVER, Root
from provisioner.core.times import instant

_STATE_WORDS: Final = {
    State.REQUESTED: "The pull request is being opened.",
    State.PULL_REQUEST_OPEN: "The pull request is open; gate, plan and approval come next.",
    State.MERGED: "Merged; the pipeline applies it next.",
    State.APPLYING: "Terraform is applying it.",
    State.REJECTED: "The pull request was closed without a merge. Nothing was changed.",
    State.FAILED: "It failed; see error for the cause and the fix.",
    State.CANCELLED: "Cancelled. Nothing was changed.",
}

# What the document has in its plan and in waiting_for, and not in the timeline again.
_ELSEWHERE: Final = ("counts", "changed", "approvers")

_USERS_WORDS: Final = "It is applied; its users are being made."
_CANCELLING: Final = "Cancelling: the pull request is being closed."


def request_document(
    request: Request,
    events: Sequence[Event],
    catalog: Catalog,
    *,
    now: dt.datetime,
    usual: Mapping[Step, Usual],
) -> dict[str, Any]:
    """A request with its timeline; `usual` says how long each step usually takes."""
    progress = request.progress
    reviewed = not approvals.is_automatic(request, events, catalog)
    silent = silent_since(request, now)
    left = None if silent else estimate(request, usual, now, reviewed=reviewed)
    return {
        **request_summary(request),
        "waiting_for": waiting_for(request, events, catalog, silent=silent),
        "plan": plan_document(events),
        "estimate": estimate_document(left, now),
        "slower_than_usual": silent is not None or (left is not None and left.slower_than_usual),
        "interruption": interruption_document(request.kind, request.before, request.root),
        "database": root_document(request.root, catalog),
        "timeline": [_event(event, request.created_at) for event in events if event.type.is_known],
        "steps": _steps(request, events, catalog, now, usual),
        "error": _error(progress),
        "result": progress.result,
        "removal": removal(request, catalog, now),
        "users": _users(progress),
    }


def plan_document(events: Sequence[Event]) -> dict[str, Any] | None:
    """The newest plan of the pull request; None before there is one. `counts` came with a later release."""
    plans = [event for event in events if event.type is EventType.PLANNED]
    if not plans:
        return None
    detail = plans[-1].detail
    return {
        "at": instant(plans[-1].at),
        "sentence": detail.get("plan"),
        "as_asked": bool(detail.get("as_asked")),
        "counts": detail.get("counts"),
        "changed": list(detail.get("changed", [])),
        "pipeline": detail.get("pipeline_url") or None,
    }


def interruption_document(kind: Kind, before: Root | None, after: Root) -> dict[str, str]:
    """What a change does to open connections, and when."""
    found = interruption_by(kind, before, after)
    return {"kind": found.value, "sentence": sentence(found, after)}


def request_summary(request: Request) -> dict[str, Any]:
    """A request as a list shows it."""
    progress = request.progress
    return {
        "id": request.id,
        "kind": request.kind.value,
        "state": progress.state.value,
        "step": progress.step.value,
        "environment": request.environment,
        "database_name": request.database_name,
        "database_engine": request.root.engine,
        "team": request.team,
        "requested_by": request.actor,
        "person": request.person,
        "claimed_by": request.claimed_by,
        "reason": request.reason,
        "message": _message(request),
        "created_at": instant(request.created_at),
        "updated_at": instant(progress.since),
        "links": {
            "self": f"/requests/{request.id}",
            "database": f"/databases/{request.place}",
            "pull_request": progress.pull_request_url,
            "pipeline": pipeline_url(request),
            "next_request": f"/requests/{request.follow_up}" if request.follow_up else None,
        },
    }


def _message(request: Request) -> str:
    """Where a request stands, in one sentence or two."""
    progress = request.progress
    if progress.state is not State.DONE:
        return unfinished(progress.state, progress.step, cancelling=progress.cancelling)
    place, result, end = request.place, request.progress.result or {}, request.root.expires_at
    address = ":".join(str(result[name]) for name in ("endpoint", "port") if result.get(name))
    where = f" at {address}" if address else ""
    return {
        Kind.CREATE: f"Ready{where}. Connect with `rdsctl connect {place}`.",
        Kind.UPDATE: f"{place} is changed.",
        Kind.EXTEND: f"{place} " + ("has no end now." if end == NEVER else f"stays until {end}."),
        Kind.MAINTAIN: f"{place} follows the module of this release.",
        Kind.DISARM: "Deletion protection is off. The removal is another request, links.next_request.",
        Kind.REMOVE: f"{place} is removed.",
    }[request.kind]


def unfinished(state: State, step: Step, *, cancelling: bool) -> str:
    """Where a request stands that is not done."""
    if cancelling:
        return _CANCELLING
    users = step is Step.USERS and state is not State.FAILED
    return _USERS_WORDS if users else _STATE_WORDS[state]


def _users(progress: Progress) -> str:
    """Whether its end waits for users that can log in, and whether they do."""
    if not progress.users:
        return "none"
    if progress.state is State.DONE:
        return "ready"
    return "failed" if progress.failure and progress.step is Step.USERS else "pending"


def root_document(root: Root, catalog: Catalog) -> dict[str, Any]:
    """What a root says, in the words of the API."""
    size, price = catalog.size_of(root), catalog.price(root)
    return {
        "environment": root.environment,
        "database_name": root.database_name,
        "database_engine": root.engine,
        "engine_version": root.engine_version,
        "size": size,
        "instance_class": root.instance_class,
        "capacity": dataclasses.asdict(root.capacity) if root.capacity else None,
        "storage_gb": None if root.capacity else root.storage_gb,
        "max_storage_gb": None if root.capacity else root.max_storage_gb,
        "high_availability": root.multi_az,
        "backup_retention_days": root.backup_retention_days,
        "deletion_protection": root.deletion_protection,
        "final_snapshot": root.final_snapshot,
        "extended_support": extended_support.said(root, catalog),
        "backup_window": root.backup_window or None,
        "maintenance_window": root.maintenance_window or None,
        "owner": root.owner,
        "purpose": root.purpose,
        "cost_center": root.cost_center,
        "expires_at": root.expires_at,
        "tags": dict(root.tags),
        "restore_from": None
        if root.restore is None
        else {
            "snapshot": root.restore.snapshot,
            "database": root.restore.database,
            "point_in_time": root.restore.point_in_time,
        },
        "monthly_cost_usd": price.monthly_usd if price else None,
        "prices_as_of": price.as_of.isoformat() if price else None,
        "price": price_document(price, catalog),
    }


def price_document(price: Price | None, catalog: Catalog) -> dict[str, Any]:
    """What a price is of, and what is not in it; where none is known, what to do about it."""
    return {
        "monthly_usd": price.monthly_usd if price else None,
        "instance_usd": price.instance_usd if price else None,
        "storage_usd": price.storage_usd if price else None,
        "range": range_document(price),
        "region": catalog.region,
        "as_of": price.as_of.isoformat() if price else None,
        "not_included": NOT_INCLUDED,
        "missing": None if price else f"no price is known in {catalog.region}: {REMEDY}",
    }


def range_document(price: Price | None) -> dict[str, Any] | None:
    """What a cluster costs a month at its least, as usual and at its most, in USD; None for an instance."""
    if price is None or price.range is None:
        return None
    return {
        "least_usd": price.range.least,
        "usual_usd": price.range.usual,
        "most_usd": price.range.most,
        "sleeps": price.range.sleeps,
        "assumption": ASSUMPTION,
    }


def quota_document(team: str, usage: Mapping[str, Charge], catalog: Catalog) -> dict[str, Any]:
    """What a team holds and may hold, by environment."""
    environments = {}
    for name in catalog.environments:
        limit, held = catalog.quota(team, name), usage[name]
        environments[name] = {
            "databases": {"used": held.databases, "limit": limit.databases},
            "storage_gb": {"used": held.storage_gb, "limit": limit.storage_gb},
            "monthly_usd": {"used": held.monthly_cents / 100, "limit": limit.monthly_usd},
        }
    return {"team": team, "environments": environments}


def _event(event: Event, start: dt.datetime) -> dict[str, Any]:
    detail = {name: value for name, value in event.detail.items() if name not in _ELSEWHERE}
    return {
        "at": instant(event.at),
        "seconds": round((event.at - start).total_seconds(), 1),
        "event": event.type.value,
        "actor": event.actor,
        **({"detail": detail} if detail else {}),
    }


def _error(progress: Progress) -> dict[str, Any] | None:
    failure = progress.failure
    if failure is None:
        return None
    return {
        "step": failure.step.value,
        "cause": failure.cause,
        "fix": failure.fix,
        "retryable": failure.retryable,
    }


def _steps(
    request: Request,
    events: Sequence[Event],
    catalog: Catalog,
    now: dt.datetime,
    usual: Mapping[Step, Usual],
) -> list[dict[str, Any]]:
    """How long each step took, and for the running one how long it usually and at most takes."""
    starts = step_starts(events)
    progress = request.progress
    automatic = approvals.is_automatic(request, events, catalog)
    order = [step for step, _ in begins(events)]
    steps = []
    for step, following in itertools.pairwise(order):
        if step not in starts:
            continue
        running = following not in starts and progress.state not in ENDED
        end = starts.get(following) or (now if running and not progress.failure else progress.since)
        entry: dict[str, Any] = {
            "step": step.value,
            "started_at": instant(starts[step]),
            "seconds": round((end - starts[step]).total_seconds(), 1),
        }
        if running and not progress.failure:
            entry["running"] = True
            entry["typical_seconds"] = usual[step].likely
            entry["maximum_seconds"] = int(maximum(step, automatic=automatic).total_seconds())
        steps.append(entry)
    return steps

"""① What a dry run shows: the file, the policy's verdict, the cost, and whether the quota holds it."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from provisioner.api import documents, removals
from provisioner.api.estimates import estimate_document
from provisioner.core import durations, policy
from provisioner.core.catalog import Catalog
from provisioner.core.durations import Usual
from provisioner.core.effects import (
    Interruption,
    cost_by,
    cost_of_life,
    interruption_by,
    monthly_cost,
    sentence,
)
from provisioner.core.estimates import Estimate, estimate
from provisioner.core.events import Step
from provisioner.core.hcl import render, render_removed
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Activity, Charge, Request
from provisioner.intake import refusals
from provisioner.intake.use_cases import DryRun, Move

_OF_THE_PRICE: Final = ("monthly_cost_usd", "prices_as_of", "price", "extended_support")

_MOVE_WORDS: Final = {
    State.CANCELLED: "Its pull request would be closed, if there is one, and its branch deleted.",
    State.REQUESTED: "Its pull request would be opened.",
    State.PULL_REQUEST_OPEN: "Gate, plan and approval would be waited for again.",
    State.MERGED: "The pipeline of the base branch would be run again.",
    State.APPLYING: "The pipeline of the base branch would be run again.",
}


def change_document(
    would: DryRun,
    catalog: Catalog,
    now: dt.datetime,
    *,
    usual: Mapping[Step, Usual] | None = None,
    activity: Activity | None = None,
) -> dict[str, Any]:
    """The document of a change that would be opened.

    `usual` says how long each step usually takes; `activity` what is known of the database's connections.
    """
    request, root, removes = would.request, would.request.root, would.request.kind is Kind.REMOVE
    text, results, fits = render_removed(root.place), [], True
    if not removes:
        text, fits = render(root), _fits(would)
        results = policy.check(
            text,
            place=root.place,
            catalog=catalog,
            now=now,
            disarming=request.kind is Kind.DISARM,
            creating=request.kind is Kind.CREATE,
            before=request.before,
        )
    approvers = catalog.approvers(root.environment, request.source)
    left = estimate(request, usual or durations.usual({}, request, catalog), now, reviewed=bool(approvers))
    return {
        "dry_run": True,
        "kind": request.kind.value,
        "terraform": text,
        "policy": {
            "passed": policy.passed(results),
            "results": [dataclasses.asdict(result) for result in results],
        },
        "fits_quota": fits,
        "interruption": documents.interruption_document(request.kind, request.before, root),
        "approval": "review" if approvers else "auto",
        "approval_of": approvers,
        "database": documents.root_document(root, catalog),
        "monthly_cost_usd": 0.0 if removes else would.wanted.monthly_cents / 100,
        "changes": _changes(request, catalog),
        "cost": _cost(request, catalog, now),
        "quota": _quota(would, fits=fits, removes=removes),
        "effects": _effects(request),
        "consider": _consider(request, catalog),
        "steps": removals.steps(request.kind),
        "removal": _removal(request, catalog, now, activity),
        "ready_in": _ready_in(left, now),
    }


def _changes(request: Request, catalog: Catalog) -> list[dict[str, Any]]:
    """What differs from the database as it is; none for a new one, and for one that goes."""
    if request.before is None or request.kind is Kind.REMOVE:
        return []
    before, after = (documents.root_document(root, catalog) for root in (request.before, request.root))
    return [
        {"field": name, "before": before[name], "after": after[name]}
        for name in after
        if name not in _OF_THE_PRICE and before[name] != after[name]
    ]


def _cost(request: Request, catalog: Catalog, now: dt.datetime) -> dict[str, Any]:
    """List prices in USD a month, before and after, and until its end; null where none is known."""
    cost = cost_by(request.kind, request.before, request.root, catalog)
    return {
        "before": cost.before,
        "after": cost.after,
        "difference": cost.difference,
        "until_end": None if request.kind is Kind.REMOVE else cost_of_life(request.root, now, catalog),
    }


def _quota(would: DryRun, *, fits: bool, removes: bool) -> dict[str, Any]:
    """What the team would hold of its quota in that environment, and in one sentence."""
    wanted = Charge() if removes else would.wanted
    after = would.used.minus(would.held.minus(wanted))
    limit, environment = would.limit, would.request.environment
    sentence = (
        f"In {environment} the team then holds {after.databases} of {limit.databases} databases, "
        f"{after.storage_gb} of {limit.storage_gb} GB and {after.monthly_cents / 100:.2f} of "
        f"{limit.monthly_cents / 100:.2f} USD a month."
    )
    if not fits:
        sentence = refusals.over_quota(would.request.team, environment, would.used, wanted, limit).detail
    return {
        "environment": environment,
        "databases": {"after": after.databases, "limit": limit.databases},
        "storage_gb": {"after": after.storage_gb, "limit": limit.storage_gb},
        "monthly_usd": {"after": after.monthly_cents / 100, "limit": limit.monthly_cents / 100},
        "sentence": sentence,
    }


def _effects(request: Request) -> list[dict[str, str]]:
    """What it does to those who use the database."""
    if request.kind is Kind.REMOVE:
        return [{"effect": "data_loss", "sentence": f"All data of {request.place} goes."}]
    if request.kind is Kind.DISARM:
        return [
            {"effect": "data_loss", "sentence": f"All data of {request.place} goes with the second step."}
        ]
    found = interruption_by(request.kind, request.before, request.root)
    return (
        [{"effect": found.value, "sentence": sentence(found, request.root)}]
        if found is not Interruption.NONE
        else []
    )


def _consider(request: Request, catalog: Catalog) -> list[dict[str, Any]]:
    """What may have been overlooked: one zone, where a reviewer approves each change and two may be had.

    An environment that merges automatically is taken for one that can do without its databases for a while.
    """
    root, rules = request.root, catalog.environments.get(request.environment)
    if request.kind is not Kind.CREATE or rules is None or root.multi_az:
        return []
    if rules.high_availability != "optional" or catalog.merges_automatically(request.environment):
        return []
    cost = monthly_cost(root, dataclasses.replace(root, multi_az=True), catalog)
    return [
        {
            "field": "high_availability",
            "value": True,
            "sentence": "One zone only: it is away while that one fails.",
            "monthly_usd_difference": cost.difference,
        }
    ]


def _removal(
    request: Request, catalog: Catalog, now: dt.datetime, activity: Activity | None
) -> dict[str, Any] | None:
    """What a removal does; a snapshot that is named after a request still to be made has no name yet."""
    found = removals.removal(request, catalog, now, activity=activity)
    return found | {"final_snapshot": None} if found and request.kind is Kind.DISARM else found


def _ready_in(left: Estimate | None, now: dt.datetime) -> dict[str, Any]:
    """The seconds until it is ready; null where a reviewer decides, and then those after the approval."""
    document = estimate_document(left, now)
    return {
        "seconds": document["seconds"] if document else None,
        "after_approval_seconds": document["after_approval_seconds"] if document else None,
    }


def move_document(move: Move) -> dict[str, Any]:
    """The document of a cancel or a retry that would be carried out."""
    progress = move.request.progress
    users = progress.step is Step.USERS and move.next_state is State.APPLYING
    return {
        "dry_run": True,
        "request": f"/requests/{move.request.id}",
        "pull_request": progress.pull_request_url,
        "state": progress.state.value,
        "next_state": move.next_state.value,
        "message": "Its users would be made again." if users else _MOVE_WORDS[move.next_state],
    }


def _fits(would: DryRun) -> bool:
    """Whether the ledger would let it in: giving back, or taking nothing more, is always allowed."""
    amounts = zip(
        dataclasses.astuple(would.used),
        dataclasses.astuple(would.wanted.minus(would.held)),
        dataclasses.astuple(would.limit),
        strict=True,
    )
    return all(used + more <= limit or more <= 0 for used, more, limit in amounts)

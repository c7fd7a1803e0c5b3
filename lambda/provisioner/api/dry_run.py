"""① What a dry run shows: the file, the policy's verdict, the cost, and whether the quota holds it."""

import dataclasses
import datetime as dt
from typing import Any, Final

from provisioner.api import documents
from provisioner.core import policy
from provisioner.core.catalog import Catalog
from provisioner.core.hcl import render, render_removed
from provisioner.core.lifecycle import Kind, State
from provisioner.intake.use_cases import DryRun, Move

_MOVE_WORDS: Final = {
    State.CANCELLED: "Its pull request would be closed, if there is one, and its branch deleted.",
    State.REQUESTED: "Its pull request would be opened.",
    State.PULL_REQUEST_OPEN: "Gate, plan and approval would be waited for again.",
    State.MERGED: "The pipeline of the base branch would be run again.",
    State.APPLYING: "The pipeline of the base branch would be run again.",
}


def change_document(would: DryRun, catalog: Catalog, now: dt.datetime) -> dict[str, Any]:
    """The document of a change that would be opened."""
    root, removes = would.root, would.kind is Kind.REMOVE
    source = root.source if would.kind is Kind.CREATE else None
    text, results, fits = render_removed(root.place), [], True
    if not removes:
        text, fits = render(root), _fits(would)
        results = policy.check(
            text,
            place=root.place,
            catalog=catalog,
            now=now,
            disarming=would.kind is Kind.DISARM,
            creating=would.kind is Kind.CREATE,
        )
    return {
        "dry_run": True,
        "kind": would.kind.value,
        "terraform": text,
        "policy": {
            "passed": policy.passed(results),
            "results": [dataclasses.asdict(result) for result in results],
        },
        "fits_quota": fits,
        "interruption": documents.interruption_document(would.kind, would.before, root),
        "approval": "review" if catalog.approvers(root.environment, source) else "auto",
        "database": documents.root_document(root, catalog),
        "monthly_cost_usd": 0.0 if removes else would.wanted.monthly_cents / 100,
    }


def move_document(move: Move) -> dict[str, Any]:
    """The document of a cancel or a retry that would be carried out."""
    progress = move.request.progress
    return {
        "dry_run": True,
        "request": f"/requests/{move.request.id}",
        "pull_request": progress.pull_request_url,
        "state": progress.state.value,
        "next_state": move.next_state.value,
        "message": _MOVE_WORDS[move.next_state],
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

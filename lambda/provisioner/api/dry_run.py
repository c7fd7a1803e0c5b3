"""① What a dry run shows: the file, the policy's verdict, the cost, and whether the quota holds it."""

import dataclasses
import datetime as dt
from typing import Any

from provisioner.api import documents
from provisioner.core import policy
from provisioner.core.catalog import Catalog
from provisioner.core.hcl import render, render_removed
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Charge
from provisioner.core.policy import PolicyResult
from provisioner.intake.use_cases import Rehearsal


def document(rehearsal: Rehearsal, catalog: Catalog, now: dt.datetime) -> dict[str, Any]:
    """The document of a change that would be opened."""
    root, removes = rehearsal.root, rehearsal.kind is Kind.REMOVE
    results = [] if removes else _policy(rehearsal, catalog, now)
    return {
        "dry_run": True,
        "kind": rehearsal.kind.value,
        "terraform": render_removed(root.place) if removes else render(root),
        "policy": {
            "passed": policy.passed(results),
            "results": [dataclasses.asdict(result) for result in results],
        },
        "fits_quota": removes or _fits(rehearsal),
        "approval": catalog.environments[root.environment].approval,
        "database": documents.root_document(root, catalog),
        "monthly_cost_usd": 0.0 if removes else rehearsal.wanted.monthly_cents / 100,
    }


def _policy(rehearsal: Rehearsal, catalog: Catalog, now: dt.datetime) -> list[PolicyResult]:
    return policy.check(
        render(rehearsal.root),
        place=rehearsal.root.place,
        catalog=catalog,
        now=now,
        disarming=rehearsal.kind is Kind.DISARM,
    )


def _fits(rehearsal: Rehearsal) -> bool:
    """Whether the ledger would let it in: giving back, or taking nothing more, is always allowed."""
    used, limit = rehearsal.used, rehearsal.limit
    more: Charge = rehearsal.wanted.minus(rehearsal.held)
    return all(
        before + wanted <= most or wanted <= 0
        for before, wanted, most in zip(
            dataclasses.astuple(used), dataclasses.astuple(more), dataclasses.astuple(limit), strict=True
        )
    )

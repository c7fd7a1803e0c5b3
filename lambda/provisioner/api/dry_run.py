"""What a dry run shows of a new root: the file, the policy's verdict, the cost, and if the quota holds it."""

import dataclasses
import datetime as dt
from typing import Any

from provisioner.api import documents
from provisioner.core import policy
from provisioner.core.catalog import Catalog
from provisioner.core.hcl import render, render_removed
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Charge
from provisioner.core.root import Root


def preview(
    kind: Kind,
    root: Root,
    catalog: Catalog,
    *,
    usage: Charge,
    held: Charge,
    wanted: Charge,
    limit: Charge,
    now: dt.datetime,
) -> dict[str, Any]:
    """The document; the team holds `usage` of `limit`, and `held` of that for this very database."""
    if kind is Kind.REMOVE:
        text, results, fits = render_removed(root.place), [], True
    else:
        text = render(root)
        results = policy.check(
            text,
            place=root.place,
            catalog=catalog,
            now=now,
            disarming=kind is Kind.DISARM,
        )
        fits = _fits(usage, wanted.minus(held), limit)
    return {
        "dry_run": True,
        "kind": kind.value,
        "terraform": text,
        "policy": {
            "passed": policy.passed(results),
            "results": [dataclasses.asdict(result) for result in results],
        },
        "fits_quota": fits,
        "approval": catalog.environments[root.environment].approval,
        "database": documents.root_document(root, catalog),
        "monthly_cost_usd": 0.0 if kind is Kind.REMOVE else wanted.monthly_cents / 100,
    }


def _fits(usage: Charge, more: Charge, limit: Charge) -> bool:
    """Whether the ledger would let it in: giving back, or taking nothing more, is always allowed."""
    return all(
        used + wanted <= most or wanted <= 0
        for used, wanted, most in zip(
            dataclasses.astuple(usage), dataclasses.astuple(more), dataclasses.astuple(limit), strict=True
        )
    )

"""⑥ What a removal does, as its dry run and its request show it: its steps, and what is kept."""

import datetime as dt
from typing import Any

from provisioner.core.catalog import Catalog
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Activity, Request
from provisioner.core.root import Root
from provisioner.core.times import instant, optional_instant


def steps(kind: Kind) -> list[str]:
    """The kinds of requests that a change takes, in their order."""
    return [Kind.DISARM.value, Kind.REMOVE.value] if kind is Kind.DISARM else [kind.value]


def removal(
    request: Request, catalog: Catalog, now: dt.datetime, *, activity: Activity | None = None
) -> dict[str, Any] | None:
    """What goes and what is kept; None for a request that removes nothing.

    The snapshot is named after the request that was applied last, which is the disarming one where there is
    one. `activity` is what is known of the database's connections.
    """
    if request.kind not in (Kind.DISARM, Kind.REMOVE):
        return None
    before = request.before or request.root
    last: Root = request.root if request.kind is Kind.DISARM else before
    rules = catalog.environments.get(request.environment)
    days = rules.keep_final_snapshot_days if rules else None
    removed = request.kind is Kind.REMOVE and request.progress.state is State.DONE
    at = request.progress.since if removed else now
    kept = before.final_snapshot
    return {
        "steps": steps(request.kind),
        "keeps_snapshot": kept,
        "final_snapshot": request.place.final_snapshot(last.request_id) if kept else None,
        "kept_days": days if kept else None,
        "kept_until": instant((at + dt.timedelta(days=days)).replace(microsecond=0))
        if kept and days
        else None,
        "last_connection_at": optional_instant(activity.last_connection_at if activity else None),
        "idle_since": optional_instant(activity.idle_since if activity else None),
    }

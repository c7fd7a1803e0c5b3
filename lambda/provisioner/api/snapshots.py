"""⑥ The snapshots of a team: what removals left, and what was taken before upgrades, as far as is known.

One that the reaper deleted, or whose time is over, is left out.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provisioner.api.query import Given, together
from provisioner.core import upgrades
from provisioner.core.catalog import Catalog
from provisioner.core.events import Step
from provisioner.core.lifecycle import DatabaseState, Kind, State
from provisioner.core.models import Database, Request
from provisioner.core.names import Place, SnapshotName
from provisioner.core.root import Root
from provisioner.core.times import instant, optional_instant
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.table import Filters


@dataclass(frozen=True, slots=True)
class _Snapshot:
    name: str
    root: Root
    taken_at: dt.datetime | None


def snapshots_document(
    given: Given, team: str, ledger: Ledger, catalog: Catalog, now: dt.datetime
) -> dict[str, Any]:
    """The team's snapshots, newest first; raises Problem (400) for a filter that cannot be meant."""
    with together(given, "environment", "database_name") as query:
        named = query.filters(environment=catalog.environments, database_name=None)
    environment, name = named.get("environment"), named.get("database_name")
    among = {attribute: (value,) for attribute, value in named.items()}
    found = {each.name: each for each in _of_rows(ledger, team, environment, name)}
    kept = Filters(among={**among, "kind": (Kind.REMOVE, Kind.UPDATE), "state": (State.DONE, State.FAILED)})
    found |= {each.name: each for each in _of_requests(ledger.all_requests(team, kept))}
    return {"snapshots": _left(found, ledger, catalog, now)}


def snapshots_of(
    database: Database, requests: Sequence[Request], ledger: Ledger, catalog: Catalog, now: dt.datetime
) -> list[dict[str, Any]]:
    """What a team's databases of one name left, newest first; `requests` are all of theirs."""
    left = database.final_snapshot
    found = {left: _Snapshot(left, database.root, None)} if left else {}
    found |= {each.name: each for each in _of_requests(requests)}
    return _left(found, ledger, catalog, now)


def _left(
    found: dict[str, _Snapshot], ledger: Ledger, catalog: Catalog, now: dt.datetime
) -> list[dict[str, Any]]:
    """Those that are still there, newest first."""
    ends = {each.name: _kept_until(each, catalog) for each in found.values()}
    left: dict[str, Place] = {
        each.name: each.root.place for each in found.values() if (end := ends[each.name]) is None or end > now
    }
    deleted = ledger.snapshots_deleted(left)
    first = dt.datetime.min.replace(tzinfo=dt.UTC)
    ordered = sorted(
        (found[name] for name in left if name not in deleted),
        key=lambda each: each.taken_at or first,
        reverse=True,
    )
    return [_document(each, ends[each.name], catalog) for each in ordered]


def _of_requests(requests: Iterable[Request]) -> Iterator[_Snapshot]:
    """What each removal left, whose name others may have had since, and each upgrade, a refused one too."""
    for request in requests:
        applied, progress = request.before, request.progress
        done = progress.state is State.DONE
        tried = done or (progress.state is State.FAILED and progress.step is Step.APPLY)
        if request.kind is Kind.UPDATE and request.root.upgrade and tried:
            upgrade = request.root.upgrade
            root = replace(request.root, engine_version=upgrade.from_version, upgrade=None)
            yield _Snapshot(upgrade.snapshot, root, progress.since)
        if request.kind is Kind.REMOVE and done and applied and request.root.final_snapshot:
            name = request.place.final_snapshot(applied.request_id)
            yield _Snapshot(name, applied, request.progress.since)


def _of_rows(ledger: Ledger, team: str, environment: str | None, name: str | None) -> Iterator[_Snapshot]:
    """What databases left that were removed in git: no request says when."""
    found = ledger.all_databases(team, DatabaseState.REMOVED, environment=environment, name=name)
    for database in found:
        if left := database.final_snapshot:
            yield _Snapshot(left, database.root, None)


def _kept_until(snapshot: _Snapshot, catalog: Catalog) -> dt.datetime | None:
    rules, name = catalog.environments.get(snapshot.root.environment), SnapshotName.parse(snapshot.name)
    days = rules.keep_final_snapshot_days if rules else None
    if name and name.before:
        days = upgrades.KEPT.days
    return snapshot.taken_at + dt.timedelta(days=days) if days and snapshot.taken_at else None


def _document(snapshot: _Snapshot, end: dt.datetime | None, catalog: Catalog) -> dict[str, Any]:
    root = snapshot.root
    targets = [name for name in catalog.environments if catalog.may_restore(root.environment, name)]
    return {
        "name": snapshot.name,
        "environment": root.environment,
        "database_name": root.database_name,
        "database_engine": root.engine,
        "engine_version": root.engine_version,
        "storage_gb": None if root.capacity else root.storage_gb,
        "taken_at": optional_instant(snapshot.taken_at),
        "kept_until": instant(end.replace(microsecond=0)) if end else None,
        "restore_to": targets,
        "links": {"database": f"/databases/{root.place}"},
    }

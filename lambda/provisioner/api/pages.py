"""① One request and one database, whole: what the ledger knows of each, put together for its document."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.api import database_documents, documents
from provisioner.api.connection import connection
from provisioner.api.dry_run import change_document
from provisioner.api.snapshots import snapshots_of
from provisioner.core import durations
from provisioner.core.beats import beat_of
from provisioner.core.catalog import Catalog
from provisioner.core.effects import cost_of_life
from provisioner.core.events import Step
from provisioner.core.lifecycle import DatabaseState
from provisioner.core.models import Database, Request
from provisioner.intake.use_cases import DryRun
from provisioner.ledger.ledger import Ledger


def request_page(found: Request, ledger: Ledger, catalog: Catalog, now: dt.datetime) -> dict[str, Any]:
    """The whole document of a request."""
    usual = durations.usual(
        ledger.step_times(found) if found.progress.step is not Step.END else {}, found, catalog
    )
    return documents.request_document(found, ledger.events(found.id), catalog, now=now, usual=usual)


def dry_run_page(would: DryRun, ledger: Ledger, catalog: Catalog, now: dt.datetime) -> dict[str, Any]:
    """The whole document of what a change would be."""
    request = would.request
    usual = durations.usual(ledger.step_times(request), request, catalog)
    activity = ledger.activity(request.place) if request.before else None
    return change_document(would, catalog, now, usual=usual, activity=activity)


def tag(found: Request, page: Mapping[str, Any]) -> str:
    """The ETag of a request's page: its version, whether it is slower than usual, and the job at work.

    A weak one: seconds that run on and an estimate that moves along are no change.
    """
    waits, beat = page["waiting_for"] or {}, beat_of(found)
    parts = [
        str(found.version),
        *(["slow"] if page["slower_than_usual"] else []),
        *(["silent"] if waits.get("what") == "job" else []),
        *([hashlib.sha256(beat.pipeline_url.encode()).hexdigest()[:8]] if beat else []),
    ]
    return f'W/"{"-".join(parts)}"'


def database_page(
    database: Database,
    ledger: Ledger,
    catalog: Catalog,
    now: dt.datetime,
    *,
    makes_users: bool = False,
) -> dict[str, Any]:
    """The whole document of a database, as its team sees it; `makes_users` is so where the stack does."""
    place = database.place
    there = database.state is not DatabaseState.REMOVED
    ids = ledger.request_ids(place, team=database.team)
    events = ledger.database_events(place, since=database.created_at)
    document = database_documents.database_document(
        database,
        catalog,
        requests=ids,
        events=events,
        listed=ledger.listed([database])[place],
    )
    return document | {
        "until_end_usd": cost_of_life(database.root, now, catalog) if there else None,
        "extendable_until": database_documents.extendable_until(database, catalog, now),
        "connection": connection(database, events, catalog, makes_users=makes_users),
        "restore_window": database_documents.restore_window(database, now),
        "snapshots": snapshots_of(database, ledger.requests_of(ids), ledger, catalog, now),
    }


def database_items(found: Sequence[Database], ledger: Ledger, catalog: Catalog) -> list[dict[str, Any]]:
    """Databases as a list has them, from their rows alone."""
    listed = ledger.listed(found)
    return [database_documents.database_document(item, catalog, listed=listed[item.place]) for item in found]

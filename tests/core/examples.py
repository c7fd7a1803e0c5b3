"""Requests, roots and times that tests share."""

import datetime as dt
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from provisioner.core.catalog import Catalog, parse
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import DatabaseState, Kind, derive
from provisioner.core.models import Charge, Database, Request
from provisioner.core.root import Root
from provisioner.intake import roots
from provisioner.intake.bodies import parse_create
from provisioner.intake.roots import asked

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
CATALOG_TEXT = (Path(__file__).parents[2] / "catalog.yaml").read_text()
PRICES_TEXT = (Path(__file__).parents[2] / "prices.json").read_text()
MISSION_BODY = {"database_name": "mydb123", "database_engine": "mysql", "environment": "dev"}
ID = "3f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
ROOMY = Charge(databases=10, storage_gb=10_000, monthly_cents=1_000_000)


def catalog() -> Catalog:
    """The catalog as it stands in the repository."""
    return parse(CATALOG_TEXT, lambda: PRICES_TEXT)


def opened_catalog() -> Catalog:
    """The same, where prod opens its data to dev."""
    text = CATALOG_TEXT.replace("  prod:\n", "  prod:\n    restore_to: [dev]\n")
    return parse(text, lambda: PRICES_TEXT)


def enrolling_catalog(text: str = CATALOG_TEXT) -> Catalog:
    """The same, whose dev enrols what is made there in Extended Support."""
    return parse(text.replace("  dev:\n", "  dev:\n    extended_support: true\n"), lambda: PRICES_TEXT)


def root(request_id: str = ID, *, team: str = "alpha", now: dt.datetime = NOW, **body: Any) -> Root:
    """The root that a body leads to; the mission's body unless fields are given."""
    return roots.new(parse_create(MISSION_BODY | body), catalog(), team=team, request_id=request_id, now=now)


def request(
    request_id: str | None = None,
    *,
    kind: Kind = Kind.CREATE,
    team: str = "alpha",
    now: dt.datetime = NOW,
    **body: Any,
) -> Request:
    """A new request for that root."""
    request_id = request_id or str(uuid4())
    assert str(UUID(request_id)) == request_id
    wanted = root(request_id, team=team, now=now, **body)
    first = Event(id="requested", type=EventType.REQUESTED, at=now, actor=team)
    return Request(
        id=request_id,
        kind=kind,
        environment=wanted.environment,
        database_name=wanted.database_name,
        team=team,
        actor=team,
        root=wanted,
        before=None,
        asked=asked(wanted, "7d", catalog()),
        created_at=now,
        progress=derive([first]),
    )


def database(**body: Any) -> Database:
    """The database that `request` asks for, available."""
    one = request(**body)
    return Database(
        environment=one.environment,
        database_name=one.database_name,
        team=one.team,
        state=DatabaseState.AVAILABLE,
        root=one.root,
        asked=one.asked,
        origin=one.id,
        active=None,
        created_at=one.created_at,
    )


def charge(wanted: Root) -> Charge:
    """What a root takes of the quota."""
    cents = round((catalog().monthly_usd(wanted) or 0) * 100)
    return Charge(databases=1, storage_gb=wanted.storage_gb, monthly_cents=cents)

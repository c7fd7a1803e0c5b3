"""① Lists of requests and databases: what their parameters keep."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

from provisioner.api import documents, pages
from provisioner.api.query import Given, Query, together
from provisioner.core.catalog import Catalog
from provisioner.core.engines import ENGINES
from provisioner.core.lifecycle import ENDED, DatabaseState, Kind, State
from provisioner.core.models import Charge, Database, Page
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.table import Filters

_PAGES: Final = ("page_size", "page_token")
REQUESTS: Final = ("environment", "state", "kind", "database_name", "owner", "person", "open", *_PAGES)
DATABASES: Final = (
    *("environment", "state", "database_engine", "owner", "idle", "removed", "expires_before"),
    *_PAGES,
)


def requests(given: Given, team: str, ledger: Ledger, catalog: Catalog) -> dict[str, Any]:
    """A page of a team's requests; raises Problem (400) naming each filter that cannot be meant."""
    with together(given, *REQUESTS) as query:
        named = query.filters(environment=catalog.environments, kind=Kind, database_name=None)
        states, is_open = query.several("state", State), query.flag("open")
        person, owner = query.text("person", longest=64), _owner(query)
        size, token = query.page_size(), query.text("page_token")
    states = states or tuple(state for state in State if is_open and state not in ENDED)
    among = {name: (value,) for name, value in named.items()} | ({"state": states} if states else {})
    if person:
        among["actor"] = (person,)
    kept = Filters(among=among, holding=owner)
    page = ledger.requests(team, kept=kept, page_size=size, page_token=token)
    items = [documents.request_summary(item) for item in page.items]
    return {"requests": items, "next_page_token": page.next_token}


def databases(given: Given, team: str, ledger: Ledger, catalog: Catalog, now: dt.datetime) -> dict[str, Any]:
    """A page of a team's databases, those that were removed or never made only where they are asked for.

    Raises Problem (400) naming each filter that cannot be meant.
    """
    with together(given, *DATABASES) as query:
        named = query.filters(environment=catalog.environments, database_engine=ENGINES)
        states, removed = query.several("state", DatabaseState), query.flag("removed")
        end, owner = query.instant("expires_before", now), _owner(query)
        idle = query.filters(idle=("true", "false")).get("idle")
        size, token = query.page_size(), query.text("page_token")
    if not states and not removed:
        states = tuple(state for state in DatabaseState if state is not DatabaseState.REMOVED)
    among = {name.removeprefix("database_"): (value,) for name, value in named.items()}
    kept = Filters(
        among=among | ({"state": states} if states else {}),
        holding=owner,
        before={"expires_at": end} if end else {},
    )
    page = _databases(idle, size, token, team, ledger, kept)
    held = [ledger.quota_used(team, name) for name in _environments(named, catalog)]
    return {
        "databases": pages.database_items(page.items, ledger, catalog),
        "next_page_token": page.next_token,
        "totals": _totals(held),
    }


def _databases(
    idle: str | None, size: int, token: str | None, team: str, ledger: Ledger, kept: Filters
) -> Page[Database]:
    """A page; where only idle ones, or only used ones, are asked for, as many are read as fill it."""
    found: list[Database] = []
    while True:
        page = ledger.databases(team, kept=kept, page_size=size - len(found), page_token=token)
        if idle is None:
            return page
        listed = ledger.listed(page.items)
        found += [
            item for item in page.items if (listed[item.place].idle_since is not None) == (idle == "true")
        ]
        token = page.next_token
        if token is None or len(found) == size:
            return Page(found, token)


def _environments(given: Mapping[str, str], catalog: Catalog) -> list[str]:
    return [given["environment"]] if "environment" in given else list(catalog.environments)


def _totals(held: list[Charge]) -> dict[str, Any]:
    """What the team holds by its quota, there or in all environments, whatever else the list leaves out."""
    return {
        "databases": sum(charge.databases for charge in held),
        "storage_gb": sum(charge.storage_gb for charge in held),
        "monthly_usd": sum(charge.monthly_cents for charge in held) / 100,
    }


def _owner(query: Query) -> dict[str, str]:
    """The owner as a root's text has it: quotes in other texts stand escaped there, so that no other fits."""
    owner = query.text("owner", longest=128)
    return {"root": f'"owner":{json.dumps(owner)}'} if owner else {}

"""① `GET /costs`: what a team's databases cost in a month, so far and by its end, at list price."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

from provisioner.api.query import Given, together
from provisioner.core import costs
from provisioner.core.catalog import Catalog
from provisioner.core.costs import Cost
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.lifecycle import DatabaseState, State
from provisioner.core.models import Database
from provisioner.core.names import Place
from provisioner.core.prices import ASSUMPTION, NOT_INCLUDED
from provisioner.core.times import instant
from provisioner.ledger.ledger import Ledger
from provisioner.ledger.table import Filters

BY: Final[dict[str, Callable[[Cost], str]]] = {
    "environment": lambda cost: cost.root.environment,
    "owner": lambda cost: cost.root.owner,
    "database": lambda cost: str(cost.root.place),
}

# A creation whose users are still to be made is applied, and so costs.
_MAY_BE_THERE: Final = (State.DONE, State.APPLYING, State.FAILED)


def costs_document(
    given: Given, team: str, ledger: Ledger, catalog: Catalog, now: dt.datetime
) -> dict[str, Any]:
    """The costs by environment, owner or database; raises Problem (400) naming what is wrong."""
    with together(given, "month", "by", "environment") as query:
        begin = query.month("month", now)
        chosen = query.filters(by=BY, environment=catalog.environments)
    by = chosen.get("by", "environment")
    among = {"environment": (chosen["environment"],)} if "environment" in chosen else {}
    known = ledger.all_requests(team, Filters(among={**among, "state": _MAY_BE_THERE}))
    applied = [request for request in known if request.progress.of_database is State.DONE]
    lives = costs.spans(applied, _gone(ledger, team, chosen.get("environment")))
    found = [costs.cost(spans, begin, now, catalog.price) for spans in lives.values()]
    groups: dict[str, list[Cost]] = defaultdict(list)
    for cost in found:
        if cost is not None:
            groups[BY[by](cost)].append(cost)
    figures = [catalog.price(cost.root) for cost in found if cost is not None]
    dates = [figure.as_of for figure in figures if figure is not None]
    return {
        "month": f"{begin:%Y-%m}",
        "until": instant(min(now, costs.month_end(begin)).replace(microsecond=0)),
        "by": by,
        "costs": [_line(by, name, items) for name, items in sorted(groups.items())],
        "totals": _sums([cost for items in groups.values() for cost in items]),
        "region": catalog.region,
        "prices_as_of": min(dates).isoformat() if dates else None,
        "not_included": NOT_INCLUDED,
        "assumption": ASSUMPTION if any(figure and figure.range for figure in figures) else None,
    }


def _gone(ledger: Ledger, team: str, environment: str | None) -> dict[Place, dt.datetime]:
    """When databases went that no request removed."""
    removed = ledger.all_databases(team, DatabaseState.REMOVED, environment=environment)
    found = ((database.place, _removed_in_git(database, ledger)) for database in removed)
    return {place: at for place, at in found if at is not None}


def _removed_in_git(database: Database, ledger: Ledger) -> dt.datetime | None:
    events = ledger.database_events(database.place, since=database.created_at)
    return next((event.at for event in events if event.type is DatabaseEventType.REMOVED_IN_GIT), None)


def _line(by: str, name: str, items: Sequence[Cost]) -> dict[str, Any]:
    return {by: name, **_sums(items)}


def _sums(items: Sequence[Cost]) -> dict[str, Any]:
    return {
        "databases": len(items),
        "accrued_usd": round(sum(cost.accrued or 0.0 for cost in items), 2),
        "forecast_usd": round(sum(cost.forecast or 0.0 for cost in items), 2),
        "without_a_price": sum(cost.accrued is None for cost in items),
    }

"""⑦ Once a week, for each team: what ends within a week, what is idle, what all of it costs."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from provisioner.core.catalog import Catalog
from provisioner.core.models import Database, Listed
from provisioner.core.names import Place
from provisioner.core.prices import ASSUMPTION, Price
from provisioner.core.root import NEVER
from provisioner.core.times import parse_instant
from provisioner.notifier.links import Console
from provisioner.notifier.message import Listing, Message
from provisioner.notifier.words import day, moment, usd

# Mondays from 08:00 UTC on; who was deployed later in the week begins with the next one.
_HOURS: Final = range(8, 20)
_WEEK: Final = dt.timedelta(days=7)
_SHOWN: Final = 40  # rows of a list; the console has all of them


def is_due(now: dt.datetime) -> bool:
    """Whether the digest of this week goes out now, where it did not yet."""
    return now.isoweekday() == 1 and now.hour in _HOURS


def digest_id(team: str, now: dt.datetime) -> str:
    """One for each team and week."""
    year, week, _ = now.isocalendar()
    return f"digest/{team}/{year}-W{week:02}"


def digest(
    team: str,
    databases: Sequence[Database],
    listed: Mapping[Place, Listed],
    catalog: Catalog,
    console: Console,
    now: dt.datetime,
) -> Message:
    """The week of a team that has databases."""
    ends = [each for each in databases if _ends_soon(each, now)]
    ends.sort(key=lambda each: (each.root.expires_at, str(each.place)))
    idle = sorted(
        (shown.idle_since, str(each.place))
        for each in databases
        if (shown := listed.get(each.place)) and shown.idle_since
    )
    lists = [
        _listing("End within a week", [f"{each.place}: {_end(each)}, {each.root.owner}" for each in ends]),
        _listing("Idle", [f"{place}: nobody since {day(since)}" for since, place in idle]),
    ]
    found = tuple(listing for listing in lists if listing.rows)
    return Message(
        id=digest_id(team, now),
        title=f"Databases of {team}, {day(now)}",
        lines=tuple(_lines(databases, catalog, quiet=not found)),
        facts=(("Databases", str(len(databases))), ("List price", _spend(databases, catalog))),
        lists=found,
        links=console.databases("All databases"),
    )


def _ends_soon(database: Database, now: dt.datetime) -> bool:
    ends = database.root.expires_at
    return ends != NEVER and parse_instant(ends) - now <= _WEEK


def _end(database: Database) -> str:
    return moment(parse_instant(database.root.expires_at))


def _spend(databases: Sequence[Database], catalog: Catalog) -> str:
    """The sum by environment, of clusters as usual; what has no price is counted, not guessed."""
    found = [(each.environment, catalog.price(each.root)) for each in databases]
    prices = [(environment, price) for environment, price in found if price]
    known: dict[str, float] = {}
    for environment, price in prices:
        known[environment] = known.get(environment, 0.0) + price.usual_usd
    parts = ", ".join(f"{name} {usd(sum_)}" for name, sum_ in sorted(known.items()))
    text = f"{usd(sum(known.values()))} a month" + (f" ({parts})" if len(known) > 1 else "")
    if any(price.range for _, price in prices):
        least, most = (sum(map(figure, prices)) for figure in (_least, _most))
        text += f" as usual, {usd(least)} at the least, {usd(most)} at the most"
    unknown = len(found) - len(prices)
    return text + (f", and {unknown} without a known price" if unknown else "")


def _least(of: tuple[str, Price]) -> float:
    return of[1].least_usd


def _most(of: tuple[str, Price]) -> float:
    return of[1].monthly_usd


def _lines(databases: Sequence[Database], catalog: Catalog, *, quiet: bool) -> Iterator[str]:
    """What is said next to the lists: that they are empty, and what a cluster is assumed to be."""
    if quiet:
        yield "Nothing ends within a week, and nothing is idle."
    if any((price := catalog.price(each.root)) and price.range for each in databases):
        yield f"Of clusters, {ASSUMPTION}."


def _listing(heading: str, rows: Sequence[str]) -> Listing:
    shown = tuple(rows[:_SHOWN])
    more = len(rows) - len(shown)
    return Listing(heading, (*shown, f"and {more} more") if more else shown)

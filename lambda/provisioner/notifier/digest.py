"""⑦ Once a week, for each team: what ends within a week, what is idle, what all of it costs."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from provisioner.core.catalog import Catalog
from provisioner.core.models import Database, Listed
from provisioner.core.names import Place
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
        lines=() if found else ("Nothing ends within a week, and nothing is idle.",),
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
    """The sum by environment; what has no price is counted, not guessed."""
    known: dict[str, float] = {}
    unknown = 0
    for database in databases:
        price = catalog.monthly_usd(database.root)
        if price is None:
            unknown += 1
        else:
            known[database.environment] = known.get(database.environment, 0.0) + price
    parts = ", ".join(f"{name} {usd(sum_)}" for name, sum_ in sorted(known.items()))
    text = f"{usd(sum(known.values()))} a month" + (f" ({parts})" if len(known) > 1 else "")
    return text + (f", and {unknown} without a known price" if unknown else "")


def _listing(heading: str, rows: Sequence[str]) -> Listing:
    shown = tuple(rows[:_SHOWN])
    more = len(rows) - len(shown)
    return Listing(heading, (*shown, f"and {more} more") if more else shown)

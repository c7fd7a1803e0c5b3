"""What databases have cost in a month, and will have by its end: list prices of now, over the hours they ran.

From the requests that were applied: a database counts from the end of its creation's apply until that of its
removal, and by what it was in between. It is not the bill.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.core.prices import Price
from provisioner.core.root import NEVER, Root
from provisioner.core.times import parse_instant


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a database was as this root says; it goes on where `end` is None."""

    root: Root
    begin: dt.datetime
    end: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What one database cost so far, and will have cost by the month's end; in USD, None without a price."""

    root: Root
    accrued: float | None
    forecast: float | None


def month_end(begin: dt.datetime) -> dt.datetime:
    """The begin of the next month."""
    return (begin + dt.timedelta(days=32)).replace(day=1)


def spans(applied: Iterable[Request], gone: Mapping[Place, dt.datetime]) -> dict[Place, list[Span]]:
    """When each database was what, from its applied requests; `gone` are those removed without one."""
    of_place: dict[Place, list[Request]] = defaultdict(list)
    for request in applied:
        of_place[request.place].append(request)
    found: dict[Place, list[Span]] = {}
    for place, requests in of_place.items():
        ordered = sorted(
            requests, key=lambda request: (request.progress.of_database_since, request.created_at)
        )
        ends = [request.progress.of_database_since for request in ordered[1:]]
        last = gone.get(place)
        if last is not None:
            last = max(last, ordered[-1].progress.of_database_since)
        found[place] = [
            Span(request.root, request.progress.of_database_since, end)
            for request, end in zip(ordered, [*ends, last], strict=True)
            if request.kind is not Kind.REMOVE
        ]
    return found


def cost(
    lives: Iterable[Span], begin: dt.datetime, now: dt.datetime, price: Callable[[Root], Price | None]
) -> Cost | None:
    """What a database cost in the month from `begin`; None where it was not there in that month."""
    until, there = month_end(begin), []
    for life in lives:
        end = until if life.end is None else min(life.end, until)
        if life.end is None and life.root.expires_at != NEVER:
            end = min(end, max(parse_instant(life.root.expires_at), now))
        if end > begin and life.begin < until:
            there.append((life, max(life.begin, begin), end))
    if not there:
        return None
    accrued = forecast = 0.0
    for life, first, end in there:
        figure = price(life.root)
        if figure is None:
            return Cost(there[-1][0].root, None, None)
        accrued += figure.for_hours(_hours(first, min(end, now)))
        forecast += figure.for_hours(_hours(first, end))
    return Cost(there[-1][0].root, round(accrued, 2), round(forecast, 2))


def _hours(begin: dt.datetime, end: dt.datetime) -> float:
    return max((end - begin).total_seconds(), 0.0) / 3600

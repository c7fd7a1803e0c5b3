"""`rdsctl cost`: what the team's databases cost in a month, so far and by its end, at list price."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import click

from rdsctl import completing, times, words
from rdsctl.command import command as make
from rdsctl.session import Session
from rdsctl.suggestions import OneOf
from rdsctl.table import Column

_KEYS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "database": words.place,
    "environment": lambda item: str(item["environment"]),
    "owner": lambda item: str(item.get("owner") or ""),
}


@make(name="cost", short_help="What the databases cost in a month, at list price.")
@click.option(
    "--by", type=OneOf(["database", "env", "owner"]), default="env", help="A line for each of these."
)
@click.option("--month", metavar="2026-11", help="Another month than this one.")
@click.option(
    "--env", "environment", shell_complete=completing.environments, help="Those of this environment."
)
def command(session: Session, by: str, month: str | None, environment: str | None) -> None:
    """Show what the team's databases cost in a month, so far and by its end; it is not the bill.

    Each counts for the hours that it was there, as it was then, at list price. SAVE names those that nobody
    connects to any more, with what each costs a month.
    """
    by = "environment" if by == "env" else by
    query = {"month": month, "by": by, "environment": environment}
    document = session.api.call("GET", "/costs", query=query).document
    idle = _idle(session, by, environment) if month is None and session.for_people else {}
    columns = [
        Column(by.upper(), lambda row: str(row[by])),
        Column("DATABASES", lambda row: str(row["databases"]), right=True),
        Column("SO FAR", lambda row: words.money(row["accrued_usd"]), right=True),
        Column("TO MONTH'S END", lambda row: words.money(row["forecast_usd"]), right=True),
    ]
    if idle:
        columns.append(Column("SAVE", lambda row: _saved(idle.get(row[by], [])), cut=True))
    session.show_list(document["costs"], columns, name=lambda row: str(row[by]))
    if session.for_people:
        session.note(_footer(document))


def _idle(session: Session, by: str, environment: str | None) -> dict[str, list[dict[str, Any]]]:
    """The idle databases, by the line that they belong to."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in session.api.items("/databases", "databases", environment=environment, idle="true"):
        found[_KEYS[by](item)].append(item)
    return found


def _saved(items: list[dict[str, Any]]) -> str:
    """What a removal of the idle ones saves: `49.75 a month: dev/etl, idle 12 days`."""
    if not items:
        return ""
    known = [usd for item in items if (usd := words.usual(item)) is not None]
    total = f"{words.money(sum(known))} a month" if known else "no price"
    if len(items) > 1:
        return f"{total}: {len(items)} idle, rdsctl ls --idle"
    days = (times.now() - times.parse(items[0]["idle_since"])).days
    return f"{total}: {words.place(items[0])}, idle {days} days"


def _footer(document: dict[str, Any]) -> str:
    totals = document["totals"]
    if not totals["databases"]:
        return f"No databases in {document['month']}."
    unknown = totals["without_a_price"]
    without = f"; {unknown} without a price" if unknown else ""
    assumed = document.get("assumption")  # an API before there were clusters has none
    clusters = f" Of clusters, {assumed}." if assumed else ""
    return (
        f"{document['month']}: {words.money(totals['accrued_usd'])} USD so far, "
        f"{words.money(totals['forecast_usd'])} by its end, list prices of {document['prices_as_of']} "
        f"({document['region']}){without}; not the bill.{clusters}"
    )

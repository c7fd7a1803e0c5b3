"""`rdsctl cost`: what the team's databases cost a month, at list price."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import click

from rdsctl import completing, words
from rdsctl.command import command as make
from rdsctl.session import Session
from rdsctl.suggestions import OneOf
from rdsctl.table import Column

_KEYS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "database": words.place,
    "env": lambda item: str(item["environment"]),
    "owner": lambda item: str(item.get("owner") or ""),
}


@make(name="cost", short_help="What the databases cost a month, at list price.")
@click.option("--by", type=OneOf(list(_KEYS)), default="env", help="A line for each of these.")
@click.option(
    "--month", metavar="2026-11", help="What a month cost so far and by its end; else a month of now."
)
@click.option(
    "--env", "environment", shell_complete=completing.environments, help="Those of this environment."
)
def command(session: Session, by: str, month: str | None, environment: str | None) -> None:
    """Sum up what the team's databases cost a month, at list price; it is not the bill.

    With --month, what they cost in that month: the hours that each was there, as it was then.
    """
    if month is not None:
        _show_month(session, by, month, environment)
        return
    found = [
        item
        for item in session.api.items("/databases", "databases", environment=environment)
        if item["state"] != "removed"
    ]
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in found:
        groups[_KEYS[by](item)].append(item)
    rows = sorted(
        (_row(name, items, by) for name, items in groups.items()), key=lambda row: -row["usd_a_month"]
    )
    columns = [
        Column(by.upper(), lambda row: str(row[by])),
        Column("DATABASES", lambda row: str(row["databases"]), right=True),
        Column("GB", lambda row: f"{row['storage_gb']:,}", right=True),
        Column("USD A MONTH", lambda row: words.money(row["usd_a_month"]), right=True),
    ]
    session.show_list(rows, columns, name=lambda row: str(row[by]))
    if session.for_people:
        session.note(_footer(found, rows))


def _show_month(session: Session, by: str, month: str, environment: str | None) -> None:
    by = "environment" if by == "env" else by
    query = {"month": month, "by": by, "environment": environment}
    document = session.api.call("GET", "/costs", query=query).document
    columns = [
        Column(by.upper(), lambda row: str(row[by])),
        Column("DATABASES", lambda row: str(row["databases"]), right=True),
        Column("SO FAR", lambda row: words.money(row["accrued_usd"]), right=True),
        Column("TO MONTH'S END", lambda row: words.money(row["forecast_usd"]), right=True),
    ]
    session.show_list(document["costs"], columns, name=lambda row: str(row[by]))
    if session.for_people:
        session.note(_month_footer(document))


def _month_footer(document: dict[str, Any]) -> str:
    totals = document["totals"]
    if not totals["databases"]:
        return f"No databases in {document['month']}."
    unknown = totals["without_a_price"]
    without = f"; {unknown} without a price" if unknown else ""
    return (
        f"{document['month']}: {words.money(totals['accrued_usd'])} USD so far, "
        f"{words.money(totals['forecast_usd'])} by its end, list prices of {document['prices_as_of']} "
        f"({document['region']}){without}; not the bill."
    )


def _row(name: str, items: list[dict[str, Any]], by: str) -> dict[str, Any]:
    return {
        by: name,
        "databases": len(items),
        "storage_gb": sum(item["storage_gb"] for item in items),
        "usd_a_month": round(sum(item["monthly_cost_usd"] or 0 for item in items), 2),
        "without_a_price": sum(item["monthly_cost_usd"] is None for item in items),
    }


def _footer(found: list[dict[str, Any]], rows: list[dict[str, Any]]) -> str:
    if not found:
        return "No databases."
    dated = max(str(item["prices_as_of"]) for item in found)
    unknown = sum(row["without_a_price"] for row in rows)
    without = f"; {unknown} without a price" if unknown else ""
    total = words.money(sum(row["usd_a_month"] for row in rows))
    return f"{total} USD a month, list prices of {dated}{without}; not the bill."

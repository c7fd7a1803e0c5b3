"""`rdsctl ls`: the team's databases."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import click

from rdsctl import completing, times, words
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.session import Session
from rdsctl.suggestions import OneOf

STATES = ("pending", "available", "updating", "removing", "removed", "failed")


@make(name="ls", short_help="List the team's databases.")
@click.option(
    "--env", "environment", shell_complete=completing.environments, help="Those of this environment."
)
@click.option("--state", "states", multiple=True, type=OneOf(STATES), help="In this state; repeatable.")
@click.option("--engine", type=OneOf(["mysql", "postgres"]), help="Of this engine.")
@click.option("--owner", help="Of this owner.")
@click.option("--expiring", metavar="7d", help="Those that end within this time.")
@click.option("--idle", is_flag=True, help="Those that nobody connects to.")
@click.option("--removed", is_flag=True, help="Those that were removed, too.")
def command(
    session: Session,
    environment: str | None,
    states: tuple[str, ...],
    engine: str | None,
    owner: str | None,
    expiring: str | None,
    idle: bool,
    removed: bool,
) -> None:
    """List the team's databases, newest first, without those that were removed."""
    present = times.now()
    before = None
    if expiring:
        try:
            before = (present + times.duration(expiring)).strftime("%Y-%m-%dT%H:%M:%SZ")
        except ValueError as error:
            raise Failure(f"--expiring: {error}.", Exit.USAGE) from None
    found = [
        item
        for item in session.api.items(
            "/databases",
            "databases",
            environment=environment,
            state=states[0] if len(states) == 1 else None,
            database_engine=engine,
            expires_before=before,
            owner=owner,
            idle="true" if idle else None,
            removed="true" if removed or "removed" in states else None,
        )
        if not states or item["state"] in states
    ]
    chosen = bool(states or engine or owner or expiring or idle)
    everything = not chosen and environment is None
    named = [words.place(item) for item in found if item["state"] != "removed"]
    session.remember("databases", named, whole=everything)
    session.show_list(
        found,
        words.database_columns(present),
        wide=words.wide_database_columns(present),
        name=words.place,
    )
    if session.for_people:
        session.note(_footer(found, times.now()) if found else _none(session, environment, chosen=chosen))


def _none(session: Session, environment: str | None, *, chosen: bool) -> str:
    """What there is none of; of none at all, in which team, since another profile's key shows another's."""
    if chosen:
        return "No database is like that.   rdsctl ls"
    where = f" in {environment}" if environment else _in_team(session)
    return f"No databases{where}.   rdsctl create {environment or 'dev'}/NAME --engine postgres"


def _in_team(session: Session) -> str:
    try:
        return f" in team {session.api.get('/whoami').document['team']}"
    except Failure:  # an API of before; the list itself was read
        return ""


def _footer(found: list[dict[str, Any]], present: dt.datetime) -> str:
    priced = [item["monthly_cost_usd"] for item in found if item["state"] != "removed"]
    known = [float(price) for price in priced if isinstance(price, int | float)]
    count = f"{len(found)} database{'' if len(found) == 1 else 's'}"
    without = f", {len(priced) - len(known)} without a price" if len(known) < len(priced) else ""
    total = f"{count}, {words.money(sum(known))} USD a month at list price{without}."
    return "   ".join([total, *_ways_on(found, present)])


def _ways_on(found: list[dict[str, Any]], present: dt.datetime) -> Iterator[str]:
    """A command for the first that failed, and one for the first that ends soon."""
    if failed := next((item for item in found if item["state"] == "failed"), None):
        yield f"rdsctl get {words.place(failed)}"
    if ending := next((item for item in found if words.ends_soon(item, present)), None):
        yield f"rdsctl extend {words.place(ending)} 7d"

"""`rdsctl requests`: what was asked for."""

from itertools import islice

import click

from rdsctl import completing, times, words
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import parse
from rdsctl.session import Session
from rdsctl.suggestions import OneOf

STATES = ("requested", "pull_request_open", "merged", "applying", "done", "rejected", "failed", "cancelled")
KINDS = ("create", "update", "extend", "maintain", "disarm", "remove")


@make(name="requests", short_help="List the team's requests, newest first.")
@click.option("--open", "only_open", is_flag=True, help="Those under way.")
@click.option("--state", type=OneOf(STATES), help="In this state.")
@click.option("--kind", type=OneOf(KINDS), help="Of this kind.")
@click.option(
    "--db",
    "database",
    metavar="DB",
    shell_complete=completing.databases,
    help="Of this database: ENV/NAME, or NAME.",
)
@click.option("--env", "environment", shell_complete=completing.environments, help="Of this environment.")
@click.option("--mine", is_flag=True, help="Those that you asked for, by a personal key.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")
def command(
    session: Session,
    only_open: bool,
    state: str | None,
    kind: str | None,
    database: str | None,
    environment: str | None,
    mine: bool,
    limit: int | None,
) -> None:
    """List the team's requests, newest first."""
    name = database
    if database and (place := parse(database)):
        if environment not in (None, place.environment):
            raise Failure(f"--db {database} is not in --env {environment}.", Exit.USAGE)
        environment, name = place.environment, place.name
    person = None
    if mine:
        person = session.api.get("/whoami").document["person"]
        if person is None:
            raise Failure("--mine wants a personal key, and this one is not.", Exit.USAGE)
    found = session.api.items(
        "/requests",
        "requests",
        environment=environment,
        state=state,
        kind=kind,
        database_name=name,
        person=person,
        open="true" if only_open else None,
    )
    items = list(islice(found, limit))
    session.remember("requests", [str(item["id"])[:8] for item in items], whole=False)
    session.show_list(items, words.request_columns(times.now()), name=lambda item: str(item["id"]))
    if session.for_people and not items:
        session.note("No requests.")

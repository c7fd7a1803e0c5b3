"""`rdsctl create`: ask for a database."""

from collections.abc import Mapping
from typing import Any

import click

from rdsctl import asking, completing, kinds, previews, questions, times, words
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, PlaceType
from rdsctl.session import Session
from rdsctl.suggestions import OneOf


@make(name="create", short_help="Ask for a database.")
@click.argument(
    "place",
    type=PlaceType(),
    metavar="[ENV/NAME]",
    required=False,
    shell_complete=completing.place_or_environment,
)
@click.option(
    "--engine",
    shell_complete=completing.engines,
    help="Engine of the catalog, such as postgres, mysql or aurora-postgresql.",
)
@click.option("--engine-version", metavar="MAJOR", help="Major version; see rdsctl catalog.")
@click.option(
    "--size",
    shell_complete=completing.sizes,
    help="Size of the catalog; the environment's default without it.",
)
@click.option("--storage", type=click.IntRange(min=1), metavar="GB", help="Storage in GB.")
@click.option("--ttl", metavar="7d", help="How long it lives: 8h, 14d, or never where that is allowed.")
@click.option("--owner", help="Whom to write to; the key's name without it.")
@click.option("--purpose", help="What it is for; the reviewer reads it.")
@click.option("--ha", is_flag=True, help="Two zones: it stays up when one fails, and costs twice.")
@click.option("--tag", "tags", multiple=True, metavar="K=V", help="A tag; repeatable.")
@click.option("--show", type=OneOf(["terraform"]), help="With --dry-run: the file that would be written.")
@asking.options(without="reason")
def command(
    session: Session,
    /,
    place: Place | None,
    show: str | None,
    how: asking.How,
    **given: Any,
) -> int:
    """Ask for a database. Without arguments, on a terminal, it asks what to make.

    The same command again is the same request.
    """
    if show and not how.dry_run:
        raise Failure("--show goes with --dry-run.", Exit.USAGE)
    if place is None or given["engine"] is None:
        place, given = questions.what_to_make(session, place, given)
    body = body_of(place, given)
    if how.dry_run:
        previews.show(session, "POST", "/provision-rds", body, file=show is not None)
        return Exit.OK
    if how.waits and session.err.live:
        preview = session.api.call("POST", "/provision-rds", body, query={"dry_run": "true"}).document
        session.note(headline(preview))
    return asking.send(session, "POST", "/provision-rds", how, body)


def body_of(place: Place, given: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a create: what was given, and nothing else, so that the catalog's defaults hold."""
    body: dict[str, Any] = {
        "database_name": place.name,
        "database_engine": given["engine"],
        "environment": place.environment,
        "engine_version": given.get("engine_version"),
        "size": given.get("size"),
        "storage_gb": given.get("storage"),
        "ttl": given.get("ttl"),
        "owner": given.get("owner"),
        "purpose": given.get("purpose"),
        "high_availability": True if given.get("ha") else None,
        "restore_from": given.get("restore_from"),
        "tags": pairs(given.get("tags") or ()) or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """Tags of K=V; raises Failure for one without a value."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise Failure(f"--tag {text!r} has no value: write KEY=VALUE.", Exit.USAGE)
        found[key] = value
    return found


def headline(preview: dict[str, Any]) -> str:
    """`dev/ledger   postgres 17, small (db.t4g.micro), 20 GB, ends 2 Dec 22:58   13.98 USD a month`."""
    database = preview["database"]
    ends = database["expires_at"]
    when = "never ends" if ends == times.NEVER else f"ends {times.clock(times.parse(ends), times.now())}"
    what = f"{words.engine(database)}, {kinds.scale(database, full=True)}"
    return f"{words.place(database)}   {what}, {when}   {kinds.cost(database)} USD a month"

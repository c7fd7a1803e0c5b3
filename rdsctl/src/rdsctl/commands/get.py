"""`rdsctl get`: one database or one request, whole."""

from typing import Any

import click

from rdsctl import completing, screens, times, waiting
from rdsctl.client import path
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, find_database, find_request, is_request, place_of
from rdsctl.session import Session


@make(name="get", short_help="Show one database or one request.")
@click.argument("target", metavar="DB|REQUEST", shell_complete=completing.either)
@click.option("--watch", is_flag=True, help="Stay until nothing is under way any more; Ctrl-C ends it.")
def command(session: Session, target: str, watch: bool) -> int:
    """Show a database (ENV/NAME, or NAME where one has it) or a request (its id, or the start of it)."""
    request = _request(session, target)
    if request is not None:
        code = Exit.OK
        if watch:
            waited = waiting.follow(session, request)
            request, code = waited.document, waited.code
        session.show(request, lambda _: screens.request(request, times.now()), str(request["id"]))
        return code
    database = find_database(session.api, target)
    place = place_of(database)
    session.remember("databases", [str(place)], whole=False)
    code = Exit.OK
    while watch and (active := _active(database)):
        if session.for_people:
            session.note(f"{place} is {database['state']}: request {active[:8]}")
        code = waiting.follow(session, session.api.get(path("requests", active)).document).code
        database = session.api.get(place.path).document
    recent, creation = _history(session, place, database) if session.for_people else ([], None)
    session.show(database, lambda _: screens.database(database, recent, times.now(), creation), str(place))
    return code


def _history(
    session: Session, place: Place, database: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The newest requests of a database, and the one that created it."""
    recent: list[dict[str, Any]] = session.api.get(
        "/requests", environment=place.environment, database_name=place.name, page_size="3"
    ).document["requests"]
    origin = database["links"]["created_by"].rpartition("/")[2]
    known = [request for request in recent if request["id"] == origin]
    return recent, known[0] if known else session.api.get(path("requests", origin)).document


def _request(session: Session, target: str) -> dict[str, Any] | None:
    """The request that a word means; None where it means a database."""
    if not is_request(target):
        return None
    try:
        return find_request(session.api, target)
    except Failure as failure:
        if failure.code is not Exit.NOT_FOUND or not target.isalnum():
            raise
    return None


def _active(database: dict[str, Any]) -> str:
    """The id of the request under way; empty without one."""
    return str((database.get("links") or {}).get("active_request") or "").rpartition("/")[2]

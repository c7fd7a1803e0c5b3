"""`rdsctl get`: one database or one request, whole."""

import click

from rdsctl import screens, times
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.places import find_database, find_request, is_request, place_of
from rdsctl.session import Session


@make(name="get", short_help="Show one database or one request.")
@click.argument("target", metavar="DB|REQUEST")
def command(session: Session, target: str) -> None:
    """Show a database (ENV/NAME, or NAME where one has it) or a request (its id, or the start of it)."""
    present = times.now()
    if is_request(target):
        try:
            request = find_request(session.api, target)
        except Failure as failure:
            if failure.code is not Exit.NOT_FOUND or not target.isalnum():
                raise
        else:
            session.show(request, lambda _: screens.request(request, present), str(request["id"]))
            return
    database = find_database(session.api, target)
    recent = []
    if session.for_people:
        place = place_of(database)
        recent = session.api.get(
            "/requests", environment=place.environment, database_name=place.name, page_size="3"
        ).document["requests"]
    session.show(database, lambda _: screens.database(database, recent, present), str(place_of(database)))

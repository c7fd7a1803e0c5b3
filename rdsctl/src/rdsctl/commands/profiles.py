"""`rdsctl profiles`: what `login` has kept, and which of it is in use."""

import click

from rdsctl import completing, configuration, profile_file
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.session import Session
from rdsctl.suggestions import OneOf
from rdsctl.table import Column


@make(name="profiles", short_help="List the profiles, or choose one.")
@click.argument("action", type=OneOf(["use"]), required=False)
@click.argument("name", required=False, shell_complete=completing.profiles)
def command(session: Session, action: str | None, name: str | None) -> None:
    """List the profiles; `rdsctl profiles use NAME` chooses the one for the next commands."""
    known, current = configuration.profiles()
    if action:
        if name not in known:
            there_are = (
                f"there are {', '.join(sorted(known))}" if known else "there is none: rdsctl login URL"
            )
            raise Failure(f"There is no profile {name!r}; {there_are}.", Exit.USAGE)
        profile_file.use(configuration.file(), str(name))
        session.note(f"Profile {name} is in use.")
        return
    items = [
        {"name": entry.name, "url": entry.url, "key": entry.key_from, "in_use": entry.name == current}
        for entry in known.values()
    ]
    columns = [
        Column("NAME", lambda item: str(item["name"])),
        Column("URL", lambda item: str(item["url"])),
        Column("KEY", lambda item: str(item["key"]).partition(":")[0]),
        Column("", lambda item: "in use" if item["in_use"] else ""),
    ]
    session.show_list(items, columns, name=lambda item: str(item["name"]))
    if session.for_people and not items:
        session.note("No profiles.   rdsctl login URL")

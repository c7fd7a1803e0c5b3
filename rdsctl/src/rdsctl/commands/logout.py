"""`rdsctl logout`: forget a key here. The key itself stays valid until an operator ends it."""

from rdsctl import configuration, keys, names
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.session import Session


@make(name="logout", short_help="Forget the key of a profile here.")
def command(session: Session) -> None:
    """Forget the key of the profile in use (or --profile NAME) here; it is not revoked."""
    known, current = configuration.profiles()
    name = session.options.profile or current
    if name not in known:
        raise Failure(f"There is no profile {name!r}.", Exit.USAGE, hints=["rdsctl profiles"])
    keys.forget(known[name].key_from, name, configuration.directory())
    names.forget(names.file(known[name].url, name))
    session.note(f"The key of profile {name} is forgotten here; it stays valid until an operator ends it.")

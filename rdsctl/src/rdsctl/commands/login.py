"""`rdsctl login`: keep an API's key in a profile, after one call that shows that it works."""

import getpass
import sys

import click

from rdsctl import configuration, keys, profile_file
from rdsctl.client import Client
from rdsctl.command import command as make
from rdsctl.failures import Exit, Failure
from rdsctl.session import Session
from rdsctl.suggestions import OneOf


@make(name="login", short_help="Keep the key of an API in a profile.")
@click.argument("address", metavar="[URL]", required=False)
@click.option("--key-stdin", is_flag=True, help="Read the key from stdin.")
@click.option("--store", type=OneOf(["keyring", "file"]), help="Where the key is kept.")
def command(session: Session, address: str | None, key_stdin: bool, store: str | None) -> None:
    """Keep the key of an API in a profile (--profile NAME; without it `default`).

    The key goes into the system's keyring where there is one, else into a file that only you can read.
    """
    known, _ = configuration.profiles()
    name = profile_file.checked_name(session.options.profile or configuration.DEFAULT)
    url = address or session.options.url or (known[name].url if name in known else None)
    url = configuration.checked_url(url or session.ask("URL of the API", "the URL: rdsctl login URL"))
    place = _place(store)
    if place == "file" and store is None:
        session.note(
            f"There is no keyring here; the key goes into {configuration.directory()}/{name}.key (0600)."
        )
    key = _key(session, key_stdin=key_stdin)
    team = Client(url, key, say=session.say, debug=session.debug).get("/quota").document["team"]
    keys.write(place, name, configuration.directory(), key)
    profile_file.keep(configuration.file(), configuration.Profile(name, url, place))
    session.note(f"Logged in to {url} as team {team}; profile {name}, key in {place.partition(':')[0]}.")


def _place(store: str | None) -> str:
    found = keys.found_keyring() if store != "file" else None
    if store == "keyring" and found is None:
        raise Failure(
            "There is no keyring here.",
            Exit.USAGE,
            hints=["install rdsctl[keyring], or: rdsctl login --store file"],
        )
    return found or "file"


def _key(session: Session, *, key_stdin: bool) -> str:
    if key_stdin:
        key = sys.stdin.readline().strip()
    elif session.can_ask:
        key = getpass.getpass("Key: ").strip()
    else:
        raise Failure("login wants a key and there is no terminal: add --key-stdin", Exit.USAGE)
    if not key or not key.isascii() or not key.isprintable():
        raise Failure("That is no key: it is one line of printable characters.", Exit.USAGE)
    return key

"""Which database or request a word means: ENV/NAME, a NAME that one database has, the start of an id.

Writes take ENV/NAME alone, so that nothing but the command itself chooses what they change.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import click

from rdsctl.client import Client, path
from rdsctl.failures import Exit, Failure

_PLACE: Final = re.compile(r"([a-z][a-z0-9-]*)/([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")
_REQUEST: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{0,4}){0,3}(?:-[0-9a-f]{0,12})?")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UNDER_WAY: Final = ("pending", "updating", "removing")


@dataclass(frozen=True, slots=True)
class Place:
    """A database's environment and name."""

    environment: str
    name: str

    def __str__(self) -> str:
        return f"{self.environment}/{self.name}"

    @property
    def path(self) -> str:
        """Where the API has it."""
        return path("databases", self.environment, self.name)


class PlaceType(click.ParamType):
    """ENV/NAME, written out."""

    name = "ENV/NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """The place; fails with what to write."""
        if isinstance(value, Place):
            return value
        found = parse(str(value))
        if found is None:
            self.fail(f"{value!r} is no ENV/NAME: write it out, for example dev/orders.", param, ctx)
        return found


def parse(text: str) -> Place | None:
    """The place that a text writes out; None for any other text."""
    match = _PLACE.fullmatch(text)
    return Place(match[1], match[2]) if match else None


def find_database(api: Client, text: str) -> dict[str, Any]:
    """The document of the database that a word of a read means; raises Failure."""
    place = parse(text) or _by_name(api, text)
    found: dict[str, Any] = api.get(place.path).document
    return found


def find_request(api: Client, text: str) -> dict[str, Any]:
    """The document of the request of this id, or of the only one that begins so; raises Failure."""
    if not _REQUEST.fullmatch(text):
        raise Failure(
            f"{text!r} is no request: give its id, or the first 8 digits of it.",
            Exit.USAGE,
            hints=["rdsctl requests"],
        )
    full = text if _UUID.fullmatch(text) else _full_id(api, text)
    found: dict[str, Any] = api.get(path("requests", full)).document
    return found


def is_request(text: str) -> bool:
    """Whether a word looks like a request's id; `deadbeef` may be a database's name as well."""
    return bool(_REQUEST.fullmatch(text))


def place_of(document: dict[str, Any]) -> Place:
    """The place of a database's or request's document."""
    return Place(document["environment"], document["database_name"])


def latest_request(api: Client, place: Place) -> dict[str, Any]:
    """The newest request of a database: the one under way, if there is one; raises Failure."""
    query = {"environment": place.environment, "database_name": place.name, "page_size": "1"}
    newest = api.get("/requests", **query).document["requests"]
    if not newest:
        raise Failure(f"There is no database {place} of this team.", Exit.NOT_FOUND, hints=["rdsctl ls"])
    found: dict[str, Any] = api.get(path("requests", newest[0]["id"])).document
    return found


def find_either(api: Client, text: str) -> dict[str, Any]:
    """The request that a word means: the newest one of a database, or the one of this id."""
    if place := parse(text):
        return latest_request(api, place)
    if is_request(text):
        return find_request(api, text)
    return latest_request(api, _by_name(api, text))


def _full_id(api: Client, beginning: str) -> str:
    found = [item["id"] for item in api.items("/requests", "requests") if item["id"].startswith(beginning)]
    if len(found) == 1:
        return str(found[0])
    if not found:
        raise Failure(
            f"There is no request {beginning}… of this team.", Exit.NOT_FOUND, hints=["rdsctl requests"]
        )
    raise Failure(f"{beginning} begins {len(found)} requests; give more of it.", Exit.USAGE, hints=found)


def _by_name(api: Client, name: str) -> Place:
    found = [
        place_of(item)
        for item in api.items("/databases", "databases")
        if item["database_name"] == name and item["state"] != "removed"
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failure(f"There is no database {name!r} of this team.", Exit.NOT_FOUND, hints=["rdsctl ls"])
    raise Failure(
        f"{len(found)} databases are called {name}: write ENV/NAME.",
        Exit.USAGE,
        hints=[str(place) for place in found],
    )

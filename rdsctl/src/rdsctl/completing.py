"""What a shell offers for a word: names that other commands kept, else one short look at the API.

Nothing is printed and nothing is asked: a Tab that finds nothing offers nothing.
"""

from collections.abc import Callable
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from rdsctl import configuration, names
from rdsctl.client import Client
from rdsctl.failures import Failure
from rdsctl.suggestions import near

SECONDS: Final = 2.0
Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _offering(*kinds: str) -> Offer:
    def offer(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        return [CompletionItem(name) for kind in kinds for name in found(context, kind) if near(name, begun)]

    return offer


databases = _offering("databases")
requests = _offering("requests")
either = _offering("databases", "requests")
environments = _offering("environments")
sizes = _offering("sizes")
engines = _offering("engines")


def place_or_environment(context: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """ENV/ for a name that is new."""
    return [
        CompletionItem(f"{item.value}/") for item in environments(context, param, begun.partition("/")[0])
    ]


def profiles(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """The profiles that `login` kept."""
    try:
        return [CompletionItem(name) for name in configuration.profiles()[0] if name.startswith(begun)]
    except Failure:
        return []


def found(context: click.Context, kind: str) -> list[str]:
    """The names of a kind."""
    given = context.params
    try:
        url, profile = configuration.address(profile=given.get("profile"), url=given.get("url"))
        path = names.file(url, profile)
        kept = names.known(path, kind)
        if kept is None:
            kept = _asked(given, kind)
            names.keep(path, kind, kept)
    except Failure:
        return []
    return kept


def _asked(given: dict[str, Any], kind: str) -> list[str]:
    """One look, of which nobody waits for a second try."""
    access = configuration.access(profile=given.get("profile"), url=given.get("url"))
    api = Client(access.url, access.key, tries=1, read_seconds=SECONDS, connect_seconds=SECONDS)
    if kind in ("environments", "engines", "sizes"):
        return list(api.get("/catalog").document[kind])
    page = api.get(f"/{kind}", page_size="100").document[kind]
    if kind == "requests":
        return [str(item["id"])[:8] for item in page]
    return [f"{item['environment']}/{item['database_name']}" for item in page if item["state"] != "removed"]

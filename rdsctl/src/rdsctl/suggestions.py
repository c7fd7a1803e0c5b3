"""The nearest of what there is to what was typed."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import click


def did_you_mean(given: str, among: Iterable[str]) -> str:
    """A sentence to add to an error, with a space before it; empty where nothing is near."""
    close = difflib.get_close_matches(given, list(among), n=1)
    return f" Did you mean {close[0]}?" if close else ""


def near(name: str, begun: str) -> bool:
    """Whether a shell offers a name for what was typed: its beginning, or that of the part behind ENV/."""
    return name.startswith(begun) or ("/" not in begun and name.partition("/")[2].startswith(begun))


def choose(among: Sequence[str]) -> str:
    """a, b or c."""
    *most, last = among
    return f"{', '.join(most)} or {last}" if most else last


class OneOf(click.Choice):
    """A closed set of words; another word gets the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word; fails with what there is."""
        words = [str(word) for word in self.choices]
        if str(value) not in words:
            self.fail(
                f"{value!r} is not offered: choose {choose(words)}.{did_you_mean(str(value), words)}",
                param,
                ctx,
            )
        return value

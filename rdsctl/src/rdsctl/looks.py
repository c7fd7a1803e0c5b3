"""What the terminal can show: width, colour, redrawn lines, and which marks its encoding has."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

UNLIMITED = 10_000
_ASCII = {"✓": "ok", "✗": "x", "…": "..", "⧖": "~", "·": "-", "→": "->", "█": "#", "▌": "#"}
_ASCII |= dict.fromkeys("▋▊▉", "#") | dict.fromkeys("▏▎▍", "-")
_COLOURS = {"✓": "32", "✗": "31", "!": "33", "⧖": "33"}


@dataclass(frozen=True, slots=True)
class Looks:
    """How text is drawn: `width` in columns, `live` where a line may be redrawn."""

    width: int = UNLIMITED
    colour: bool = False
    live: bool = False
    unicode: bool = True

    def plain(self, text: str) -> str:
        """The text in the characters that can be shown; nothing is lost, a mark becomes a word or a sign."""
        if self.unicode:
            return text
        for mark, instead in _ASCII.items():
            text = text.replace(mark, instead)
        return text.encode("ascii", "backslashreplace").decode()

    def mark(self, mark: str) -> str:
        """A mark, coloured where colour is wanted: the sign says the same without it."""
        shown = self.plain(mark)
        return f"\x1b[{_COLOURS[mark]}m{shown}\x1b[0m" if self.colour and mark in _COLOURS else shown


def looks_of(stream: TextIO, environ: Mapping[str, str] = os.environ, *, no_color: bool = False) -> Looks:
    """What this stream can show, by https://no-color.org and https://bixense.com/clicolors."""
    terminal = stream.isatty()
    dumb = environ.get("TERM") == "dumb" or bool(environ.get("CI"))
    refused = no_color or bool(environ.get("NO_COLOR")) or environ.get("CLICOLOR") == "0"
    forced = environ.get("CLICOLOR_FORCE", "0") != "0"
    width = UNLIMITED
    if terminal or environ.get("COLUMNS", "").isdigit():
        width = shutil.get_terminal_size().columns
    encoding = (stream.encoding or "ascii").lower().replace("-", "")
    return Looks(
        width=width,
        colour=not refused and (forced or (terminal and not dumb)),
        live=terminal and not dumb,
        unicode=encoding in ("utf8", "utf16", "cp65001"),
    )


def can_ask(*, no_input: bool) -> bool:
    """Whether a question reaches someone."""
    return not no_input and sys.stdin.isatty() and sys.stderr.isatty()

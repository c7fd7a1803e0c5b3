"""One command's surroundings: its options, the API, and where its output goes.

stdout is data, stderr all else. Every format says the same: tables show the words of the API.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from rdsctl import configuration, names
from rdsctl.client import Client
from rdsctl.failures import Exit, Failure
from rdsctl.fields import flat, select
from rdsctl.looks import Looks, can_ask, looks_of
from rdsctl.table import Column, draw

FORMATS: Final = ("table", "wide", "json", "yaml", "csv", "name")


@dataclass(frozen=True, slots=True)
class Options:
    """The flags that every command takes."""

    profile: str | None = None
    url: str | None = None
    output: str = "table"
    fields: str | None = None
    quiet: bool = False
    no_color: bool = False
    no_input: bool = False
    yes: bool = False
    debug: bool = False


class Session:
    """What a command reads and writes."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.out = looks_of(sys.stdout, no_color=options.no_color)
        self.err = looks_of(sys.stderr, no_color=options.no_color)

    @property
    def format(self) -> str:
        """The format asked for; `--json` in either form is json."""
        return "json" if self.options.fields is not None else self.options.output

    @property
    def for_people(self) -> bool:
        """Whether stdout gets text that people read."""
        return self.format in ("table", "wide")

    @property
    def can_ask(self) -> bool:
        """Whether a question reaches someone."""
        return can_ask(no_input=self.options.no_input)

    @cached_property
    def access(self) -> configuration.Access:
        """Where the API is, and the key."""
        return configuration.access(profile=self.options.profile, url=self.options.url)

    @cached_property
    def api(self) -> Client:
        """The API; one session is one command, so one Idempotency-Key."""
        found = self.access
        return Client(found.url, found.key, say=self.say, debug=self.debug)

    def remember(self, kind: str, found: Iterable[str], *, whole: bool = True) -> None:
        """Keep names for the shell's completion; see `names.keep`."""
        names.keep(names.file(self.access.url, self.access.profile), kind, found, whole=whole)

    def show(self, document: Any, text: Callable[[Looks], str], name: str = "") -> None:
        """Print one document: as text, or in the format asked for."""
        match self.format:
            case "table" | "wide":
                sys.stdout.write(self.out.plain(text(self.out)))
            case "name":
                self.line(name)
            case _:
                self._print(document)

    def show_list(
        self,
        items: Sequence[dict[str, Any]],
        columns: Sequence[Column],
        *,
        wide: Sequence[Column] = (),
        name: Callable[[dict[str, Any]], str],
    ) -> None:
        """Print a list: a table of the columns (`wide` ones where asked for), or another format."""
        match self.format:
            case "table":
                sys.stdout.write(self.out.plain(draw(columns, items, self.out.width)))
            case "wide":
                sys.stdout.write(self.out.plain(draw([*columns, *wide], items, self.out.width)))
            case "name":
                for item in items:
                    self.line(name(item))
            case _:
                self._print(list(items))

    def line(self, text: str) -> None:
        """A line of data."""
        sys.stdout.write(f"{text}\n")

    def note(self, text: str) -> None:
        """A line for people, on stderr; `--quiet` leaves it out."""
        if not self.options.quiet:
            self.say(text)

    def say(self, text: str) -> None:
        """A line on stderr."""
        sys.stderr.write(self.err.plain(f"{text}\n"))
        sys.stderr.flush()

    def debug(self, text: str) -> None:
        """What `--debug` adds; never a key, never a body."""
        if self.options.debug:
            self.say(f"debug: {text}")

    def ask(self, question: str, instead: str) -> str:
        """An answer from the terminal; raises Failure naming the flag where nobody can answer."""
        if not self.can_ask:
            raise Failure(f"{question} wants an answer and there is no terminal: add {instead}", Exit.USAGE)
        sys.stderr.write(self.err.plain(f"{question}: "))
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer:
            raise Failure("There was no answer; nothing was asked for.", Exit.USAGE)
        return answer.strip()

    def confirm(self, question: str, instead: str = "--yes") -> None:
        """A y/N; raises Failure unless it is yes."""
        if self.options.yes:
            return
        if self.ask(f"{question} [y/N]", instead).lower() not in ("y", "yes"):
            raise Failure("Nothing was asked for.")

    def _print(self, document: Any) -> None:
        chosen = select(document, self.options.fields.split(",") if self.options.fields else ())
        match self.format:
            case "json":
                self.line(json.dumps(chosen, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))
            case "yaml":
                import yaml  # noqa: PLC0415  (30 ms)

                sys.stdout.write(yaml.safe_dump(chosen, allow_unicode=True, sort_keys=False))
            case "csv":
                _csv(chosen if isinstance(chosen, list) else [chosen])


def _csv(items: Sequence[Any]) -> None:
    rows = [dict(flat(item)) for item in items]
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)


def _cell(value: Any) -> str:
    if isinstance(value, str | None):
        return value or ""
    return json.dumps(value, ensure_ascii=False)

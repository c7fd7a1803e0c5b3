"""What every command takes, and how it is made: options of all, `--json` with and without fields."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from rdsctl.session import FORMATS, Options, Session
from rdsctl.suggestions import OneOf

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

P = ParamSpec("P")


class Command(click.Command):
    """A command whose `--json` may stand alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; a bare --json is the whole document, and never takes the next word as its fields."""
        end = args.index("--") if "--" in args else len(args)
        args = ["--json=" if word == "--json" else word for word in args[:end]] + args[end:]
        return super().parse_args(ctx, args)


def command(
    **attributes: Any,
) -> Callable[[Callable[Concatenate[Session, P], int | None]], click.Command]:
    """Make a command of a function; it gets the session before its arguments."""

    def made(function: Callable[Concatenate[Session, P], int | None]) -> click.Command:
        @functools.wraps(function)
        def run(*args: P.args, **values: P.kwargs) -> int | None:
            common = {name: values.pop(name) for name in Options.__dataclass_fields__}
            session = Session(Options(**common))  # type: ignore[arg-type]  # click made them
            return function(session, *args, **values)

        found = click.command(cls=Command, **attributes)(run)
        found.params += _common()
        return found

    return made


def _profiles(context: click.Context, param: click.Parameter, begun: str) -> "list[CompletionItem]":
    from rdsctl import completing  # noqa: PLC0415  (every command is imported for its options alone)

    return completing.profiles(context, param, begun)


def _common() -> list[click.Parameter]:
    return [
        click.Option(["-o", "--output"], type=OneOf(FORMATS), default="table", help="Format of the output."),
        click.Option(
            ["--json", "fields"], metavar="[=FIELDS]", help="JSON; with FIELDS (a,b.c) those alone."
        ),
        click.Option(["-q", "--quiet"], is_flag=True, help="Print the data alone."),
        click.Option(["--profile"], shell_complete=_profiles, help="Profile to use; see rdsctl profiles."),
        click.Option(["--url"], help="URL of the API."),
        click.Option(["--no-color"], is_flag=True, help="No colours."),
        click.Option(["--no-input"], is_flag=True, help="Ask nothing: end with 2 instead."),
        click.Option(["--yes"], is_flag=True, help="Answer y/N questions with y."),
        click.Option(["--debug"], is_flag=True, help="Print each call, without key and body."),
    ]

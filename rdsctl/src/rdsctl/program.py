"""The program: finds a command by its name, imports that one alone, and turns how it ends into a status."""

import importlib
import json
import os
import sys
from typing import TYPE_CHECKING, Final

import click

from rdsctl import __version__
from rdsctl.failures import Exit, Failure
from rdsctl.suggestions import did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from rdsctl.looks import Looks

# Each command with its line in the help; a test holds both to the commands themselves.
COMMANDS: Final = {
    "admin": "What operators see of all teams.",
    "api": "Call the API by hand.",
    "cancel": "Stop a request before it is merged.",
    "catalog": "What may be asked for, and what it costs.",
    "clone": "Make a database of another one's data.",
    "completion": "Print a shell's completion script.",
    "connect": "Open psql or mysql on a database, verified and logged in.",
    "cost": "What the databases cost a month, at list price.",
    "create": "Ask for a database.",
    "delete": "Remove a database.",
    "doctor": "Check API, key, AWS, clients, and the way to a database.",
    "edit": "Change a database's tags, owner, purpose or major version.",
    "extend": "Give a database a later end.",
    "get": "Show one database or one request.",
    "login": "Keep the key of an API in a profile.",
    "logout": "Forget the key of a profile here.",
    "logs": "Print a database's log, or what the pipeline said of a request.",
    "ls": "List the team's databases.",
    "mcp": "Serve the API to an agent, over stdio.",
    "open": "Open a pull request or a pipeline in the browser.",
    "profiles": "List the profiles, or choose one.",
    "quota": "What the team holds and may hold.",
    "requests": "List the team's requests, newest first.",
    "resize": "Change a database's size or storage.",
    "restore": "Make a database of a snapshot.",
    "retry": "Try the failed step of a request again.",
    "rotate": "Give a user of a database another password.",
    "run": "Run a program that gets DATABASE_URL.",
    "snapshots": "List the final snapshots of removed databases.",
    "url": "Print a database's URL.",
    "wait": "Wait until a request is done.",
    "whoami": "Which API, which key, which team.",
}
ALIASES: Final = {"list": "ls", "new": "create", "ask": "create", "rm": "delete", "status": "get"}


class Program(click.Group):
    """The group of all commands; each is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Their names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name or alias."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"rdsctl.commands.{name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; a mistyped name gets the nearest."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            meant = did_you_mean(args[0], [*COMMANDS, *ALIASES])
            raise click.UsageError(f"There is no command {args[0]!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Commands and options for a shell, without an import of each command."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  (for a shell's Tab alone)

        found = [
            CompletionItem(name, help=line)
            for name, line in sorted(COMMANDS.items())
            if name.startswith(incomplete)
        ]
        return found or click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list in the help, without an import of each."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


def _version(ctx: click.Context, _: click.Parameter, given: bool) -> None:
    if given:
        click.echo(f"rdsctl {__version__}")
        ctx.exit()


program = Program(
    name="rdsctl",
    help='RDS Provisioner: from "I need a database" to a verified login.',
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            help="Print the version.",
            callback=_version,
        )
    ],
)


def main(arguments: list[str]) -> int:
    """Run one command; its exit status."""
    in_json = any(word == "--json" or word.startswith(("--json=", "-ojson")) for word in arguments)
    try:
        ended = program.main(arguments, prog_name="rdsctl", standalone_mode=False)
        return int(ended or 0)
    except Failure as failure:
        return _failed(failure, in_json=in_json)
    except click.UsageError as error:
        return _failed(Failure(_usage(error), Exit.USAGE, hints=_help(error)), in_json=in_json)
    except click.ClickException as error:
        return _failed(Failure(error.format_message(), Exit.USAGE), in_json=in_json)
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED


def entry() -> None:
    """What the shell calls."""
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # `rdsctl ls | head` ends as other programs do
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)


def _failed(failure: Failure, *, in_json: bool) -> int:
    from rdsctl.looks import looks_of  # noqa: PLC0415  (not for --version)

    text = json.dumps(failure.document(), ensure_ascii=False)
    sys.stderr.write(f"{text if in_json else failed_text(failure, looks_of(sys.stderr))}\n")
    return int(failure.code)


def failed_text(failure: Failure, looks: "Looks") -> str:
    """A failure for people: the sentence behind its mark, and a line for each way on."""
    mark = "" if failure.code is Exit.INTERRUPTED else f"{looks.mark('✗')} "
    return mark + "\n".join(
        [looks.plain(failure.message), *(looks.plain(f"  {hint}") for hint in failure.hints)]
    )


def _usage(error: click.UsageError) -> str:
    """click's sentence, with the nearest value that there is."""
    text = error.format_message()
    if isinstance(error, click.NoSuchOption):
        return f"There is no option {error.option_name}." + (
            f" Did you mean {error.possibilities[0]}?" if error.possibilities else ""
        )
    if (
        isinstance(error, click.BadParameter)
        and error.param
        and not isinstance(error, click.MissingParameter)
    ):
        option = max(error.param.opts, key=len)
        name = option if option.startswith("-") else error.param.human_readable_name
        return f"{name} {error.message}"
    return text


def _help(error: click.UsageError) -> list[str]:
    return [f"{error.ctx.command_path} --help"] if error.ctx else []

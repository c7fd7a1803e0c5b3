"""docs/cli.md says what the program's own help says; `UPDATE_GOLDEN=1 pytest` writes it."""

# ruff: noqa: E501 - the page's paragraphs are a line each

import importlib
import inspect
import os

import click
from rdsctl.failures import Exit
from rdsctl.program import ALIASES, COMMANDS

from tests.arrows import PROJECT

PAGE = PROJECT / "docs" / "cli.md"
HEAD = """# Commands

Made from the help of `rdsctl` itself. [quickstart.md](quickstart.md) begins from nothing, [connect.md](connect.md) has what `connect`, `url` and `run` do with passwords and certificates.

`DB` is `ENV/NAME`, or `NAME` alone where one database has it; what writes wants `ENV/NAME`. `REQUEST` is a request's id, or the first 8 digits of it.

## Options of every command

{common}

`--json` stands alone, or has its fields behind `=`: `--json=id,result.endpoint`. Data is on stdout, everything else on stderr; JSON is the API's own document, and lists have all pages.

## Exit status

{exits}

`connect` and `run` end with the status of the program that they start.

## Where the API and the key are from

`--url` and `--profile`, then `RDSCTL_URL`, `RDSCTL_API_KEY` and `RDSCTL_PROFILE`, then the profile in `$XDG_CONFIG_HOME/rdsctl/config.toml` (`~/.config` without it). No file of the working directory is read, and a profile's key goes to its own URL alone. A profile says where its key is: `env`, `keyring:BACKEND`, `file` (mode 0600) or `command:…`. `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`, `TERM=dumb` and `CI` are heeded; the proxies of `HTTPS_PROXY` and `NO_PROXY` and the authorities of `SSL_CERT_FILE` are used.

## What the screens leave out

- `ls` says at which step a change is and since when, or why it failed; not when it will be ready, which depends on earlier changes that a list does not read. `get` and `wait` say it.
- A dry run names the environments whose code owners approve, not the owners: `CODEOWNERS` is read once there is a plan. From then on `get REQUEST` and `wait` name them.
- The policy's rules are the gate's own: ten for each database, and one more for a restore.
- `delete` says when someone connected last. How many are connected is not recorded.
- The final snapshot of a removal in two steps is named after the first of them, so that `delete` names it as soon as that is asked for.
- `admin` shows what the API knows; alarms are CloudWatch's.
"""
MEANINGS = {
    Exit.OK: "done; without `--wait`: accepted",
    Exit.FAILED: "failed, cancelled, or no answer",
    Exit.USAGE: "a mistyped command, or what the API calls invalid",
    Exit.KEY: "no key, or one that is not valid",
    Exit.NOT_FOUND: "not found",
    Exit.CONFLICT: "something else has to end first, or differs",
    Exit.REFUSED: "refused by quota, policy or a reviewer",
    Exit.PENDING: "still under way at the end of `--timeout`",
    Exit.INTERRUPTED: "Ctrl-C; a request goes on",
}


def page() -> str:
    """The whole page."""
    commands = {name: importlib.import_module(f"rdsctl.commands.{name}").command for name in sorted(COMMANDS)}
    shared = {option.name for option in options(commands["ls"])} & {
        option.name for option in options(commands["whoami"])
    }
    head = HEAD.format(
        common=table([option for option in options(commands["ls"]) if option.name in shared]),
        exits="\n".join(
            ["| status | |", "|---|---|", *(f"| {int(code)} | {MEANINGS[code]} |" for code in Exit)]
        ),
    )
    parts = [head, *(section(name, found, shared) for name, found in commands.items())]
    return "\n".join(parts)


def section(name: str, command: click.Command, shared: set[str | None]) -> str:
    """One command: how it is called, what it does, its own options."""
    context = click.Context(command, info_name=name)
    pieces = " ".join(command.collect_usage_pieces(context))
    also = [alias for alias, meant in ALIASES.items() if meant == name]
    lines = [f"## {name}", "", f"`rdsctl {name} {pieces}`", "", inspect.cleandoc(command.help or "")]
    if also:
        lines += ["", f"Also: {', '.join(f'`{alias}`' for alias in also)}."]
    if own := [option for option in options(command) if option.name not in shared]:
        lines += ["", table(own)]
    return "\n".join(lines) + "\n"


def options(command: click.Command) -> list[click.Option]:
    return [param for param in command.params if isinstance(param, click.Option)]


def table(found: list[click.Option]) -> str:
    """A row for each option."""
    rows = ["| option | |", "|---|---|"]
    for option in found:
        context = click.Context(click.Command("rdsctl"))
        record = option.get_help_record(context)
        assert record is not None
        name, said = (text.replace("|", r"\|") for text in record)
        rows.append(f"| `{name}` | {said} |")
    return "\n".join(rows)


def test_the_page_is_the_programs_own_help() -> None:
    text = page()
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text


def test_each_exit_status_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Exit)

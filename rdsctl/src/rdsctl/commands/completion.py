"""`rdsctl completion`: the script that completes its words in a shell."""

import click
from click.shell_completion import get_completion_class

from rdsctl.command import command as make
from rdsctl.session import Session
from rdsctl.suggestions import OneOf


@make(name="completion", short_help="Print a shell's completion script.")
@click.argument("shell", type=OneOf(["bash", "zsh", "fish"]))
def command(session: Session, shell: str) -> None:
    """Print the script that completes commands, options and names: eval "$(rdsctl completion bash)"."""
    from rdsctl.program import program  # noqa: PLC0415  (the program imports this module)

    if found := get_completion_class(shell):
        session.line(found(program, {}, "rdsctl", "_RDSCTL_COMPLETE").source())

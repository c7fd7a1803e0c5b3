"""`rdsctl mcp`: the API as tools for an agent, over stdio."""

from uuid import uuid4

import click

from rdsctl import completing
from rdsctl.client import Client
from rdsctl.command import command as make
from rdsctl.failures import Failure
from rdsctl.session import Session


@make(name="mcp", short_help="Serve the API to an agent, over stdio.")
@click.option("--allow-writes", is_flag=True, help="List the tools that ask for changes, too.")
@click.option(
    "--env",
    "environments",
    multiple=True,
    shell_complete=completing.environments,
    help="Look into this environment alone; repeatable.",
)
def command(session: Session, allow_writes: bool, environments: tuple[str, ...]) -> int:
    """Serve the API to an agent by the Model Context Protocol, over stdin and stdout.

    It has the rights of the key, and reads alone unless --allow-writes lists more. A call that writes shows
    what would happen first, and is carried out by a second call with the confirmation of the first. No tool
    reads a password.
    """
    try:
        from rdsctl.agents.server import made  # noqa: PLC0415  (0.7 s, and an extra)
    except ModuleNotFoundError as missing:
        raise Failure(
            f"rdsctl mcp needs the extra rdsctl[mcp] ({missing.name} is not installed).",
            hints=[
                'uv tool install "rdsctl[mcp] @ git+https://github.com/OWNER/REPOSITORY#subdirectory=rdsctl"'
            ],
        ) from None
    from rdsctl.agents.tools import Tools  # noqa: PLC0415
    from rdsctl.agents.trials import Trials  # noqa: PLC0415

    found = session.access  # without a key it ends here, and not in the agent's first call

    def client(idempotency_key: str) -> Client:
        return Client(
            found.url,
            found.key,
            say=session.say,
            debug=session.debug,
            idempotency_key=idempotency_key or str(uuid4()),
        )

    tools = Tools(client, Trials(client), environments)
    session.note(f"{found.url}: {'reads and writes' if allow_writes else 'reads'}; Ctrl-C ends it.")
    made(tools, allow_writes=allow_writes).run("stdio")
    return 0

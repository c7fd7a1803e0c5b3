"""An agent's view, through the SDK's own client and the program as a separate process."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from rdsctl.agents import tools as agent_tools

from tests.rdsctl.life import Life
from tests.rdsctl.running import Run
from tests.rdsctl.server import Fault, Server

READS = {"list_databases", "get_database", "list_requests", "get_request", "get_catalog", "get_quota"}
WRITES = {"create_database", "change_database", "remove_database", "cancel_request", "retry_request"}
Talk = Callable[[Client], Awaitable[Any]]


@pytest.fixture
def agent(rdsctl: Run, server: Server) -> Callable[..., Any]:
    """Starts `rdsctl mcp` with these flags, and lets a client talk to it."""

    def started(talk: Talk, *flags: str) -> Any:
        names = ("RDSCTL_URL", "RDSCTL_API_KEY", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "rdsctl", "mcp", *flags],
            env={name: os.environ[name] for name in names},
        )

        async def run() -> Any:
            async with Client(parameters, read_timeout_seconds=60) as client:
                return await talk(client)

        # A thread without a loop: Playwright's stays on the worker's own, once a browser was there.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(run())).result()

    return started


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def call(client: Client, name: str, **given: Any) -> dict[str, Any]:
    result = await client.call_tool(name, given)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return dict(result.structured_content)


async def refusal(client: Client, name: str, **given: Any) -> str:
    result = await client.call_tool(name, given)
    assert result.is_error
    text = str(getattr(result.content[0], "text", ""))
    return text.removeprefix(f"Error executing tool {name}: ")


def test_it_only_reads_unless_writes_are_allowed(agent: Callable[..., Any], server: Server) -> None:
    async def talk(client: Client) -> None:
        listed = (await client.list_tools()).tools
        assert {tool.name for tool in listed} == READS
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed)
        assert all(tool.description for tool in listed)
        assert "create_database" in await refusal(client, "create_database", database="dev/x", engine="mysql")

    agent(talk)
    assert [call.method for call in server.calls if call.method != "GET"] == []


def test_an_agent_asks_for_a_database_and_only_its_confirmation_writes(
    agent: Callable[..., Any], server: Server, rdsctl: Run
) -> None:
    asked = {"database": "dev/ledger", "engine": "postgres", "purpose": "load tests"}

    async def talk(client: Client) -> None:
        assert await names(client) == READS | WRITES
        would = await call(client, "create_database", **asked)
        assert (would["written"], would["would"]["dry_run"]) == (False, True)
        assert (await call(client, "list_databases"))["databases"] == []
        other = await refusal(
            client, "create_database", **asked, size="medium", confirmation=would["confirmation"]
        )
        assert other.startswith("This confirmation belongs to another call")
        assert await refusal(client, "create_database", **asked, confirmation="yes")
        assert (await call(client, "list_databases"))["databases"] == []
        first = await call(client, "create_database", **asked, confirmation=would["confirmation"])
        again = await call(client, "create_database", **asked, confirmation=would["confirmation"])
        assert first["written"]
        assert first["answer"]["id"] == again["answer"]["id"]
        cancelled = await call(client, "cancel_request", request=first["answer"]["id"][:8])
        assert cancelled["would"]["next_state"] == "cancelled"

    agent(talk, "--allow-writes")
    assert [item["state"] for item in rdsctl("ls", "--json").json] == ["pending"]


def test_what_the_rules_refuse_gets_no_confirmation(agent: Callable[..., Any]) -> None:
    async def talk(client: Client) -> None:
        for number in range(10):
            given = {"database": f"dev/db{number}", "engine": "postgres"}
            would = await call(client, "create_database", **given)
            await call(client, "create_database", **given, confirmation=would["confirmation"])
        full = await call(client, "create_database", database="dev/one-more", engine="postgres")
        assert (full["refused"], "confirmation" in full) == (True, False)

    agent(talk, "--allow-writes")


def test_one_environment_is_all_that_it_sees(agent: Callable[..., Any], rdsctl: Run) -> None:
    rdsctl("create", "dev/shop", "--engine", "mysql")
    request = rdsctl("create", "prod/payments", "--engine", "postgres", "--json").json["id"]

    async def talk(client: Client) -> None:
        listed = (await call(client, "list_databases"))["databases"]
        assert [item["database_name"] for item in listed] == ["shop"]
        assert len((await call(client, "list_requests"))["requests"]) == 1
        for name, given in (
            ("get_database", {"database": "prod/payments"}),
            ("list_databases", {"environment": "prod"}),
            ("get_request", {"request": request}),
            ("remove_database", {"database": "prod/payments"}),
            ("cancel_request", {"request": request}),
        ):
            assert (await refusal(client, name, **given)).startswith("prod is outside of what this session")

    agent(talk, "--allow-writes", "--env", "dev")


def test_an_agent_reads_the_apis_own_words_and_no_secret(
    agent: Callable[..., Any], rdsctl: Run, life: Life, server: Server
) -> None:
    rdsctl("create", "dev/ledger", "--engine", "postgres")
    life.created()
    life.users("dev/ledger", application="arn:aws:secretsmanager:us-east-1:123456789012:secret:one-AbCdEf")

    async def talk(client: Client) -> str:
        found = await call(client, "get_database", database="dev/ledger")
        assert found["state"] == "available"
        missing = json.loads(await refusal(client, "get_database", database="dev/nothing"))
        assert missing["status"] == 404
        assert "write it out" in await refusal(client, "get_database", database="ledger")
        every = [
            await call(client, "list_databases"),
            await call(client, "list_requests", database="dev/ledger", state="done"),
            await call(client, "get_catalog"),
            await call(client, "get_quota"),
            found,
        ]
        return json.dumps(every)

    said = agent(talk)
    assert "key-alpha" not in said
    assert "arn:aws:secretsmanager" in said  # the name of a secret, which the key may know
    assert '"password"' not in said


def test_a_long_list_says_that_there_is_more(rdsctl: Run, server: Server) -> None:
    items = ({"environment": "dev", "number": number} for number in range(1000))
    found = agent_tools._listed("databases", items)
    assert (len(found["databases"]), found["more"]) == (200, True)


def test_without_a_key_or_the_extra_it_is_one_sentence(rdsctl: Run, tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ModuleNotFoundError(\"No module named 'mcp'\", name='mcp')\n")
    ran = subprocess.run(
        [sys.executable, "-m", "rdsctl", "mcp"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("✗ rdsctl mcp needs the extra rdsctl[mcp] (mcp is not installed).\n")
    assert len(ran.stderr.splitlines()) == 2
    without = {name: value for name, value in os.environ.items() if not name.startswith("RDSCTL")}
    ran = subprocess.run(
        [sys.executable, "-m", "rdsctl", "mcp"], env=without, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (4, "")


def test_a_lost_network_is_an_answer_and_not_the_end(agent: Callable[..., Any], server: Server) -> None:
    server.faults = [Fault(401)]

    async def talk(client: Client) -> None:
        assert "401" in await refusal(client, "get_quota")
        assert (await call(client, "get_quota"))["team"] == "alpha"

    agent(talk)

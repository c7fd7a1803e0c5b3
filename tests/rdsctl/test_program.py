"""The program as a whole: its list of commands, and what it does not import."""

import importlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from rdsctl.program import COMMANDS

import rdsctl
from tests.arrows import PROJECT

MODULES = (
    "import json, sys; from rdsctl.program import main; main({}); print('\\n' + json.dumps([*sys.modules]))"
)


def modules_of(*arguments: str, home: Path) -> set[str]:
    """The top modules that one command imports, in a fresh process without an API."""
    ran = subprocess.run(
        [sys.executable, "-c", MODULES.format(list(arguments))],
        env={"XDG_CONFIG_HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(ran.stdout.splitlines()[-1])}


def test_each_command_is_in_the_list_with_its_own_line() -> None:
    folder = PROJECT / "rdsctl" / "src" / "rdsctl" / "commands"
    assert set(COMMANDS) == {path.stem for path in folder.glob("*.py")} - {"__init__"}
    for name, line in COMMANDS.items():
        found = importlib.import_module(f"rdsctl.commands.{name}").command
        assert (found.name, found.short_help) == (name, line)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    found = importlib.import_module(f"rdsctl.commands.{name}").command
    options = [param for param in found.params if isinstance(param, click.Option)]
    assert [option.name for option in options if not option.help] == []
    assert found.help


def test_the_version_is_the_packages() -> None:
    content = tomllib.loads((PROJECT / "rdsctl" / "pyproject.toml").read_text())
    assert content["project"]["version"] == rdsctl.__version__


def test_the_version_needs_click_alone(tmp_path: Path) -> None:
    loaded = modules_of("--version", home=tmp_path)
    assert loaded & {"urllib3", "botocore", "yaml", "tomlkit", "keyring", "http", "ssl", "json5"} == set()


def test_a_list_needs_neither_aws_nor_what_writes_files(tmp_path: Path) -> None:
    loaded = modules_of("ls", home=tmp_path)
    assert "urllib3" in loaded
    assert loaded & {"botocore", "yaml", "tomlkit", "keyring", "asyncio", "requests", "rich", "mcp"} == set()


def test_it_imports_nothing_of_the_functions(tmp_path: Path) -> None:
    for name in COMMANDS:
        loaded = modules_of(name, "--help", home=tmp_path)
        assert loaded & {"provisioner", "pipeline", "ops", "sandbox", "boto3"} == set()


def test_the_sdk_for_agents_is_imported_for_agents_alone(tmp_path: Path) -> None:
    heavy = {"mcp", "pydantic", "starlette", "anyio", "httpx2"}
    assert [name for name in COMMANDS if modules_of(name, "--help", home=tmp_path) & heavy] == []


def test_the_roots_that_come_along_are_the_apis() -> None:
    shipped = PROJECT / "rdsctl" / "src" / "rdsctl" / "rds_roots.crt"
    assert shipped.read_bytes() == (PROJECT / "lambda/provisioner/access/rds_roots.crt").read_bytes()

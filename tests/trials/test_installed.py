"""The command line as someone installs it: from its subfolder, and with nothing else of the repository."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from rdsctl.program import COMMANDS

from rdsctl import __version__
from sandbox.state_directory import CACHE, PROJECT

UV = CACHE / "tools" / "bin" / "uv"


@pytest.fixture(scope="module", params=["uv", "pipx"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that an installer makes of the newest commit; the index is the machine's."""
    if not UV.exists():
        pytest.skip("uv is not installed; run make setup")
    folder = tmp_path_factory.mktemp("installed")
    python = shutil.which("python3")
    assert python
    installer = {
        "uv": [str(UV), "tool", "install"],
        "pipx": [str(UV), "tool", "run", "--python", python, "pipx", "install", "--backend", "pip"],
    }[request.param]
    subprocess.run(
        [*installer, "--python", python, f"git+file://{PROJECT}#subdirectory=rdsctl"],
        env=os.environ
        | {
            "UV_TOOL_DIR": str(folder / "tools"),
            "UV_TOOL_BIN_DIR": str(folder / "bin"),
            "UV_PYTHON_DOWNLOADS": "never",
            "PIPX_HOME": str(folder / "pipx"),
            "PIPX_BIN_DIR": str(folder / "bin"),
        },
        cwd=folder,
        check=True,
        timeout=300,
    )
    return folder / "bin" / "rdsctl"


def ran(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(program.parent), "LANG": "C.UTF-8"}
    return subprocess.run(
        [program, *arguments],
        env=environment,
        cwd=program.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_runs_where_nothing_else_of_the_repository_is(program: Path) -> None:
    assert ran(program, "--version").stdout == f"rdsctl {__version__}\n"
    assert {name for name in COMMANDS if ran(program, name, "--help").returncode} == set()
    without = ran(program, "ls")
    assert (without.returncode, without.stdout) == (4, "")
    assert without.stderr.startswith("✗ No API is named yet.")


def test_the_agents_part_is_an_extra_whose_absence_is_a_sentence(program: Path) -> None:
    without = ran(program, "mcp", "--url", "http://127.0.0.1:9")
    assert without.returncode != 0
    assert len(without.stderr.splitlines()) <= 2
    assert "rdsctl[mcp]" in without.stderr

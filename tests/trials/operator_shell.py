"""An operator's shell in a copy of the repository, where the guides' blocks run as they stand.

The AWS that it reaches is the emulated one, which no address of API Gateway leads to: `curl` is led there.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sandbox.cloud import Cloud
from sandbox.github.seed import copy_product
from sandbox.state_directory import PROJECT
from tests.guide import terminal
from tests.guide.blocks import Block

# Terraform's own way to answer what it asks; the rest is typed.
ANSWERED: Final = {
    "TF_CLI_ARGS_init": "-force-copy",
    "TF_CLI_ARGS_apply": "-auto-approve",
    "TF_IN_AUTOMATION": "1",
}
BLOCK_SECONDS: Final = 900
_ADDRESS: Final = r"https://([a-z0-9]+)\.execute-api\.[a-z0-9.-]+\.amazonaws\.com/([A-Za-z0-9]+)"


@dataclass
class OperatorShell:
    """One shell: what a block exports and defines is there for the next."""

    directory: Path
    cloud: Cloud
    variables: dict[str, str]
    answers: terminal.Answers
    ran: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.copy.mkdir(parents=True)
        copy_product(PROJECT, self.copy)
        subprocess.run(["git", "init", "--quiet", str(self.copy)], check=True)
        (self.directory / "bin").mkdir()
        # Version 2 of the AWS CLI, which the guide asks for, reads AWS_REGION; the one that is here may not.
        self._program("aws", f'AWS_DEFAULT_REGION="$AWS_REGION" exec {shutil.which("aws")} "$@"')
        self._program(
            "curl",
            'for given in "$@"; do shift; '
            f'set -- "$@" "$(printf %s "$given" | sed -E \'s#{_ADDRESS}#{self.local}#\')"; done; '
            f'exec {shutil.which("curl")} "$@"',
        )
        self._state.write_text("")

    @property
    def copy(self) -> Path:
        return self.directory / "copy"

    @property
    def local(self) -> str:
        r"""Where the emulated API Gateway serves what \1 and \2 of its address on AWS name."""
        return rf"http://localhost:{self.cloud.port}/restapis/\1/\2/_user_request_"

    def reachable(self, url: str) -> str:
        return re.sub(_ADDRESS, self.local, url)

    def run(self, block: Block, said: Mapping[str, str] | None = None) -> str:
        """Run a block in the top directory, placeholders replaced as a reader does; what it showed."""
        text = block.text
        for placeholder, value in (said or {}).items():
            assert placeholder in text, f"{block} has no {placeholder}"
            text = text.replace(placeholder, value)
        script = self.directory / "block.sh"
        script.write_text(
            f". {self._state}\nset -euo pipefail\n{text}\n{{ export -p; declare -f; }} > {self._state}\n"
        )
        status, shown = terminal.run(
            ["bash", "--norc", str(script)], self.copy, self._environment(), self.answers, BLOCK_SECONDS
        )
        assert status == 0, f"{block} ended with {status}:\n{shown}"
        self.ran.append(str(block))
        return shown

    @property
    def _state(self) -> Path:
        return self.directory / "state.sh"

    def _environment(self) -> dict[str, str]:
        given = self.cloud.environment() | ANSWERED | self.variables
        given["PATH"] = f"{self.directory / 'bin'}{os.pathsep}{given['PATH']}"
        return {
            name: value for name, value in given.items() if name not in ("AWS_REGION", "AWS_DEFAULT_REGION")
        }

    def _program(self, name: str, script: str) -> None:
        path = self.directory / "bin" / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

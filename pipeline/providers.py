"""The roots' providers, once for a job: a mirror from which every `terraform init` links them.

A mirror is only read, so that any number of inits share it; a plugin cache is written by each, and Terraform
hashes a provider three times to take it from one, twice from a mirror. What a cache of CircleCI brought is
checked against the lock file's checksums, and fetched again where it differs.
https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

import fcntl
import re
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pipeline.terraform_cli import Terraform, TerraformError

HOME: Final = Path(".cache") / "rds-provisioner"
_PROVIDER: Final = re.compile(r'^provider "(?P<source>[^"]+)" \{\n *version *= "(?P<version>[^"]+)"', re.M)


@dataclass(slots=True)
class Providers:
    """The mirror of the providers that a lock file names, made when it is first asked for."""

    lock_file: Path
    home: Path
    terraform: Callable[[Path, Path], Terraform]  # in a directory, with a CLI configuration
    _made: Path | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def configuration(self) -> Path:
        """The CLI configuration that knows the mirror and nothing else. Raises TerraformError."""
        with self._guard:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> Path:
        self.home.mkdir(parents=True, exist_ok=True)
        mirror, configuration, open_one = (self.home / name for name in ("providers", "mirror.rc", "any.rc"))
        with (self.home / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=self.home) as work:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of other jobs in this home
            configuration.write_text(_configuration(mirror), encoding="utf-8")
            open_one.write_text("disable_checkpoint = true\n", encoding="utf-8")
            root = Path(work)
            (root / "main.tf").write_text(_root(self.lock_file.read_text(encoding="utf-8")), encoding="utf-8")
            shutil.copy(self.lock_file, root / ".terraform.lock.hcl")
            if not (mirror.is_dir() and self._is_whole(root, configuration)):
                shutil.rmtree(mirror, ignore_errors=True)
                shutil.rmtree(root / ".terraform", ignore_errors=True)
                self.terraform(root, open_one).init()
                shutil.move(root / ".terraform" / "providers", mirror)
        return configuration

    def _is_whole(self, root: Path, configuration: Path) -> bool:
        """Whether the mirror has what the lock file names, by its checksums."""
        try:
            self.terraform(root, configuration).init()
        except TerraformError as error:
            print(f"The providers that are there are not used, and fetched again: {error.cause}", flush=True)
            return False
        return True


def _configuration(mirror: Path) -> str:
    return (
        "disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n"
        f'    path = "{mirror}"\n  }}\n}}\n'
    )


def _root(lock: str) -> str:
    """A root that needs each provider of the lock file, and has no backend."""
    needed = "".join(
        f'    {found["source"].rpartition("/")[2]} = {{ source = "{found["source"]}", '
        f'version = "{found["version"]}" }}\n'
        for found in _PROVIDER.finditer(lock)
    )
    return f"terraform {{\n  required_providers {{\n{needed}  }}\n}}\n"

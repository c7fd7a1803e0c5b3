"""The deployment that the checks go through: clients, and what several of them read."""

import functools
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from provisioner.core import catalog
from provisioner.core.catalog import Catalog, CatalogError

from ops.doctor.http import Http
from ops.doctor.verdict import NotLooked, Wrong
from ops.stack import Stack

_LONGEST_WORDS: Final = 300


@dataclass(frozen=True)
class Deployment:
    """Everything is read when a check first asks for it, and once.

    `outputs` are the foundation's by name; it raises NotLooked where they cannot be read. `tokens` are those
    of the environment: GITHUB_TOKEN, CIRCLE_TOKEN, RDSCTL_API_KEY. `api_url` has no slash at its end.
    """

    stack: Stack
    clone: Path
    client: Callable[[str], Any]
    outputs: Callable[[], Mapping[str, Any]]
    http: Http
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    circleci_url: str = "https://circleci.com"
    api_url: str = ""

    @functools.cached_property
    def catalog(self) -> Catalog:
        """The clone's catalog; raises Wrong where it cannot be used."""
        try:
            return catalog.load(self.clone / "catalog.yaml")
        except (OSError, CatalogError) as error:
            raise Wrong(f"catalog.yaml: {' '.join(str(error).split())}; correct it") from error

    @functools.cached_property
    def environments(self) -> list[str]:
        """The catalog's environments."""
        return list(self.catalog.environments)

    @functools.cached_property
    def foundation(self) -> Mapping[str, Any]:
        """The foundation's outputs; raises NotLooked where they cannot be read."""
        return self.outputs()

    @property
    def repository(self) -> str:
        """owner/name on GitHub, as the stack has it."""
        return self.stack.parameters.get("GitHubRepository", "")

    def role(self, name: str) -> str:
        """The name of one of the pipeline's roles."""
        return f"{self.stack.name}-{name}"

    def token(self, name: str, what_for: str) -> str:
        """A token of the environment; raises NotLooked without it."""
        if not self.tokens.get(name):
            raise NotLooked(f"{name} is not set: {what_for}")
        return self.tokens[name]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `look` answers with what it saw, or raises Wrong or NotLooked."""

    name: str
    look: Callable[[Deployment], str]


def terraform_outputs(directory: Path) -> Mapping[str, Any]:
    """What `terraform output` says in a directory; raises NotLooked where it says nothing."""
    try:
        done = subprocess.run(
            ["terraform", "output", "-json", "-no-color"],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotLooked(f"`terraform output` in {directory} did not run ({error})") from error
    said = " ".join(done.stderr.split())[:_LONGEST_WORDS]
    if done.returncode:
        raise NotLooked(f"`terraform output` in {directory} said: {said}; run `terraform init` there first")
    values = {name: output["value"] for name, output in json.loads(done.stdout or "{}").items()}
    if not values:
        raise NotLooked(
            f"the foundation in {directory} has no outputs: apply it there, or name the directory "
            "that it was applied from with --foundation"
        )
    return values

"""One hostile pull request, and what they are made with; hostile.py has the table."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioner.core.hcl import render
from provisioner.core.names import DATABASES
from provisioner.core.root import Root

from tests.core.examples import catalog

CATALOG: Final = catalog()
WINDOWS: Final = {"backup_window", "maintenance_window"}
LINK: Final = "120000"
EXECUTABLE: Final = "100755"
SUBMODULE: Final = "160000"
LOCK: Final = f"{DATABASES}.terraform.lock.hcl"
ID: Final = "3f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
OTHER: Final = "11111111-8f5e-4c1d-9a70-1c2d3e4f5a6b"


@dataclass(frozen=True, slots=True)
class File:
    """A file that is no regular text: its mode, and its bytes (a link's target, a submodule's commit)."""

    content: bytes
    mode: str = "100644"


Tree = Mapping[str, str | File | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One pull request that nobody should merge; `moved` is what the base branch became meanwhile."""

    kind: str
    name: str
    rule: str
    branch: str
    changes: Tree
    main: Tree = field(default_factory=dict)
    moved: Tree = field(default_factory=dict)
    alone: bool = False

    def __str__(self) -> str:
        """As a test shows it."""
        return f"{self.kind}: {self.name}"


def of(root: Root) -> dict[str, str | File | None]:
    """A root as the file that it stands in."""
    return {root.place.root_path: render(root)}


def branch_of(root: Root, kind: str = "create") -> str:
    return root.place.branch(kind, root.request_id)


def with_(root: Root, **fields: Any) -> Root:
    """A root that says something else; at another place its windows are that one's."""
    found = dataclasses.replace(root, **fields)
    if found.place == root.place or found.environment not in CATALOG.environments or WINDOWS & {*fields}:
        return found
    windows = CATALOG.windows(found.place)
    return dataclasses.replace(found, backup_window=windows.backup, maintenance_window=windows.maintenance)


def created(kind: str, name: str, rule: str, root: Root, *, alone: bool = True) -> Hostile:
    return Hostile(kind=kind, name=name, rule=rule, branch=branch_of(root), changes=of(root), alone=alone)


def changed(kind: str, name: str, rule: str, before: Root, after: Root, **more: Any) -> Hostile:
    branch = branch_of(after, more.pop("does", "update"))
    return Hostile(kind=kind, name=name, rule=rule, branch=branch, main=of(before), changes=of(after), **more)


def as_root(base: Root, kind: str, name: str, text: str | bytes) -> Hostile:
    content = File(text) if isinstance(text, bytes) else text
    return Hostile(
        kind=kind,
        name=name,
        rule="rendered",
        branch=branch_of(base),
        changes={base.place.root_path: content},
        alone=True,
    )


def replaced(base: Root, old: str, new: str) -> str:
    text = render(base)
    assert old in text, old
    return text.replace(old, new, 1)

"""Roots in a checkout: where they are, and the directory in which Terraform runs for one of them."""

import functools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from provisioner.core.engines import Resource
from provisioner.core.module import is_of_module
from provisioner.core.names import DATABASES, Place

from pipeline.git import Checkout

_PARTS: Final = 5  # terraform/databases/<environment>/<database_name>/main.tf


def blobs(checkout: Checkout, environment: str | None = None) -> dict[Place, str]:
    """Git's object id of every root that is checked out, of one environment or of all.

    What git cannot show as text is there all the same, as text that the policy denies: a root that went
    missing would be taken for a removal.
    """
    found = {}
    for path, blob in checkout.blobs("HEAD", f"{DATABASES}{environment or ''}").items():
        parts = path.split("/")
        if len(parts) == _PARTS and parts[-1] == "main.tf":
            found[Place(parts[2], parts[3])] = blob
    return found


def roots(checkout: Checkout) -> dict[Place, str]:
    """The text of every root that is checked out, by environment and database name."""
    found = blobs(checkout)
    return dict(zip(found, checkout.read(found.values()), strict=True))


def module(checkout: Checkout, resource: Resource, ref: str = "HEAD") -> dict[str, str]:
    """The files of a kind's module at a commit, by path; none where git does not have the commit."""
    return checkout.texts(ref, resource.module_path, functools.partial(is_of_module, resource))


def with_module(directory: Path, files: Mapping[str, str], at: Path) -> Path:
    """A copy of what a root needs of a checkout, with another module; the directory to prepare roots in."""
    lock = Path("terraform") / "databases" / ".terraform.lock.hcl"
    for path, text in {**files, str(lock): (directory / lock).read_text(encoding="utf-8")}.items():
        (at / path).parent.mkdir(parents=True, exist_ok=True)
        (at / path).write_text(text, encoding="utf-8", newline="")
    return at


def prepare(directory: Path, place: Place, text: str) -> Path:
    """Put a root's text and the committed provider lock where Terraform runs; nothing else stays there.

    The place is the root's own in the checkout, from where the text finds its module.
    """
    path = directory / place.root_path
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8", newline="")
    shutil.copy(directory / "terraform" / "databases" / ".terraform.lock.hcl", path.parent)
    return path.parent

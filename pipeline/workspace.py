"""Roots in a checkout: where they are, and the directory in which Terraform runs for one of them."""

import shutil
from pathlib import Path
from typing import Final

from provisioner.core.names import DATABASES, Place

from pipeline.git import Checkout

_PARTS: Final = 5  # terraform/databases/<environment>/<database_name>/main.tf


def roots(checkout: Checkout) -> dict[Place, str]:
    """The text of every root that is checked out, by environment and database name.

    What git cannot show as text is there all the same, as text that the policy denies: a root that went
    missing would be taken for a removal.
    """
    found = {}
    for path in checkout.paths("HEAD", DATABASES):
        parts = path.split("/")
        if len(parts) == _PARTS and parts[-1] == "main.tf":
            found[Place(parts[2], parts[3])] = checkout.file("HEAD", path) or ""
    return found


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

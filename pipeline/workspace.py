"""The directory in which Terraform runs for one root, inside the checkout so that its module is found."""

import shutil
from pathlib import Path

from provisioner.terraform import root_path


def prepare(checkout: Path, environment: str, database_name: str, text: str) -> Path:
    """Put a root's text and the committed provider lock where Terraform runs; nothing else stays there."""
    path = checkout / root_path(environment, database_name)
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8", newline="")
    shutil.copy(checkout / "terraform" / "databases" / ".terraform.lock.hcl", path.parent)
    return path.parent

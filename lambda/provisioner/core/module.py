"""Which module made a database: a hash of its files, which the pipeline keeps with what it applied."""

import hashlib
from collections.abc import Mapping

from provisioner.core.engines import Resource


def is_of_module(resource: Resource, path: str) -> bool:
    """Whether Terraform reads a file of the repository as part of a kind's module; its tests are not."""
    name = path.removeprefix(resource.module_path)
    return path.startswith(resource.module_path) and name.endswith(".tf") and "/" not in name


def module_hash(files: Mapping[str, str]) -> str:
    """SHA-256, in hex, of the names and texts of the module's files; "" where there are none."""
    if not files:
        return ""
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path, files[path]):
            content = part.encode("utf-8", "surrogateescape")
            digest.update(b"%d\0" % len(content) + content)
    return digest.hexdigest()

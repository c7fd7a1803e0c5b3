"""What was deployed with the function: the catalog, the roots of the databases' certificates."""

import hashlib
import logging
from pathlib import Path
from typing import Final

from provisioner.core.catalog import Catalog, load
from provisioner.settings import kept, setting

_ROOTS: Final = Path(__file__).parents[1] / "access" / "rds_roots.crt"
_CATALOG: Final = Path(__file__).parents[2] / "catalog.yaml"


@kept
def catalog() -> Catalog:
    """The catalog, read once."""
    found = load(Path(setting("CATALOG_PATH", str(_CATALOG))))
    for warning in found.warnings:
        logging.getLogger(__name__).warning(warning)
    return found


@kept
def roots() -> tuple[str, dict[str, str]]:
    """The roots of the certificates (PEM), Amazon's or those of DATABASE_ROOTS, and their headers."""
    text = Path(setting("DATABASE_ROOTS", str(_ROOTS))).read_text(encoding="ascii")
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    return text, {"Cache-Control": "max-age=86400", "ETag": tag}


def makes_users() -> bool:
    """Whether this stack makes the users `application` and `read_only`."""
    return setting("MAKES_USERS", "false") == "true"

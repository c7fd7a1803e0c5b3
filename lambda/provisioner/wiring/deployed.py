"""What was deployed with the function: the catalog."""

from pathlib import Path
from typing import Final

from provisioner.core.catalog import Catalog, parse
from provisioner.settings import kept, setting

_CATALOG: Final = Path(__file__).parents[2] / "catalog.yaml"


@kept
def catalog() -> Catalog:
    """The catalog, read once."""
    return parse(Path(setting("CATALOG_PATH", str(_CATALOG))).read_text(encoding="utf-8"))

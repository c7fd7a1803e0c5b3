"""The engines' names, as people write them."""

from collections.abc import Mapping
from typing import Final

ENGINE_NAMES: Final[Mapping[str, str]] = {"mysql": "MySQL", "postgres": "PostgreSQL"}

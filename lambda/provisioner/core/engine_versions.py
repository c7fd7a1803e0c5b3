"""The engines of the catalog: which major versions it has, and until when RDS supports each of them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from provisioner.core.catalog_part import Part


class Support(Part):
    """The last day of a version's standard support on RDS, and where AWS says so."""

    until: dt.date = Field(strict=False)
    source: str = Field(pattern=r"^https://")


class Engine(Part):
    """An engine and its major versions, each a text, or a text with its `until` and `source`.

    `support` is what was said of some of them.
    """

    versions: list[str] = Field(min_length=1)
    default_version: str
    support: dict[str, Support] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _take_apart(cls, content: Any) -> Any:
        if not isinstance(content, Mapping) or not isinstance(content.get("versions"), list):
            return content
        said = {
            entry.get("version"): {name: value for name, value in entry.items() if name != "version"}
            for entry in content["versions"]
            if isinstance(entry, Mapping) and isinstance(entry.get("version"), str)
        }
        versions = [
            entry.get("version") if isinstance(entry, Mapping) else entry for entry in content["versions"]
        ]
        return {**content, "versions": versions, "support": {**content.get("support", {}), **said}}

    @model_validator(mode="after")
    def _default_is_offered(self) -> Self:
        if self.default_version not in self.versions:
            raise ValueError(f"default_version {self.default_version} is not one of versions")
        if len(set(self.versions)) != len(self.versions):
            raise ValueError("versions names one of them twice")
        return self

    def until(self, version: str) -> dt.date | None:
        """The last day of a version's standard support; None where nothing is said of it."""
        known = self.support.get(version)
        return known.until if known else None

    def is_over(self, version: str, today: dt.date) -> bool:
        """Whether a version's standard support has ended: what has it keeps it, and nothing new gets it."""
        until = self.until(version)
        return until is not None and today > until

    def offered(self, today: dt.date) -> list[str]:
        """The versions that a new database may have."""
        return [version for version in self.versions if not self.is_over(version, today)]

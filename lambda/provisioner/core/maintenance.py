"""When an environment's databases may be backed up and maintained, as the catalog says it."""

from typing import Self

from pydantic import Field, model_validator

from provisioner.core.catalog_part import Part
from provisioner.core.windows import LENGTH, Day, minutes_between


class Maintenance(Part):
    """When databases are backed up and maintained, in UTC; a day is the one on which `between` begins."""

    days: list[Day] = Field(default=["sat", "sun"], min_length=1)
    between: str = "01:00-07:00"

    @model_validator(mode="after")
    def _holds_two_windows(self) -> Self:
        if len(set(self.days)) != len(self.days):
            raise ValueError("days names one of them twice")
        if minutes_between(self.between)[1] < 2 * LENGTH:
            raise ValueError(
                f"between has to last {2 * LENGTH} minutes, {LENGTH} for each of the two windows"
            )
        return self

"""The sizes of the catalog: an instance's class, a cluster's range of capacity, and bounds of storage."""

from typing import Self

from pydantic import Field, model_validator

from provisioner.core.catalog_part import Part
from provisioner.core.engines import CLUSTER, INSTANCE, Resource
from provisioner.core.root import Capacity


class Size(Part):
    """A size that people ask for by name: an instance's class, or the range in which a cluster scales.

    A range is `min_acu` to `max_acu`, in halves of an Aurora capacity unit; from 0 on a cluster sleeps after
    `pause_after` without a connection, 5 minutes to a day:
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html
    `monthly_usd` is a key of earlier releases, the instance alone in one zone; prices.json comes first.
    """

    instance_class: str | None = Field(default=None, pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")
    monthly_usd: float | None = Field(default=None, gt=0)
    min_acu: float | None = Field(default=None, ge=0, le=256, multiple_of=0.5, strict=False)
    max_acu: float | None = Field(default=None, ge=1, le=256, multiple_of=0.5, strict=False)
    pause_after: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,4}[mh]$")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if self.instance_class is not None:
            if (self.min_acu, self.max_acu, self.pause_after) != (None, None, None):
                raise ValueError("has an instance_class, so that min_acu, max_acu and pause_after go")
            return self
        if self.min_acu is None or self.max_acu is None:
            raise ValueError("say instance_class, or min_acu and max_acu")
        if self.min_acu > self.max_acu:
            raise ValueError("min_acu is more than max_acu")
        if self.pause_after is not None and self.min_acu > 0:
            raise ValueError("pause_after goes with min_acu: 0")
        if self.min_acu == 0 and not 300 <= self.pause_seconds <= 86_400:
            raise ValueError("pause_after is 5m to 24h, as RDS takes it")
        return self

    @property
    def resource(self) -> Resource:
        """What has a size of this kind."""
        return CLUSTER if self.instance_class is None else INSTANCE

    @property
    def pause_seconds(self) -> int:
        """After how many seconds without a connection a cluster sleeps; 0: never. RDS's default is 300."""
        if self.min_acu != 0:
            return 0
        text = self.pause_after or "5m"
        return int(text[:-1]) * (60 if text.endswith("m") else 3600)

    def capacity(self, *, monitoring: bool) -> Capacity | None:
        """The range as a root has it; None for an instance's size."""
        if self.min_acu is None or self.max_acu is None:
            return None
        return Capacity(
            min_acu=self.min_acu,
            max_acu=self.max_acu,
            pause_after=self.pause_seconds,
            monitoring=monitoring,
        )


class StorageRange(Part):
    """Allocated storage in GiB; RDS allows 20 to 65,536 for gp3."""

    minimum: int = Field(ge=20, le=65_536)
    maximum: int = Field(ge=20, le=65_536)
    default: int

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if not self.minimum <= self.default <= self.maximum:
            raise ValueError("minimum, default and maximum have to stand in this order")
        return self

"""What every part of the catalog has in common: unknown keys and values of another type are refused."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of the catalog."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

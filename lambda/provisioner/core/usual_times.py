"""How long each step usually takes, as the catalog says it before the ledger has a history."""

from typing import Self

from pydantic import Field, model_validator

from provisioner.core.catalog_part import Part


class UsualTime(Part):
    """How long a step likely takes and what it seldom exceeds, in seconds."""

    likely: int = Field(gt=0)
    latest: int = Field(gt=0)

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.likely > self.latest:
            raise ValueError("likely has to be at most latest")
        return self


def _time(likely: int, latest: int) -> UsualTime:
    return UsualTime(likely=likely, latest=latest)


class UsualTimes(Part):
    """What a step takes before the ledger has a history; `review` is gate and plan, without the reviewer."""

    pull_request: UsualTime = _time(15, 60)
    review: UsualTime = _time(180, 480)
    queue: UsualTime = _time(60, 180)
    users: UsualTime = _time(20, 120)
    create: UsualTime = _time(900, 2_400)
    restore: UsualTime = _time(1_500, 3_600)
    update: UsualTime = _time(900, 3_600)
    extend: UsualTime = _time(60, 180)
    disarm: UsualTime = _time(120, 300)
    remove: UsualTime = _time(600, 1_800)

    def of(self, step: str, sort: str) -> UsualTime:
        """The time of a step; an apply takes what is asked for."""
        found: UsualTime = getattr(self, step if step != "apply" else sort, self.update)
        return found

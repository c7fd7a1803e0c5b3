"""What a part of the bench found, and the table that shows it."""

import dataclasses
import datetime as dt
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `ratio` is to `against`, measured in the same run.

    `at_most` bounds the ratio where there is one, else the value; without it nothing is asked of the figure.
    """

    part: str
    what: str
    value: float
    unit: str
    ratio: float | None = None
    against: str = ""
    at_most: float | None = None
    note: str = ""
    why: str = ""  # it misses its target, if it does

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.at_most is None:
            return None
        return (self.value if self.ratio is None else self.ratio) <= self.at_most

    @property
    def of_target(self) -> float | None:
        """The figure as a share of what it may be at most."""
        if not self.at_most:
            return None
        return (self.value if self.ratio is None else self.ratio) / self.at_most

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Figure":
        """A figure as `document` wrote it."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in content.items() if name in names})


def short(number: float) -> str:
    """Three digits, as a table shows them."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def table(figures: Iterable[Figure]) -> Iterator[str]:
    """A line for each figure, below a headline for each part."""
    part = ""
    for figure in figures:
        if figure.part != part:
            part = figure.part
            yield f"\n{part}"
        ratio = f"{short(figure.ratio)} x {figure.against}" if figure.ratio is not None else ""
        word = {None: "", True: "ok", False: "missed" if figure.why else "MISSED"}[figure.met]
        target = f"<= {short(figure.at_most)}" if figure.at_most is not None else ""
        line = f"  {figure.what:<46} {short(figure.value):>8} {figure.unit:<8} {ratio:<26} {target:<8} {word}"
        yield line.rstrip()
        for text in (figure.note, figure.why if figure.met is False else ""):
            if text:
                yield f"      {text}"


def document(figures: Iterable[Figure], now: dt.datetime, commit: str, seconds: float) -> dict[str, Any]:
    """What is kept of a run: when, of which commit, on what machine and how busy that was."""
    return {
        "at": now.isoformat(timespec="seconds"),
        "commit": commit,
        "seconds": round(seconds),
        "machine": {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "load": [round(load, 1) for load in os.getloadavg()],
        },
        "figures": [dataclasses.asdict(figure) | {"met": figure.met} for figure in figures],
    }

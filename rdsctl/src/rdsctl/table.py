"""Tables for people: columns leave from the right as the terminal narrows, and no name is ever cut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

NARROW: Final = 60
_GAP: Final = 2
_SHORTEST: Final = 16  # of a column that is cut


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, the text of a row's cell, and on which side numbers stand.

    One that holds sentences may be `cut` where they do not fit, before it leaves.
    """

    title: str
    cell: Callable[[dict[str, Any]], str]
    right: bool = False
    cut: bool = False


def draw(columns: Sequence[Column], rows: Sequence[dict[str, Any]], width: int) -> str:
    """The rows below a line of titles; narrower than NARROW each row is a block of `title value`."""
    if not rows:
        return ""
    if width < NARROW:
        return _blocks(columns, rows)
    cells = [[column.cell(row) for column in columns] for row in rows]
    widths = [
        max(len(column.title), *(len(row[number]) for row in cells)) for number, column in enumerate(columns)
    ]
    shown = len(columns)
    while shown > 1 and sum(widths[:shown]) + _GAP * (shown - 1) > width:
        shown -= 1
    left = width - sum(widths[:shown]) - _GAP * shown
    if shown < len(columns) and columns[shown].cut and left >= _SHORTEST:
        for row in cells:
            row[shown] = _cut(row[shown], left)
        shown += 1
    lines = [[column.title for column in columns], *cells]
    return "".join(f"{_line(columns[:shown], line, widths)}\n" for line in lines)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 2].rstrip() + "…"


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cells[number].rjust(widths[number]) if column.right else cells[number].ljust(widths[number])
        for number, column in enumerate(columns)
    ]
    return (" " * _GAP).join(padded).rstrip()


def _blocks(columns: Sequence[Column], rows: Sequence[dict[str, Any]]) -> str:
    first, *others = columns
    title_width = max((len(column.title) for column in others), default=0) + _GAP
    blocks = []
    for row in rows:
        lines = [first.cell(row)]
        lines += [
            f"  {column.title.lower().ljust(title_width)}{cell}"
            for column in others
            if (cell := column.cell(row))
        ]
        blocks.append("\n".join(lines))
    return "\n".join(blocks) + "\n"

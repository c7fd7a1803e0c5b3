"""Draws the figures that have a target as an SVG: each as a share of what it may be at most.

`python -m bench.chart RESULT.json docs/performance.svg`
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from bench.figures import Figure, short

WIDTH: Final = 860
LABELS: Final = 430
ROW: Final = 22
HEAD: Final = 44
BARS: Final = WIDTH - LABELS - 110
MOST: Final = 1.6  # longer bars are cut
GOOD: Final = "#2f6f4f"
BAD: Final = "#b3541e"
INK: Final = "#24292f"
RULE: Final = "#8c959f"


def draw(figures: Iterable[Figure], title: str) -> str:
    """The chart."""
    shown = [(figure, share) for figure in figures if (share := figure.of_target) is not None]
    height = HEAD + ROW * len(shown) + 30
    mark = LABELS + BARS / MOST
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="20" font-size="14" font-weight="600">{escape(title)}</text>',
        f'<text x="{mark:.0f}" y="36" text-anchor="middle" fill="{RULE}">target</text>',
        *(line for number, one in enumerate(shown) for line in _row(number, *one)),
        f'<line x1="{mark:.0f}" x2="{mark:.0f}" y1="40" y2="{height - 24}" stroke="{RULE}" '
        'stroke-dasharray="3 3"/>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _row(number: int, figure: Figure, share: float) -> Iterator[str]:
    top = HEAD + number * ROW
    length = BARS * min(share, MOST) / MOST
    value = f"{short(figure.value)} {figure.unit}" if figure.ratio is None else f"{short(figure.ratio)} x"
    what = figure.what if len(figure.what) <= 66 else f"{figure.what[:65]}…"
    yield f'<text x="{LABELS - 8}" y="{top + 14}" text-anchor="end">{escape(what)}</text>'
    color = GOOD if figure.met else BAD
    yield f'<rect x="{LABELS}" y="{top + 3}" width="{max(length, 1):.0f}" height="14" rx="2" fill="{color}"/>'
    end = LABELS + length + 6
    yield f'<text x="{end:.0f}" y="{top + 14}">{escape(value)}</text>'


def main(result: Path, chart: Path) -> None:
    """Draw a result of the bench."""
    content = json.loads(result.read_text(encoding="utf-8"))
    figures = [Figure.read(figure) for figure in content["figures"]]
    title = f"Measured {content['at'][:10]} at {content['commit']}, as a share of the target"
    chart.write_text(draw(figures, title), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

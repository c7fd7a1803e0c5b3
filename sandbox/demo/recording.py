"""Records what a terminal shows of the first two commands, and draws it: `python -m sandbox.demo.recording`.

The commands run for real, on the sandbox that `make sandbox` started. The picture plays each change of the
screen, and cuts the waits between them short.
"""

import argparse
import os
import pty
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from sandbox.state_directory import HOME, PROJECT, StateDirectory

PICTURE: Final = PROJECT / "docs" / "recording.svg"
COLUMNS: Final = 100
LONGEST: Final = 1.2  # seconds that a frame is shown
LAST: Final = 6.0
FRAMES: Final = 24
COMMANDS: Final = (
    "create dev/first --engine postgres --wait",
    "connect dev/first -- -c 'CREATE TABLE notes AS SELECT 42 AS answer' -c 'TABLE notes'",
)
WIDTH, HEIGHT, LEFT, TOP = 7.25, 17, 14, 40
COLOURS: Final = {"31": "#ff7b72", "32": "#7ee787", "33": "#f2cc60"}
_TOKEN: Final = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\r?\n)|(\r)|([^\x1b\r\n]+)")

Line = list[tuple[str, str]]  # pieces of text, each with the code of its colour


@dataclass(frozen=True, slots=True)
class Frame:
    """The screen from a moment on, in seconds."""

    at: float
    lines: tuple[tuple[tuple[str, str], ...], ...]


class Screen:
    """A terminal as far as rdsctl and psql use one: lines, colours, lines that are drawn again."""

    def __init__(self) -> None:
        self.lines: list[Line] = [[]]
        self._row = 0
        self._colour = ""

    def write(self, text: str) -> None:
        for code, name, newline, start, plain in _TOKEN.findall(text):
            if name == "A":
                self._row = max(self._row - int(code or 1), 0)
            elif name == "J":
                del self.lines[self._row :]
                self.lines.append([])
            elif name == "m":
                self._colour = code if code in COLOURS else ""
            elif newline:
                self._row += 1
                if self._row == len(self.lines):
                    self.lines.append([])
            elif plain and not start:
                self.lines[self._row].append((plain, self._colour))

    def frame(self, at: float) -> Frame:
        return Frame(at, tuple(tuple(line) for line in self.lines))


def record(directory: StateDirectory) -> list[Frame]:
    """Every change of the screen while the commands run; raises SystemExit where one fails."""
    screen, began, frames = Screen(), time.monotonic(), []
    for command in COMMANDS:
        screen.write(f"$ rdsctl {command}\r\n")
        frames.append(screen.frame(time.monotonic() - began))
        for text in shown([str(directory.command_line), *shlex.split(command)]):
            screen.write(text)
            frames.append(screen.frame(time.monotonic() - began))
    return frames


def shown(command: Sequence[str]) -> Iterator[str]:
    """What a command writes to a terminal of COLUMNS; raises SystemExit where it fails."""
    near, far = pty.openpty()
    environment = {
        **os.environ,
        "COLUMNS": str(COLUMNS),
        "LINES": "40",
        "TERM": "xterm-256color",
        "PAGER": "cat",
    }
    environment.pop("CI", None)
    process = subprocess.Popen(command, env=environment, stdin=far, stdout=far, stderr=far)
    os.close(far)
    while True:
        try:
            text = os.read(near, 65536).decode(errors="replace")
        except OSError:  # the terminal's other end is closed
            break
        yield text
    os.close(near)
    if code := process.wait():
        raise SystemExit(f"{shlex.join(command)} ended with {code}")


def chosen(frames: Sequence[Frame]) -> list[Frame]:
    """At most FRAMES of them: each that has another number of lines, the rest at even distances."""
    kept = [0]
    for number, frame in enumerate(frames[1:], 1):
        if len(frame.lines) != len(frames[kept[-1]].lines):
            kept.append(number)
    kept = sorted({*kept[:: max(len(kept) // FRAMES, 1)], len(frames) - 1})
    return [frames[number] for number in kept]


def drawn(frames: Sequence[Frame]) -> str:
    """An SVG that shows one frame after the other, and stays still where animation is not wanted."""
    shown_for = [min(after.at - frame.at, LONGEST) for frame, after in pairwise(frames)]
    shown_for.append(LAST)
    total, begin, styles, groups = sum(shown_for), 0.0, [], []
    for number, (frame, seconds) in enumerate(zip(frames, shown_for, strict=True)):
        last = 0 if begin + seconds < total - 0.01 else 1
        first, end = begin / total * 100, (begin + seconds) / total * 100
        styles.append(
            f"@keyframes f{number}{{0%,{max(first - 0.01, 0):.2f}%{{opacity:{0 if number else 1}}}"
            f"{first:.2f}%,{end - 0.01:.2f}%{{opacity:1}}{end:.2f}%,100%{{opacity:{last}}}}}"
            f".f{number}{{animation:f{number} {total:.1f}s infinite}}"
        )
        groups.append(f'<g class="f f{number}">{"".join(texts(frame))}</g>')
        begin += seconds
    rows = max(len(frame.lines) for frame in frames)
    width, height = COLUMNS * WIDTH + 2 * LEFT, rows * HEIGHT + TOP
    style = (
        "text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;fill:#e6edf3}"
        f".f{{opacity:0}}.f{len(frames) - 1}{{opacity:1}}"
        f"@media (prefers-reduced-motion:no-preference){{{''.join(styles)}}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
        f'aria-label="rdsctl makes a database and logs in"><style>{style}</style>'
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>{"".join(groups)}</svg>\n'
    )


def texts(frame: Frame) -> Iterator[str]:
    """A frame's lines; every piece stands at its own column, so that no font moves it."""
    for row, line in enumerate(frame.lines):
        column = 0
        for piece, colour in line:
            if piece.strip():
                fill = f' fill="{COLOURS[colour]}" style="fill:{COLOURS[colour]}"' if colour else ""
                x, y = LEFT + column * WIDTH, TOP - 14 + row * HEIGHT
                length = f' textLength="{len(piece.rstrip()) * WIDTH:.0f}"'
                yield f'<text x="{x:.0f}" y="{y}"{length}{fill}>{escape(piece.rstrip())}</text>'
            column += len(piece)


def main() -> int:
    """Record and draw; 1 where no sandbox runs."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo.recording", description=__doc__)
    parser.add_argument("--directory", type=Path, default=HOME)
    parser.add_argument("--into", type=Path, default=PICTURE)
    given = parser.parse_args()
    directory = StateDirectory(given.directory.resolve())
    if not directory.ready:
        print("no sandbox runs; start one: make sandbox")
        return 1
    given.into.write_text(drawn(chosen(record(directory))), encoding="utf-8")
    print(f"{given.into}: {given.into.stat().st_size / 1024:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

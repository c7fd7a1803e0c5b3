"""A figure is held to its target, and the table and the chart show it as it is."""

import importlib
import json
from pathlib import Path

import pytest

from bench.__main__ import LONG, QUICK, RESULTS
from bench.chart import BARS, draw
from bench.figures import Figure, table
from pipeline.at_once import PROCESS_MIB

FOUND = [
    Figure("Part", "plain", 1234.5, "s"),
    Figure("Part", "met", 0.5, "s", at_most=2),
    Figure("Part", "by its ratio", 100, "s", 1.6, "the floor", 1.5, "on this machine", "that is why"),
    Figure("Other", "missed", 3, "MB", at_most=2, why=""),
]


def test_a_ratio_is_what_is_held_to_the_target_where_there_is_one() -> None:
    assert [figure.met for figure in FOUND] == [None, True, False, False]
    assert [figure.of_target for figure in FOUND] == [None, 0.25, pytest.approx(1.0667, abs=1e-4), 1.5]


def test_the_table_says_what_is_missed_and_why() -> None:
    assert list(table(FOUND)) == [
        "\nPart",
        "  plain                                             1,234 s",
        "  met                                                 0.5 s                                   "
        "<= 2     ok",
        "  by its ratio                                        100 s        1.6 x the floor            "
        "<= 1.5   missed",
        "      on this machine",
        "      that is why",
        "\nOther",
        "  missed                                                3 MB                                  "
        "<= 2     MISSED",
    ]


def test_the_chart_has_a_bar_for_each_target() -> None:
    chart = draw(FOUND, "Title & more")
    assert chart.count("<rect") == 1 + 3
    assert "Title &amp; more" in chart
    assert f'width="{BARS * 0.25 / 1.6:.0f}"' in chart


@pytest.mark.parametrize("part", [*QUICK, *LONG])
def test_each_part_of_the_bench_is_there(part: str) -> None:
    assert callable(importlib.import_module(f"bench.parts.{part}").measure)


def kept() -> list[Path]:
    return sorted(RESULTS.glob("*.json"))


def test_concurrent_applies_are_bounded_by_the_memory_that_was_measured() -> None:
    figures = [Figure.read(each) for each in json.loads(kept()[-1].read_text(encoding="utf-8"))["figures"]]
    (measured,) = [figure for figure in figures if figure.what == "each further one"]
    assert measured.value < PROCESS_MIB < 2 * measured.value

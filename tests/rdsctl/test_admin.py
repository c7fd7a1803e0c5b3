"""`rdsctl admin` shows operators what `/admin/` says; each screen is a file."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from rdsctl.boards import PARTS, drawn
from rdsctl.commands.admin import VIEWS

from rdsctl import overview
from tests.golden_files import assert_golden
from tests.rdsctl.running import Run

NOW = dt.datetime(2026, 11, 25, 14, 22, 8, tzinfo=dt.UTC)
BOARD: dict[str, Any] = json.loads((Path(__file__).parent / "board.json").read_text())


@pytest.mark.parametrize("width", [120, 50])
def test_the_board_is_a_table_for_each_part(width: int) -> None:
    assert_golden(f"rdsctl/admin-board-{width}.txt", drawn(BOARD, NOW, width))


@pytest.mark.parametrize("width", [120, 80])
def test_the_board_is_one_screen(width: int) -> None:
    text = overview.drawn(BOARD, "https://rds.acme.example/v1", NOW, width)
    assert_golden(f"rdsctl/admin-{width}.txt", text)
    assert len(text.splitlines()) <= 30
    assert [line for line in text.splitlines() if len(line) > width and "rdsctl" not in line] == []


def test_of_many_the_board_shows_three_and_where_the_others_are() -> None:
    many = BOARD | {"approvals": BOARD["approvals"] * 5, "drift": [], "channels": []}
    lines = overview.drawn(many, "https://rds.acme.example", NOW, 10_000).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("APPROVAL"))
    assert lines[start + 3] == "           and 7 more: rdsctl admin approvals"
    assert [line for line in lines if line.startswith(("DRIFT", "CHANNELS"))] == []


@pytest.mark.parametrize("name", PARTS)
def test_each_view_is_its_part_of_the_board(name: str) -> None:
    part = drawn({"as_of": "2026-11-25T14:22:08Z", name: BOARD[name]}, NOW, 120)
    assert part in drawn(BOARD, NOW, 120)


def test_there_is_a_view_for_each_part() -> None:
    assert {view.replace("-", "_") for view in VIEWS} - {"board"} == set(PARTS) - {"states"}


def test_an_empty_stack_is_said_in_a_line_for_each_part() -> None:
    empty: dict[str, Any] = {
        "approvals": [],
        "failed": [],
        "expiring": [],
        "drift": [],
        "channels": [],
        "dead_letters": [],
        "keys": [],
    }
    assert drawn(empty, NOW, 80) == (
        "Waits for approval: 0\n\nFailed, not fixed: 0\n\nEnds within 7 days: 0\n\nDiffers from git: 0\n\n"
        "Channels that take no messages: 0\n\nDead letters: 0\n\nKeys: 0\n"
    )


@pytest.mark.parametrize("wrong", [("queue", "name"), ("send-back",), ("end-key",), ("nothing",)])
def test_what_cannot_be_meant_is_refused_before_a_call(rdsctl: Run, wrong: tuple[str, ...]) -> None:
    assert rdsctl("admin", *wrong).code == 2


def test_a_teams_key_finds_nothing_there(rdsctl: Run) -> None:
    ran = rdsctl("admin", "queue")
    assert ran.code == 5

"""What is drawn where: widths, colours, fields and formats."""

import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdsctl.failures import Exit, Failure
from rdsctl.looks import UNLIMITED, Looks, looks_of
from rdsctl.table import Column, draw

from rdsctl import fields, times, words

ROWS = [
    {"name": "dev/ledger", "state": "available", "usd": "13.98"},
    {"name": "staging/orders-of-the-north", "state": "updating", "usd": "1,113.98"},
]
COLUMNS = [
    Column("NAME", lambda row: row["name"]),
    Column("STATE", lambda row: row["state"]),
    Column("USD", lambda row: row["usd"], right=True),
]


class Terminal(io.StringIO):
    """A stream that says it is a terminal of this encoding."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_wide_terminal_has_every_column() -> None:
    assert draw(COLUMNS, ROWS, 200) == (
        "NAME                         STATE           USD\n"
        "dev/ledger                   available     13.98\n"
        "staging/orders-of-the-north  updating   1,113.98\n"
    )


def test_columns_leave_from_the_right() -> None:
    wide = [*COLUMNS, Column("NOTE", lambda _: "n" * 30)]
    assert draw(wide, ROWS, 60) == draw(COLUMNS, ROWS, 200)


def test_below_sixty_columns_each_row_is_a_block() -> None:
    assert draw(COLUMNS, ROWS, 40) == (
        "dev/ledger\n  state  available\n  usd    13.98\n"
        "staging/orders-of-the-north\n  state  updating\n  usd    1,113.98\n"
    )


def test_no_row_is_no_text() -> None:
    assert draw(COLUMNS, [], 80) == ""


@given(
    st.integers(1, 300),
    st.lists(st.fixed_dictionaries({name: st.from_regex("[a-z]{0,50}", fullmatch=True) for name in ROWS[0]})),
)
def test_a_name_is_never_cut_and_a_wide_table_fits_or_has_one_column(
    width: int, rows: list[dict[str, str]]
) -> None:
    lines = draw(COLUMNS, rows, width).splitlines()
    for row in rows:
        assert any(line.split("  ")[0] == row["name"].strip() for line in lines)
    if rows and width >= 60:
        assert max(map(len, lines)) <= width or "STATE" not in lines[0]


@pytest.mark.parametrize(
    ("environ", "colour"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"CLICOLOR": "0"}, False),
        ({"TERM": "dumb"}, False),
        ({"CI": "true"}, False),
        ({"CI": "true", "CLICOLOR_FORCE": "1"}, True),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(environ: dict[str, str], colour: bool) -> None:
    assert looks_of(Terminal(), environ).colour is colour


def test_a_file_gets_neither_colour_nor_a_width_nor_redrawn_lines() -> None:
    assert looks_of(io.StringIO(), {}) == Looks(UNLIMITED, colour=False, live=False, unicode=False)


def test_where_the_encoding_has_no_marks_there_are_words() -> None:
    assert Looks(unicode=False).plain("✓ dev/ü → …") == "ok dev/\\xfc -> .."
    assert Looks(colour=True).mark("✗") == "\x1b[31m✗\x1b[0m"
    assert Looks().mark("✗") == "✗"


REQUEST = {"id": "779a", "result": None, "links": {"self": "/requests/779a"}, "state": "done"}


def test_fields_select_and_keep_their_place() -> None:
    assert fields.select(REQUEST, ["id", "links.self"]) == {"id": "779a", "links": {"self": "/requests/779a"}}
    assert fields.select([REQUEST, REQUEST], ["id"]) == [{"id": "779a"}, {"id": "779a"}]


def test_below_a_null_a_field_is_null() -> None:
    assert fields.select(REQUEST, ["result.endpoint"]) == {"result": {"endpoint": None}}


def test_a_field_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(Failure, match=r"There is no field 'stat'\. Did you mean state\?") as ended:
        fields.select(REQUEST, ["stat"])
    assert ended.value.code is Exit.USAGE
    assert ended.value.hints == ("fields: id, links, links.self, result, state",)


NOW = dt.datetime(2026, 11, 25, 22, 58, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("hours", "text"),
    [(24 * 6 + 2, "in 6 days"), (24, "tomorrow 22:58"), (0.5, "in 30 minutes"), (-50, "2 days ago")],
)
def test_a_time_is_said_from_now(hours: float, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    assert times.until(NOW + dt.timedelta(hours=hours), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3, "0:03"), (588, "9:48"), (3723, "1:02:03"), (59.6, "1:00"), (-1, "0:00")]
)
def test_a_span_is_minutes_and_seconds(seconds: float, text: str) -> None:
    assert times.span(seconds) == text


@pytest.mark.parametrize("text", ["7", "d", "0d", "-1d", "7w", ""])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration: write 30m, 8h or 7d"):
        times.duration(text)


TERRAFORMS = (
    "Error: creating RDS DB Instance (dev-sparks): operation error RDS: CreateDBInstance, https response "
    "error StatusCode: 400, RequestID: cf520406-4c46-4ee2-8cde-0b3a683283a0, InsufficientDBInstanceCapacity: "
    "The specified DB instance class isn't available in the specified Availability Zone. with "
    "module.database.aws_db_instance.this, on ../../../modules/rds_database/main.tf line 120, in resource "
    '"aws_db_instance" "this": 120: resource "aws_db_instance" "this" { AWS has no room for this size here.'
)


def test_a_cause_is_said_in_awss_own_words() -> None:
    assert words.cause(TERRAFORMS) == (
        "InsufficientDBInstanceCapacity: The specified DB instance class isn't available in the specified "
        "Availability Zone. AWS has no room for this size here."
    )


@given(st.text(max_size=200), st.text(max_size=60))
def test_of_any_other_cause_nothing_is_lost(before: str, after: str) -> None:
    assert words.cause(before) == before or "RequestID: " in before or " with module." in before
    said = words.cause(f"Error: {before} RequestID: a-1, AccessDenied: no {after}")
    assert "AccessDenied: no" in said

"""The command line, by every command that there is, on a database that was really made."""

import json
import re

import pytest

from tests.e2e.typed import TYPED, Ended

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


def test_every_command_goes_well_on_a_database_that_lives_and_ends(typed: dict[str, Ended]) -> None:
    assert list(typed) == list(TYPED)
    assert {name: ran.code for name, ran in typed.items() if ran.code} == {}
    assert typed["create"].out.startswith("✓ dev/typed is ready after ")
    assert typed["run"].out == "42\n"
    assert typed["delete"].out.startswith("✓ dev/typed is removed after ")


def test_no_password_is_in_what_the_commands_wrote(typed: dict[str, Ended]) -> None:
    url = typed["url"].out
    assert re.search(r"postgresql://application@localhost:\d+/typed\?sslmode=verify-full", url)
    assert [name for name, ran in typed.items() if re.search(r"://\w+:[^@/]+@", ran.out + ran.err)] == []
    assert "PASSWORD" not in url


def test_what_is_listed_is_what_was_made(typed: dict[str, Ended]) -> None:
    assert "dev/typed " in typed["ls"].out
    assert json.loads(typed["api"].out)["team"] == "alpha"
    assert "medium" in typed["resize"].err + typed["resize"].out
    assert "staging-shop-final-" in typed["snapshots"].out

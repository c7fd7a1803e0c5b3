"""No statement holds a PostgreSQL password, and only a safe password or a quoted name stands in one."""

import pytest
from provisioner.access import mysql, postgres
from provisioner.access.sql import Engine, checked, quoted

ENGINES = pytest.mark.parametrize("engine", [mysql, postgres], ids=["mysql", "postgres"])


def test_postgres_receives_what_it_keeps_of_a_password() -> None:
    statement = postgres.new_password("application", "a" * 24, b"0123456789abcdef")
    assert statement.text == (
        'ALTER ROLE "application" LOGIN PASSWORD \'SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg=='
        "$zenmJ7JA2ammH7MqYWWXV7sjIeH8M8THyFPZu1OGJN4=:5rCdmbJG4MI5Llm/V4P6Hly00oVhUPmzXl2O95QY1Sw='"
    )


@ENGINES
@pytest.mark.parametrize("password", ["", "short", "a" * 129, "a" * 23 + "'", "a" * 24 + "\n", "ä" * 24])
def test_any_other_password_is_refused(engine: Engine, password: str) -> None:
    with pytest.raises(ValueError, match="24 to 128 letters and digits"):
        engine.new_password("application", password, b"salt")
    with pytest.raises(ValueError, match="24 to 128 letters and digits"):
        engine.users([("application", password)], b"salt")


def test_a_safe_password_stays_as_it_is() -> None:
    assert checked("aZ09" * 10) == "aZ09" * 10


def test_a_name_cannot_end_its_quotes() -> None:
    assert quoted('my "db"', '"') == '"my ""db"""'
    assert quoted("a`b", "`") == "`a``b`"
    for nothing in ("", "a\x00b"):
        with pytest.raises(ValueError, match="not a name"):
            quoted(nothing, '"')


def test_a_pattern_stands_for_its_own_name_alone() -> None:
    assert mysql.pattern("my_db") == r"`my\_db`"
    assert mysql.pattern("100%") == r"`100\%`"

"""The parameters behind the `?`: what they mean, and that nothing which is not understood passes."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from provisioner.api.query import Query, together
from provisioner.core.lifecycle import State

from tests.core.examples import NOW
from tests.intake.setting import refused


def query(**given: str) -> Query:
    return Query({name: [value] for name, value in given.items()}, *given)


def detail(act: Callable[..., Any], *args: Any, **more: Any) -> str:
    return refused(400, "bad-query", act, *args, **more).detail


@pytest.mark.parametrize(
    ("given", "known", "text"),
    [
        (
            {"dryrun": ["true"]},
            ("dry_run", "reason"),
            "'dryrun' here; it takes dry_run, reason. Did you mean dry_run?",
        ),
        ({"x": ["1"]}, (), "'x' here; it takes none."),
        ({"x\n": [""]}, ("x",), "'x\\n' here; it takes x. Did you mean x?"),
        ({"y" * 50: [""]}, ("x",), f"'{'y' * 40}' here; it takes x."),
    ],
)
def test_a_parameter_that_the_call_does_not_know_is_refused(
    given: dict[str, Sequence[str]], known: tuple[str, ...], text: str
) -> None:
    assert detail(Query, given, *known) == f"There is no query parameter {text}"


def test_a_parameter_is_sent_once() -> None:
    assert detail(Query, {"dry_run": ["false", "true"]}, "dry_run") == "Send dry_run once."


def test_a_text_that_is_empty_is_missing() -> None:
    assert query(reason="old").text("reason") == "old"
    assert query(reason="").text("reason") is None
    assert query().text("reason") is None


def test_a_text_may_have_a_longest_length() -> None:
    assert query(reason="x" * 4).text("reason", longest=4) == "xxxx"
    assert detail(query(reason="x" * 5).text, "reason", longest=4) == (
        "reason has 5 characters; send at most 4."
    )


def test_a_flag_is_true_or_false_and_false_where_it_is_missing() -> None:
    assert query(dry_run="true").flag("dry_run") is True
    assert query(dry_run="false").flag("dry_run") is False
    assert query().flag("dry_run") is False
    for value, meant in (("", ""), ("1", ""), ("True", " Did you mean true?")):
        assert detail(query(dry_run=value).flag, "dry_run") == f"dry_run has to be one of true, false.{meant}"


@pytest.mark.parametrize(
    ("given", "size"),
    [("1", 1), ("100", 100), ("101", 100), ("999999", 100), ("1000000", 100), ("9" * 5000, 100)],
)
def test_a_page_holds_100_at_the_most(given: str, size: int) -> None:
    assert query(page_size=given).page_size() == size
    assert query().page_size() == 25


@pytest.mark.parametrize("given", ["", "0", "-1", "01", "ten", "1.0", "9" * 5000 + "x"])
def test_the_size_of_a_page_is_a_number(given: str) -> None:
    assert detail(query(page_size=given).page_size) == "page_size has to be a number from 1 to 100."


def test_filters_are_those_that_were_given() -> None:
    found = query(state="done", environment="mars").filters(state=State, environment=None, kind=("create",))
    assert found == {"state": "done", "environment": "mars"}
    assert query(environment="").filters(environment=None) == {}
    assert detail(query(environment="x" * 65).filters, environment=None) == (
        "environment has 65 characters; send at most 64."
    )


def test_a_filter_is_one_of_its_choices() -> None:
    assert detail(query(kind="restore").filters, kind=("create", "remove")) == (
        "kind has to be one of create, remove. Did you mean remove?"
    )


def test_a_time_is_read_in_any_zone() -> None:
    assert query(before="2026-11-23T22:30:00+02:00").instant("before", NOW) == "2026-11-23T20:30:00Z"
    assert query(before="36h").instant("before", NOW) == "2026-11-25T00:00:00Z"
    assert query().instant("before", NOW) is None
    assert detail(query(before="friday").instant, "before", NOW) == (
        "before: 'friday' is not a time: write RFC 3339 with a zone, such as 2026-11-20T10:00:00Z, "
        "or how long from now, such as 7d."
    )
    assert detail(query(before="2" * 3000).instant, "before", NOW) == (
        "before has 3000 characters; send at most 64."
    )


def test_everything_that_is_wrong_with_a_query_is_said_in_one_answer() -> None:
    given = {"stat": ["done"], "page_size": ["0"], "kind": ["remov"], "open": ["true", "true"]}

    def ask() -> None:
        with together(given, "state", "page_size", "kind", "open") as asked:
            asked.several("state", State)
            asked.filters(kind=("create", "remove"))
            asked.flag("open")
            asked.page_size()

    found = refused(400, "bad-query", ask)
    assert {error.parameter: (error.given, error.suggestion) for error in found.errors} == {
        "stat": (None, "state"),
        "open": (None, None),
        "kind": ("remov", "remove"),
        "page_size": ("0", None),
    }
    assert found.detail.startswith("There is no query parameter 'stat' here;")


def test_a_month_is_one_that_has_begun() -> None:
    assert query(month="2026-02").month("month", NOW).isoformat() == "2026-02-01T00:00:00+00:00"
    assert query().month("month", NOW).isoformat() == "2026-11-01T00:00:00+00:00"
    for wrong in ("2026-12", "2026-13", "november", "2019-12", "0000-01", "2026-2"):
        assert (
            detail(query(month=wrong).month, "month", NOW)
            == "month has to be a month from 2020-01 to 2026-11."
        )

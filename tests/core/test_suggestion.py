import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core.suggestion import meant, nearest

ENGINES = ("mysql", "postgres")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("postgresql", "postgres"),
        ("Postgres", "postgres"),
        ("mysq", "mysql"),
        ("my", "mysql"),
        ("pstgres", "postgres"),
        ("oracle", None),
        ("", None),
        ("   ", None),
    ],
)
def test_the_nearest_name_is_found_where_one_is_near(text: str, found: str | None) -> None:
    assert nearest(text, ENGINES) == found


def test_a_question_stands_behind_a_sentence() -> None:
    assert meant("devv", ("dev", "prod")) == " Did you mean dev?"
    assert meant("mars", ("dev", "prod")) == ""


@given(st.text(max_size=5000), st.lists(st.text(max_size=20), max_size=8))
def test_any_text_is_near_to_an_offered_name_or_to_none(text: str, offered: list[str]) -> None:
    found = nearest(text, offered)
    assert found is None or found in offered

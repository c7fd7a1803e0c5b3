"""Nothing of someone else's words gets out of where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core.policy import PolicyResult
from provisioner.pull_requests.markdown import cell, folded, link, policy_table, quoted, sha

from tests.pull_requests.hostile import hostile, inert, reached


@given(text=hostile.filter(str.strip))
def test_a_hostile_text_reaches_nothing(text: str) -> None:
    assert reached(quoted(text)) == []
    assert reached(f"{cell(text)} end") == reached("`x` end")
    assert reached(folded("More", text)) == reached(folded("More", "plain"))
    assert reached(policy_table([PolicyResult(text, False, text)])) == reached(
        policy_table([PolicyResult("plain", False, "plain")])
    )


@given(text=hostile)
def test_a_hostile_address_is_the_address_of_one_link_or_none(text: str) -> None:
    found = reached(link("Pipeline", text))
    assert [words for kind, words in found if kind == "link_open"] in ([text], ["#"])
    assert [kind for kind, _ in found] == [
        kind for kind, _ in reached(link("Pipeline", "https://ci.example"))
    ]


@given(text=st.from_regex(r"https?://[!-~]{1,60}", fullmatch=True))
def test_an_address_of_printable_characters_makes_one_link(text: str) -> None:
    kinds = [kind for kind, _ in reached(link("Pipeline", text))]
    assert kinds == [kind for kind, _ in reached(link("Pipeline", "https://ci.example"))]


def test_a_text_that_is_cut_says_so_and_keeps_its_beginning() -> None:
    text = folded("The plan", "first line\n" + "x" * 60_000)
    assert "first line" in inert(text)
    assert text.endswith("</details>\n\nCut after 48,000 characters; the pipeline has all of it.")
    assert folded("The plan", "x" * 48_000).endswith("</details>")


@pytest.mark.parametrize(
    ("commit", "shown"), [("5f0c1a2b8f5e4c1d9a70", "5f0c1a2b8f5e"), ("HEAD", "unknown"), ("", "unknown")]
)
def test_a_commit_is_shown_by_its_first_characters(commit: str, shown: str) -> None:
    assert sha(commit) == shown

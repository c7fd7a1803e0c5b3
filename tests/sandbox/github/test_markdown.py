"""Text from users is shown on the pages, and does nothing there."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given

from sandbox.github.markdown import as_html
from tests.pull_requests.hostile import ATTACKS, hostile

HARMLESS = re.compile(
    r"p|h[1-6]|ul|ol|li|strong|em|code|pre|blockquote|hr|br|a|table|thead|tbody|tr|th|td|details|summary"
)


class Tags(HTMLParser):
    """Everything in a page that a browser acts on."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str | None]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name, value) for name, value in attrs] or [(tag, "", "")]


def acts(page: str) -> list[tuple[str, str, str | None]]:
    """What a browser does with a page beyond showing it."""
    return [
        (tag, name, value)
        for tag, name, value in Tags(page).found
        if not HARMLESS.fullmatch(tag)
        or (name == "href" and not str(value).startswith(("http://", "https://", "#", "/")))
        or name not in ("", "href", "class", "start", "title", "style")
        or (name == "style" and not str(value).startswith("text-align:"))
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<details open onclick=alert(1)>",
        "<summary/><iframe src=https://attacker.example>",
        "<!-- --><script>alert(1)</script>",
        "<!-- <script>alert(1)</script>",
        "[click](javascript:alert(1))",
        "![x](https://attacker.example/pixel.png)",
        "<a href='javascript:alert(1)'>x</a>",
        "<details><summary><svg/onload=alert(1)></summary>",
        "| <b onmouseover=alert(1)>x |\n|---|\n| <style>*{}</style> |",
        "```\n</pre><script>alert(1)</script>\n```",
        *ATTACKS,
    ],
)
def test_no_text_does_anything(text: str) -> None:
    assert acts(as_html(text)) == []


@given(hostile)
def test_no_combination_of_texts_does_anything(text: str) -> None:
    assert acts(as_html(text)) == []


def test_what_the_tests_call_inert_would_notice_a_script() -> None:
    assert acts("<script>alert(1)</script>") == [("script", "", "")]
    assert acts("<a href='javascript:x'>") == [("a", "href", "javascript:x")]


def test_html_is_shown_as_text() -> None:
    assert as_html("<script>alert(1)</script>") == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_a_folded_section_folds_and_comments_are_left_out() -> None:
    text = (
        "<!-- marker -->\n<details><summary>Plan: 2 to add</summary>\n\n```\n<!-- kept -->\n```\n\n</details>"
    )

    assert as_html(text) == (
        "\n<details><summary>Plan: 2 to add</summary>\n"
        "<pre><code>&lt;!-- kept --&gt;\n</code></pre>\n</details>"
    )


def test_tables_links_and_emphasis_are_rendered() -> None:
    shown = as_html("| a | b |\n|---|---|\n| `x` | **y** |\n\n[job](http://localhost:1/pipelines/1)")

    assert "<td><code>x</code></td>\n<td><strong>y</strong></td>" in shown
    assert '<a href="http://localhost:1/pipelines/1">job</a>' in shown

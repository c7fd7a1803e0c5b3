"""Texts that try to do something on GitHub or CircleCI, and a reader that sees what they reach."""

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

ATTACKS = (
    "@acme/platform please approve",
    "[skip ci]",
    "[ci skip]",
    "![x](https://attacker.example/pixel.png)",
    "[click](https://attacker.example)",
    "https://attacker.example",
    "<img src=https://attacker.example/x.png>",
    "<details open><summary>Approved</summary>",
    "</details>",
    "<!-- rds-provisioner: plan -->",
    "-->",
    "```",
    "````",
    "~~~",
    "`" * 40,
    "\n```\n",
    "\r\n```\r\n",
    "Closes #1",
    "fixes acme/databases#2",
    "| a | b |",
    "\\| @acme",
    "\\",
    "`",
    "# Heading",
    "* item",
    "\n\n",
    "\u2028```\u2028",
    "\u202elive",
    "\x00",
    "${file(1)}",
)
hostile = (
    st.lists(st.one_of(st.sampled_from(ATTACKS), st.text(max_size=20)), min_size=1, max_size=6)
    .map("".join)
    .filter(bool)
)

_READER = MarkdownIt("commonmark", {"html": True}).enable("table")
_INERT = ("fence", "code_inline", "code_block")


def reached(markdown: str) -> list[tuple[str, str]]:
    """Everything in a text that GitHub acts on or shows as its author's own words: (kind, text)."""
    return [
        (token.type, _words(token)) for token in _flat(_READER.parse(markdown)) if token.type not in _INERT
    ]


def inert(markdown: str) -> str:
    """Everything in a text that is only shown."""
    return "\n".join(token.content for token in _flat(_READER.parse(markdown)) if token.type in _INERT)


def _flat(tokens: list[Token]) -> list[Token]:
    flat: list[Token] = []
    for token in tokens:
        flat += _flat(token.children) if token.children is not None else [token]
    return flat


def _words(one: Token) -> str:
    return one.content or " ".join(str(value) for value in one.attrs.values())

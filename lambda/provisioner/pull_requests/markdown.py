"""Someone else's words inside Markdown, where nothing of them is read as Markdown.

https://github.github.com/gfm/
"""

import re
from collections.abc import Sequence
from typing import Final

from provisioner.core.policy import PolicyResult, passed

# A fence has to be longer than what it holds, and GitHub limits how long a text may be.
_LONG_RUN: Final = re.compile(r"`{20,}")
_CELL_LENGTH: Final = 300
# Controls, the characters that turn a line's direction around, and halves of characters.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# GitHub refuses a comment of more than 65,536 characters; the rest is for fences and what stands around.
_FOLDED_LENGTH: Final = 48_000
_SHA_LENGTH: Final = 12


def quoted(text: str) -> str:
    """Someone else's words in a fence that is longer than any run of backticks in them.

    Nothing inside a fence is read as Markdown, HTML, a mention or a keyword:
    https://github.github.com/gfm/#fenced-code-blocks
    """
    text = _UNSEEN.sub("\ufffd", text.replace("\r\n", "\n"))
    text = _LONG_RUN.sub(lambda run: f"({len(run[0])} backticks)", text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def policy_table(results: Sequence[PolicyResult]) -> str:
    """The policy's verdicts: folded away where all is well, in full view where something is denied."""
    rows = [
        f"| {'✅' if result.passed else '❌'} | {cell(result.rule)} | {cell(result.detail)} |"
        for result in results
    ]
    table = "\n".join(["| | Rule | Finding |", "|---|---|---|", *rows])
    if passed(list(results)):
        count = f"{len(results)} rules" if len(results) > 1 else "1 rule"
        return f"<details><summary>Policy: passed ({count})</summary>\n\n{table}\n\n</details>"
    return f"### Policy: **denied**\n\n{table}"


def cell(text: str) -> str:
    """Text inside a line or a table's cell, as code, where nothing but its words is read.

    No escape keeps a `|` from ending a cell when a backslash comes before it, so that it is exchanged:
    https://github.github.com/gfm/#tables-extension-
    """
    flat = _UNSEEN.sub("\ufffd", re.sub(r"\s+", " ", text)).replace("`", "'").replace("|", "¦").strip()
    short = flat if len(flat) <= _CELL_LENGTH else flat[:_CELL_LENGTH] + "…"
    return f"`{short}`" if short else ""


def folded(summary: str, text: str, *, room: int = _FOLDED_LENGTH) -> str:
    """A long text that opens on a click, cut to `room` characters, the most that a comment holds."""
    cut = text[:room]
    note = "" if cut == text else f"\n\nCut after {room:,} characters; the pipeline has all of it."
    return f"<details><summary>{summary}</summary>\n\n{quoted(cut)}\n\n</details>{note}"


def sha(commit: str) -> str:
    """The first characters of a commit's id."""
    return commit[:_SHA_LENGTH] if re.fullmatch(r"[0-9a-f]{7,64}", commit) else "unknown"


def link(label: str, url: str) -> str:
    """A link that leads to a plain address, or nowhere."""
    plain = re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]{1,500}", url)
    return f"[{label}]({url if plain else '#'})"

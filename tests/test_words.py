"""The field's words: a reader who searches for `automatic`, `reviewer`, `publish` or `release` finds them.

Each private word stands with the one that replaced it. docs/words.md says what the words mean.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).parents[1]

PRIVATE: Final = {
    r"(an? |any |the |one )person('s)?|persons?": "a reviewer, an operator, someone",
    r"somebody('s)?": "someone",
    r"by (itself|themselves)": "automatically",
    r"mend(s|ed|ing)?": "fix",
    r"anew": "again",
    r"tells?|told|telling": "publish, report, say",
    r"hears?|heard|hearing": "receive",
    r"beside": "outside, next to",
    r"of (its|his|her|their|an) own": "separate, dedicated",
    r"let(s|ting)? go": "release",
    r"for want of": "out of",
    r"in words": "",
    r"st(ands?|ood|anding) still": "is stuck, fails",
    r"(is|are|was|were) gone": "was removed",
    r"look(s|ed|ing)? again": "check again",
    r"sweep(s|er|ers|ing)?|swept": "reaper",
    r"for one in|lambda one": "a noun",
}
# Where one of them is the right word: the phrase, and why.
ALLOWED: Final = {
    r"(to )?tell the platform team": "what a caller does with a request id",
    r"told apart|tells? .{1,30} apart": "distinguished",
    r"""["'`.(-]person["'`]?|(?<!\w)person["'`]?(?=[=:,}]| else | or )|(if|name:) person""": (
        "the field of the API: the owner of a personal key"
    ),
    r'"swept"': "a log text that filters use (tests/compatibility/test_names.py)",
}
# Below these, and of these ends, everything is read.
COVERED: Final = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "Makefile",
    "catalog.yaml",
    ".ci",
    ".circleci",
    "docs",
    "sam",
    "terraform",
    "bench",
    "lambda",
    "pipeline",
    "ops",
    "console",
    "sandbox",
    "tests",
    "pyproject.toml",
)
BINARY: Final = {".png", ".gz", ".zip", ".ico", ".woff2", ".webp"}
# This list itself, and what earlier versions wrote.
LEFT_OUT: Final = (":!tests/test_words.py", ":!tests/compatibility/samples")


def texts() -> list[Path]:
    """Every text of the repository that is covered."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *COVERED, *LEFT_OUT],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = [PROJECT / name for name in sorted(listed.split("\0")) if name]
    return [path for path in paths if path.is_file() and path.suffix not in BINARY]


def found(text: str) -> Iterator[str]:
    """Each private word of a text, with its line and what to say instead."""
    text = re.sub(r"\bdef test_\w+", lambda name: name[0].replace("_", " "), text)
    for phrase in ALLOWED:
        text = re.sub(phrase, lambda allowed: re.sub(r"\w", "-", allowed[0]), text, flags=re.IGNORECASE)
    for word, instead in PRIVATE.items():
        for match in re.finditer(rf"(?<![\w-])({word})(?!\w)", text, re.IGNORECASE):
            line = text.count("\n", 0, match.start()) + 1
            context = text[max(0, match.start() - 40) : match.end() + 30].replace("\n", " ")
            yield f"{line}: {match[0]!r} ({instead or 'leave it out'}) in {context!r}"


@pytest.mark.parametrize("path", texts(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_text_uses_the_fields_words(path: Path) -> None:
    assert list(found(path.read_text(encoding="utf-8"))) == []


def test_a_private_word_is_found_and_an_allowed_phrase_is_not() -> None:
    assert list(found("It merges by itself.\nMend the cause; tell the platform team.")) == [
        "1: 'by itself' (automatically) in 'It merges by itself. Mend the cause; ---- --- ---'",
        "2: 'Mend' (fix) in 'It merges by itself. Mend the cause; ---- --- -------- '",
    ]
    assert list(found("mendacious, retold, person_id, besides")) == []

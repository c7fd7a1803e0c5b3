"""CODEOWNERS is read as GitHub reads it: the last match decides; what is not understood is refused."""

import contextlib
import itertools
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core.code_owners import CodeOwners, CodeOwnersError, Owner, Rule

PROD = "terraform/databases/prod/orders/main.tf"
DEV = "terraform/databases/dev/orders/main.tf"

OURS = """
# who reviews what
*                            @acme/platform   # everything
/terraform/databases/dev/
/terraform/databases/staging/ @acme/platform @ann
/terraform/databases/prod/   @acme/data-owners bob@acme.example
"""


def owners(text: str, path: str) -> list[str]:
    return [str(owner) for owner in CodeOwners.parse(text).of(path)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PROD, ["@acme/data-owners", "bob@acme.example"]),
        ("terraform/databases/staging/a/main.tf", ["@acme/platform", "@ann"]),
        (DEV, []),
        ("terraform/databases/devil/a/main.tf", ["@acme/platform"]),
        ("copy/terraform/databases/dev/a/main.tf", ["@acme/platform"]),
        ("README.md", ["@acme/platform"]),
        (".circleci/config.yml", ["@acme/platform"]),
    ],
)
def test_the_last_line_that_matches_decides(path: str, expected: list[str]) -> None:
    assert owners(OURS, path) == expected


# https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
@pytest.mark.parametrize(
    ("pattern", "matched", "not_matched"),
    [
        ("*", ["a", "a/b", ".a/b/c"], []),
        ("*.js", ["a.js", "a/b.js", "a/b.js/c"], ["a.jsx"]),
        ("/build/logs/", ["build/logs/a", "build/logs/a/b"], ["build/logs", "a/build/logs/b"]),
        ("docs/*", ["docs/getting-started.md"], ["docs/build-app/troubleshooting.md", "a/docs/b"]),
        ("apps/", ["apps/a", "b/apps/a", "b/apps/c/a"], ["apps", "apps.js"]),
        ("/docs/", ["docs/a"], ["a/docs/b"]),
        ("/scripts/", ["scripts/a", "scripts/a/b"], ["a/scripts/b"]),
        ("**/logs", ["build/logs", "scripts/logs/a", "deeply/nested/logs/a", "logs"], ["logs.txt"]),
        ("/apps/github", ["apps/github/a", "apps/github"], ["apps/githubber", "a/apps/github"]),
        ("/a/**/b", ["a/b", "a/x/b", "a/x/y/b", "a/b/c"], ["a/bb", "x/a/b"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]),
        ("/*", ["a"], ["a/b"]),
        ("/a?c", ["abc"], ["a/c", "abbc"]),
        ("a.b", ["a.b", "x/a.b"], ["axb"]),
    ],
)
def test_a_pattern_matches_what_github_says(pattern: str, matched: list[str], not_matched: list[str]) -> None:
    rule = Rule(pattern, ())

    assert [path for path in matched if not rule.matches(path)] == []
    assert [path for path in not_matched if rule.matches(path)] == []


SEGMENTS = ("a", "b", "ab", "a.b", "*", "a*", "*b", "?", "**")
PATHS = [
    "/".join(parts)
    for first in ("a", "b", "ab", "a.b")
    for parts in ([first], [first, "a"], [first, "b", "a"], [first, "ab", "b", "a.b"])
]
PATTERNS = [
    before + "/".join(parts) + after
    for length in (1, 2, 3)
    for parts in itertools.product(SEGMENTS, repeat=length)
    for before in ("", "/")
    for after in ("", "/")
    if length < 3 or set(parts) <= {"a", "b", "*", "**"}
]


def test_every_other_pattern_matches_as_gits_own_do(tmp_path: Path) -> None:
    """git's `check-ignore` is the oracle; a pattern's last `*` and `**` are where GitHub differs."""
    compared = [pattern for pattern in PATTERNS if not pattern.rstrip("/").endswith(("/*", "**"))]
    (tmp_path / ".gitignore").write_text("")
    for number, pattern in enumerate(compared):
        place = tmp_path / f"p{number}"
        place.mkdir()
        (place / ".gitignore").write_text(f"{pattern}\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True, env=clean)
    asked = [f"p{number}/{path}" for number in range(len(compared)) for path in PATHS]
    ignored = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin"],
        input="\n".join(asked),
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()

    ours = [
        f"p{number}/{path}"
        for number, pattern in enumerate(compared)
        for path in PATHS
        if Rule(pattern, ()).matches(path)
    ]
    assert len(compared) > 400
    assert [compared[int(path[1:].partition("/")[0])] + " " + path for path in set(ours) ^ set(ignored)] == []


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
LINE = st.tuples(st.sampled_from(["*", "/a/", "b/", "/a/b", "*.tf", "a/**"]), st.lists(NAMES, max_size=2))


@given(st.lists(LINE, max_size=6), st.sampled_from(PATHS))
def test_a_later_line_wins_over_every_earlier_one(lines: list[tuple[str, list[str]]], path: str) -> None:
    text = "\n".join(" ".join([pattern, *(f"@{name}" for name in names)]) for pattern, names in lines)
    matching = [names for pattern, names in lines if Rule(pattern, ()).matches(path)]

    assert owners(text, path) == [f"@{name}" for name in (matching[-1] if matching else [])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@ann", Owner("@ann", user="ann")),
        ("@a-b_acme", Owner("@a-b_acme", user="a-b_acme")),
        ("@acme/platform", Owner("@acme/platform", organization="acme", team="platform")),
        ("@acme/data.owners_1", Owner("@acme/data.owners_1", organization="acme", team="data.owners_1")),
        ("bob@acme.example", Owner("bob@acme.example", email="bob@acme.example")),
    ],
)
def test_an_owner_is_a_user_a_team_or_an_address(text: str, expected: Owner) -> None:
    assert Owner.parse(text) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("* ann", "line 2 of CODEOWNERS: 'ann' is not an owner"),
        ("* @", "line 2 of CODEOWNERS: '@' is not an owner"),
        ("* @acme/", "line 2 of CODEOWNERS: '@acme/' is not an owner"),
        ("* @-ann", "line 2 of CODEOWNERS: '@-ann' is not an owner"),
        ("* @acme/a/b", "line 2 of CODEOWNERS: '@acme/a/b' is not an owner"),
        ("!/a @ann", "line 2 of CODEOWNERS: the pattern '!/a' has signs"),
        ("/[ab] @ann", "line 2 of CODEOWNERS: the pattern '/[ab]' has signs"),
        ("/a\\ b @ann", "line 2 of CODEOWNERS: the pattern '/a\\\\' has signs"),
        ("/a#b @ann", "line 2 of CODEOWNERS: the pattern '/a#b' has signs"),
        ("/a**b @ann", "line 2 of CODEOWNERS: the pattern '/a**b' has signs"),
        ("/ @ann", "line 2 of CODEOWNERS: the pattern '/' names no file"),
        ("a//b @ann", "line 2 of CODEOWNERS: the pattern 'a//b' names no file"),
    ],
)
def test_a_line_that_is_not_understood_makes_the_file_unreadable(line: str, message: str) -> None:
    with pytest.raises(CodeOwnersError) as error:
        CodeOwners.parse(f"* @acme/platform\n{line}\n")

    assert str(error.value).startswith(message)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(CodeOwnersError):
        CodeOwners.parse(text).of(PROD)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OURS, ["@acme/platform"]),
        ("* @a\n* @b\n*.tf @c\n", ["@b"]),
        ("/a/ @a\n", []),
        ("* @a\n*\n", []),
        ("", []),
    ],
)
def test_the_owners_of_everything_are_those_of_the_last_star(text: str, expected: list[str]) -> None:
    assert [str(owner) for owner in CodeOwners.parse(text).of_everything] == expected

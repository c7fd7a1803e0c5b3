"""A CODEOWNERS file: who has to approve a change of which file, read as GitHub reads it.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
The last line that matches a file decides, one without owners means nobody. A line that this reader does not
understand makes the whole file unreadable: guessing an owner would be an approval by chance.
"""

import itertools
import re
from dataclasses import dataclass
from typing import Final, Self

# The first of these that there is counts, on the branch that is merged into.
LOCATIONS: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
EVERYTHING: Final = "*"

_LOGIN: Final = r"[A-Za-z0-9](?:[A-Za-z0-9_]|-(?=[A-Za-z0-9_]))*"
_OWNER: Final = re.compile(
    rf"@(?:(?P<organization>{_LOGIN})/(?P<team>[A-Za-z0-9._-]+)|(?P<user>{_LOGIN}))"
    r"|(?P<email>[^@\s]+@[^@\s]+\.[^@\s]+)"
)
# Negation, ranges and escapes: GitHub takes none of them.
_UNKNOWN: Final = re.compile(r"^!|[\[\]\\#]|\*\*[^/]|[^/]\*\*")


class CodeOwnersError(ValueError):
    """A CODEOWNERS file that cannot be read; the message names the line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One owner: a user, a team of an organization, or an e-mail address; the other fields are empty."""

    text: str
    user: str = ""
    organization: str = ""
    team: str = ""
    email: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `@user`, `@organization/team` or an e-mail address. Raises ValueError on anything else."""
        match = _OWNER.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is not an owner: write @user, @organization/team or an e-mail address"
            )
        return cls(text, **{name: found for name, found in match.groupdict().items() if found})

    def __str__(self) -> str:
        """As the file names it."""
        return self.text


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: the owners of the files that a pattern matches."""

    pattern: str
    owners: tuple[Owner, ...]

    def matches(self, path: str) -> bool:
        """Whether the pattern matches a file; `path` starts at the top of the repository, without a slash."""
        return re.fullmatch(_expression(self.pattern), path) is not None


@dataclass(frozen=True, slots=True)
class CodeOwners:
    """Every line of a CODEOWNERS file that says something."""

    rules: tuple[Rule, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a file. Raises CodeOwnersError."""
        rules = []
        for number, line in enumerate(text.splitlines(), start=1):
            words = _words(line)
            if not words:
                continue
            pattern, *names = words
            try:
                _expression(pattern)
                rules.append(Rule(pattern, tuple(Owner.parse(name) for name in names)))
            except ValueError as error:
                raise CodeOwnersError(f"line {number} of CODEOWNERS: {error}") from None
        return cls(tuple(rules))

    def of(self, path: str) -> tuple[Owner, ...]:
        """The owners of a file."""
        return next((rule.owners for rule in reversed(self.rules) if rule.matches(path)), ())

    @property
    def of_everything(self) -> tuple[Owner, ...]:
        """The owners that the last line for `*` names, whatever later lines say of single files."""
        found = (rule.owners for rule in reversed(self.rules) if rule.pattern == EVERYTHING)
        return next(found, ())


def _expression(pattern: str) -> str:
    """The regular expression of a pattern: that of gitignore, but that `docs/*` stays in its directory."""
    if _UNKNOWN.search(pattern):
        raise ValueError(f"the pattern {pattern!r} has signs that are not understood here: use names, *, **")
    inner = pattern.strip("/")
    if not inner or "//" in pattern:
        raise ValueError(f"the pattern {pattern!r} names no file")
    anchored = "/" in pattern.rstrip("/")
    parts = inner.split("/")
    expression = "" if anchored else "(?:.+/)?"
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if part == "**":
            expression += ".+" if last else "(?:.+/)?"
        else:
            expression += "".join(_SIGNS.get(sign) or re.escape(sign) for sign in part)
            expression += "" if last else "/"
    if pattern.endswith("/"):
        return f"{expression}/.+"
    return expression if pattern.endswith(("/*", "/**")) else f"{expression}(?:/.+)?"


def _words(line: str) -> list[str]:
    """The words of a line before its comment."""
    return list(itertools.takewhile(lambda word: not word.startswith("#"), line.split()))


_SIGNS: Final = {"*": "[^/]*", "?": "[^/]"}

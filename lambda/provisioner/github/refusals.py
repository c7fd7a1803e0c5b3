"""What GitHub's refusals mean: judged by status and message, and by what it granted a moment before.

GitHub's answers come from replicas that lag behind each other: a branch just made is not found, a commit just
made is none, a token just bought opens nothing. Such an answer contradicts one that came before it, so that
it may pass; any other refusal stays until someone acts. Seen in the wild: octokit/octokit.rb #622,
mislav/hub #1518, everypolitician/everypolitician #249 (refs), octokit/auth-app.js #589 (tokens).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioner.core.errors import MayPass, NeedsPerson

# What a token has to open for the provisioner to work: docs/deploy.md, step 1.
NEEDED: Final[Mapping[str, str]] = {"contents": "write", "pull_requests": "write"}
NOT_ACCESSIBLE: Final = "Resource not accessible by integration"

_PERMISSIONS: Final = (
    "give the App read and write permission for contents and pull requests, accept it for the installation, "
    "then retry"
)
# (statuses, GitHub's words, what to do): these stay whatever came before them.
_FINAL: Final = (
    (
        (403, 422),
        r"archived",
        "unarchive the repository, or deploy with the right one as GitHubRepository, then retry",
    ),
    ((403,), r"suspended", "unsuspend the App's installation (GitHub, Settings, GitHub Apps), then retry"),
    (
        (403,),
        r"SAML|IP allow list",
        "let the App through the organization's SAML or IP allow list, then retry",
    ),
    (
        (403, 409, 422),
        r"rule violation|protected branch|[Cc]hanges must be made|pre-receive",
        "let the App push branches below rds/ in the repository's rules, then retry",
    ),
    ((409,), r"is empty", "push the first commit to the base branch, then retry"),
)
# (status, GitHub's words): these contradict a call that succeeded.
_CONTRADICTION: Final = (
    (404, r""),
    (
        422,
        r"No commits between|does not exist|can't be blank|must be a branch|\b(head|base) (invalid|missing)",
    ),
)
_FIXES: Final = {
    301: "the repository moved: deploy with its new name as GitHubRepository, then retry",
    307: "the repository moved: deploy with its new name as GitHubRepository, then retry",
    401: "check the App's id and that its private key is the one in Secrets Manager, then retry",
    403: _PERMISSIONS,
    404: "check that the repository exists and that the App is installed on it, then retry",
    410: "check that the repository exists and that the App is installed on it, then retry",
    422: "look at GitHub's words and at the repository's rules for branches, then retry",
    451: "ask GitHub's support why the repository is blocked, then retry",
}
_LOOK: Final = "look at GitHub's words, correct the cause, then retry the request"


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of GitHub when an answer came.

    `answered` says that a call of the repository had just succeeded; `granted` is what the token opens, as
    GitHub said when it was bought (None where it did not).
    """

    answered: bool = False
    granted: Mapping[str, str] | None = None

    @property
    def lacking(self) -> list[str]:
        """The permissions that the token does not have, as `name: level`."""
        if self.granted is None:
            return []
        return [f"{name}: {level}" for name, level in NEEDED.items() if self.granted.get(name) != level]


@dataclass(frozen=True, slots=True)
class Answer:
    """GitHub's answer to one call."""

    status: int
    content: Any
    known: Known = field(default_factory=Known)

    @property
    def message(self) -> str:
        """GitHub's own words for an error."""
        if not isinstance(self.content, Mapping):
            return ""
        errors = self.content.get("errors")
        details = [_words(error) for error in (errors if isinstance(errors, list) else [])]
        return "; ".join(part for part in [str(self.content.get("message") or ""), *details] if part)


def check(answer: Answer, expected: int | tuple[int, ...], doing: str) -> None:
    """Let the expected statuses pass; raises MayPass or NeedsPerson for any other."""
    wanted = expected if isinstance(expected, tuple) else (expected,)
    if answer.status not in wanted:
        raise refusal(answer, doing)


def refusal(answer: Answer, doing: str) -> NeedsPerson:
    """The error that an answer stands for; MayPass where it contradicts what came before it."""
    cause = f"GitHub answered {answer.status}: {answer.message}"
    for statuses, words, fix in _FINAL:
        if answer.status in statuses and re.search(words, answer.message):
            return NeedsPerson(doing, cause, fix)
    if answer.status == 403 and answer.message.startswith(NOT_ACCESSIBLE):
        if lacking := answer.known.lacking:
            return NeedsPerson(doing, f"{cause}; the App lacks {', '.join(lacking)}", _PERMISSIONS)
        return MayPass(doing, cause, _PERMISSIONS)
    fix = _FIXES.get(answer.status, _LOOK)
    if answer.known.answered and _contradicts(answer):
        return MayPass(doing, cause, fix)
    return NeedsPerson(doing, cause, fix)


def _contradicts(answer: Answer) -> bool:
    return any(
        answer.status == status and re.search(words, answer.message) for status, words in _CONTRADICTION
    )


def _words(error: Any) -> str:
    """One of the errors that GitHub lists, in its words, or as field and code."""
    if not isinstance(error, Mapping):
        return str(error)
    if error.get("message"):
        return str(error["message"])
    return " ".join(str(error[name]) for name in ("field", "code") if error.get(name))

"""What can go wrong, split by what the caller should do about it.

ProvisionerError
├── Problem             the request has to change: answered as an RFC 9457 problem document
├── TryLater            nothing is wrong with the request: the same call works later
│   ├── RateLimited     ... and GitHub said when
│   └── Contention      ... because others kept changing the same rows of the ledger
└── NeedsPerson         neither another request nor time helps: an operator has to act
    └── MayPass         ... unless a few more tries show that it passes
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class ProvisionerError(Exception):
    """The root of the tree; never raised itself."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: a JSON pointer (RFC 6901) into the body, and what to change.

    `given` is what was sent, where a line can show it; `allowed` the choices that there are, or a text that
    says what is taken; `suggestion` what may have been meant. `parameter` names a parameter behind the path's
    `?`, whose pointer is empty.
    """

    pointer: str
    detail: str
    given: str | int | float | bool | None = None
    allowed: Sequence[str] | str | None = None
    suggestion: str | None = None
    parameter: str | None = None


class Problem(ProvisionerError):
    """An answer that says to the caller what to change; `status` is the HTTP status."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        slug: str,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.slug = slug
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.extra = dict(extra or {})


class TryLater(ProvisionerError):
    """A passing fault; `doing` says what was being done, `retry_after` is in seconds where known."""

    def __init__(self, doing: str, reason: str, retry_after: float | None = None) -> None:
        super().__init__(f"{doing}: {reason}")
        self.doing = doing
        self.reason = reason
        self.retry_after = retry_after


class RateLimited(TryLater):
    """A service asked to be left alone for `retry_after` seconds."""


class Contention(TryLater):
    """Others kept changing the same rows; the same call works in a moment."""

    def __init__(self, doing: str) -> None:
        super().__init__(doing, "others kept changing the same rows")


class NeedsPerson(ProvisionerError):
    """A fault that stays until an operator fixes it; `fix` says how."""

    def __init__(self, doing: str, cause: str, fix: str) -> None:
        super().__init__(f"{doing}: {cause}; {fix}")
        self.doing = doing
        self.cause = cause
        self.fix = fix


class MayPass(NeedsPerson):
    """A refusal that contradicts what came before it: worth a few tries before an operator is asked."""

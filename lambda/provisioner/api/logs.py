"""① `GET /requests/{id}/log`: what the pipeline said of this request, and of no other.

One object for each try of a plan or an apply (pipeline/logs.py). Whoever may push a branch may write logs of
plans: so what is read is bounded, and holds nothing that a terminal or a browser would follow.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from provisioner.api.query import Given, together
from provisioner.core.errors import Problem
from provisioner.core.events import Step
from provisioner.core.models import Request

STEPS: Final = ("apply", "plan")  # that of the later step first
PARAMETERS: Final = ("step", "attempt", "offset")
LONGEST: Final = 512 * 1024  # bytes; the pipeline keeps half as many
MOST_ATTEMPTS: Final = 999
_MOST_OFFSET: Final = 10**9
_NAME: Final = re.compile(r"[0-9A-Za-z.-]{1,80}\.txt")
# Everything that is no text: a terminal would follow it.
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NOT_READABLE: Final = (
    "Logs cannot be read here: {reason}. An operator applies the foundation, then deploys the stack with its "
    "bucket as StateBucket (docs/upgrade.md)."
)


class NotReadable(Exception):
    """A step of an upgrade or of the deployment is missing."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One log as the bucket lists it."""

    key: str
    written_at: dt.datetime
    size: int
    etag: str


class Store(Protocol):
    """Where logs are."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """The objects below a prefix; raises NotReadable."""

    def read(self, key: str, offset: int) -> bytes:
        """At most LONGEST bytes of an object from an offset before its end; raises NotReadable."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """A log from an offset on, and where the next call goes on."""

    text: str
    step: str
    attempt: int
    attempts: int
    etag: str
    next_offset: int

    def headers(self) -> dict[str, str]:
        """What a caller needs to know which log this is, and to go on."""
        return {
            "ETag": self.etag,
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
            "X-Log-Step": self.step,
            "X-Log-Attempt": str(self.attempt),
            "X-Log-Attempts": str(self.attempts),
            "X-Log-Next-Offset": str(self.next_offset),
        }


def log_page(request: Request, given: Given, store: Store) -> LogPage:
    """The newest try of its latest step, or the one that is asked for; raises Problem (400, 404, 503)."""
    with together(given, *PARAMETERS) as query:
        chosen = query.filters(step=STEPS).get("step")
        attempt = query.number("attempt", most=MOST_ATTEMPTS)
        offset = query.number("offset", most=_MOST_OFFSET)
    try:
        for step in (chosen,) if chosen else STEPS:
            if tries := _tries(request, step, store):
                return _page(step, tries, attempt, offset, store)
    except NotReadable as reason:
        detail = _NOT_READABLE.format(reason=reason)
        raise Problem(503, "Logs cannot be read", detail, slug="no-logs") from reason
    raise _none_yet(request, chosen)


def _tries(request: Request, step: str, store: Store) -> list[Stored]:
    """The logs of a step, oldest first; what is not named like one is none."""
    prefix = f"logs/{step}/{request.place}/{request.id}/"
    found = [stored for stored in store.list(prefix) if _NAME.fullmatch(stored.key.removeprefix(prefix))]
    # A name could say any time; when it was written is the bucket's word.
    return sorted(found, key=lambda stored: (stored.written_at, stored.key))


def _page(step: str, tries: Sequence[Stored], attempt: int, offset: int, store: Store) -> LogPage:
    number = attempt or len(tries)
    if number > len(tries):
        raise Problem(
            404,
            "There is no such attempt",
            f"The {step} has {len(tries)} so far; leave attempt out for the newest.",
            slug="no-log",
        )
    stored = tries[number - 1]
    # A log whose middle was left out meanwhile may be shorter than it was.
    begin = offset if offset <= stored.size else 0
    content = store.read(stored.key, begin) if begin < stored.size else b""
    end = begin + len(content)
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", content.decode("utf-8", "replace").replace("\r\n", "\n"))
    if end < stored.size:
        text += f"\n[{stored.size - end} bytes follow; read on with offset={end}]\n"
    etag = f'"{stored.etag.strip(chr(34))}-{begin}"'
    return LogPage(text, step, number, len(tries), etag, end)


def _none_yet(request: Request, chosen: str | None) -> Problem:
    ended = request.progress.step is Step.END
    detail = f"No log of {'its ' + chosen if chosen else 'this request'} was kept: " + (
        "it ended before the pipeline began, or the pipeline was older than the logs, or they are older "
        "than a year."
        if ended
        else "the pipeline keeps one as soon as it begins. Ask again in a moment."
    )
    return Problem(404, "There is no log yet", detail, slug="no-log", retry_after=None if ended else 5)

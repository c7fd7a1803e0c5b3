"""Each database's output is apart: one object in the state bucket for each try of a plan or an apply.

`logs/<step>/<environment>/<name>/<request id>/<time>-<job>.txt`, which `GET /requests/{id}/log` shows to the
request's team. A try writes its own object only: where there is none, then over what it wrote itself. Nothing
that goes wrong here stops an apply.
"""

import datetime as dt
import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core.names import Place

from pipeline.redaction import shown

Step = Literal["plan", "apply"]
# In bytes: a create of 40 minutes says some 30,000. Of a longer log its begin and its end are kept.
FIRST: Final = 64 * 1024
LAST: Final = 192 * 1024
LONGEST_LINE: Final = 4_000  # characters
_TAKEN: Final = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_DENIED: Final = {"AccessDenied", "403"}
MISSING_STEP: Final = (
    "the {step} role may not write logs/ in the state bucket: apply the foundation first (docs/upgrade.md)"
)


class Text:
    """A text that grows line by line and is bounded: its begin and its end, and how much lies between."""

    def __init__(self, first: int = FIRST, last: int = LAST) -> None:
        self._room, self._last = first, last
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self.left_out = 0

    def add(self, text: str) -> None:
        """Add a text of any number of lines."""
        for line in text.splitlines() or [""]:
            self._add(_short(line))

    def _add(self, line: str) -> None:
        size = _size(line)
        if not self._tail and size <= self._room:
            self._room -= size
            self._head.append(line)
            return
        self._tail.append(line)
        self._tail_size += size
        while self._tail_size > self._last:
            self._tail_size -= _size(self._tail.popleft())
            self.left_out += 1

    def __str__(self) -> str:
        """All of it, with a line that says what is left out."""
        note = (
            [f"[{self.left_out} lines are left out here; the job's page has them]"] if self.left_out else []
        )
        return "".join(f"{line}\n" for line in (*self._head, *note, *self._tail))


@dataclass(slots=True)
class Log:
    """The log of one try. `trouble` says why it is not kept, where it is not."""

    client: Any
    bucket: str
    step: Step
    place: Place
    name: str
    trouble: str = ""
    _text: Text = field(default_factory=Text)
    _key: str = ""
    _tag: str | None = None
    _tried: set[str] = field(default_factory=set)  # the tags of all that was sent, answered or not
    _changed: bool = False
    _closed: bool = False
    _guard: Any = field(default_factory=threading.RLock)

    def add(self, text: str) -> None:
        """Add what was said."""
        with self._guard:
            self._text.add(text)
            self._changed = True

    def belongs_to(self, request_id: str) -> None:
        """From here on it is kept, for the team of this request."""
        with self._guard:
            self._key = self._key or f"logs/{self.step}/{self.place}/{request_id}/{self.name}.txt"

    def flush(self) -> None:
        """Write what was added since; where that fails, the next time writes it too."""
        with self._guard:
            if not self._key or not self._changed or self._closed:
                return
            try:
                if not self._is_written() and not (self._is_mine() and self._is_written()):
                    self._closed, self.trouble = (
                        True,
                        f"its log was not written: {self._key} is another one's",
                    )
            except ClientError as error:
                denied = str(error.response["Error"]["Code"]) in _DENIED
                self._closed = denied
                missing = MISSING_STEP.format(step=self.step)
                self.trouble = missing if denied else f"its log was not written: {error}"
            except BotoCoreError as error:
                self.trouble = f"its log was not written: {error}"

    def _is_written(self) -> bool:
        """Write it; False where the object is not as this try left it."""
        body = shown(str(self._text), os.environ).encode("utf-8", "replace")
        condition = {"IfMatch": self._tag} if self._tag else {"IfNoneMatch": "*"}
        self._tried.add(_tag(body))
        try:
            answer = self.client.put_object(
                Bucket=self.bucket,
                Key=self._key,
                Body=body,
                ContentType="text/plain; charset=utf-8",
                **condition,
            )
        except ClientError as error:
            if str(error.response["Error"]["Code"]) not in _TAKEN:
                raise
            return False
        self._tag, self._changed, self.trouble = str(answer["ETag"]), False, ""
        return True

    def _is_mine(self) -> bool:
        """Whether what is there was written by this try, whose answer was lost."""
        there = str(self.client.get_object(Bucket=self.bucket, Key=self._key)["ETag"])
        if there not in self._tried:
            return False
        self._tag = there
        return True


@dataclass(frozen=True, slots=True)
class Logs:
    """Where the logs of a job's roots are kept; `job` is unlike that of any other job."""

    client: Any
    bucket: str
    step: Step
    clock: Callable[[], dt.datetime]
    job: str

    def begin(self, place: Place) -> Log:
        """The log of one try, which is kept as soon as it is known to which request it belongs."""
        name = f"{self.clock():%Y%m%dT%H%M%S.%fZ}-{self.job}"
        return Log(self.client, self.bucket, self.step, place, name)


def _short(line: str) -> str:
    rest = len(line) - LONGEST_LINE
    return line if rest <= 0 else f"{line[:LONGEST_LINE]} [{rest} more characters]"


def _tag(body: bytes) -> str:
    """The ETag that S3 gives to an object under its own keys, in one part: the MD5 of its content."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _size(line: str) -> int:
    return len(line.encode("utf-8", "replace")) + 1

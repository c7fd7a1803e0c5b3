"""Writes of an agent: the first call is a dry run, and its confirmation alone makes the same call write."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from rdsctl.client import Client
from rdsctl.failures import Exit, Failure

MOST: Final = 100  # confirmations that are kept; the oldest is forgotten first


@dataclass(frozen=True, slots=True)
class Write:
    """One call that writes."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str | None] = field(default_factory=dict)


@dataclass
class Trials:
    """The writes that were tried and may be carried out. `client` makes one call's client of its key."""

    client: Callable[[str], Client]
    _tried: dict[str, Write] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, wanted: Write, confirmation: str) -> dict[str, Any]:
        """Try it, and answer with what would happen and a confirmation; or carry out what this confirms.

        The confirmation is the call's Idempotency-Key: the same call again is the same request.
        """
        if not confirmation:
            return self._try(wanted)
        if self._tried.get(confirmation) != wanted:
            raise Failure(
                "This confirmation belongs to another call, or to none of this session.",
                Exit.USAGE,
                hints=["call it without a confirmation first, and show what it answers to the user"],
            )
        api = self.client(confirmation)
        found = api.call(wanted.method, wanted.path, wanted.body, query=wanted.query).document
        return {"written": True, "answer": found}

    def _try(self, wanted: Write) -> dict[str, Any]:
        query = {**wanted.query, "dry_run": "true"}
        found = self.client(str(uuid4())).call(wanted.method, wanted.path, wanted.body, query=query).document
        if "policy" in found and not (found["policy"]["passed"] and found["fits_quota"]):
            return {"written": False, "refused": True, "would": found}
        confirmation = str(uuid4())
        with self._lock:
            self._tried[confirmation] = wanted
            for oldest in list(self._tried)[:-MOST]:
                del self._tried[oldest]
        return {
            "written": False,
            "would": found,
            "confirmation": confirmation,
            "next": "Show this to the user. If they agree, make the same call with this confirmation.",
        }

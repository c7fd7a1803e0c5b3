"""An Idempotency-Key: all tries of one call are one change, and another call may not take the same key.

See https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any


def fingerprint(content: Any) -> str:
    """What makes two calls the same one: equal for equal JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a call, and what the call is."""

    text: str
    fingerprint: str

    @classmethod
    def of_call(cls, text: str | None, method: str, path: str, content: Any = None) -> "Key | None":
        """The key of a call of this path with this content; None where it has none."""
        return cls(text, fingerprint([method, path, content])) if text else None

    @property
    def pair(self) -> tuple[str, str]:
        """As the ledger keeps it."""
        return self.text, self.fingerprint

"""What is said of one root, apart from what is said of the others that are applied at the same time.

Each thread says its lines under the name of its root; whatever is said outside one goes out as it is.
"""

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar

_name: ContextVar[str] = ContextVar("name", default="")
_lock = threading.Lock()


def say(text: str = "") -> None:
    """Print a text, each line after the name of the root that it is about."""
    name = _name.get()
    lines = text.splitlines() or [""]
    with _lock:
        print("\n".join(f"{name}{line}".rstrip() for line in lines), flush=True)


@contextlib.contextmanager
def about(name: str) -> Iterator[None]:
    """Everything that this thread says meanwhile is about this root."""
    token = _name.set(f"{name}  ")
    try:
        yield
    finally:
        _name.reset(token)

"""What is said of one root, apart from what is said of the others that are applied at the same time.

Each thread says its lines under the name of its root; whatever is said outside one goes out as it is. What is
said under a name goes into its log too, where it has one.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from pipeline.redaction import shown

_name: ContextVar[str] = ContextVar("name", default="")
_also: ContextVar[Callable[[str], None] | None] = ContextVar("also", default=None)
_lock = threading.Lock()


def say(text: str = "") -> None:
    """Print a text, each line after the name of the root that it is about, and keep it in the root's log."""
    name, also = _name.get(), _also.get()
    text = shown(text, os.environ)
    lines = text.splitlines() or [""]
    with _lock:
        print("\n".join(f"{name}{line}".rstrip() for line in lines), flush=True)
    if also:
        also(text)


@contextlib.contextmanager
def about(name: str, also: Callable[[str], None] | None = None) -> Iterator[None]:
    """Everything that this thread says meanwhile is about this root; `also` takes it for the root's log."""
    tokens = _name.set(f"{name}  " if name else ""), _also.set(also)
    try:
        yield
    finally:
        _name.reset(tokens[0])
        _also.reset(tokens[1])

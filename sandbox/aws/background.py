"""Work that goes on after the answer to a call."""

import contextvars
import threading
from collections.abc import Callable


def in_background(work: Callable[..., None], *arguments: object, **options: object) -> None:
    """Run in a thread that keeps the request's account and region, which MiniStack holds in context."""
    context = contextvars.copy_context()
    threading.Thread(target=lambda: context.run(work, *arguments, **options), daemon=True).start()

"""What people read, kept as files next to the tests; `UPDATE_GOLDEN=1 pytest ...` writes them again."""

import os
from pathlib import Path

_GOLDEN = Path(__file__).parent / "golden"


def assert_golden(name: str, text: str) -> None:
    """The text is what stands in tests/golden/<name>."""
    path = _GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} says otherwise; UPDATE_GOLDEN=1 writes it again"

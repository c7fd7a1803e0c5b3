"""The names that a shell completes: kept by the commands that read them, so that Tab seldom asks a server."""

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

KINDS: Final = ("databases", "requests", "environments", "engines", "sizes")
MOST: Final = 2000  # of a kind; more completes nothing that someone would read
_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9/-]*")


def directory(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of what may be lost at any time."""
    if sys.platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / "rdsctl"
    given = environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if Path(given).is_absolute() else Path.home() / ".cache") / "rdsctl"


def file(url: str, profile: str | None) -> Path:
    """The file of one API and profile: two teams' names never meet."""
    digest = hashlib.sha256(f"{url.rstrip('/')}\0{profile or ''}".encode()).hexdigest()
    return directory() / f"names-{digest[:16]}.json"


def known(path: Path, kind: str) -> list[str] | None:
    """What was kept of a kind, in its order; None where nothing was."""
    found = _read(path).get(kind)
    if not isinstance(found, list):
        return None
    return [name for name in found if isinstance(name, str) and _PLAIN.fullmatch(name)]


def keep(path: Path, kind: str, names: Iterable[str], *, whole: bool = True) -> None:
    """Keep what there is of a kind; without `whole` it is added to what was kept. A cache that cannot be
    written is none."""
    held = _read(path)
    before = known(path, kind) or []
    after = list(dict.fromkeys([*names, *([] if whole else before)]))[:MOST]
    if after == held.get(kind):
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
            json.dump({**held, kind: after}, opened)
        partial.replace(path)


def forget(path: Path) -> None:
    """Lose the names of an API and profile."""
    with contextlib.suppress(OSError):
        path.unlink()


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

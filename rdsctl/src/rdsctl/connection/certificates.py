"""The roots of a database's certificate: the API's, else those of RDS that came along."""

import hashlib
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from rdsctl.failures import Exit, Failure
from rdsctl.session import Session

SHIPPED = Path(str(files("rdsctl") / "rds_roots.crt"))


def roots(session: Session) -> Path:
    """A file with the roots; the API's is kept, and asked for again only where it has changed."""
    kept = directory() / f"{hashlib.sha256(session.api.url.encode()).hexdigest()[:16]}.pem"
    tag = kept.with_suffix(".etag")
    known = tag.read_text(encoding="utf-8") if kept.exists() and tag.exists() else None
    try:
        answer = session.api.text("/certificates.pem", known)
    except Failure as failure:
        if failure.code is Exit.NOT_FOUND:
            return SHIPPED  # an API of before
        raise
    if answer.status == 304:
        return kept
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_text(answer.text, encoding="ascii")
    partial.replace(kept)
    tag.write_text(answer.headers.get("etag", ""), encoding="utf-8")
    return kept


def directory(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder for what can be fetched again."""
    given = environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if Path(given).is_absolute() else Path.home() / ".cache") / "rdsctl"

"""① The console: the files of `console/`, for browsers. Its pages call the API with a team's key.

Neither boto3 nor Powertools is loaded: a page waits for this function's start. API Gateway compresses the
answers, and writes the access log.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Trusted Types leave one way to write markup: the rendering library's, which takes no text of users
# (https://developer.mozilla.org/en-US/docs/Web/API/Trusted_Types_API).
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types lit-html"
)
HEADERS: Final = {
    "Cache-Control": "no-cache",  # kept, and asked for again with its ETag: a deployment is seen at once
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file, with what a browser compares it by; weak, because API Gateway compresses it."""

    text: str
    kind: str
    etag: str


def read(directory: Path) -> dict[str, File]:
    """Every file that a browser may ask for, by its path below the console."""
    files = {}
    for path in sorted(directory.rglob("*")):
        if path.suffix in TYPES and path.is_file():
            text = path.read_text(encoding="utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()[:20]
            files[path.relative_to(directory).as_posix()] = File(text, TYPES[path.suffix], f'W/"{digest}"')
    return files


FILES: Final = read(Path(__file__).parents[2] / "console")


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """The Lambda function."""
    name = (event.get("pathParameters") or {}).get("proxy") or "index.html"
    # Links are relative, since a stage may stand before them: the page's address has to end in a slash.
    if name == "index.html" and not event["path"].endswith("/"):
        where = "console/" if event["path"].endswith("/console") else "./"
        return answer(308, "", Location=where)
    file = FILES.get(name)
    if file is None:
        return answer(404, "The console has no such file.\n", **{"Content-Type": "text/plain; charset=utf-8"})
    if file.etag in asked_for(event):
        return answer(304, "", ETag=file.etag)
    return answer(200, file.text, **{"Content-Type": file.kind, "ETag": file.etag})


def asked_for(event: dict[str, Any]) -> list[str]:
    """The ETags that the browser has."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return [etag.strip() for etag in (headers.get("if-none-match") or "").split(",")]


def answer(status: int, body: str, **headers: str) -> dict[str, Any]:
    """An answer as API Gateway takes it."""
    return {"statusCode": status, "headers": HEADERS | headers, "body": body}

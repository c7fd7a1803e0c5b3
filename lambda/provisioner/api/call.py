"""① Reads a call: its body, its headers, and the ids in its path; raises Problem for what cannot be used."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from provisioner.api.query import Given, together
from provisioner.core.errors import Problem
from provisioner.core.names import Place
from provisioner.core.shown import shown
from provisioner.intake.bodies import MAX_TEXT, parse_reason
from provisioner.intake.refusals import not_found

MAX_BODY: Final = 32_768
_KEY: Final = re.compile(r'"?([\x21\x23-\x7e]{1,128})"?')
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 @._+/-]{0,63}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGITS: Final = 18
_JSON: Final = ("application/json", "application/merge-patch+json")


def check_content_type(value: str | None) -> None:
    """Raises Problem (415) for a body that does not say it is JSON."""
    kind = (value or "").partition(";")[0].strip().lower()
    if kind not in _JSON:
        raise Problem(
            415,
            "The body has to be JSON",
            f"Send the header Content-Type: application/json (it was {kind or 'missing'}).",
            slug="not-json",
        )


def body(content_type: str | None, read: Callable[[], str | None]) -> Any:
    """The content of a call's body, which `read` decodes; raises Problem (415, 413, 400)."""
    check_content_type(content_type)
    try:
        text = read() or ""
    except ValueError as error:
        raise malformed("the body is neither text in UTF-8 nor its Base64") from error
    return parse_body(text)


def parse_body(text: str) -> Any:
    """The content of a body; raises Problem (413, 400)."""
    if len(text) > MAX_BODY:
        raise Problem(413, "The body is too long", f"Send at most {MAX_BODY} characters.", slug="too-long")
    try:
        return json.loads(
            text.removeprefix("\ufeff"),
            parse_int=_number,
            parse_constant=_no_constant,
            object_pairs_hook=_no_duplicates,
        )
    except json.JSONDecodeError as error:
        reason = f"{error.msg} in line {error.lineno}, column {error.colno}"
        raise malformed(reason[:1].lower() + reason[1:]) from error
    except RecursionError as error:
        raise malformed("it is nested too deeply") from error
    except ValueError as error:
        raise malformed(str(error)) from error


def asked(given: Given) -> tuple[bool, str]:
    """Whether a write without a body is a trial, and why it is asked for; raises Problem (400)."""
    with together(given, "dry_run", "reason") as query:
        dry_run, reason = query.flag("dry_run"), query.text("reason", longest=MAX_TEXT)
    return dry_run, parse_reason(reason)


def malformed(reason: str) -> Problem:
    """A body that is not JSON, or not even text."""
    return Problem(400, "The body is not JSON", f"Correct the JSON: {reason}.", slug="malformed-json")


def parse_idempotency_key(value: str | None) -> str | None:
    """The key in the header, without its quotes; raises Problem (400) for one that cannot be kept."""
    if value is None:
        return None
    match = _KEY.fullmatch(value)
    if not match:
        raise Problem(
            400,
            "The Idempotency-Key is not valid",
            "Send 1 to 128 printable characters without spaces or quotes, for example a UUID.",
            slug="bad-idempotency-key",
        )
    return match[1]


def parse_claimed_by(value: str | None) -> str | None:
    """A name that a call merely sends in X-Claimed-By; raises Problem (400) for one that cannot be kept."""
    if not value:
        return None
    if not _NAME.fullmatch(value):
        raise Problem(
            400,
            "X-Claimed-By is not valid",
            "Send 1 to 64 letters, digits, spaces and @._+/-, a letter or a digit first; or leave it out.",
            slug="bad-claimed-by",
        )
    return value


def parse_request_id(text: str) -> str:
    """The id in a path; what is none is not found."""
    if not _UUID.fullmatch(text):
        raise not_found(f"request {shown(text)}")
    return text


def _number(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number has {len(digits)} characters; no field takes more than {_DIGITS}")
    return int(digits)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("it has a field twice")
    return content


def place(environment: str, database_name: str) -> Place:
    """The database in a path; what names none is not found."""
    found = Place.parse(f"{environment}/{database_name}")
    if found is None:
        raise not_found("database of this name")
    return found

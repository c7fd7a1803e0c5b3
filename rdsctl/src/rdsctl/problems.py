"""The API's problem documents (RFC 9457) as failures: which exit status, and which sentence."""

from typing import Any, Final

from rdsctl.failures import Exit, Failure

_BY_STATUS: Final = {
    400: Exit.USAGE,
    401: Exit.KEY,
    403: Exit.KEY,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    413: Exit.USAGE,
    415: Exit.USAGE,
    422: Exit.USAGE,
}
_REFUSED: Final = ("quota", "quota-exceeded", "policy", "no-price")
_FLAGS: Final = {
    "/database_engine": "--engine",
    "/database_name": "the name",
    "/engine_version": "--engine-version",
    "/environment": "the environment",
    "/high_availability": "--ha",
    "/owner": "--owner",
    "/purpose": "--purpose",
    "/reason": "--reason",
    "/size": "--size",
    "/storage_gb": "--storage",
    "/tags": "--tag",
    "/ttl": "--ttl",
}


def slug_of(document: Any) -> str:
    """The last word of a problem's type; empty where the answer is no problem document."""
    kind = document.get("type") if isinstance(document, dict) else None
    return str(kind or "").rpartition(":")[2]


def failure_of(status: int, document: Any) -> Failure:
    """What an answer of 400 and above ends the command with."""
    problem = document if isinstance(document, dict) else {}
    slug = slug_of(problem)
    code = Exit.REFUSED if slug in _REFUSED else _BY_STATUS.get(status, Exit.FAILED)
    errors = problem.get("errors") or []
    title, detail = str(problem.get("title") or ""), str(problem.get("detail") or "")
    if not title:
        return Failure(f"The API answered {status} without saying why.", code, hints=_call_id(problem))
    if code is Exit.USAGE and errors:
        first, *others = [_line(error) for error in errors]
        return Failure(first, code, hints=others, problem=problem)
    hints = [_line(error) for error in errors] + _ways_on(slug, problem)
    if status >= 500:
        hints += _call_id(problem)
    return Failure(f"{title}: {detail}" if detail else title, code, hints=hints, problem=problem)


def _line(error: dict[str, Any]) -> str:
    if error.get("parameter"):
        return str(error.get("detail"))
    pointer = str(error.get("pointer", ""))
    for known, flag in _FLAGS.items():
        if pointer == known or pointer.startswith(f"{known}/"):
            rest = pointer.removeprefix(known).lstrip("/")
            return f"{flag}{f' {rest}' if rest else ''}: {error.get('detail')}"
    return f"{pointer.lstrip('/') or 'the body'}: {error.get('detail')}"


def _ways_on(slug: str, problem: dict[str, Any]) -> list[str]:
    request = str(problem.get("request") or "").rpartition("/")[2][:8]
    if slug == "key-expired":
        return ["rdsctl login with a new one, from whoever looks after the API"]
    if slug in ("no-key", "no-team"):
        return ["rdsctl login, or set RDSCTL_API_KEY"]
    if slug == "quota":
        return ["to free one: rdsctl ls        to have more: the catalog's owners"]
    if slug in ("under-way", "too-late") and request:
        return [f"rdsctl wait {request}"]
    return [f"rdsctl get {request}"] if request else []


def _call_id(problem: dict[str, Any]) -> list[str]:
    given = problem.get("request_id")
    return [f"tell the platform team this call's id: {given}"] if given else []

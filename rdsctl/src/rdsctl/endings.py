"""How a wait ends, in sentences: ready, failed with cause and fix, refused, or still under way."""

import datetime as dt
from typing import Any, Final

from rdsctl import previews, screens, times, watching, words
from rdsctl.failures import Exit
from rdsctl.looks import Looks
from rdsctl.waiting import Waited

_DONE: Final = {
    "create": "is ready",
    "update": "is changed",
    "extend": "is extended",
    "disarm": "is no longer protected",
    "remove": "is removed",
}
_NOT_DONE: Final = {
    "create": "was not made",
    "update": "was not changed",
    "extend": "was not extended",
    "disarm": "is still protected",
    "remove": "was not removed",
}


def text(
    waited: Waited, goal: str, present: dt.datetime, looks: Looks, users: str = "", *, away: str | None = None
) -> str:
    """What people read at the end of a wait.

    Of a database that was made, `users` names those who can log in, and `away` says why nothing answers at
    its address from here; empty where something does, None where nobody tried.
    """
    request = waited.document
    place, short = words.place(request), request["id"][:8]
    match waited.code:
        case Exit.OK if request["state"] == "done":
            return _done(request, place, present, looks, users, away)
        case Exit.OK:
            return f"{looks.mark('✓')} {place} is {goal}\n"
        case Exit.PENDING:
            return _pending(request, place, short, present, looks)
        case Exit.REFUSED:
            return _refused(request, place, looks)
        case _:
            return _failed(request, place, short, present, looks)


def asked(request: dict[str, Any], looks: Looks, *, replayed: bool = False) -> str:
    """What people read after a request that is not waited for."""
    link = request["links"].get("pull_request")
    steps = ", step 1 of 2" if request["kind"] == "disarm" else ""
    again = "asked before" if replayed else "asked"
    line = f"{again}{steps}: request {request['id'][:8]}, {request['kind']} {words.place(request)}"
    both = " follows both" if request["kind"] == "disarm" else ""
    way_on = f"   rdsctl wait {request['id'][:8]}{both}"
    lines = [f"{looks.mark('✓')} {line}{f'   {link}' if link else ''}{way_on}"]
    if request.get("removal"):
        lines.append(screens.label("kept", previews.kept(request["removal"], times.now()), 8))
    return looks.plain("\n".join(lines)) + "\n"


def _pending(request: dict[str, Any], place: str, short: str, present: dt.datetime, looks: Looks) -> str:
    step = words.step(request["step"])
    took = times.span((present - times.parse(request["created_at"])).total_seconds())
    waits = words.waits_for(request).rstrip(".")
    ready = watching.ready_about(request, present)
    said = f"{waits}; {ready}" if ready else waits
    line = f"{looks.mark('⧖')} {place} is still in {step} after {took}. {said}.   rdsctl wait {short}\n"
    return looks.plain(line)


def _done(
    request: dict[str, Any], place: str, present: dt.datetime, looks: Looks, users: str, away: str | None
) -> str:
    kind = str(request["kind"])
    took = times.span(watching.total_seconds(request))
    lines = [f"{looks.mark('✓')} {place} {_DONE.get(kind, 'is done')} after {took}"]
    if kind != "remove":
        if kind == "create" and (address := screens.endpoint(request)):
            lines.append(screens.label("host", f"{address}{_reached(place, away)}", 8))
        if users:
            lines.append(screens.label("users", users, 8))
        database = request["database"]
        ends = database["expires_at"]
        if ends == times.NEVER:
            lines.append(screens.label("ends", ends, 8))
        else:
            at = times.clock(times.parse(ends), present)
            lines.append(screens.label("ends", f"{at}   rdsctl extend {place} 7d", 8))
        if kind == "create":
            way_on = f"rdsctl connect {place}      rdsctl run {place} -- ./app"
            lines.append(screens.label("next", way_on, 8))
    elif request["database"].get("final_snapshot"):
        lines.append(screens.label("kept", f"its final snapshot: rdsctl snapshots {place}", 8))
    return looks.plain("\n".join(lines)) + "\n"


def _reached(place: str, away: str | None) -> str:
    if away is None:
        return ""
    return f"   no answer from here ({away}): rdsctl doctor {place}" if away else "   answers from here"


def _refused(request: dict[str, Any], place: str, looks: Looks) -> str:
    link = request["links"].get("pull_request")
    lines = [
        f"{looks.mark('✗')} its pull request was closed; {place} {_NOT_DONE.get(request['kind'], 'stays')}"
    ]
    if link:
        lines.append(screens.label("why", f"ask who closed it: {link}", 8))
    return looks.plain("\n".join(lines)) + "\n"


def _failed(request: dict[str, Any], place: str, short: str, present: dt.datetime, looks: Looks) -> str:
    outcome = _NOT_DONE.get(request["kind"], "stays as it was")
    error = request.get("error")
    if request["state"] == "cancelled" or not error:
        return f"{looks.mark('✗')} {request['state']}; {place} {outcome}\n"
    took = times.span(watching.total_seconds(request))
    link = request["links"].get("pipeline")
    step = words.step(error["step"])
    if step == "users":
        outcome = "is there, and its users cannot log in yet"
    lines = [f"{looks.mark('✗')} {step} failed after {took}; {place} {outcome}{f'   {link}' if link else ''}"]
    lines += [screens.label("cause", words.cause(error["cause"]), 8), screens.label("fix", error["fix"], 8)]
    if request["kind"] == "create" and step != "users":
        lines.append(screens.label("held", _held(request, place, short, present), 8))
    again = f"rdsctl retry {short} --wait         " if error["retryable"] else ""
    lines.append(screens.label("next", f"{again}rdsctl logs {short}", 8))
    return looks.plain("\n".join(lines)) + "\n"


def _held(request: dict[str, Any], place: str, short: str, present: dt.datetime) -> str:
    """How long a creation that failed keeps its name and its quota.

    Merged, it is on main, and goes as any database does: by a removal, or at its end. Before that its request
    holds it, and is cancelled in the end by itself, a week after it failed at the earliest.
    """
    merged = request["error"]["step"] not in ("pull_request", "review")
    way = f"rdsctl delete {place}" if merged else f"rdsctl cancel {short}"
    expires = request["database"]["expires_at"]
    end = "" if expires == times.NEVER else times.clock(times.parse(expires), present)
    at_the_end = f", or {'' if merged else 'at the earliest '}its end {end}" if end else ""
    return f"name and quota stay yours until {way}{at_the_end}"

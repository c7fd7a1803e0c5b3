"""The operator's board in one screen: a line or two for each part, and what to type for the whole of it."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from rdsctl import times, words

_MOST: Final = 3  # rows of one part
_TEAMS: Final = 6
_LABEL: Final = 11
_GAP: Final = "   "
_SOON: Final = dt.timedelta(days=14)  # of a key's end
Rows = list[dict[str, Any]]


def drawn(document: dict[str, Any], url: str, present: dt.datetime, width: int) -> str:
    """Every part that has something to say; what is empty and only matters otherwise has no line."""
    lines = _flow("API", [urlsplit(url).netloc, times.clock(present, present), *_counts(document)], width)
    lines += _flow("QUEUE", _queue(document["queue"], present), width)
    lines += _rows("APPROVAL", "approvals", [_approval(row, present) for row in document["approvals"]], width)
    lines += _rows("FAILED", "failed", [_failed(row, present) for row in document["failed"]], width)
    lines += _flow("EXPIRING", _expiring(document["expiring"], present), width)
    lines += _flow("SPEND", _spend(document["spend"]), width)
    drift = [[words.place(row), _how_long(row, present), row["link"]] for row in document["drift"]]
    lines += _rows("DRIFT", "drift", drift, width)
    channels = [[row["channel"], _how_long(row, present), row["cause"]] for row in document["channels"]]
    lines += _rows("CHANNELS", "channels", channels, width)
    lines += _flow("TIMES", _times(document["times"], present), width)
    lines += _flow("KEYS", _keys(document["keys"], present), width)
    return "".join(f"{line}\n" for line in lines)


def _counts(document: dict[str, Any]) -> Iterator[str]:
    under_way = sum(
        document["states"].get(name, 0) for name in ("requested", "pull_request_open", "applying")
    )
    yield f"{under_way + document['states'].get('merged', 0)} under way"
    dead = {queue["queue"]: queue["count"] for queue in document["dead_letters"] if queue["count"]}
    where = f" ({', '.join(dead)}: rdsctl admin dead-letters)" if dead else ""
    yield f"dead letters {sum(dead.values())}{where}"


def _queue(queue: Rows, present: dt.datetime) -> Iterator[str]:
    for each in queue:
        said = [f"{each['environment']} {len(each['waiting'])}"]
        if each["waiting"] and each["oldest_since"]:
            said.append(f"oldest {_span(each['oldest_since'], present)}")
        said += [
            f"{words.place(one)} ({one['team']}) is applied, {_span(one['since'], present)}"
            for one in each["applying"]
        ]
        yield ", ".join(said)


def _approval(row: dict[str, Any], present: dt.datetime) -> list[str]:
    whose = " or ".join(row["approval_of"]) or "a code owner"
    return [
        words.place(row),
        row["team"],
        row["kind"],
        whose,
        _how_long(row, present),
        row["pull_request"] or "",
    ]


def _failed(row: dict[str, Any], present: dt.datetime) -> list[str]:
    way_on = f"rdsctl {'retry' if row['retryable'] else 'get'} {row['id']}"
    step = f"{words.step(row['step'])} {times.hour(times.parse(row['since']), present)}"
    return [words.place(row), row["team"], row["kind"], step, words.cause(row["cause"]), way_on]


def _expiring(rows: Rows, present: dt.datetime) -> Iterator[str]:
    if not rows:
        yield "0 in 7 days"
        return
    cost = sum(row.get("usual_usd", row["monthly_usd"]) or 0 for row in rows)
    first = min(rows, key=lambda row: str(row["expires_at"]))
    yield f"{len(rows)} in 7 days, {words.money(cost)} USD a month"
    yield f"next {words.place(first)} ({first['owner']}) {times.ends(first['expires_at'], present)}"


def _spend(spend: dict[str, Any]) -> Iterator[str]:
    yield f"{words.money(_usual(spend))} USD a month"
    teams = sorted(spend["teams"], key=lambda row: -_usual(row))
    for row in teams[:_TEAMS]:
        yield f"{row['team']} {words.money(_usual(row))}"
    if len(teams) > _TEAMS:
        yield f"and {len(teams) - _TEAMS} more: rdsctl admin spend"


def _times(found: dict[str, Any], present: dt.datetime) -> Iterator[str]:
    days = round((present - times.parse(found["since"])).total_seconds() / 86400)
    yield f"{found['creations']} creations in {days} days"
    for row in found["environments"]:
        if row["count"]:
            half, nine = times.span(row["half"]), times.span(row["nine_of_ten"])
            yield f"{row['environment']} half in {half}, 9 of 10 in {nine}"


def _keys(rows: Rows, present: dt.datetime) -> Iterator[str]:
    yield str(len(rows))
    ending = [row for row in rows if row["expires_at"] and times.parse(row["expires_at"]) - present < _SOON]
    for row in sorted(ending, key=lambda row: str(row["expires_at"]))[:_MOST]:
        yield f"{row['name']} ends {times.until(times.parse(row['expires_at']), present)}"


def _rows(name: str, view: str, rows: list[list[str]], width: int) -> list[str]:
    """The first rows, and where the others are; nothing where there are none."""
    lines: list[str] = []
    for row in rows[:_MOST]:
        lines += _flow("" if lines else name, row, width)
    if len(rows) > _MOST:
        lines += _flow("", [f"and {len(rows) - _MOST} more: rdsctl admin {view}"], width)
    return lines


def _flow(name: str, pieces: Iterable[str], width: int) -> list[str]:
    """The pieces after the part's name, on as many lines as they need; none is cut."""
    lines: list[str] = []
    for piece in filter(None, pieces):
        if lines and _LABEL + len(f"{lines[-1]}{_GAP}{piece}") <= width:
            lines[-1] += f"{_GAP}{piece}"
        else:
            lines.append(piece)
    return [f"{'' if number else name:{_LABEL}}{line}" for number, line in enumerate(lines)]


def _how_long(row: dict[str, Any], present: dt.datetime) -> str:
    return f"for {times.until(times.parse(row['since']), present).removesuffix(' ago')}"


def _span(since: str, present: dt.datetime) -> str:
    return times.span((present - times.parse(since)).total_seconds())


def _usual(row: dict[str, Any]) -> float:
    """USD of a usual month; an API before there were clusters has the one figure."""
    usd: float = row.get("usual_usd", row["monthly_usd"])
    return usd

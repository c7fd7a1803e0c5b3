"""The operator's screens: a table for each part of what all teams have, with a line above that sums it up."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, Final

from rdsctl import times, words
from rdsctl.table import Column, draw

Rows = list[dict[str, Any]]


def drawn(document: dict[str, Any], present: dt.datetime, width: int) -> str:
    """Every part that the document has, one after the other."""
    parts = [PARTS[name](document[name], present, width) for name in PARTS if name in document]
    return "\n".join(parts)


def _part(title: str, columns: list[Column], rows: Rows, width: int) -> str:
    return f"{title}\n" + draw(columns, rows, width)


def _states(states: dict[str, int], _: dt.datetime, __: int) -> str:
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in states.items())
    return f"Requests: {counts} (done in 24 hours)\n"


def _queue(queue: Rows, present: dt.datetime, width: int) -> str:
    rows: Rows = []
    for each in queue:
        rows += [each | {"what": words.place(one), "since": one["since"]} for one in each["applying"]]
        rows += [] if each["applying"] else [each | {"what": "nothing", "since": None}]
    columns = [
        Column("ENVIRONMENT", lambda row: str(row["environment"])),
        Column("IS APPLIED", lambda row: row["what"]),
        Column("FOR", _age("since", present), right=True),
        Column("WAIT", lambda row: str(len(row["waiting"])), right=True),
        Column("OLDEST", _age("oldest_since", present), right=True),
    ]
    waiting = sum(len(each["waiting"]) for each in queue)
    applying = sum(len(each["applying"]) for each in queue)
    return _part(f"Queue: {waiting} wait, {applying} are applied", columns, rows, width)


def _approvals(rows: Rows, present: dt.datetime, width: int) -> str:
    columns = [
        Column("DATABASE", words.place),
        Column("TEAM", lambda row: str(row["team"])),
        Column("ASKED", lambda row: str(row["kind"])),
        Column("FOR", _age("since", present), right=True),
        Column("USD A MONTH", lambda row: _signed(row["monthly_usd_difference"]), right=True),
        Column("WAITS FOR", lambda row: " or ".join(row["approval_of"])),
    ]
    return _part(f"Waits for approval: {len(rows)}", columns, rows, width)


def _failed(rows: Rows, present: dt.datetime, _: int) -> str:
    lines = [f"Failed, not fixed: {len(rows)}"]
    for row in rows:
        where = f"{words.place(row)}   team {row['team']}, {row['kind']}, {row['step'].replace('_', ' ')}"
        lines.append(f"  {where}, {_age('since', present)(row)} ago")
        lines += [f"    cause  {words.cause(row['cause'])}", f"    fix    {row['fix']}"]
        lines += [f"    next   rdsctl retry {row['id']}"] if row["retryable"] else []
    return "\n".join(lines) + "\n"


def _expiring(rows: Rows, present: dt.datetime, width: int) -> str:
    columns = [
        Column("DATABASE", words.place),
        Column("TEAM", lambda row: str(row["team"])),
        Column("ENDS", lambda row: times.ends(row["expires_at"], present)),
        Column("USD A MONTH", lambda row: _money(row.get("usual_usd", row["monthly_usd"])), right=True),
        Column("LAST CONNECTION", lambda row: _ago(row["last_connection_at"], present)),
        Column("OWNER", lambda row: str(row["owner"])),
    ]
    return _part(f"Ends within 7 days: {len(rows)}", columns, rows, width)


def _spend(spend: dict[str, Any], _: dt.datetime, width: int) -> str:
    def of(environment: str) -> Callable[[dict[str, Any]], str]:
        return lambda row: _money(row["environments"].get(environment, {}).get("monthly_usd"))

    columns = [
        Column("TEAM", lambda row: str(row["team"])),
        *(Column(name.upper(), of(name), right=True) for name in reversed(spend["environments"])),
        Column("TOGETHER", lambda row: _money(row["monthly_usd"]), right=True),
        Column("DATABASES", lambda row: str(row["databases"]), right=True),
    ]
    total = f"{words.money(spend['monthly_usd'])} USD a month for {spend['databases']} databases"
    usual = spend.get("usual_usd", spend["monthly_usd"])
    if usual != spend["monthly_usd"]:
        total += f" at their maximum, {words.money(usual)} as usual"
    return _part(f"Spend: {total}, list price of {spend['region']}", columns, spend["teams"], width)


def _drift(rows: Rows, present: dt.datetime, width: int) -> str:
    columns = [
        Column("DATABASE", words.place),
        Column("TEAM", lambda row: str(row["team"])),
        Column("FOR", _age("since", present), right=True),
        Column("SEE", lambda row: str(row["link"])),
    ]
    return _part(f"Differs from git: {len(rows)}", columns, rows, width)


def _times(found: dict[str, Any], present: dt.datetime, width: int) -> str:
    def named() -> Iterator[dict[str, Any]]:
        for row in found["steps"]:
            yield row | {"name": row["step"].replace("_", " ")}
        for row in found["environments"]:
            review = "no review" if row["approval"] == "auto" else "with review"
            yield row | {"name": f"all, {row['environment']}, {review}"}

    columns = [
        Column("STEP", lambda row: str(row["name"])),
        Column("HALF", lambda row: _span(row["half"]), right=True),
        Column("9 OF 10", lambda row: _span(row["nine_of_ten"]), right=True),
        Column("99 OF 100", lambda row: _span(row["most"]), right=True),
        Column("OF", lambda row: str(row["count"]), right=True),
    ]
    days = round((present - times.parse(found["since"])).total_seconds() / 86400)
    return _part(
        f"Times of {found['creations']} creations, {days} days: so long at most",
        columns,
        list(named()),
        width,
    )


def _channels(rows: Rows, present: dt.datetime, _: int) -> str:
    lines = [f"Channels that take no messages: {len(rows)}"]
    for row in rows:
        lines.append(f"  {row['channel']}   team {row['team']}, for {_age('since', present)(row)}")
        lines += [f"    cause  {row['cause']}", f"    fix    {row['fix']}"]
    return "\n".join(lines) + "\n"


def _dead_letters(queues: Rows, present: dt.datetime, width: int) -> str:
    rows = [queue | message for queue in queues for message in queue["messages"]]
    columns = [
        Column("QUEUE", lambda row: str(row["queue"])),
        Column("FOR", _age("since", present), right=True),
        Column("ABOUT", lambda row: ", ".join(row["about"].values()) or "not readable"),
    ]
    return _part(f"Dead letters: {sum(queue['count'] for queue in queues)}", columns, rows, width)


def _keys(rows: Rows, present: dt.datetime, width: int) -> str:
    columns = [
        Column("NAME", lambda row: str(row["name"])),
        Column("TEAM", lambda row: str(row["team"] or "none")),
        Column("OPENS", lambda row: str(row["scope"] or "nothing")),
        Column("WHOSE", lambda row: str(row["person"] or row["actor"] or "")),
        Column(
            "ENDS",
            lambda row: (
                times.until(times.parse(row["expires_at"]), present) if row["expires_at"] else "never"
            ),
        ),
        Column("ID", lambda row: str(row["id"])),
    ]
    return _part(f"Keys: {len(rows)}", columns, rows, width)


PARTS: Final[dict[str, Callable[[Any, dt.datetime, int], str]]] = {
    "states": _states,
    "queue": _queue,
    "approvals": _approvals,
    "failed": _failed,
    "expiring": _expiring,
    "spend": _spend,
    "drift": _drift,
    "times": _times,
    "channels": _channels,
    "dead_letters": _dead_letters,
    "keys": _keys,
}


def _age(name: str, present: dt.datetime) -> Callable[[dict[str, Any]], str]:
    def cell(row: dict[str, Any]) -> str:
        return times.until(times.parse(row[name]), present).removesuffix(" ago") if row[name] else ""

    return cell


def _ago(at: str | None, present: dt.datetime) -> str:
    return times.until(times.parse(at), present) if at else "none seen"


def _money(amount: float | None) -> str:
    return "" if amount is None else words.money(amount)


def _signed(amount: float | None) -> str:
    return "?" if amount is None else f"{'+' if amount > 0 else ''}{words.money(amount)}"


def _span(seconds: float | None) -> str:
    return "" if seconds is None else times.span(seconds)

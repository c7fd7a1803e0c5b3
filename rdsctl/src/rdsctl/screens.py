"""A database and a request on the screen: a line of what it is, then a line for each thing to know."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rdsctl import times, watching, words

_LABEL: Final = 10


def database(
    item: dict[str, Any],
    recent: Sequence[dict[str, Any]],
    present: dt.datetime,
    creation: dict[str, Any] | None = None,
) -> str:
    """A database; `recent` are the summaries of its newest requests, `creation` what it was asked for by."""
    zones = "two zones" if item.get("high_availability") else "one zone"
    grows = item.get("max_storage_gb")
    growing = f" growing to {grows}" if grows and grows > item["storage_gb"] else ""
    head = [f"{words.engine(item)}, {words.size(item)}, {item['storage_gb']} GB{growing}, {zones}"]
    if address := endpoint(item):
        head.append(address)
    lines = [f"{words.place(item)}   {item['state']}   {', '.join(head)}"]
    lines += [label(name, text) for name, text in _facts(item, present, creation) if text]
    for number, request in enumerate(recent):
        lines.append(label("" if number else "history", _history(request, present)))
    return "\n".join(lines) + "\n"


def request(item: dict[str, Any], present: dt.datetime) -> str:
    """A request with its steps, and what went wrong."""
    lines = [f"{item['id']}   {item['kind']} {words.place(item)}   {item['state']}", f"  {item['message']}"]
    asked = f"{times.clock(times.parse(item['created_at']), present)} by {words.asker(item)}"
    reason = item.get("reason")
    lines.append(label("asked", f'{asked} for "{reason}"' if reason else asked))
    for step in item["steps"]:
        usual = step.get("typical_seconds")
        running = f"   usually {times.span(usual)}" if usual else ""
        lines.append(
            label(
                words.step(step["step"]),
                times.span(step["seconds"]) + (running if step.get("running") else ""),
                14,
            )
        )
    if item.get("waiting_for"):
        lines.append(label("waits for", words.waits_for(item), 14))
    if ready := watching.ready_about(item, present):
        lines.append(label("estimate", ready, 14))
    if error := item.get("error"):
        lines += [label("cause", words.cause(error["cause"])), label("fix", error["fix"])]
        if error["retryable"]:
            lines.append(label("next", f"rdsctl retry {item['id'][:8]} --wait"))
    if item["state"] == "done" and endpoint(item):
        lines.append(label("endpoint", endpoint(item)))
    links = item["links"]
    for name in ("pull_request", "pipeline"):
        if links.get(name):
            lines.append(label(name.replace("_", " "), links[name], 14))
    if follow_up := links.get("next_request"):
        lines.append(label("followed by", f"request {follow_up.rpartition('/')[2][:8]}", 14))
    return "\n".join(lines) + "\n"


def label(name: str, text: str, width: int = _LABEL) -> str:
    """`  name      text`."""
    return f"  {name.ljust(width)}{text}"


def endpoint(item: dict[str, Any]) -> str:
    """host:port of a document that has one."""
    result = item.get("result") or {}
    return f"{result['endpoint']}:{result['port']}" if result.get("endpoint") else ""


def _facts(
    item: dict[str, Any], present: dt.datetime, creation: dict[str, Any] | None
) -> Iterator[tuple[str, str]]:
    if item["state"] == "removed":
        if snapshot := item.get("final_snapshot_id"):
            yield "snapshot", f"{snapshot}   rdsctl restore {snapshot} {item['environment']}/NAME"
        return
    yield "ends", _ends(item, present)
    if item["monthly_cost_usd"] is not None:
        left = item.get("until_end_usd")
        until = "" if left is None else f"; {words.money(left)} until its end"
        yield "cost", f"{words.money(item['monthly_cost_usd'])} USD a month at list price{until}"
    purpose = f' for "{item["purpose"]}"' if item.get("purpose") else ""
    asker = words.asker(creation) if creation else f"team {item['team']}"
    yield "people", f"owner {item['owner']}; asked by {asker}{purpose}"
    if users := _users(item, present):
        seen = item.get("last_connection_at")
        last = f"      last connection {times.clock(times.parse(seen), present)}" if seen else ""
        yield "users", users + last
    if note := words.note(item, present):
        yield "note", note
    days = item.get("backup_retention_days")
    snapshot = "a final snapshot" if item.get("final_snapshot") else "no final snapshot"
    protection = "on" if item.get("deletion_protection") else "off"
    yield "safety", f"backups {days} day{'' if days == 1 else 's'}, {snapshot}, protection {protection}"
    if item.get("tags"):
        yield "tags", ", ".join(f"{key}={value}" for key, value in item["tags"].items())


def _users(item: dict[str, Any], present: dt.datetime) -> str:
    """Who can log in, and when a rotation gave them another password."""
    rotated = [event for event in item.get("events", []) if event["event"] == "rotated"]
    changed = {event.get("detail", {}).get("user", "master"): event["at"] for event in rotated}
    rotating = {
        user["name"] for user in (item.get("connection") or {}).get("users", []) if user.get("rotating")
    }
    found = []
    for name in ("application", "read_only", "master"):
        if name not in item.get("secrets", {}):
            continue
        said = ""
        if name in rotating:
            said = " (gets another password)"
        elif name in changed:
            said = f" (rotated {times.clock(times.parse(changed[name]), present)})"
        found.append(name + said)
    return ", ".join(found)


def _ends(item: dict[str, Any], present: dt.datetime) -> str:
    expires = item["expires_at"]
    if expires == times.NEVER:
        return times.NEVER
    at = times.parse(expires)
    text = f"{times.clock(at, present)}, {times.until(at, present)}"
    latest = item.get("extendable_until")
    if latest == times.NEVER:
        return f"{text}; can be extended without an end"
    if latest and times.parse(latest) > at:
        return f"{text}; can be extended until {times.clock(times.parse(latest), present)}"
    return text


def _history(request: dict[str, Any], present: dt.datetime) -> str:
    asked = times.clock(times.parse(request["created_at"]), present)
    pull_request = (request["links"].get("pull_request") or "").rpartition("/pull/")[2]
    number = f", #{pull_request}" if pull_request else ""
    took = ""
    if request["state"] == "done":
        seconds = times.parse(request["updated_at"]) - times.parse(request["created_at"])
        took = f", {times.span(seconds.total_seconds())}"
    return f"{request['id'][:8]} {request['kind']} {request['state']} {asked}{took}{number}"

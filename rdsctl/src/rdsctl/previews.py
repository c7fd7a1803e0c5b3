"""What a write would do, before it is asked for: what changes, what it costs, who approves."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from rdsctl import times, words
from rdsctl.failures import Exit, Failure
from rdsctl.looks import Looks
from rdsctl.screens import label
from rdsctl.session import Session


def show(
    session: Session,
    method: str,
    path: str,
    body: Any = None,
    *,
    before: dict[str, Any] | None = None,
    query: Mapping[str, str | None] | None = None,
    file: bool = False,
) -> None:
    """Ask for a dry run and print it; raises Failure (7) where policy or quota would refuse the write."""
    document = session.api.call(method, path, body, query={**(query or {}), "dry_run": "true"}).document
    if file and session.for_people:
        session.line(document["terraform"].rstrip("\n"))
    else:
        session.show(document, lambda looks: text(document, before, looks, times.now()))
    if not document["policy"]["passed"] or not document["fits_quota"]:
        raise Failure("It would be refused.", Exit.REFUSED)


def text(document: dict[str, Any], before: dict[str, Any] | None, looks: Looks, present: dt.datetime) -> str:
    """A preview for people."""
    place = words.place(document["database"])
    lines = [f"Would ask for {_what(document['kind'])} of {place}; nothing is written."]
    if document["kind"] == "create":
        lines = [f"Would ask for {place}; nothing is written."]
    lines += [label(name, said) for name, said in effects(document, before, present)]
    rules = document["policy"]["results"]
    passed = sum(rule["passed"] for rule in rules)
    if rules:
        mark = looks.mark("✓" if passed == len(rules) else "✗")
        lines.append(label("policy", f"{mark} {passed} of {len(rules)} rules"))
        lines += [label("", f"{rule['rule']}: {rule['detail']}") for rule in rules if not rule["passed"]]
    if not document["fits_quota"]:
        lines.append(label("quota", f"{looks.mark('✗')} the team's quota does not hold it; see rdsctl quota"))
    return "\n".join(lines) + "\n"


def effects(
    document: dict[str, Any], before: dict[str, Any] | None, present: dt.datetime
) -> Iterator[tuple[str, str]]:
    """(what, before and after) for each thing that would change; `before` is the database as it is."""
    after = document["database"]
    cost = document["monthly_cost_usd"]
    if before is None:
        yield "what", f"{words.engine(after)}, {words.size(after)}, {after['storage_gb']} GB"
        yield "cost", f"{words.money(cost)} USD a month at list price"
    else:
        yield from changes(before, after)
        if cost != before["monthly_cost_usd"]:
            yield "cost", _difference(before["monthly_cost_usd"], cost)
        if said := _interruption(document, before):
            yield "!", said
    if before is None or after["expires_at"] != before["expires_at"]:
        yield "ends", _moment(after["expires_at"], present)
    approval = (
        "a code owner" if document["approval"] == "review" else "none: it merges when plan and gate agree"
    )
    yield "approval", approval


def _interruption(document: dict[str, Any], before: dict[str, Any]) -> str:
    """What it does to open connections; an API of an earlier release leaves that to the reader."""
    if found := document.get("interruption"):
        sentence = str(found["sentence"]).removesuffix(".")
        return "" if found["kind"] in ("none", "end") else sentence[:1].lower() + sentence[1:]
    if document["database"]["instance_class"] == before["instance_class"]:
        return ""
    return "restarts the instance: some minutes without service, as soon as it is merged"


def changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What differs between a database as it is and as it would be."""
    if words.size(before) != words.size(after):
        yield "size", f"{words.size(before)} → {words.size(after)}"
    for name, title, unit in (
        ("storage_gb", "storage", " GB"),
        ("owner", "owner", ""),
        ("purpose", "purpose", ""),
    ):
        if before.get(name) != after.get(name):
            yield title, f"{before.get(name)} → {after.get(name)}{unit}"
    tags_before, tags_after = before.get("tags") or {}, after.get("tags") or {}
    for key in sorted({*tags_before, *tags_after}):
        if tags_before.get(key) != tags_after.get(key):
            yield "tag", f"{key}: {tags_before.get(key, 'none')} → {tags_after.get(key, 'none')}"


def _difference(before: float | None, after: float) -> str:
    if before is None:
        return f"{words.money(after)} USD a month"
    change = after - before
    sign = "+" if change >= 0 else "-"
    return f"{words.money(before)} → {words.money(after)} USD a month ({sign}{words.money(abs(change))})"


def _moment(expires_at: str, present: dt.datetime) -> str:
    if expires_at == times.NEVER:
        return times.NEVER
    at = times.parse(expires_at)
    return f"{times.clock(at, present)}, {times.until(at, present)}"


def _what(kind: str) -> str:
    return {"extend": "an extension", "remove": "the removal", "disarm": "the removal"}.get(kind, "a change")

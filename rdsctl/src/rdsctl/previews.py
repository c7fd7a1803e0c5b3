"""What a write would do, before it is asked for: what changes, what it costs, who approves."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rdsctl import kinds, times, words
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
    query: Mapping[str, str | None] | None = None,
    file: bool = False,
) -> None:
    """Ask for a dry run and print it; raises Failure (7) where policy or quota would refuse the write."""
    document = session.api.call(method, path, body, query={**(query or {}), "dry_run": "true"}).document
    if file and session.for_people:
        session.line(document["terraform"].rstrip("\n"))
    else:
        session.show(document, lambda looks: text(document, looks, times.now()))
    if not document["policy"]["passed"] or not document["fits_quota"]:
        raise Failure("It would be refused.", Exit.REFUSED)


def text(document: dict[str, Any], looks: Looks, present: dt.datetime) -> str:
    """A preview for people."""
    place = words.place(document["database"])
    lines = [f"Would ask for {_what(document['kind'])} of {place}; nothing is written."]
    if document["kind"] == "create":
        lines = [f"Would ask for {place}; nothing is written."]
    lines += [label(name, said) for name, said in effects(document, present)]
    lines += [label("consider", consider(found)) for found in document.get("consider", ())]
    rules = document["policy"]["results"]
    passed = sum(rule["passed"] for rule in rules)
    if rules:
        mark = looks.mark("✓" if passed == len(rules) else "✗")
        lines.append(label("policy", f"{mark} {passed} of {len(rules)} rules"))
        lines += [label("", f"{rule['rule']}: {rule['detail']}") for rule in rules if not rule["passed"]]
    if document["kind"] == "create":
        count = len(document["terraform"].splitlines())
        lines.append(label("file", f"{count} lines of Terraform, with --show terraform"))
    if not document["fits_quota"]:
        lines.append(label("quota", f"{looks.mark('✗')} {document['quota']['sentence']}"))
    return "\n".join(lines) + "\n"


def effects(document: dict[str, Any], present: dt.datetime) -> Iterator[tuple[str, str]]:
    """(what, before and after) for each thing that would change."""
    after, changed = document["database"], {change["field"]: change for change in document["changes"]}
    if document["kind"] == "create":
        yield "what", f"{words.engine(after)}, {kinds.scale(after)}"
    yield from changes(changed)
    yield from _cost(document["cost"], after)
    if said := after.get("extended_support"):
        yield "support", f"Extended Support: {said}"
    for effect in document["effects"]:
        yield "!", effect["sentence"]
    if document["kind"] == "create" or "expires_at" in changed:
        yield "ends", _moment(after["expires_at"], present)
    if document["removal"]:
        yield from removal(document["removal"], present)
    elif document["fits_quota"]:
        quota = document["quota"]
        yield (
            "quota",
            f"{quota['environment']} then {quota['monthly_usd']['after']:,.2f} of "
            f"{quota['monthly_usd']['limit']:,.0f} USD and {quota['databases']['after']} of "
            f"{quota['databases']['limit']} databases",
        )
    yield "approval", _approval(document)


_FLAGS: Final = {"high_availability": "--ha"}


def consider(found: dict[str, Any]) -> str:
    """What may have been overlooked, with the flag for it and its price."""
    flag = _FLAGS.get(found["field"], found["field"])
    more = found["monthly_usd_difference"]
    price = "" if more is None else f": {'-' if more < 0 else '+'}{words.money(abs(more))} USD a month"
    return f"{found['sentence']} {flag}{price}"


def changes(changed: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """What differs between a database as it is and as it would be."""
    for name, title, unit in (
        ("size", "size", ""),
        ("storage_gb", "storage", " GB"),
        ("owner", "owner", ""),
        ("purpose", "purpose", ""),
    ):
        if change := changed.get(name):
            yield title, f"{change['before']} → {change['after']}{unit}"
    tags = changed.get("tags", {"before": {}, "after": {}})
    for key in sorted({*tags["before"], *tags["after"]}):
        if tags["before"].get(key) != tags["after"].get(key):
            yield "tag", f"{key}: {tags['before'].get(key, 'none')} → {tags['after'].get(key, 'none')}"


def removal(document: dict[str, Any], present: dt.datetime) -> Iterator[tuple[str, str]]:
    """What a removal leaves, and the requests that it takes."""
    if seen := document["last_connection_at"]:
        yield "used", f"last connection {times.clock(times.parse(seen), present)}"
    yield "kept", kept(document, present)
    if len(document["steps"]) > 1:
        yield "steps", "1 protection off, 2 removal; a code owner approves each"


def kept(document: dict[str, Any], present: dt.datetime) -> str:
    """The snapshot that a removal leaves. Step 1 of two names it, so that it has no name before."""
    if not document["keeps_snapshot"]:
        return "nothing: there is no final snapshot"
    name, until = document["final_snapshot"], document["kept_until"]
    how_long = f"until {times.clock(times.parse(until), present)}" if until else "until it is deleted by hand"
    return f"final snapshot {name} {how_long}" if name else f"final snapshot {how_long}, named by step 1"


def _approval(document: dict[str, Any]) -> str:
    ready = document["ready_in"]
    if document["approval"] == "auto":
        left = ready["seconds"]
        about = f"; ready in about {times.about(left['likely'])}" if left else ""
        return f"none: it merges when plan and gate agree{about}"
    left = ready["after_approval_seconds"]
    owners = " and ".join(f"a code owner of {name}" for name in document["approval_of"])
    return owners + (f"; ready about {times.about(left['likely'])} after it" if left else "")


def _cost(cost: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What it costs; of a cluster, whose figures before and after are those at its maximum, the range too."""
    if cost["before"] == cost["after"]:
        return
    life, cluster = cost["until_end"], words.price_range(after) is not None
    until = "" if life is None else f"; {words.money(life)} until its end"
    if cost["before"]:
        yield "cost", f"{_difference(cost)}{' at the maximum' if cluster else ''}{until}"
        if cluster and cost["after"]:
            yield "", f"{kinds.cost(after)} USD a month"
    else:
        yield "cost", f"{kinds.cost(after)} USD a month at list price{until}"
    if cluster and cost["after"]:
        yield "", kinds.assumption(after)


def _difference(cost: dict[str, Any]) -> str:
    change = cost["difference"]
    more = "" if change is None else f" ({'-' if change < 0 else '+'}{words.money(abs(change))})"
    return f"{words.money(cost['before'])} → {words.money(cost['after'])} USD a month{more}"


def _moment(expires_at: str, present: dt.datetime) -> str:
    if expires_at == times.NEVER:
        return times.NEVER
    at = times.parse(expires_at)
    return f"{times.clock(at, present)}, {times.until(at, present)}"


def _what(kind: str) -> str:
    return {"extend": "an extension", "remove": "the removal", "disarm": "the removal"}.get(kind, "a change")

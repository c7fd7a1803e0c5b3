"""The words of a change that titles, bodies and comments share: what it does, in the words of its kind."""

from collections.abc import Mapping
from typing import Final

from provisioner.core import extended_support
from provisioner.core.catalog import Catalog
from provisioner.core.effects import Cost, Interruption, cost_of_life, interruption, monthly_cost
from provisioner.core.engines import label
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.core.root import NEVER, Root, scale

# What the pipeline does, for "... `dev/orders`" and "... `dev/orders` failed".
DOING: Final = {
    Kind.CREATE: "Creating",
    Kind.UPDATE: "Changing",
    Kind.EXTEND: "Extending",
    Kind.MAINTAIN: "Maintaining",
    Kind.DISARM: "Disarming",
    Kind.REMOVE: "Removing",
}
_OUTAGE: Final = {
    Interruption.NONE: "none",
    Interruption.FAILOVER: "⚠ yes: the standby takes over, about a minute without service, as soon as this "
    "is merged",
    Interruption.RESTART: "⚠ yes: some minutes without service, as soon as this is merged",
}


def title(request: Request, catalog: Catalog) -> str:
    """What a request does, in one line of validated names."""
    place, root = request.place, request.root
    match request.kind:
        case Kind.CREATE:
            verb = "Create" if root.restore is None else "Restore"
            return f"{verb} {place} ({label(root.engine)} {root.engine_version})"
        case Kind.EXTEND:
            return f"Extend {place}: " + (
                "no end" if root.expires_at == NEVER else f"until {root.expires_at}"
            )
        case Kind.MAINTAIN:
            return f"Maintain {place}: the module of this release, nothing that was asked for changes"
        case Kind.DISARM:
            return f"Disarm {place}: deletion protection off, before its removal"
        case Kind.REMOVE:
            return f"Remove {place}"
        case Kind.UPDATE:
            return _update(request, catalog)


def _update(request: Request, catalog: Catalog) -> str:
    changed = changes(request, catalog)
    if not changed:
        return f"Change {request.place}"
    if request.root.upgrade:
        version, *others = changed.values()
        return f"Upgrade {request.place}: {', '.join([version, *others])}"
    if set(changed) <= {"size", "storage"}:
        verb = "Resize" if "size" in changed else "Grow"
        return f"{verb} {request.place}: {', '.join(changed.values())}"
    words = [name if name == what else f"{name} {what}" for name, what in changed.items()]
    return f"Change {request.place}: {', '.join(words)}"


def changes(request: Request, catalog: Catalog) -> dict[str, str]:
    """What an update changes, by name, without any user's words."""
    before, after = request.before, request.root
    if before is None:
        return {}
    found = {}
    if before.engine_version != after.engine_version or after.upgrade:
        was = after.upgrade.from_version if after.upgrade else before.engine_version
        found["version"] = f"{label(after.engine)} {was} to {after.engine_version}"
    if (before.instance_class, before.capacity) != (after.instance_class, after.capacity):
        found["size"] = f"{size(before, catalog)} to {size(after, catalog)}"
    if before.storage_gb != after.storage_gb:
        found["storage"] = f"{before.storage_gb} to {after.storage_gb} GB"
    if before.multi_az != after.multi_az:
        found["standby"] = "on" if after.multi_az else "off"
    if before.deletion_protection != after.deletion_protection:
        found["deletion protection"] = "on" if after.deletion_protection else "off"
    if before.expires_at != after.expires_at:
        found["end"] = "none" if after.expires_at == NEVER else after.expires_at
    said = {"tags": (before.tags, after.tags), "owner": (before.owner, after.owner)}
    said["purpose"] = (before.purpose, after.purpose)
    return found | {name: name for name, (was, wanted) in said.items() if was != wanted}


def size(root: Root, catalog: Catalog) -> str:
    """The catalog's name of a root's size, or its class where that has none."""
    return catalog.size_of(root) or scale(root)


def effects(request: Request, catalog: Catalog) -> dict[str, str]:
    """What users and payers of a database feel of a change: restart, data and cost."""
    return {
        "Restart": _restart(request),
        "Data at risk": _data(request),
        "Cost": cost(request, catalog),
        **_support(request, catalog),
    }


def _support(request: Request, catalog: Catalog) -> dict[str, str]:
    """What is not in the cost: Extended Support of a database that is enrolled in it."""
    said = extended_support.said(request.root, catalog)
    return {"Extended Support": said} if said and request.kind is not Kind.REMOVE else {}


def listed(said: Mapping[str, str]) -> str:
    """What is said of each thing, as a list."""
    return "\n".join(f"- **{name}:** {text}" for name, text in said.items())


def _restart(request: Request) -> str:
    match request.kind:
        case Kind.CREATE:
            return "none: nobody uses it yet"
        case Kind.REMOVE:
            return "⚠ connections end: the database is removed as soon as this is merged"
        case Kind.MAINTAIN:
            return "none that was asked for; a newer module changes what the plan shows"
    if request.root.upgrade and request.kind is Kind.UPDATE:
        second = "the reader" if request.root.capacity else "the standby"
        return (
            f"⚠ yes: RDS shuts it down for the upgrade, {second} too, as soon as this is merged: minutes, "
            "longer the more tables it has"
        )
    return _OUTAGE[interruption(request.before, request.root)]


def _data(request: Request) -> str:
    if request.root.upgrade and request.kind is Kind.UPDATE:
        return f"⚠ there is no way back to this version but the snapshot `{request.root.upgrade.snapshot}`"
    if request.kind is not Kind.REMOVE:
        return "none"
    root = request.before or request.root
    if root.final_snapshot:
        return f"⚠ the database goes; its final snapshot `{snapshot(request)}` stays"
    return "⚠ all of it: no snapshot is kept"


def snapshot(request: Request) -> str:
    """The final snapshot that a removal leaves, named after the request that was applied last."""
    root = request.before or request.root
    return request.place.final_snapshot(root.request_id)


def cost(request: Request, catalog: Catalog) -> str:
    """The cost before a change and after it."""
    if request.kind is Kind.REMOVE:
        gone = request.before or request.root
        saved = monthly_cost(None, gone, catalog).after
        at_most = " at most" if gone.capacity else ""
        return (
            "unknown: the catalog has no price for its size"
            if saved is None
            else f"{-saved:+.2f} USD a month{at_most}"
        )
    found = monthly_cost(request.before, request.root, catalog)
    if found.after is None:
        return "unknown: the catalog has no price for its size"
    life = None
    if request.kind in (Kind.CREATE, Kind.EXTEND):
        life = cost_of_life(request.root, request.created_at, catalog)
    left = f"; {life:.2f} USD until its end" if life is not None else ""
    price = catalog.price(request.root)
    if price and price.range:
        changed = f" (at the maximum {_cost(found)})" if found.before not in (None, found.after) else ""
        return f"USD a month: {price.range}{changed}{left}"
    return _cost(found) + " USD a month" + _more(found) + left


def _cost(found: Cost) -> str:
    if found.before is None or found.before == found.after:
        return f"{found.after:.2f}"
    return f"{found.before:.2f} → {found.after:.2f}"


def _more(found: Cost) -> str:
    if found.before is None:
        return ""
    return f" ({found.more:+.2f})" if found.more else ", as before"


def kept_for(root: Root, catalog: Catalog) -> int | None:
    """For how many days a final snapshot is kept; None: until it is deleted by hand."""
    rules = catalog.environments.get(root.environment)
    return rules.keep_final_snapshot_days if rules else None

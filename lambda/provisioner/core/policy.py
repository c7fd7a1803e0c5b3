"""The gate's rules for one root: what a main.tf may say, however it came to be written.

The strongest rule comes first: a root has to be, byte for byte, what `terraform.render` writes for the
values it holds. So no provider, data source, provisioner or expression can stand in it, and the rules
after that one only have to look at values.
"""

import datetime as dt
from dataclasses import dataclass

from provisioner.core import tags, upgrades
from provisioner.core.catalog import Catalog, lifetime
from provisioner.core.engines import CLUSTER, ENGINES, becomes, resource_of
from provisioner.core.hcl import WITH_WINDOWS, format_of, parse
from provisioner.core.hcl_literals import RootSyntaxError
from provisioner.core.names import Place, member_errors, name_errors
from provisioner.core.root import NEVER, Restore, Root, scale
from provisioner.core.times import instant, parse_instant
from provisioner.core.windows import MODULES_OWN, Windows, fault


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """One rule's verdict, in a text that a reviewer can act on."""

    rule: str
    passed: bool
    detail: str


def check(
    text: str,
    *,
    place: Place,
    catalog: Catalog,
    now: dt.datetime,
    disarming: bool = False,
    creating: bool = True,
    before: Root | None = None,
    reviewed: bool = False,
) -> list[PolicyResult]:
    """Every rule's verdict on a main.tf at a database's place.

    `disarming` is for the first step of a removal, the only time that deletion protection may be off
    where the environment asks for it. `creating` is for a database that is still to be made: one that exists
    has its data, wherever that came from. `before` is the root that is changed. `reviewed` is for what main
    has: when it is backed up and maintained was decided by the catalog of its review.
    """
    try:
        root = parse(text)
    except RootSyntaxError as error:
        return [PolicyResult("rendered", False, f"not a root that the provisioner writes: {error}")]
    results = [PolicyResult("rendered", True, "exactly what the provisioner writes for these values")]
    if root.place != place:
        detail = f"says {root.place}, but stands at {place}"
        return [*results, PolicyResult("place", False, detail)]
    results.append(PolicyResult("place", True, f"stands where {place} belongs"))
    if place.environment not in catalog.environments:
        detail = f"the catalog has no environment {place.environment}"
        return [*results, PolicyResult("environment", False, detail)]
    return [
        *results,
        _name(root, new=creating),
        _engine(root, catalog, now if creating and not reviewed else None),
        _size(root, catalog),
        *([] if root.resource is CLUSTER else [_storage(root, catalog)]),
        _lifetime(root, catalog, now),
        _availability(root, catalog),
        _safety(root, catalog, disarming),
        _windows(root, None if reviewed else _allowed_windows(root, before, catalog, format_of(text))),
        _tags(root),
        *(_restore(root, catalog) if creating else []),
        *([_upgrade(root, creating)] if root.upgrade else []),
        *([_support(root, catalog)] if root.extended_support and creating and not reviewed else []),
    ]


def passed(results: list[PolicyResult]) -> bool:
    """Whether every rule holds."""
    return all(result.passed for result in results)


def _name(root: Root, *, new: bool) -> PolicyResult:
    errors = name_errors(root.database_name, root.engine, new=new)
    errors += member_errors(root.place) if root.resource is CLUSTER else []
    return PolicyResult("name", not errors, "; ".join(errors) or "a name that RDS and the engine accept")


def _engine(root: Root, catalog: Catalog, made_at: dt.datetime | None) -> PolicyResult:
    """A version of the catalog, and for what is made then, one that RDS supports."""
    engine = catalog.engine(root.engine)
    offered = engine is not None and root.engine_version in engine.versions
    label = f"{root.engine} {root.engine_version}"
    if resource_of(root.engine) is not root.resource:
        return PolicyResult("engine", False, f"{label} is not made by {root.resource.module}")
    over = engine and made_at and engine.is_over(root.engine_version, made_at.date())
    if engine and made_at and over and not root.extended_support:
        listed = ", ".join(engine.offered(made_at.date()))
        detail = f"the standard support of {label} ended {engine.until(root.engine_version)}; new: {listed}"
        return PolicyResult("engine", False, detail)
    return PolicyResult("engine", offered, label if offered else f"{label} is not in the catalog")


def _size(root: Root, catalog: Catalog) -> PolicyResult:
    allowed = catalog.sizes_of(root.environment, root.engine)
    size, is_of = catalog.size_of(root), scale(root)
    if size in allowed:
        return PolicyResult("size", True, f"{size} ({is_of})")
    listed = ", ".join(allowed) or "none for this engine"
    return PolicyResult("size", False, f"{is_of} is none of the sizes of {root.environment}: {listed}")


def _storage(root: Root, catalog: Catalog) -> PolicyResult:
    bounds = catalog.environments[root.environment].storage_gb
    within = bounds.minimum <= root.storage_gb <= root.max_storage_gb <= bounds.maximum
    label = f"{root.storage_gb} GB, growing to {root.max_storage_gb} GB"
    limits = f"{root.environment} allows {bounds.minimum} to {bounds.maximum} GB"
    return PolicyResult("storage", within, label if within else f"{label}; {limits}")


def _lifetime(root: Root, catalog: Catalog, now: dt.datetime) -> PolicyResult:
    rules = catalog.environments[root.environment].lifetime
    if root.expires_at == NEVER:
        detail = "no end" if rules.never else f"{root.environment} does not allow databases without an end"
        return PolicyResult("lifetime", rules.never, detail)
    try:
        end = parse_instant(root.expires_at)
    except ValueError:
        detail = f"{root.expires_at!r} is not a time in UTC such as 2026-11-30T12:00:00Z"
        return PolicyResult("lifetime", False, detail)
    longest = lifetime(rules.maximum)
    if longest is not None and end > now + longest:
        latest = instant(now + longest)
        detail = f"ends {root.expires_at}; {root.environment} allows {rules.maximum}, until {latest}"
        return PolicyResult("lifetime", False, detail)
    return PolicyResult("lifetime", True, f"ends {root.expires_at}")


def _availability(root: Root, catalog: Catalog) -> PolicyResult:
    rule = catalog.environments[root.environment].high_availability
    allowed = rule == "optional" or root.multi_az == (rule == "always")
    standby = "a reader" if root.resource is CLUSTER else "a standby"
    detail = f"{standby} in a second zone" if root.multi_az else "one zone"
    return PolicyResult(
        "availability", allowed, detail if allowed else f"{detail}; {root.environment} says {rule}"
    )


def _safety(root: Root, catalog: Catalog, disarming: bool) -> PolicyResult:
    rules = catalog.environments[root.environment]
    wrong = []
    if root.backup_retention_days < rules.backup_retention_days:
        wrong.append(f"backups are kept {rules.backup_retention_days} days, not {root.backup_retention_days}")
    if rules.final_snapshot and not root.final_snapshot:
        wrong.append("a final snapshot is taken")
    if rules.deletion_protection and not root.deletion_protection and not disarming:
        wrong.append("deletion protection is on")
    if root.capacity and rules.monitor_clusters and not root.capacity.monitoring:
        wrong.append("clusters are monitored")
    if wrong:
        return PolicyResult("safety", False, f"in {root.environment} " + ", and ".join(wrong))
    detail = f"backups kept for {root.backup_retention_days} d, final snapshot {_on(root.final_snapshot)}"
    return PolicyResult("safety", True, f"{detail}, deletion protection {_on(root.deletion_protection)}")


def _allowed_windows(
    root: Root, before: Root | None, catalog: Catalog, number_of_format: int
) -> tuple[Windows, ...]:
    """The windows that follow from the database's place, first, and those that it has."""
    others = (before.windows,) if before else ()
    words = (MODULES_OWN,) if number_of_format < WITH_WINDOWS else ()
    return (catalog.windows(root.place), *others, *words)


def _windows(root: Root, allowed: tuple[Windows, ...] | None) -> PolicyResult:
    """RDS takes the windows, and nobody chooses them; None allows any that RDS takes."""
    wrong = fault(root.windows)
    if wrong is None and allowed is not None and root.windows not in allowed:
        wrong = (
            f"{root.windows} are neither its own nor what the catalog gives it: {allowed[0]}. Where the "
            "catalog of main is newer than the stack's, deploy the stack first"
        )
    return PolicyResult("windows", wrong is None, wrong or str(root.windows))


def _tags(root: Root) -> PolicyResult:
    """What RDS and the module take as tags; owner and purpose become tags too."""
    keys = [key for key in root.tags if tags.is_reserved(key)]
    values = [
        text for text in (*root.tags.values(), root.owner, root.purpose) if tags.begins_as_amazons(text)
    ]
    wrong = [f"{key!r} is set by the provisioner or by AWS" for key in keys]
    wrong += [f"{text!r} begins as AWS's own do" for text in values]
    listed = ", ".join(sorted(root.tags)) or "none added"
    return PolicyResult("tags", not wrong, "; ".join(wrong) or listed)


def _restore(root: Root, catalog: Catalog) -> list[PolicyResult]:
    """A restore reads its source: data stays in its environment, unless that opens it to another."""
    if root.restore is None:
        return []
    source = root.source
    if source is None:
        named = root.restore.snapshot or root.restore.database
        return [
            PolicyResult("restore", False, f"{named!r} names no database, nor a snapshot of one, made here")
        ]
    if wrong := _other_kind(root, root.restore):
        return [PolicyResult("restore", False, wrong)]
    if not catalog.may_restore(source.environment, root.environment):
        detail = (
            f"data of {source.environment} stays there: its entry in the catalog does not open it to "
            f"{root.environment} by restore_to"
        )
        return [PolicyResult("restore", False, detail)]
    detail = f"the data of {source}"
    if source.environment != root.environment:
        detail += f", which {source.environment} opens to {root.environment}"
    if root.source_resource is not root.resource:
        detail += ", a cluster made of an instance's snapshot"
    return [PolicyResult("restore", True, detail)]


def _other_kind(root: Root, restore: Restore) -> str | None:
    """Why RDS makes no such database of its source: a cluster is made of an instance's snapshot alone."""
    if restore.engine is None:
        return None
    label = f"RDS makes no {root.engine} of {restore.engine}"
    if restore.engine not in ENGINES or becomes(restore.engine) != root.engine:
        return label
    return f"{label} but of its snapshot" if restore.snapshot is None else None


def _upgrade(root: Root, creating: bool) -> PolicyResult:
    """An upgrade is of what is there, along a path of RDS, after the snapshot that it names."""
    assert root.upgrade is not None  # noqa: S101 - the caller looked
    before, name = root.upgrade.from_version, root.place.before_snapshot(root.request_id)
    label = f"{root.engine} {before} to {root.engine_version}"
    wrong = None
    if creating:
        wrong = "a new database upgrades nothing"
    elif root.engine_version not in upgrades.targets(root.engine, before):
        wrong = f"RDS does not upgrade {label} in one step"
    elif root.upgrade.snapshot != name:
        wrong = f"the snapshot before it is {name}, not {root.upgrade.snapshot!r}"
    return PolicyResult("upgrade", wrong is None, wrong or f"{label}, after the snapshot {name}")


def _support(root: Root, catalog: Catalog) -> PolicyResult:
    """What is made is enrolled in Extended Support, for its life, only where the catalog says so."""
    allowed = catalog.environments[root.environment].extended_support
    does = "enrols what is made there" if allowed else "enrols nothing"
    return PolicyResult("support", allowed, f"{root.environment} {does} in Extended Support")


def _on(value: bool) -> str:
    return "on" if value else "off"

"""What the catalog refuses of one value, and what it takes instead."""

import datetime as dt
import re
from collections.abc import Iterable

from provisioner.core import owner as owners
from provisioner.core import upgrades
from provisioner.core.catalog import Catalog, lifetime
from provisioner.core.engine_versions import Engine
from provisioner.core.engines import CLUSTER, becomes, resource_of
from provisioner.core.errors import FieldError
from provisioner.core.names import MAX_NAME, name_errors
from provisioner.core.root import NEVER, Root, Upgrade
from provisioner.core.shown import brief, shown
from provisioner.core.suggestion import choices, meant, nearest
from provisioner.core.times import instant


def name_faults(name: str, engine: str) -> list[FieldError]:
    """Why a database may not bear a name, with one like it that it may."""
    like = "-".join(re.findall(r"[a-z0-9]+", name[:MAX_NAME].lower().lstrip("0123456789-_ ")))
    near = next((found for found in (like, f"{like}-db") if like and not name_errors(found, engine)), None)
    allowed = f"1 to {MAX_NAME} lower-case letters, digits and single hyphens, and no reserved word"
    return [
        FieldError("/database_name", text, brief(name), allowed, near) for text in name_errors(name, engine)
    ]


def size_errors(
    size: str, storage_gb: int, catalog: Catalog, environment: str, engine: str
) -> list[FieldError]:
    """Why an environment of the catalog does not take a size for an engine, or so much storage in GiB.

    An instance's size is none of a cluster, nor the other way round; Aurora bounds a cluster's storage.
    """
    rules, sizes = catalog.environments[environment], catalog.sizes_of(environment, engine)
    errors = []
    if size in rules.sizes and size not in sizes:
        errors.append(_other_kind(size, sizes, environment, engine))
    elif size not in sizes:
        others = [name for name in catalog.environments if size in catalog.sizes_of(name, engine)]
        where = f" in {environment}" + (f"; {choices(others, 'and')} have it" if others else "")
        errors.append(offered("/size", size, sizes, where))
    if resource_of(engine) is CLUSTER:
        return errors
    least, most = rules.storage_gb.minimum, rules.storage_gb.maximum
    if not least <= storage_gb <= most:
        errors.append(storage_error(storage_gb, least, most, environment))
    return errors


def _other_kind(size: str, sizes: list[str], environment: str, engine: str) -> FieldError:
    has = "a range of capacity" if resource_of(engine) is CLUSTER else "an instance class"
    choose = f"choose {choices(sizes)}" if sizes else f"{environment} offers none of them"
    return FieldError("/size", f"{size} is no size of {engine}, which has {has}: {choose}", size, sizes)


def without_storage(given: int | None, engine: str) -> list[FieldError]:
    """Why an engine does not take a size of its storage: Aurora grows and shrinks it by what is stored."""
    if given is None or resource_of(engine) is not CLUSTER:
        return []
    text = f"{engine} has the storage that it uses, without a size: leave it out"
    return [FieldError("/storage_gb", text, given, "left out")]


def version_errors(
    name: str, version: str, engine: Engine, today: dt.date, *, extended: bool
) -> list[FieldError]:
    """Why a new database does not get a version; one past its end is for what is enrolled alone."""
    if version not in engine.versions:
        return [offered("/engine_version", version, engine.offered(today))]
    return [] if extended or not engine.is_over(version, today) else [_over(name, version, engine, today)]


def _over(name: str, version: str, engine: Engine, today: dt.date) -> FieldError:
    """The refusal of a version that RDS supports no longer without Extended Support."""
    allowed = engine.offered(today)
    text = (
        f"the standard support of {name} {version} ended {engine.until(version)}: "
        f"choose {choices(allowed, 'or')}"
    )
    return FieldError("/engine_version", text, version, allowed)


def upgrade(
    root: Root,
    version: str | None,
    catalog: Catalog,
    request_id: str,
    today: dt.date,
    errors: list[FieldError],
) -> Upgrade | None:
    """The upgrade to the version that is asked for; refused where RDS or the catalog has none to it."""
    engine = catalog.engine(root.engine)
    if version is None or version == root.engine_version:
        return None
    offers = engine.offered(today) if engine else []
    allowed = [target for target in upgrades.targets(root.engine, root.engine_version) if target in offers]
    if version not in allowed:
        path = f"to {choices(allowed, 'or')}" if allowed else "to no version of the catalog"
        text = f"RDS upgrades {root.engine} {root.engine_version} {path}"
        errors.append(FieldError("/engine_version", text, brief(version), allowed))
    snapshot = root.place.before_snapshot(request_id)
    return Upgrade(from_version=root.engine_version, snapshot=snapshot)


def storage_error(given: int, least: int, most: int, environment: str | None) -> FieldError:
    """The refusal of storage outside of its bounds, in GiB."""
    text = f"{environment or 'the catalog'} allows {least} to {most} GB, not {given}"
    near = str(min(max(given, least), most))
    return FieldError("/storage_gb", text, given, f"{least} to {most} GB", near)


def end(
    ttl: str,
    catalog: Catalog,
    environment: str,
    *,
    created_at: dt.datetime,
    now: dt.datetime,
    errors: list[FieldError],
) -> str:
    """When a database with this lifetime ends, counted from now, and bounded from its creation."""
    rules = catalog.environments[environment].lifetime
    length, longest = lifetime(ttl), lifetime(rules.maximum)
    if length is None:
        if not rules.never:
            text = f"{environment} does not allow never; the longest lifetime is {rules.maximum}"
            errors.append(FieldError("/ttl", text, ttl, f"at most {rules.maximum}", rules.maximum))
        return NEVER
    if longest is not None and now + length > created_at + longest:
        latest = instant(created_at + longest)
        text = f"{environment} allows {rules.maximum} counted from creation, so until {latest} at the latest"
        errors.append(FieldError("/ttl", text, ttl, f"until {latest}"))
    return instant(now + length)


def owner_errors(given: str | None, stored: str | None = None) -> list[FieldError]:
    """Why an owner is not taken; one that is stored as it is given stays."""
    if given is None or given == stored or owners.is_allowed(given):
        return []
    return [FieldError("/owner", f"name {owners.ALLOWED}", brief(given), owners.ALLOWED)]


def offered(pointer: str, value: str, allowed: Iterable[str], where: str = "") -> FieldError:
    """The refusal of a word that is none of those there are, with the nearest."""
    among = list(allowed)
    text = f"{shown(value)} is not offered: choose {choices(among)}{where}"
    question = meant(value, among)
    return FieldError(
        pointer, f"{text}.{question}" if question else text, brief(value), among, nearest(value, among)
    )


def sources_version(source: Root, engine: str, rules: Engine) -> str | None:
    """The version that a restore has from its source: of the same engine, or of an instance made a cluster.

    None where it has to be chosen: another engine has no such version, which is refused elsewhere.
    """
    if source.engine == engine or (
        becomes(source.engine) == engine and source.engine_version in rules.versions
    ):
        return source.engine_version
    return None

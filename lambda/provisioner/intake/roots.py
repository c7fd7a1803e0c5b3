"""New and changed roots: what was asked for, with defaults filled in, and checked against the catalog.

Each step adds what it refuses to a list, so that one answer names everything that is wrong.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from provisioner.core.catalog import Catalog, Engine, Environment, lifetime
from provisioner.core.errors import FieldError
from provisioner.core.names import name_errors
from provisioner.core.root import NEVER, Restore, Root
from provisioner.core.shown import shown
from provisioner.core.times import instant
from provisioner.intake import refusals
from provisioner.intake.bodies import CreateBody, PatchBody, RestoreFrom


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices:
    """What a body may leave to its environment, its engine or its source, once chosen and allowed."""

    engine_version: str
    size: str
    storage_gb: int
    multi_az: bool
    expires_at: str


def new(
    body: CreateBody,
    catalog: Catalog,
    *,
    team: str,
    request_id: str,
    now: dt.datetime,
    source: Root | None = None,
) -> Root:
    """The root of a new database; raises Problem (422) naming every value that the catalog refuses.

    What a restore leaves open is as its source has it, where it has to be: engine version, and storage.
    """
    chosen = _choices(body, catalog, source, now)
    environment = catalog.environments[body.environment]
    special = catalog.teams.get(team)
    return Root(
        environment=body.environment,
        database_name=body.database_name,
        engine=body.database_engine,
        engine_version=chosen.engine_version,
        instance_class=catalog.sizes[chosen.size].instance_class,
        storage_gb=chosen.storage_gb,
        max_storage_gb=catalog.maximum_storage_gb(body.environment, chosen.storage_gb),
        multi_az=chosen.multi_az,
        backup_retention_days=environment.backup_retention_days,
        deletion_protection=environment.deletion_protection,
        final_snapshot=environment.final_snapshot,
        request_id=request_id,
        team=team,
        owner=body.owner or team,
        purpose=body.purpose,
        cost_center=(special.cost_center if special else None) or team,
        expires_at=chosen.expires_at,
        tags=body.tags,
        restore=_restore(body.restore_from),
    )


def changed(
    root: Root,
    body: PatchBody,
    catalog: Catalog,
    *,
    request_id: str,
    created_at: dt.datetime,
    now: dt.datetime,
    applied: Root | None = None,
    held_gb: int = 0,
) -> Root:
    """The root after a change; raises Problem (422) where the change is not possible in place.

    `applied` is what was applied last: a growth that RDS refused on the way to `root` is not carried on,
    unless it is asked for again. `held_gb` is what RDS was last seen to hold, 0 if unknown.
    """
    on_main, root = root, _without_refused_growth(root, applied)
    errors: list[FieldError] = []
    size = _kept_size(root, body, catalog)
    storage_gb = _grown_storage(root, body, size, catalog, errors, held_gb)
    expires_at = root.expires_at
    if body.ttl is not None:
        expires_at = _end(body.ttl, catalog, root.environment, created_at=created_at, now=now, errors=errors)
    if errors:
        raise refusals.invalid(errors)
    grows = storage_gb != root.storage_gb
    ceiling = catalog.maximum_storage_gb(root.environment, storage_gb) if grows else root.max_storage_gb
    after = dataclasses.replace(
        root,
        instance_class=catalog.sizes[size].instance_class if body.size else root.instance_class,
        storage_gb=storage_gb,
        max_storage_gb=ceiling,
        expires_at=expires_at,
        tags=root.tags if body.tags is None else body.tags,
        owner=root.owner if body.owner is None else body.owner,
        purpose=root.purpose if body.purpose is None else body.purpose,
    )
    if after == on_main:
        raise refusals.nothing_to_change(on_main)
    # What was disarmed for a removal that did not come is armed again.
    rules = catalog.environments[root.environment]
    # What the catalog asks for by now comes along: the gate would deny the change without it.
    return dataclasses.replace(
        after,
        deletion_protection=root.deletion_protection or rules.deletion_protection,
        final_snapshot=root.final_snapshot or rules.final_snapshot,
        backup_retention_days=max(root.backup_retention_days, rules.backup_retention_days),
        request_id=request_id,
    )


def asked(root: Root, ttl: str, catalog: Catalog) -> dict[str, Any]:
    """What a root was asked to be, with the defaults filled in: two equal answers mean the same content."""
    return {
        "database_engine": root.engine,
        "engine_version": root.engine_version,
        "size": catalog.size_of(root.instance_class),
        "storage_gb": root.storage_gb,
        "ttl": ttl,
        "owner": root.owner,
        "purpose": root.purpose,
        "high_availability": root.multi_az,
        "restore_from": None if root.restore is None else dataclasses.asdict(root.restore),
        "tags": dict(sorted(root.tags.items())),
    }


def _rules(body: CreateBody, catalog: Catalog, errors: list[FieldError]) -> tuple[Environment, Engine]:
    """The catalog's rules for a new database; raises Problem (422) at once where it has none."""
    environment = catalog.environments.get(body.environment)
    engine = catalog.engines.get(body.database_engine)
    if environment is None:
        errors.append(FieldError("/environment", _one_of(body.environment, catalog.environments)))
    if engine is None:
        errors.append(FieldError("/database_engine", _one_of(body.database_engine, catalog.engines)))
    if environment is None or engine is None:
        raise refusals.invalid(errors)
    return environment, engine


def _choices(body: CreateBody, catalog: Catalog, source: Root | None, now: dt.datetime) -> _Choices:
    """What was asked for, with defaults filled in; raises Problem (422) naming all that is not allowed."""
    errors = [
        FieldError("/database_name", text) for text in name_errors(body.database_name, body.database_engine)
    ]
    environment, engine = _rules(body, catalog, errors)
    version = _version(body, engine, source, errors)
    multi_az = _standby(body, environment, errors)
    ttl = body.ttl or environment.lifetime.default
    expires_at = _end(ttl, catalog, body.environment, created_at=now, now=now, errors=errors)
    size, storage_gb = body.size or environment.default_size, _storage(body, environment, source)
    errors += _size_errors(size, storage_gb, catalog, body.environment)
    if errors:
        raise refusals.invalid(errors)
    return _Choices(
        engine_version=version, size=size, storage_gb=storage_gb, multi_az=multi_az, expires_at=expires_at
    )


def _version(body: CreateBody, engine: Engine, source: Root | None, errors: list[FieldError]) -> str:
    """The engine's version: as asked, else the source's of the same engine, else the default."""
    same_engine = source is not None and source.engine == body.database_engine
    version = body.engine_version or (
        source.engine_version if source and same_engine else engine.default_version
    )
    if version not in engine.versions:
        errors.append(FieldError("/engine_version", _one_of(version, engine.versions)))
    return version


def _standby(body: CreateBody, environment: Environment, errors: list[FieldError]) -> bool:
    """Whether a standby in a second zone is made; refused where the environment decides otherwise."""
    rule, asked_for = environment.high_availability, body.high_availability
    if asked_for is None:
        return rule == "always"
    if rule == "never" and asked_for:
        errors.append(FieldError("/high_availability", f"{body.environment} has no standby; leave it out"))
    if rule == "always" and not asked_for:
        errors.append(FieldError("/high_availability", f"{body.environment} always has a standby"))
    return asked_for


def _storage(body: CreateBody, environment: Environment, source: Root | None) -> int:
    """As asked, else the default, and no less than the source has; in GiB."""
    if body.storage_gb is not None:
        return body.storage_gb
    return max(environment.storage_gb.default, source.storage_gb if source else 0)


def _restore(source: RestoreFrom | None) -> Restore | None:
    if source is None:
        return None
    return Restore(
        snapshot=source.snapshot,
        database=None if source.database is None else source.source().identifier,
        point_in_time=source.point_in_time,
    )


def _kept_size(root: Root, body: PatchBody, catalog: Catalog) -> str:
    """The size after a change; raises Problem (422) where the present one left the catalog."""
    size = body.size or catalog.size_of(root.instance_class)
    if size is None:
        sizes = ", ".join(catalog.environments[root.environment].sizes)
        text = f"the catalog no longer has {root.instance_class}; choose one of {sizes} with this change"
        raise refusals.invalid([FieldError("/size", text)])
    return size


def _without_refused_growth(root: Root, applied: Root | None) -> Root:
    if applied is None or root.storage_gb <= applied.storage_gb:
        return root
    return dataclasses.replace(root, storage_gb=applied.storage_gb, max_storage_gb=applied.max_storage_gb)


def _grown_storage(
    root: Root, body: PatchBody, size: str, catalog: Catalog, errors: list[FieldError], held_gb: int
) -> int:
    """The storage after a change in GiB; what does not change is not judged again."""
    storage_gb = root.storage_gb if body.storage_gb is None else body.storage_gb
    if body.size or body.storage_gb:
        errors += _size_errors(size, storage_gb, catalog, root.environment)
    if storage_gb == root.storage_gb:
        return storage_gb
    # RDS may have grown it since.
    held_gb = max(root.storage_gb, held_gb)
    if storage_gb < held_gb:
        text = f"RDS storage cannot shrink: it has {held_gb} GB, ask for more"
        errors.append(FieldError("/storage_gb", text))
    # RDS rounds less up to this: AllocatedStorage of ModifyDBInstance in the RDS API Reference.
    least = -(-held_gb * 11 // 10)
    if held_gb < storage_gb < least:
        text = f"it has {held_gb} GB, and RDS grows it by 10 % at least: ask for {least} or more"
        errors.append(FieldError("/storage_gb", text))
    return storage_gb


def _size_errors(size: str, storage_gb: int, catalog: Catalog, environment: str) -> list[FieldError]:
    rules = catalog.environments[environment]
    errors = []
    if size not in rules.sizes:
        errors.append(FieldError("/size", _one_of(size, rules.sizes) + f" in {environment}"))
    if not rules.storage_gb.minimum <= storage_gb <= rules.storage_gb.maximum:
        bounds = f"{rules.storage_gb.minimum} to {rules.storage_gb.maximum}"
        errors.append(FieldError("/storage_gb", f"{environment} allows {bounds} GB, not {storage_gb}"))
    return errors


def _end(
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
            errors.append(FieldError("/ttl", text))
        return NEVER
    if longest is not None and now + length > created_at + longest:
        latest = instant(created_at + longest)
        text = f"{environment} allows {rules.maximum} counted from creation, so until {latest} at the latest"
        errors.append(FieldError("/ttl", text))
    return instant(now + length)


def _one_of(value: str, allowed: Iterable[str]) -> str:
    return f"{shown(value)} is not offered: choose {' or '.join(allowed)}"

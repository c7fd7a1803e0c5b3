"""New and changed roots: what was asked for, with defaults filled in, and checked against the catalog.

Each step adds what it refuses to a list, so that one answer names everything that is wrong.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.core import owner as owners
from provisioner.core.catalog import Catalog, Environment
from provisioner.core.engine_versions import Engine
from provisioner.core.engines import CLUSTER, resource_of
from provisioner.core.errors import FieldError
from provisioner.core.root import SERVERLESS, Root
from provisioner.intake import refusals
from provisioner.intake.bodies import CreateBody, PatchBody
from provisioner.intake.shapes import Read
from provisioner.intake.values import (
    end,
    name_faults,
    offered,
    owner_errors,
    size_errors,
    sources_version,
    storage_error,
    upgrade,
    version_errors,
    without_storage,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices:
    """What a body may leave to its environment, its engine or its source, once chosen and allowed."""

    engine_version: str
    size: str
    storage_gb: int
    multi_az: bool
    expires_at: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A root as far as a body and the catalog say it, and what is wrong with it.

    Without an environment of the catalog there is none.
    """

    root: Root | None
    errors: list[FieldError]


def new(
    body: CreateBody,
    catalog: Catalog,
    *,
    team: str,
    request_id: str,
    now: dt.datetime,
    source: Root | None = None,
    key_holder: str | None = None,
) -> Root:
    """The root of a new database; raises Problem (422) naming every value that the catalog refuses.

    What a restore leaves open is as its source has it, where it has to be: engine version, and storage.
    """
    made = draft(
        body, catalog, team=team, request_id=request_id, now=now, source=source, key_holder=key_holder
    )
    if made.errors or made.root is None:
        raise refusals.invalid(made.errors)
    return made.root


def draft(
    body: CreateBody,
    catalog: Catalog,
    *,
    team: str,
    request_id: str,
    now: dt.datetime,
    source: Root | None = None,
    key_holder: str | None = None,
) -> Draft:
    """The root of a new database, with all that the catalog refuses of it.

    `key_holder` is whose key asks, who owns it where the body names nobody.
    """
    errors = name_faults(body.database_name, body.database_engine) + owner_errors(body.owner)
    environment = catalog.environments.get(body.environment)
    engine = catalog.engine(body.database_engine)
    if environment is None:
        errors += _without_environment(body, catalog)
    if engine is None:
        errors += _without_engine(body, catalog)
    if environment is None:
        return Draft(None, errors)
    chosen = _choices(body, catalog, environment, engine, source, now, errors)
    special, size = catalog.teams.get(team), catalog.sizes.get(chosen.size)
    cluster = resource_of(body.database_engine) is CLUSTER
    root = Root(
        environment=body.environment,
        database_name=body.database_name,
        engine=body.database_engine,
        engine_version=chosen.engine_version,
        instance_class=SERVERLESS if cluster else (size and size.instance_class) or "",
        storage_gb=chosen.storage_gb,
        max_storage_gb=0 if cluster else catalog.maximum_storage_gb(body.environment, chosen.storage_gb),
        multi_az=chosen.multi_az,
        backup_retention_days=environment.backup_retention_days,
        deletion_protection=environment.deletion_protection,
        final_snapshot=environment.final_snapshot,
        request_id=request_id,
        team=team,
        owner=body.owner or owners.left_out(team, key_holder),
        purpose=body.purpose,
        cost_center=(special.cost_center if special else None) or team,
        expires_at=chosen.expires_at,
        tags=body.tags,
        restore=body.restore_from.restore(body.database_engine, source) if body.restore_from else None,
        capacity=size.capacity(monitoring=environment.monitor_clusters) if cluster and size else None,
        extended_support=environment.extended_support,
    )
    return Draft(root.with_windows(catalog.windows(root.place)), errors)


def changed(
    root: Root,
    body: PatchBody | Read[PatchBody],
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
    on_main, root = root, _without_refused_growth(root.settled(applied), applied)
    found = body if isinstance(body, Read) else Read(body)
    body, errors = found.body, list[FieldError]()
    size = _kept_size(root, body, catalog, errors)
    storage_gb = _grown_storage(root, body, size, catalog, errors, held_gb)
    change = upgrade(root, body.engine_version, catalog, request_id, now.date(), errors)
    expires_at = root.expires_at
    if body.ttl is not None:
        expires_at = end(body.ttl, catalog, root.environment, created_at=created_at, now=now, errors=errors)
    if errors := found.all_errors(errors + owner_errors(body.owner, root.owner)):
        raise refusals.invalid(errors)
    grows = storage_gb != root.storage_gb
    ceiling = catalog.maximum_storage_gb(root.environment, storage_gb) if grows else root.max_storage_gb
    rules, chosen = catalog.environments[root.environment], catalog.sizes[size]
    after = dataclasses.replace(
        root,
        engine_version=body.engine_version or root.engine_version,
        upgrade=change,
        instance_class=(body.size and chosen.instance_class) or root.instance_class,
        capacity=chosen.capacity(monitoring=rules.monitor_clusters) if body.size else root.capacity,
        storage_gb=storage_gb,
        max_storage_gb=ceiling,
        expires_at=expires_at,
        tags=root.tags if body.tags is None else body.tags,
        owner=root.owner if body.owner is None else body.owner,
        purpose=root.purpose if body.purpose is None else body.purpose,
    )
    if after == dataclasses.replace(on_main, upgrade=None):
        raise refusals.nothing_to_change(on_main)
    return _as_by_now(dataclasses.replace(after, request_id=request_id), catalog)


def _as_by_now(root: Root, catalog: Catalog) -> Root:
    """With what the catalog asks for by now, without which the gate would deny the change.

    What was disarmed for a removal that did not come is armed again.
    """
    rules = catalog.environments[root.environment]
    armed = dataclasses.replace(
        root,
        capacity=root.capacity and (root.capacity.watched() if rules.monitor_clusters else root.capacity),
        deletion_protection=root.deletion_protection or rules.deletion_protection,
        final_snapshot=root.final_snapshot or rules.final_snapshot,
        backup_retention_days=max(root.backup_retention_days, rules.backup_retention_days),
    )
    return armed.with_windows(catalog.windows(root.place))


def asked(root: Root, ttl: str, catalog: Catalog) -> dict[str, Any]:
    """What a root was asked to be, with the defaults filled in: two equal answers mean the same content."""
    return {
        "database_engine": root.engine,
        "engine_version": root.engine_version,
        "size": catalog.size_of(root),
        "storage_gb": root.storage_gb,
        "ttl": ttl,
        "owner": root.owner,
        "purpose": root.purpose,
        "high_availability": root.multi_az,
        "restore_from": None if root.restore is None else root.restore.values(),
        "tags": dict(sorted(root.tags.items())),
    }


def differing(
    asked: Mapping[str, Any], before: Mapping[str, Any], nobody: Collection[str | None]
) -> list[str]:
    """The names of what is asked for otherwise than before.

    An owner that was one of `nobody` was left out before; left out again, it is none that differs.
    """
    same_owner = before.get("owner") in nobody
    return [
        name for name in asked if asked[name] != before.get(name) and not (name == "owner" and same_owner)
    ]


def _without_environment(body: CreateBody, catalog: Catalog) -> list[FieldError]:
    """What is wrong where the environment is: itself, and what none of them would take."""
    errors = [offered("/environment", body.environment, catalog.environments)]
    if body.size is not None and body.size not in catalog.sizes:
        errors.append(offered("/size", body.size, catalog.sizes))
    bounds = [rules.storage_gb for rules in catalog.environments.values()]
    least, most = min(each.minimum for each in bounds), max(each.maximum for each in bounds)
    if body.storage_gb is not None and not least <= body.storage_gb <= most:
        errors.append(storage_error(body.storage_gb, least, most, None))
    return errors


def _without_engine(body: CreateBody, catalog: Catalog) -> list[FieldError]:
    """What is wrong where the engine is: itself, and a version that none of them has."""
    errors = [offered("/database_engine", body.database_engine, catalog.engines)]
    versions = [version for rules in catalog.engines.values() for version in rules.versions]
    if body.engine_version is not None and body.engine_version not in versions:
        errors.append(offered("/engine_version", body.engine_version, versions))
    return errors


def _choices(
    body: CreateBody,
    catalog: Catalog,
    environment: Environment,
    engine: Engine | None,
    source: Root | None,
    now: dt.datetime,
    errors: list[FieldError],
) -> _Choices:
    """What was asked for, with defaults filled in; adds what is not allowed to `errors`."""
    version = _version(body, engine, source) if engine else ""
    if engine:
        extended = environment.extended_support
        errors += version_errors(body.database_engine, version, engine, now.date(), extended=extended)
    multi_az = _standby(body, environment, errors)
    ttl = body.ttl or environment.lifetime.default
    expires_at = end(ttl, catalog, body.environment, created_at=now, now=now, errors=errors)
    size = body.size or _usual_size(body, catalog, environment)
    storage_gb = _storage(body, environment, source)
    errors += size_errors(size, storage_gb, catalog, body.environment, body.database_engine)
    errors += without_storage(body.storage_gb, body.database_engine)
    return _Choices(
        engine_version=version, size=size, storage_gb=storage_gb, multi_az=multi_az, expires_at=expires_at
    )


def _usual_size(body: CreateBody, catalog: Catalog, environment: Environment) -> str:
    """The environment's usual size; a cluster's is the first range of capacity that the environment has."""
    return next(iter(catalog.sizes_of(body.environment, body.database_engine)), environment.default_size)


def _version(body: CreateBody, engine: Engine, source: Root | None) -> str:
    """The engine's version: as asked, else the source's, else the default."""
    kept = sources_version(source, body.database_engine, engine) if source else None
    return body.engine_version or kept or engine.default_version


def _standby(body: CreateBody, environment: Environment, errors: list[FieldError]) -> bool:
    """Whether a standby in a second zone is made; refused where the environment decides otherwise."""
    rule, asked_for = environment.high_availability, body.high_availability
    if asked_for is None:
        return rule == "always"
    if rule == "never" and asked_for:
        text = f"{body.environment} has no standby; leave it out"
        errors.append(FieldError("/high_availability", text, asked_for, ["false"]))
    if rule == "always" and not asked_for:
        text = f"{body.environment} always has a standby"
        errors.append(FieldError("/high_availability", text, asked_for, ["true"]))
    return asked_for


def _storage(body: CreateBody, environment: Environment, source: Root | None) -> int:
    """As asked, else the default, and no less than the source has; in GiB. A cluster has none."""
    if resource_of(body.database_engine) is CLUSTER:
        return 0
    if body.storage_gb is not None:
        return body.storage_gb
    return max(environment.storage_gb.default, source.storage_gb if source else 0)


def _kept_size(root: Root, body: PatchBody, catalog: Catalog, errors: list[FieldError]) -> str:
    """The size after a change; refused where the present one left the catalog."""
    size = body.size or catalog.size_of(root)
    if size is None:
        sizes = catalog.sizes_of(root.environment, root.engine)
        listed, has = ", ".join(sizes), "its capacity" if root.capacity else root.instance_class
        text = f"the catalog no longer has {has}; choose one of {listed} with this change"
        errors.append(FieldError("/size", text, allowed=sizes))
        return (sizes or catalog.environments[root.environment].sizes)[0]
    return size


def _without_refused_growth(root: Root, applied: Root | None) -> Root:
    if applied is None or root.storage_gb <= applied.storage_gb:
        return root
    return dataclasses.replace(root, storage_gb=applied.storage_gb, max_storage_gb=applied.max_storage_gb)


def _grown_storage(
    root: Root, body: PatchBody, size: str, catalog: Catalog, errors: list[FieldError], held_gb: int
) -> int:
    """The storage after a change in GiB; what does not change is not judged again."""
    if refused := without_storage(body.storage_gb, root.engine):
        errors += refused
        return root.storage_gb
    storage_gb = root.storage_gb if body.storage_gb is None else body.storage_gb
    if body.size or body.storage_gb:
        errors += size_errors(size, storage_gb, catalog, root.environment, root.engine)
    if storage_gb == root.storage_gb:
        return storage_gb
    # RDS may have grown it since.
    held_gb = max(root.storage_gb, held_gb)
    if storage_gb < held_gb:
        text = f"RDS storage cannot shrink: it has {held_gb} GB, ask for more"
        errors.append(FieldError("/storage_gb", text, storage_gb, f"{held_gb} GB or more"))
    # RDS rounds less up to this: AllocatedStorage of ModifyDBInstance in the RDS API Reference.
    least = -(-held_gb * 11 // 10)
    if held_gb < storage_gb < least:
        text = f"it has {held_gb} GB, and RDS grows it by 10 % at least: ask for {least} or more"
        errors.append(FieldError("/storage_gb", text, storage_gb, f"{least} GB or more", str(least)))
    return storage_gb

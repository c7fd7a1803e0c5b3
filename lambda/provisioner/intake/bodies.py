"""What a person asks for, checked against the catalog and turned into a Terraform root."""

import dataclasses
import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from provisioner.core.catalog import Catalog, LifetimeText, lifetime
from provisioner.core.errors import FieldError, Problem
from provisioner.core.names import Place, SnapshotName, name_errors
from provisioner.core.root import NEVER, Restore, Root
from provisioner.core.times import instant, read_time

RESERVED_TAGS: Final = frozenset(
    {"managedby", "requestid", "team", "owner", "environment", "expiresat", "costcenter", "purpose", "name"}
)
_TAG_TEXT = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")


def _plain(text: str) -> str:
    """Text in NFC, as HCL reads it, without control characters; raises ValueError otherwise."""
    text = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(char) in ("Cc", "Cs", "Cn") for char in text):
        raise ValueError("leave out control characters and line breaks")
    return text


def _tag_text(text: str) -> str:
    if not _TAG_TEXT.fullmatch(text):
        raise ValueError("use letters, digits, spaces and _ . : / = + - @ only")
    return text


def _tags(tags: dict[str, str]) -> dict[str, str]:
    for key in tags:
        if key.lower() in RESERVED_TAGS or key.lower().startswith("aws:"):
            raise ValueError(f"the tag {key!r} is set by the provisioner or by AWS; choose another name")
    if len({key.lower() for key in tags}) != len(tags):
        raise ValueError("two tags differ in capitals only; rename one")
    return tags


PlainText = Annotated[str, AfterValidator(_plain), Field(max_length=256)]
TagKey = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_tag_text)]
TagValue = Annotated[str, Field(max_length=128), AfterValidator(_tag_text)]
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=20), AfterValidator(_tags)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class RestoreFrom(_Body):
    """Where to take the data from: a snapshot, or one of the team's databases at a point in time."""

    snapshot: Annotated[str, Field(max_length=255)] | None = None
    database: str | None = Field(default=None, description="environment/database_name of the source")
    point_in_time: str | None = Field(default=None, description='RFC 3339 in UTC, or "latest"')

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.snapshot is None) == (self.database is None):
            raise ValueError("give either snapshot or database")
        if self.snapshot is not None:
            if self.point_in_time is not None:
                raise ValueError("point_in_time goes with database, not with snapshot")
            if SnapshotName.parse(self.snapshot) is None:
                raise ValueError("snapshot has to be a final or automated snapshot of a database made here")
        if self.database is not None:
            if Place.parse(self.database) is None:
                raise ValueError("database has to be environment/database_name, for example prod/orders")
            self.point_in_time = self.point_in_time or "latest"
            if self.point_in_time != "latest":
                self.point_in_time = instant(read_time(self.point_in_time))
        return self

    def source(self) -> Place:
        """The database that the data comes from."""
        if self.database is not None:
            place = Place.parse(self.database)
        else:
            name = self.snapshot_name()
            place = name.place if name else None
        if place is None:
            raise ValueError("the body was not checked")
        return place

    def snapshot_name(self) -> SnapshotName | None:
        """What the name of the snapshot says; None where the data comes from a point in time."""
        return SnapshotName.parse(self.snapshot) if self.snapshot is not None else None


class CreateBody(_Body):
    """The body of `POST /provision-rds`; three fields are enough."""

    database_name: str
    database_engine: Literal["mysql", "postgres"]
    environment: str
    engine_version: str | None = None
    size: str | None = None
    storage_gb: int | None = None
    ttl: LifetimeText | None = None
    owner: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_tag_text)] | None = None
    purpose: PlainText = ""
    high_availability: bool | None = None
    restore_from: RestoreFrom | None = None
    tags: Tags = {}


class PatchBody(_Body):
    """The body of `PATCH /databases/{environment}/{database_name}`: what may change in place."""

    size: str | None = None
    storage_gb: int | None = None
    ttl: LifetimeText | None = None
    tags: Tags | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one of size, storage_gb, ttl and tags")
        return self


_Model = TypeVar("_Model", bound=_Body)

_RECREATING: Final = (
    "database_name",
    "database_engine",
    "environment",
    "engine_version",
    "high_availability",
    "restore_from",
)


def read_create(content: Any) -> CreateBody:
    """Check the shape of a create body; raises Problem (422) naming each wrong field."""
    return _read(CreateBody, content)


class RotateBody(_Body):
    """The body of `POST /databases/{environment}/{database_name}/rotate`."""

    user: Literal["master", "application", "read_only"] = "master"


def read_rotate(content: Any) -> RotateBody:
    """Check the shape of a rotation; raises Problem (422)."""
    return _read(RotateBody, content)


def read_patch(content: Any) -> PatchBody:
    """Check the shape of a change; raises Problem (422), also for fields that cannot change in place."""
    if isinstance(content, Mapping):
        fixed = [name for name in _RECREATING if name in content]
        if fixed:
            raise invalid(
                [
                    FieldError(f"/{name}", f"{name} cannot change in place: ask for a new database instead")
                    for name in fixed
                ]
            )
    return _read(PatchBody, content)


def invalid(errors: list[FieldError]) -> Problem:
    """The 422 that lists what to change."""
    fields = ", ".join(dict.fromkeys(error.pointer.lstrip("/") or "the body" for error in errors))
    return Problem(
        422, "The request is not valid", f"Change {fields}.", slug="invalid-request", errors=errors
    )


def new_root(
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
    errors = [
        FieldError("/database_name", text) for text in name_errors(body.database_name, body.database_engine)
    ]
    environment = catalog.environments.get(body.environment)
    engine = catalog.engines.get(body.database_engine)
    if environment is None:
        errors.append(FieldError("/environment", _one_of(body.environment, catalog.environments)))
    if engine is None:
        errors.append(FieldError("/database_engine", _one_of(body.database_engine, catalog.engines)))
    if environment is None or engine is None:
        raise invalid(errors)
    same_engine = source is not None and source.engine == body.database_engine
    like = source.engine_version if source and same_engine else engine.default_version
    version = body.engine_version or like
    if version not in engine.versions:
        errors.append(FieldError("/engine_version", _one_of(version, engine.versions)))
    size = body.size or environment.default_size
    storage_gb = max(environment.storage_gb.default, source.storage_gb if source else 0)
    if body.storage_gb is not None:
        storage_gb = body.storage_gb
    high_availability = environment.high_availability == "always"
    if body.high_availability is not None:
        high_availability = body.high_availability
        if environment.high_availability == "never" and high_availability:
            errors.append(
                FieldError("/high_availability", f"{body.environment} has no standby; leave it out")
            )
        if environment.high_availability == "always" and not high_availability:
            errors.append(FieldError("/high_availability", f"{body.environment} always has a standby"))
    expires_at = NEVER
    try:
        expires_at = expiry(
            body.ttl or environment.lifetime.default, catalog, body.environment, created_at=now, now=now
        )
    except ValueError as error:
        errors.append(FieldError("/ttl", str(error)))
    errors += _size_errors(size, storage_gb, catalog, body.environment)
    restore = None
    if body.restore_from is not None:
        place = body.restore_from.source()
        restore = Restore(
            snapshot=body.restore_from.snapshot,
            database=None if body.restore_from.database is None else place.identifier,
            point_in_time=body.restore_from.point_in_time,
        )
    if errors:
        raise invalid(errors)
    special = catalog.teams.get(team)
    return Root(
        environment=body.environment,
        database_name=body.database_name,
        engine=body.database_engine,
        engine_version=version,
        instance_class=catalog.sizes[size].instance_class,
        storage_gb=storage_gb,
        max_storage_gb=catalog.maximum_storage_gb(body.environment, storage_gb),
        multi_az=high_availability,
        backup_retention_days=environment.backup_retention_days,
        deletion_protection=environment.deletion_protection,
        final_snapshot=environment.final_snapshot,
        request_id=request_id,
        team=team,
        owner=body.owner or team,
        purpose=body.purpose,
        cost_center=(special.cost_center if special else None) or team,
        expires_at=expires_at,
        tags=body.tags,
        restore=restore,
    )


def changed_root(
    root: Root,
    body: PatchBody,
    catalog: Catalog,
    *,
    request_id: str,
    created_at: dt.datetime,
    now: dt.datetime,
) -> Root:
    """The root after a change; raises Problem (422) where the change is not possible in place."""
    size = body.size or catalog.size_of(root.instance_class) or ""
    storage_gb = root.storage_gb if body.storage_gb is None else body.storage_gb
    if not size:
        sizes = ", ".join(catalog.environments[root.environment].sizes)
        text = f"the catalog no longer has {root.instance_class}; choose one of {sizes} with this change"
        raise invalid([FieldError("/size", text)])
    errors = _size_errors(size, storage_gb, catalog, root.environment) if body.size or body.storage_gb else []
    if storage_gb < root.storage_gb:
        errors.append(
            FieldError("/storage_gb", f"RDS storage cannot shrink: it has {root.storage_gb} GB, ask for more")
        )
    expires_at = root.expires_at
    if body.ttl is not None:
        try:
            expires_at = expiry(body.ttl, catalog, root.environment, created_at=created_at, now=now)
        except ValueError as error:
            errors.append(FieldError("/ttl", str(error)))
    if errors:
        raise invalid(errors)
    grown = storage_gb != root.storage_gb
    changed = dataclasses.replace(
        root,
        instance_class=catalog.sizes[size].instance_class if body.size else root.instance_class,
        storage_gb=storage_gb,
        max_storage_gb=catalog.maximum_storage_gb(root.environment, storage_gb)
        if grown
        else root.max_storage_gb,
        expires_at=expires_at,
        tags=root.tags if body.tags is None else body.tags,
    )
    if changed == root:
        raise Problem(
            409,
            "Nothing would change",
            f"{root.place} already is as asked.",
            slug="nothing-to-change",
        )
    # What was disarmed for a removal that did not come is armed again.
    armed = root.deletion_protection or catalog.environments[root.environment].deletion_protection
    return dataclasses.replace(changed, deletion_protection=armed, request_id=request_id)


def disarmed_root(root: Root, *, request_id: str) -> Root:
    """The root with deletion protection off: the first of the two steps of a protected removal."""
    return dataclasses.replace(root, deletion_protection=False, request_id=request_id)


def armed_root(root: Root, *, request_id: str) -> Root:
    """The root with deletion protection on again, after a removal that did not come."""
    return dataclasses.replace(root, deletion_protection=True, request_id=request_id)


def expiry(ttl: str, catalog: Catalog, environment: str, *, created_at: dt.datetime, now: dt.datetime) -> str:
    """When a database with this lifetime ends; raises ValueError when it would live too long."""
    rules = catalog.environments[environment].lifetime
    length = lifetime(ttl)
    longest = lifetime(rules.maximum)
    if length is None:
        if not rules.never:
            raise ValueError(f"{environment} does not allow never; the longest lifetime is {rules.maximum}")
        return NEVER
    if longest is not None and now + length > created_at + longest:
        latest = instant(created_at + longest)
        raise ValueError(
            f"{environment} allows {rules.maximum} counted from creation, so until {latest} at the latest"
        )
    return instant(now + length)


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


def _size_errors(size: str, storage_gb: int, catalog: Catalog, environment: str) -> list[FieldError]:
    rules = catalog.environments[environment]
    errors = []
    if size not in rules.sizes:
        errors.append(FieldError("/size", _one_of(size, rules.sizes) + f" in {environment}"))
    if not rules.storage_gb.minimum <= storage_gb <= rules.storage_gb.maximum:
        bounds = f"{rules.storage_gb.minimum} to {rules.storage_gb.maximum}"
        errors.append(FieldError("/storage_gb", f"{environment} allows {bounds} GB, not {storage_gb}"))
    return errors


def _one_of(value: str, allowed: Any) -> str:
    return f"{value!r} is not offered: choose {' or '.join(map(str, allowed))}"


def _read(model: type[_Model], content: Any) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise invalid(
            [FieldError(_pointer(one["loc"]), _message(one["type"], one["msg"])) for one in error.errors()]
        ) from error


def _pointer(location: tuple[int | str, ...]) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in location if part != "[key]")
    return "".join(f"/{part}" for part in parts)


def _message(kind: str, message: str) -> str:
    match kind:
        case "missing":
            return "this field is required"
        case "extra_forbidden":
            return "there is no such field: leave it out, or correct its name"
        case "model_type":
            return "send a JSON object"
        case _:
            text = message.removeprefix("Value error, ").removeprefix("Input ")
            return text.replace("should be", "has to be", 1)

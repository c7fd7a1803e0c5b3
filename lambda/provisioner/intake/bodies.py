"""The bodies of the API's writes: their shape, and what to change where one is wrong."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from provisioner.core import tags
from provisioner.core.catalog import LifetimeText
from provisioner.core.engines import resource_of
from provisioner.core.errors import FieldError
from provisioner.core.names import Place, SnapshotName
from provisioner.core.root import Restore, Root
from provisioner.core.shown import brief
from provisioner.core.times import instant, parse_time
from provisioner.intake import refusals, shapes

MAX_TEXT: Final = 256


def _plain(text: str) -> str:
    """Text in NFC, as HCL reads it, without control characters; raises ValueError otherwise."""
    text = unicodedata.normalize("NFC", text)
    wrong = []
    if len(text) > MAX_TEXT:
        wrong.append(f"use at most {MAX_TEXT} characters; it has {len(text)}")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Cn") for char in text):
        wrong.append("leave out control characters and line breaks")
    if wrong:
        raise ValueError("; ".join(wrong))
    return _own(text)


def _own(text: str) -> str:
    """Text that becomes the value of a tag."""
    if tags.begins_as_amazons(text):
        raise ValueError("AWS keeps the beginnings aws: and rds: for itself; begin with something else")
    return text


def _tag_text(text: str) -> str:
    if not tags.has_allowed_characters(text):
        raise ValueError("use letters, digits, spaces and _ . : / = + - @ only")
    return text


def _tag_value(text: str) -> str:
    return _own(_tag_text(text))


def _tag_key(key: str) -> str:
    if tags.is_reserved(key):
        raise ValueError(f"the tag {key!r} is set by the provisioner or by AWS; choose another name")
    return _tag_text(key)


def _tags(given: dict[str, str]) -> dict[str, str]:
    if len({key.lower() for key in given}) != len(given):
        raise ValueError("two tags differ in capitals only; rename one")
    return given


PlainText = Annotated[str, AfterValidator(_plain)]
ShortText = Annotated[str, Field(max_length=64)]
# RDS's own bound, in GiB; the catalog's are far lower.
StorageGb = Annotated[int, Field(ge=0, le=65_536)]
TagKey = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_tag_key)]
TagValue = Annotated[str, Field(max_length=128), AfterValidator(_tag_value)]
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=20), AfterValidator(_tags)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _snapshot(text: str) -> str:
    if SnapshotName.parse(text) is None:
        raise ValueError("it has to be a final or automated snapshot of a database made here")
    return text


def _place(text: str) -> str:
    if Place.parse(text) is None:
        raise ValueError("it has to be environment/database_name, for example prod/orders")
    return text


def _point_in_time(text: str) -> str:
    return text if text == "latest" else instant(parse_time(text))


class RestoreFrom(_Body):
    """Where to take the data from: a snapshot, or one of the team's databases at a point in time."""

    snapshot: Annotated[str, Field(max_length=255), AfterValidator(_snapshot)] | None = None
    database: Annotated[str, Field(max_length=64), AfterValidator(_place)] | None = None
    point_in_time: Annotated[str, Field(max_length=64), AfterValidator(_point_in_time)] | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.snapshot is None) == (self.database is None):
            raise ValueError("give either snapshot or database")
        if self.snapshot is not None and self.point_in_time is not None:
            raise ValueError("point_in_time goes with database, not with snapshot")
        if self.database is not None:
            self.point_in_time = self.point_in_time or "latest"
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

    def restore(self, engine: str, source: Root | None = None) -> Restore:
        """The same, as a root of this engine says it; it names the source's engine where the kind changes."""
        return Restore(
            snapshot=self.snapshot,
            database=None if self.database is None else self.source().identifier,
            point_in_time=self.point_in_time,
            engine=source.engine if source and source.resource is not resource_of(engine) else None,
        )

    def snapshot_name(self) -> SnapshotName | None:
        """What the name of the snapshot says; None where the data comes from a point in time."""
        return SnapshotName.parse(self.snapshot) if self.snapshot is not None else None


Owner = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_tag_value)]


class CreateBody(_Body):
    """The body of `POST /provision-rds`; three fields are enough."""

    database_name: str  # held to its grammar, which bounds it, before anything else is done with it
    database_engine: ShortText  # the catalog says which there are
    environment: ShortText
    engine_version: ShortText | None = None
    size: ShortText | None = None
    storage_gb: StorageGb | None = None
    ttl: LifetimeText | None = None
    owner: Owner | None = None
    purpose: PlainText = ""
    reason: PlainText = ""
    high_availability: bool | None = None
    restore_from: RestoreFrom | None = None
    tags: Tags = {}


class PatchBody(_Body):
    """The body of `PATCH /databases/{environment}/{database_name}`: what may change in place."""

    size: ShortText | None = None
    storage_gb: StorageGb | None = None
    engine_version: ShortText | None = None
    ttl: LifetimeText | None = None
    tags: Tags | None = None
    owner: Owner | None = None
    purpose: PlainText | None = None
    reason: PlainText = ""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.changes:
            raise ValueError(
                "name at least one of size, storage_gb, engine_version, ttl, tags, owner and purpose"
            )
        return self

    @property
    def changes(self) -> set[str]:
        """The fields that ask for a change: the reason alone is none."""
        return self.model_fields_set - {"reason"}


class RotateBody(_Body):
    """The body of `POST /databases/{environment}/{database_name}/rotate`."""

    user: Literal["master", "application", "read_only"] = "master"
    reason: PlainText = ""


_Model = TypeVar("_Model", bound=_Body)

_RECREATING: Final = (
    "database_name",
    "database_engine",
    "environment",
    "high_availability",
    "restore_from",
)


def parse_reason(text: str | None) -> str:
    """A reason behind the path's `?`, held to what a reason in a body is; raises Problem (400)."""
    try:
        return _plain(text or "")
    except ValueError as error:
        raise refusals.bad_reason(str(error)) from None


def parse_create(content: Any) -> CreateBody:
    """Check the shape of a create body; raises Problem (422) naming each wrong field."""
    return _sound(read_create(content))


def read_create(content: Any) -> shapes.Read[CreateBody]:
    """A create body as far as its shape holds, for the catalog to be asked of the rest in the same round."""
    return shapes.read(CreateBody, content)


def parse_rotate(content: Any) -> RotateBody:
    """Check the shape of a rotation; raises Problem (422)."""
    return _sound(shapes.read(RotateBody, content))


def parse_patch(content: Any) -> PatchBody:
    """Check the shape of a change; raises Problem (422), also for fields that cannot change in place."""
    return _sound(read_patch(content))


def read_patch(content: Any) -> shapes.Read[PatchBody]:
    """A change as far as its shape holds; raises Problem (422) where nothing of it can be used."""
    fixed = [name for name in _RECREATING if name in content] if isinstance(content, Mapping) else []
    text = "cannot change in place: ask for a new database instead"
    allowed = [name for name in PatchBody.model_fields if name != "reason"]
    found = [FieldError(f"/{name}", f"{name} {text}", brief(content[name]), allowed) for name in fixed]
    return shapes.read(PatchBody, content, found)


def _sound(found: shapes.Read[_Model]) -> _Model:
    if found.errors:
        raise refusals.invalid([*found.errors])
    return found.body

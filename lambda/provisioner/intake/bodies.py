"""The bodies of the API's writes: their shape, and what to change where one is wrong."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from provisioner.core import tags
from provisioner.core.catalog import LifetimeText
from provisioner.core.errors import FieldError
from provisioner.core.names import Place, SnapshotName
from provisioner.core.times import instant, parse_time
from provisioner.intake import refusals

MAX_TEXT: Final = 256
# No field's name is longer.
_LONGEST_PART: Final = 200


def _plain(text: str) -> str:
    """Text in NFC, as HCL reads it, without control characters; raises ValueError otherwise."""
    text = unicodedata.normalize("NFC", text)
    if len(text) > MAX_TEXT:
        raise ValueError(f"use at most {MAX_TEXT} characters")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Cn") for char in text):
        raise ValueError("leave out control characters and line breaks")
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


def _tags(given: dict[str, str]) -> dict[str, str]:
    for key in given:
        if tags.is_reserved(key):
            raise ValueError(f"the tag {key!r} is set by the provisioner or by AWS; choose another name")
    if len({key.lower() for key in given}) != len(given):
        raise ValueError("two tags differ in capitals only; rename one")
    return given


PlainText = Annotated[str, AfterValidator(_plain)]
ShortText = Annotated[str, Field(max_length=64)]
# RDS's own bound, in GiB; the catalog's are far lower.
StorageGb = Annotated[int, Field(ge=0, le=65_536)]
TagKey = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_tag_text)]
TagValue = Annotated[str, Field(max_length=128), AfterValidator(_tag_value)]
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=20), AfterValidator(_tags)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class RestoreFrom(_Body):
    """Where to take the data from: a snapshot, or one of the team's databases at a point in time."""

    snapshot: Annotated[str, Field(max_length=255)] | None = None
    database: str | None = Field(
        default=None, max_length=64, description="environment/database_name of the source"
    )
    point_in_time: str | None = Field(default=None, max_length=64, description='RFC 3339 in UTC, or "latest"')

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
                self.point_in_time = instant(parse_time(self.point_in_time))
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


Owner = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_tag_value)]


class CreateBody(_Body):
    """The body of `POST /provision-rds`; three fields are enough."""

    database_name: str  # held to its grammar, which bounds it, before anything else is done with it
    database_engine: Literal["mysql", "postgres"]
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
    ttl: LifetimeText | None = None
    tags: Tags | None = None
    owner: Owner | None = None
    purpose: PlainText | None = None
    reason: PlainText = ""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.changes:
            raise ValueError("name at least one of size, storage_gb, ttl, tags, owner and purpose")
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
    "engine_version",
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
    return _parse(CreateBody, content)


def parse_rotate(content: Any) -> RotateBody:
    """Check the shape of a rotation; raises Problem (422)."""
    return _parse(RotateBody, content)


def parse_patch(content: Any) -> PatchBody:
    """Check the shape of a change; raises Problem (422), also for fields that cannot change in place."""
    if isinstance(content, Mapping):
        fixed = [name for name in _RECREATING if name in content]
        if fixed:
            raise refusals.invalid(
                [
                    FieldError(f"/{name}", f"{name} cannot change in place: ask for a new database instead")
                    for name in fixed
                ]
            )
    return _parse(PatchBody, content)


def _parse(model: type[_Model], content: Any) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise refusals.invalid(
            [
                FieldError(
                    _pointer(fault["loc"]), _message(fault["type"], fault["msg"], fault.get("ctx", {}))
                )
                for fault in error.errors()
            ]
        ) from error


def _pointer(location: tuple[int | str, ...]) -> str:
    named = (str(part)[:_LONGEST_PART] for part in location if part != "[key]")
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in named)


# What is wrong, by pydantic's name for it: its own messages speak of Python.
_MESSAGES: Final = {
    "missing": "this field is required",
    "extra_forbidden": "there is no such field: leave it out, or correct its name",
    "model_type": "send a JSON object",
    "dict_type": "send a JSON object",
    "string_type": "send a text",
    "string_unicode": "send a text in UTF-8",
    "int_type": "send a whole number",
    "bool_type": "send true or false",
    "literal_error": "has to be {expected}",
    "string_too_short": "send at least {min_length} character",
    "string_too_long": "use at most {max_length} characters",
    "too_long": "send at most {max_length} of them",
    "greater_than_equal": "send {ge} or more",
    "less_than_equal": "send {le} or less",
}


def _message(kind: str, message: str, context: Mapping[str, Any]) -> str:
    text = _MESSAGES.get(kind)
    return message.removeprefix("Value error, ") if text is None else text.format_map(context)

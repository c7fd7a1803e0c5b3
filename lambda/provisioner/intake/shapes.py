"""What is wrong with a body's shape: the messages of pydantic speak of Python, these of the API."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from provisioner.core.errors import FieldError
from provisioner.core.shown import brief, shown
from provisioner.core.suggestion import meant, nearest
from provisioner.intake import refusals

_Model = TypeVar("_Model", bound=BaseModel)
# No field's name is longer.
_LONGEST_PART: Final = 200

# What is wrong and what is taken, by pydantic's name for it.
_MESSAGES: Final = {
    "missing": ("this field is required", None),
    "model_type": ("send a JSON object", "a JSON object"),
    "dict_type": ("send a JSON object", "a JSON object"),
    "string_type": ("send a text", "a text"),
    "string_unicode": ("send a text in UTF-8", "a text in UTF-8"),
    "int_type": ("send a whole number", "a whole number"),
    "bool_type": ("send true or false", "true or false"),
    "literal_error": ("has to be {expected}", "{expected}"),
    "string_too_short": ("send at least {min_length} character, or leave it out", "1 character or more"),
    "string_too_long": (
        "use at most {max_length} characters; it has {length}",
        "at most {max_length} characters",
    ),
    "too_long": ("send at most {max_length} of them", "at most {max_length}"),
    "greater_than_equal": ("send {ge} or more", "{ge} or more"),
    "less_than_equal": ("send {le} or less", "{le} or less"),
}


@dataclass(frozen=True, slots=True)
class Read(Generic[_Model]):
    """A body as far as its shape holds: what `errors` names is left out of it, or stands by an empty text."""

    body: _Model
    errors: tuple[FieldError, ...] = ()

    def all_errors(self, found: Iterable[FieldError]) -> list[FieldError]:
        """The errors of the shape, and those found later of other fields."""
        fields = {_field(error) for error in self.errors}
        return [*self.errors, *(error for error in found if _field(error) not in fields)]


def read(model: type[_Model], content: Any, more: Sequence[FieldError] = ()) -> Read[_Model]:
    """Read a body as far as its shape holds; raises Problem (422) where nothing of it can be used.

    `more` is what was found of it before.
    """
    if not isinstance(content, Mapping):
        raise refusals.invalid([_error(model, fault) for fault in _faults(model, content)])
    wrong = {_field(error) for error in more}
    faults = _faults(model, {name: value for name, value in content.items() if name not in wrong})
    faults = [fault for fault in faults if fault["loc"] or not more]  # what is left may ask for nothing
    errors = [*more, *(_error(model, fault) for fault in faults)]
    wrong |= {str(fault["loc"][0]) for fault in faults if fault["loc"]}
    sound = {name: value for name, value in content.items() if name not in wrong}
    fillers = {
        name: "" for name, field in model.model_fields.items() if field.is_required() and name in wrong
    }
    try:
        return Read(model.model_validate(sound | fillers), tuple(errors))
    except ValidationError as error:
        whole = [_error(model, fault) for fault in error.errors() if not fault["loc"]]
        raise refusals.invalid(errors or whole) from error


def _faults(model: type[BaseModel], content: Any) -> list[ErrorDetails]:
    try:
        model.model_validate(content)
    except ValidationError as error:
        return error.errors()
    return []


def _field(error: FieldError) -> str:
    return error.pointer.split("/")[1] if error.pointer else ""


def _error(model: type[BaseModel], fault: ErrorDetails) -> FieldError:
    pointer, given, kind = _pointer(fault["loc"]), brief(fault["input"]), fault["type"]
    if kind == "extra_forbidden":
        return _unknown(model, fault, pointer)
    if kind == "string_type" and isinstance(fault["input"], (int, float)) and not isinstance(given, bool):
        text = f'write it in quotes: "{fault["input"]}"'
        return FieldError(pointer, text, given, "a text", str(fault["input"]))
    if kind == "model_type" and fault["loc"]:
        example = '{"database": "prod/orders"} or {"snapshot": "…"}'
        return FieldError(pointer, f"send a JSON object: {example}", given, example)
    if kind == "missing":
        given = None
    message, allowed = _MESSAGES.get(kind, (fault["msg"].removeprefix("Value error, "), None))
    context = dict(fault.get("ctx", {}))
    if isinstance(fault["input"], str):
        context["length"] = len(fault["input"])
    if kind not in _MESSAGES:
        return FieldError(pointer, message, given, context.get("allowed") or message)
    return FieldError(pointer, message.format_map(context), given, allowed and allowed.format_map(context))


def _unknown(model: type[BaseModel], fault: ErrorDetails, pointer: str) -> FieldError:
    """A field that there is not, with the one that may have been meant."""
    *before, name = (str(part) for part in fault["loc"])
    for part in before:
        inner = next(iter(_models(model, part)), None)
        model = inner or model
    known = list(model.model_fields)
    text = f"there is no field {shown(name)} here: leave it out, or correct its name.{meant(name, known)}"
    return FieldError(pointer, text.removesuffix("."), brief(fault["input"]), known, nearest(name, known))


def _models(model: type[BaseModel], name: str) -> list[type[BaseModel]]:
    """The models among the types of a field."""
    field = model.model_fields.get(name)
    kinds = getattr(field.annotation, "__args__", ()) if field else ()
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _pointer(location: tuple[int | str, ...]) -> str:
    named = (str(part)[:_LONGEST_PART] for part in location if part != "[key]")
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in named)

"""Reads the arguments of a call as RDS's service model types them.

The model is botocore's, which is AWS's own: names, types, lists, required members, enumerations, lengths.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

NOT_ARGUMENTS = ("Action", "Version")


class Malformed(Exception):
    """A call that does not have the form of the service model; the message says where."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read(action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a query such as `Tags.Tag.1.Key=Team`, typed; raises Malformed."""
    shape = operation(action).input_shape
    if not isinstance(shape, StructureShape):
        raise TypeError(f"{action} takes no arguments")
    flat = {
        name: _text(value) for name, value in parameters.items() if name not in NOT_ARGUMENTS and _text(value)
    }
    return _structure(shape, flat, action)


def operation(action: str) -> OperationModel:
    """The service model's description of an action."""
    return _service().operation_model(action)


@cache
def _service() -> ServiceModel:
    return botocore.session.get_session().get_service_model("rds")


def _text(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value)


def _structure(shape: StructureShape, flat: Mapping[str, str], where: str) -> dict[str, Any]:
    found = {}
    for name, below in _grouped(flat).items():
        if name not in shape.members:
            raise Malformed("InvalidQueryParameter", f"{where} has no parameter {name}")
        found[name] = _value(shape.members[name], below, name)
    for name in shape.required_members:
        if name not in found:
            raise Malformed("MissingParameter", f"The request must contain the parameter {name}.")
    return found


def _value(shape: Shape, flat: Mapping[str, str], where: str) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(shape, flat, where)
    if isinstance(shape, ListShape):
        return list(_members(shape, flat, where))
    if set(flat) != {""}:
        raise Malformed("InvalidQueryParameter", f"{where} is one value, not a list or a structure")
    return _scalar(shape, flat[""], where)


def _members(shape: ListShape, flat: Mapping[str, str], where: str) -> Iterator[Any]:
    """`X.Tag.1`, or `X.member.1` as other clients write it."""
    (kind, numbered), *rest = _grouped(flat).items()
    if rest or kind not in ("member", shape.member.serialization.get("name", "member")):
        raise Malformed("InvalidQueryParameter", f"{where} has no members {kind}")
    groups = _grouped(numbered)
    for number in sorted(groups, key=int):
        yield _value(shape.member, groups[number], where)


def _scalar(shape: Shape, text: str, where: str) -> Any:
    kind = shape.type_name
    if kind == "boolean":
        if text not in ("true", "false"):
            raise Malformed("InvalidParameterValue", f"{where} must be true or false, not {text}")
        return text == "true"
    if kind in ("integer", "long"):
        if not text.removeprefix("-").isdigit():
            raise Malformed("InvalidParameterValue", f"{where} must be a whole number, not {text}")
        return int(text)
    if kind in ("double", "float"):
        return _number(text, where)
    allowed = shape.metadata.get("enum")
    if allowed and text not in allowed:
        raise Malformed("InvalidParameterValue", f"{where} must be one of {', '.join(allowed)}, not {text}")
    longest = shape.metadata.get("max")
    if longest and len(text) > longest:
        raise Malformed("InvalidParameterValue", f"{where} must be at most {longest} characters")
    return text


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Malformed("InvalidParameterValue", f"{where} must be a number, not {text}") from None


def _grouped(flat: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By the first part of each name, what stands below it."""
    found: dict[str, dict[str, str]] = {}
    for name, text in flat.items():
        head, _, rest = name.partition(".")
        found.setdefault(head, {})[rest] = text
    return found

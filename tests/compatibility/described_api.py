"""What an OpenAPI description promises, as a flat table of facts, and which of them another one breaks.

A caller of before notices a change where what it sends is refused, or what it reads is no longer there or has
another form. What is only added (a route, an optional parameter, a field of an answer) breaks nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Facts = Mapping[str, Any]

_METHODS: Final = ("get", "post", "put", "patch", "delete")
# What narrows the values of a field.
_BOUNDS: Final = (
    *("type", "enum", "const", "format", "pattern", "minimum", "maximum", "minLength", "maxLength"),
    *("minProperties", "maxProperties", "minItems", "maxItems", "additionalProperties", "default"),
)


def facts(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Every promise of a description by what it is about; what is sent and what is answered stand apart."""
    return dict(_facts(spec))


def breaks(before: Facts, now: Facts) -> list[str]:
    """The promises of `before` that `now` does not keep, a line each."""
    lines = []
    for about, value in before.items():
        if about not in now:
            if about.startswith("ask") and about.endswith((" enum", " format")):
                continue  # more is taken
            lines.append(f"{about}: no longer there")
        elif now[about] != value and not _is_wider(about, value, now[about]):
            lines.append(f"{about}: {value} -> {now[about]}")
    lines += [
        f"{about}: new, {now[about]}" for about in now if about not in before and _binds(about, now, before)
    ]
    return sorted(lines)


def _is_wider(about: str, before: Any, now: Any) -> bool:
    """Whether a caller of before gets along with the change."""
    if about.startswith("ask"):
        if about.endswith(" enum"):
            return set(before) <= set(now)
        return about.endswith(" required") and now is False
    if about.endswith((" type", " enum")):
        return set(now) <= set(before)
    return about.endswith(" required") and now is True


def _binds(about: str, now: Facts, before: Facts) -> bool:
    """Whether something new refuses what was taken before."""
    subject, _, what = about.rpartition(" ")
    route = " ".join(about.split(" ")[:3])
    if not about.startswith("ask") or f"{route} security" not in before:  # nobody calls a new route yet
        return False
    if what == "required":
        return now[about] is True
    return what in _BOUNDS and f"{subject} required" in before


def _facts(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, item in spec["paths"].items():
        for method in _METHODS:
            if method in item:
                yield from _operation(spec, f"{method.upper()} {path}", item, item[method])


def _operation(
    spec: Mapping[str, Any], name: str, item: Mapping[str, Any], operation: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    yield f"ask {name} security", operation.get("security", spec.get("security"))
    for parameter in (
        _resolved(spec, given) for given in [*item.get("parameters", []), *operation.get("parameters", [])]
    ):
        about = f"ask {name} {parameter['in']} {parameter['name']}"
        yield f"{about} required", parameter.get("required", False)
        yield from _schema(spec, about, parameter["schema"])
    if body := operation.get("requestBody"):
        yield f"ask {name} body required", body.get("required", False)
        for media, content in body["content"].items():
            yield from _schema(spec, f"ask {name} body {media} ", content["schema"])
    for status, response in operation["responses"].items():
        found = _resolved(spec, response)
        about = f"answer {name} {status}"
        yield about, "answered"
        for header, content in found.get("headers", {}).items():
            yield f"{about} header {header}", "sent"
            yield from _schema(spec, f"{about} header {header}", content["schema"])
        for media, content in found.get("content", {}).items():
            yield from _schema(spec, f"{about} {media} ", content["schema"])


def _schema(spec: Mapping[str, Any], about: str, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    schema = _flat(spec, given)
    for bound in _BOUNDS:
        value = schema.get(bound)
        if value is not None and not isinstance(value, Mapping):
            yield f"{about} {bound}", sorted(map(str, value)) if isinstance(value, list) else value
    for name, inner in schema.get("properties", {}).items():
        yield f"{about}.{name} required", name in schema.get("required", [])
        yield from _schema(spec, f"{about}.{name}", inner)
    if "items" in schema:
        yield from _schema(spec, f"{about}[]", schema["items"])


def _flat(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with its references followed, its parts put together, and null as one of its types."""
    schema = dict(_resolved(spec, given))
    for part in schema.pop("allOf", []):
        more = _flat(spec, part)
        schema = {
            **schema,
            **more,
            "properties": {**schema.get("properties", {}), **more.get("properties", {})},
            "required": [*schema.get("required", []), *more.get("required", [])],
        }
    choices = [_flat(spec, choice) for choice in schema.pop("oneOf", [])]
    if choices:
        (inner,) = [choice for choice in choices if choice.get("type") != ["null"]]
        schema |= inner | {"type": [*inner.get("type", ["object"]), "null"]}
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"]]
    return schema


def _resolved(spec: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in given:
        found: Any = spec
        for part in given["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        given = {**found, **{name: value for name, value in given.items() if name != "$ref"}}
    return given

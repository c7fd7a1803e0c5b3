"""Writes docs/api.md out of the API's own description: `python -m tests.guide.api_page`."""

# ruff: noqa: E501 - the page's paragraphs are a line each

from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from tests.arrows import PROJECT

DESCRIPTION: Final = PROJECT / "lambda/provisioner/api/openapi.yaml"
PAGE: Final = PROJECT / "docs/api.md"
METHODS: Final = ("get", "post", "patch", "delete")
HEAD: Final = """# The API

Made from [openapi.yaml](../lambda/provisioner/api/openapi.yaml) by `python -m tests.guide.api_page`; the API serves the same at `/openapi.json`. [clients.md](clients.md) calls it from curl, Python, GitHub Actions and Terraform.

{about}

"""
BOUNDS: Final = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minProperties": "at least {} of them",
    "maxProperties": "at most {} of them",
    "pattern": "`{}`",
    "default": "`{}` without it",
}


def page() -> str:
    """The whole page."""
    described = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    parts = [HEAD.format(about=plain(described["info"]["description"])), "## Calls\n", *overview(described)]
    for path, methods in described["paths"].items():
        for method in (name for name in METHODS if name in methods):
            parts += call(described, path, method, methods)
    parts.append("## Documents\n")
    for name, schema in described["components"]["schemas"].items():
        parts += document(described, name, schema)
    return "\n".join(parts).rstrip("\n") + "\n"


def overview(described: Mapping[str, Any]) -> Iterator[str]:
    """A line for each call."""
    yield "| call | |\n|---|---|"
    for path, methods in described["paths"].items():
        for method in (name for name in METHODS if name in methods):
            yield f"| `{method.upper()} {path}` | {methods[method].get('summary', '')} |"
    yield ""


def call(described: Mapping[str, Any], path: str, method: str, methods: Mapping[str, Any]) -> Iterator[str]:
    """One call: what it does, takes and answers."""
    operation = methods[method]
    yield f"### {method.upper()} {path}\n"
    yield f"{operation.get('summary', '')}.\n"
    if text := plain(operation.get("description", "")):
        yield f"{text}\n"
    if operation.get("security") == []:
        yield "It takes no key.\n"
    taken = [
        resolved(described, each)
        for each in [*methods.get("parameters", []), *operation.get("parameters", [])]
    ]
    if taken:
        yield "| parameter | in | |\n|---|---|---|"
        yield from (f"| `{each['name']}` | {each['in']} | {about(each['schema'], each)} |" for each in taken)
        yield ""
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"Body, `{media}`: {kind(content['schema'])}\n"
    yield "| status | |\n|---|---|"
    by_text: dict[str, list[str]] = {}
    for status, answer in operation["responses"].items():
        by_text.setdefault(answered(resolved(described, answer)), []).append(status)
    yield from (f"| {', '.join(statuses)} | {text} |" for text, statuses in by_text.items())
    yield ""


def answered(answer: Mapping[str, Any]) -> str:
    """What an answer is: its words, and the document that it carries."""
    kinds = [kind(each["schema"]) for each in answer.get("content", {}).values() if "schema" in each]
    return ": ".join(part for part in (cell(answer.get("description", "")), ", ".join(kinds)) if part)


def document(described: Mapping[str, Any], name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """One schema, with a row for each of its fields."""
    yield f"### {name}\n"
    if text := plain(schema.get("description", "")):
        yield f"{text}\n"
    fields, required, also = fields_of(schema)
    if also:
        yield f"All of {' and '.join(also)}, and:\n" if fields else f"All of {' and '.join(also)}.\n"
    if not fields:
        if not also:
            yield f"{kind(schema)}\n"
        return
    yield "| field | |\n|---|---|"
    for field, content in fields.items():
        mark = "" if field in required else " (may be left out)" if name.endswith("Body") else ""
        yield f"| `{field}` | {about(content)}{mark} |"
    yield ""


def fields_of(schema: Mapping[str, Any]) -> tuple[dict[str, Any], list[str], list[str]]:
    """Its own fields, those that are required, and the documents that it has the fields of too."""
    fields, required = dict(schema.get("properties", {})), list(schema.get("required", []))
    also = []
    for part in schema.get("allOf", []):
        if "$ref" in part:
            also.append(kind(part))
            continue
        fields |= part.get("properties", {})
        required += part.get("required", [])
    return fields, required, also


def about(schema: Mapping[str, Any], said: Mapping[str, Any] | None = None) -> str:
    """What a field holds, within which bounds, and what it means."""
    bounds = [text.format(schema[name]) for name, text in BOUNDS.items() if name in schema]
    text = cell((said or schema).get("description", ""))
    return "; ".join(part for part in (", ".join([kind(schema), *map(cell, bounds)]), text) if part)


def kind(schema: Mapping[str, Any]) -> str:
    """A type in a word or two, linked where it has a heading."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return " or ".join(kind(each) for each in schema[several])
    found = schema.get("type", "anything")
    if isinstance(found, list):
        return " or ".join(found)
    if found == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if found == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind(schema['additionalProperties'])}"
    inner = schema.get("properties")
    names = f" of {', '.join(f'`{name}`' for name in inner)}" if inner else ""
    return str(schema.get("format") or found) + names


def resolved(described: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part itself, where it only refers to one."""
    found: Any = part
    while "$ref" in found:
        names = str(found["$ref"]).removeprefix("#/").split("/")
        found = described
        for name in names:
            found = found[name]
    return dict(found)


def plain(text: str) -> str:
    """A text in one paragraph."""
    return " ".join(str(text).split())


def cell(text: str) -> str:
    """A text that stays within its cell."""
    return plain(text).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

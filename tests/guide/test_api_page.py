"""docs/api.md is the API's own description; `python -m tests.guide.api_page` writes it."""

import re

import yaml

from tests.guide.api_page import DESCRIPTION, METHODS, PAGE, page


def test_the_page_is_the_description() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: .venv/bin/python -m tests.guide.api_page"


def test_every_call_parameter_and_field_has_its_place_on_the_page() -> None:
    described = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    text = page()
    headings = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    calls = {
        f"{method.upper()} {path}"
        for path, methods in described["paths"].items()
        for method in METHODS
        if method in methods
    }
    assert headings == calls | set(described["components"]["schemas"])
    fields = {
        name
        for schema in described["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
    assert {name for name in fields if f"`{name}`" not in text} == set()

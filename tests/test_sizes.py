"""A function of at most 50 lines and a module of at most 350: beyond that stands a second idea."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).parents[1]
FUNCTION_LINES: Final = 50
MODULE_LINES: Final = 350


def modules() -> list[Path]:
    """Every module that is no test."""
    folders = ("lambda", "pipeline", "ops", "sandbox", "rdsctl", "bench")
    return [path for folder in folders for path in sorted((PROJECT / folder).rglob("*.py"))]


def too_long(text: str) -> Iterator[str]:
    """The functions of a module, and the module itself, that are too long."""
    lines = len(text.splitlines())
    if lines > MODULE_LINES:
        yield f"the module has {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_and_its_functions_hold_one_idea_each(path: Path) -> None:
    assert list(too_long(path.read_text(encoding="utf-8"))) == []


def test_what_is_one_line_too_long_is_found() -> None:
    function = "def long():\n" + "    pass\n" * FUNCTION_LINES
    assert list(too_long(function)) == ["long has 51 lines"]
    assert list(too_long("x = 1\n" * MODULE_LINES)) == []
    assert list(too_long("x = 1\n" * (MODULE_LINES + 1))) == ["the module has 351 lines"]

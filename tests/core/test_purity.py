"""The rules of the product know no AWS, no environment, no clock and no chance: all of that is passed in."""

import ast
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2] / "lambda" / "provisioner"
PURE = (
    "access_sql",
    "announcement",
    "archive",
    "carry",
    "catalog",
    "comments",
    "documents",
    "errors",
    "expiry",
    "final_snapshots",
    "history",
    "idle",
    "ledger_rows",
    "lifecycle",
    "message",
    "policy",
    "preview",
    "pull_request",
    "records",
    "refusals",
    "reports",
    "request",
    "reserved_words",
    "terraform",
)
OUTSIDE = {"boto3", "botocore", "os", "random", "secrets", "socket", "subprocess", "time", "urllib3"}
OUTSIDE_CALLS = {"now", "today", "utcnow", "uuid1", "uuid4", "open", "getenv"}


@pytest.mark.parametrize("name", PURE)
def test_a_module_of_rules_touches_nothing_outside(name: str) -> None:
    tree = ast.parse((HOME / f"{name}.py").read_text())
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert imported & OUTSIDE == set()
    assert called & OUTSIDE_CALLS == set()


@pytest.mark.parametrize("name", PURE)
def test_a_module_of_rules_asks_no_module_that_does(name: str) -> None:
    tree = ast.parse((HOME / f"{name}.py").read_text())
    own = {
        (node.module or "").removeprefix("provisioner.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("provisioner.")
    }
    assert own <= set(PURE)


def test_only_settings_reads_the_environment() -> None:
    readers = {
        path.name
        for path in HOME.rglob("*.py")
        if any(
            isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }
    assert readers == {"settings.py"}

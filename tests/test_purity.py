"""The rules of the product know no AWS, no environment, no clock and no chance: all of that is passed in.

`DOORS` names every module that may touch the outside. Every other module of `provisioner` is held to be pure,
new ones included.
"""

import ast
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1] / "lambda" / "provisioner"
DOORS = {
    "settings": "the environment, botocore, and what a function keeps warm",
    "circleci": "CircleCI's API",
    "ledger.table": "DynamoDB",
    "api.log_store": "S3",
    "github.client": "GitHub's API",
    "github.calls": "GitHub's API",
    "github.app": "the time in a token for GitHub",
    "access.master": "Secrets Manager",
    "access.secrets": "Secrets Manager",
    "access.servers": "the databases themselves",
    "notifier.slack": "Slack",
    "notifier.mail": "SES",
    "reaper.rds": "RDS and CloudWatch",
}
OUTSIDE = {
    "boto3",
    "botocore",
    "os",
    "pg8000",
    "pymysql",
    "random",
    "secrets",
    "socket",
    "ssl",
    "subprocess",
    "time",
    "urllib3",
}
OUTSIDE_CALLS = {"now", "today", "utcnow", "uuid1", "uuid4", "open", "getenv"}


def _modules() -> list[str]:
    names = [
        ".".join(path.relative_to(HOME).with_suffix("").parts)
        for path in HOME.rglob("*.py")
        if path.name != "__init__.py" and path.parent.name != "handlers"
    ]
    return sorted(names)


def _touches(name: str) -> set[str]:
    tree = ast.parse((HOME / f"{name.replace('.', '/')}.py").read_text())
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
    return (imported & OUTSIDE) | (called & OUTSIDE_CALLS)


@pytest.mark.parametrize("name", [name for name in _modules() if name not in DOORS])
def test_a_module_that_is_no_door_touches_nothing_outside(name: str) -> None:
    assert _touches(name) == set()


@pytest.mark.parametrize("name", sorted(DOORS))
def test_each_door_is_one(name: str) -> None:
    assert _touches(name)


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

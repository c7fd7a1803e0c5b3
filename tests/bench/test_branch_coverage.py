"""A package is lower where the tests reach less of its statements and branches than before the packages."""

from pathlib import Path
from typing import Any

import pytest

from bench.branch_coverage import BEFORE, Figure, lower, measured, package_of, stored, table

PROJECT = Path(__file__).parents[2]


def summary(covered_lines: int, statements: int, covered_branches: int, branches: int) -> dict[str, Any]:
    return {
        "summary": {
            "covered_lines": covered_lines,
            "num_statements": statements,
            "covered_branches": covered_branches,
            "num_branches": branches,
        }
    }


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("lambda/provisioner/core/catalog.py", "core"),
        ("lambda/provisioner/settings.py", "provisioner"),
        ("pipeline/gate.py", "pipeline"),
        ("sandbox/aws/rds.py", "sandbox"),
    ],
)
def test_a_file_counts_in_its_package(path: str, package: str) -> None:
    assert package_of(path) == package


def test_statements_and_branches_count_alike() -> None:
    report = {
        "files": {
            "pipeline/gate.py": summary(8, 10, 1, 2),
            "pipeline/plan.py": summary(7, 8, 0, 0),
        }
    }
    assert measured(report) == {"pipeline": Figure(16, 20)}
    assert measured(report)["pipeline"].percent == 80.0


def test_what_fell_and_what_is_missing_is_lower_and_what_is_new_is_not() -> None:
    before = {"core": Figure(90, 100), "api": Figure(54, 54), "ledger": Figure(80, 100)}
    now = {"core": Figure(89, 100), "ledger": Figure(70, 80), "rdsctl": Figure(1, 100)}
    assert lower(before, now) == {"core", "api"}
    assert list(table(before, now)) == [
        "package          before     now  not reached",
        "core               90.0    89.0           11  lower",
        "api               100.0                       lower",
        "ledger             80.0    87.5           10",
        "rdsctl                      1.0           99",
    ]


def test_every_package_of_before_is_still_there() -> None:
    for name in stored(BEFORE.read_text(encoding="utf-8")):
        folder = PROJECT / "lambda" / "provisioner" / name
        assert name == "provisioner" or folder.is_dir() or (PROJECT / name).is_dir()

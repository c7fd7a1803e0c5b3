"""`make` is the one way to work here: what its help, the README, CI and pre-commit say of it is so."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[1]
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
TARGETS = {
    name: prerequisites.split()
    for name, prerequisites in re.findall(r"^([a-z0-9-]+): *([^#\n]*)", MAKEFILE, re.MULTILINE)
}
PROSE = [
    path
    for folder in (".", "docs", "sandbox", "terraform/foundation", "console", "rdsctl")
    for path in sorted((PROJECT / folder).glob("*.md"))
]


def steps(target: str) -> set[str]:
    """The targets that a target runs which need no other."""
    parts = {"test-e2e"} if target == "test" else set()
    for name in TARGETS[target]:
        parts |= steps(name) if name in TARGETS else set()
    return parts or {target}


def test_make_alone_prints_every_command_in_its_group() -> None:
    # Run by `make test`, these tests would else be a make within it, which says where it is.
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    answer = subprocess.run(["make"], cwd=PROJECT, env=outside, capture_output=True, text=True, check=True)
    lines = answer.stdout.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "Use it",
        "Work on it",
        "Check it",
    ]
    listed = {line.split()[1] for line in lines if line.startswith(" ")}
    assert listed == set(TARGETS) - {"help"}


def test_every_target_is_phony_and_says_what_it_does() -> None:
    assert set(re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)) == set(TARGETS)
    assert set(re.findall(r"^([a-z0-9-]+):.*## \S", MAKEFILE, re.MULTILINE)) == set(TARGETS)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(PROJECT)))
def test_the_commands_that_the_documents_name_exist(path: Path) -> None:
    named = re.findall(r"(?:^|`|&& )make ([a-z][a-z0-9-]*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= set(TARGETS)


def test_a_commit_runs_what_make_lint_runs() -> None:
    config = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert [hook["entry"] for hook in hooks] == ["make lint"]
    assert hooks[0]["always_run"] is True
    assert hooks[0]["pass_filenames"] is False


def test_ci_runs_make_check_and_says_what_it_leaves_out() -> None:
    script = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"^make (\S+)", script, re.MULTILINE) == ["check"]
    (left_out,) = re.findall(r'^echo "left out: (.*) \(make check-all', script, re.MULTILINE)
    assert set(left_out.split(", ")) == steps("check-all") - steps("check")

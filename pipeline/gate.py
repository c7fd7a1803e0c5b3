"""The gate: what a pull request may change, decided from its files alone, before Terraform sees any of them.

A `terraform init` or `plan` can already run what a pull request brings along, so the gate comes first:
https://developer.hashicorp.com/terraform/cloud-docs/run/run-environment
"""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from provisioner import policy
from provisioner.catalog import Catalog
from provisioner.policy import PolicyResult
from provisioner.terraform import Root, RootSyntaxError, parse, root_path

from pipeline.git import REGULAR_FILE, FileChange

DATABASES: Final = "terraform/databases/"
BRANCH: Final = re.compile(r"rds/(?P<environment>[^/]+)/(?P<name>[^/]+)/(?P<kind>[a-z]+)-[0-9a-f]{8}")
_ROOT: Final = re.compile(
    DATABASES + r"(?P<environment>[a-z][a-z0-9]{0,19})/(?P<name>[a-z][a-z0-9-]{0,39})/.*"
)
_BESIDE: Final = (DATABASES + "README.md", DATABASES + ".terraform.lock.hcl")

Action = Literal["create", "change", "remove"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's word on a pull request; without a database it touches none."""

    environment: str | None
    database_name: str | None
    action: Action | None
    results: tuple[PolicyResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule holds."""
        return policy.passed(list(self.results))


def check(
    changes: Sequence[FileChange],
    old: Callable[[str], str | None],
    new: Callable[[str], str | None],
    *,
    branch: str,
    catalog: Catalog,
    now: dt.datetime,
) -> Verdict:
    """Judge a pull request; `old` and `new` read a file before and after it."""
    touched = [
        change for change in changes if change.path.startswith(DATABASES) and change.path not in _BESIDE
    ]
    places = {
        (match["environment"], match["name"]) for one in touched if (match := _ROOT.fullmatch(one.path))
    }
    named = BRANCH.fullmatch(branch)
    results = [_place(touched), _one(places)]
    if named:
        results.append(_own_branch(changes, named["environment"], named["name"]))
    elif branch.startswith("rds/"):
        results.append(
            PolicyResult("branch", False, "branches under rds/ are the provisioner's; choose another name")
        )
    if len(places) != 1 or not all(one.passed for one in results):
        return Verdict(*_only(places), None, tuple(results))
    environment, name = _only(places)
    assert environment is not None  # noqa: S101 - there is exactly one place
    assert name is not None  # noqa: S101
    path = root_path(environment, name)
    before, after = old(path), new(path)
    if after is None:
        return Verdict(environment, name, "remove", (*results, _removal(before)))
    results += policy.check(
        after,
        environment=environment,
        database_name=name,
        catalog=catalog,
        now=now,
        disarming=bool(named and named["kind"] == "disarm"),
    )
    if before is not None:
        results.append(_in_place(before, after))
    return Verdict(environment, name, "create" if before is None else "change", tuple(results))


def table(verdict: Verdict) -> str:
    """The verdict for a person who reads the job's log."""
    place = f"{verdict.environment}/{verdict.database_name}" if verdict.environment else "no database"
    head = f"Gate: {'passed' if verdict.passed else 'DENIED'} ({verdict.action or 'nothing'}, {place})"
    width = max((len(one.rule) for one in verdict.results), default=0)
    rows = [
        f"  {'ok  ' if one.passed else 'DENY'}  {one.rule:<{width}}  {one.detail}" for one in verdict.results
    ]
    return "\n".join([head, *rows])


def _place(touched: Sequence[FileChange]) -> PolicyResult:
    for one in touched:
        match = _ROOT.fullmatch(one.path)
        if not match or one.path != root_path(match["environment"], match["name"]):
            return PolicyResult("files", False, f"{one.path!r} does not belong there: a root is one main.tf")
        if one.new_mode not in (None, REGULAR_FILE):
            return PolicyResult(
                "files", False, f"{one.path!r} has to be a regular file, not mode {one.new_mode}"
            )
    return PolicyResult("files", True, "nothing but main.tf files below terraform/databases")


def _one(places: set[tuple[str, str]]) -> PolicyResult:
    if len(places) > 1:
        listed = ", ".join(sorted(f"{environment}/{name}" for environment, name in places))
        return PolicyResult("scope", False, f"one database per pull request, not {listed}")
    return PolicyResult("scope", True, "one database" if places else "no database")


def _own_branch(changes: Sequence[FileChange], environment: str, name: str) -> PolicyResult:
    path = root_path(environment, name)
    strange = [change.path for change in changes if change.path != path]
    if strange:
        return PolicyResult("branch", False, f"the branch belongs to {path}, but changes {strange[0]!r} too")
    return PolicyResult("branch", True, f"changes {path} alone" if changes else "changes nothing")


def _removal(before: str | None) -> PolicyResult:
    try:
        root = parse(before or "")
    except RootSyntaxError as error:
        return PolicyResult("removal", False, f"the root that goes cannot be read: {error}")
    if root.deletion_protection:
        detail = "deletion protection is on: first a pull request that disarms it, then this one"
        return PolicyResult("removal", False, detail)
    snapshot = "after a final snapshot" if root.final_snapshot else "without a final snapshot"
    return PolicyResult("removal", True, f"the database goes {snapshot}")


_FIXED: Final = ("environment", "database_name", "engine", "engine_version", "team", "restore")


def _in_place(before: str, after: str) -> PolicyResult:
    """Whether the change keeps the database: nothing that would recreate it, no storage that shrinks."""
    try:
        old, new = parse(before), parse(after)
    except RootSyntaxError as error:
        return PolicyResult("in place", False, f"the root on the base branch cannot be read: {error}")
    for name in _FIXED:
        if getattr(old, name) != getattr(new, name):
            was, wanted = getattr(old, name), getattr(new, name)
            detail = f"{name} cannot change from {was!r} to {wanted!r} in place: ask for a new database"
            return PolicyResult("in place", False, detail)
    if new.storage_gb < old.storage_gb:
        detail = f"storage cannot shrink from {old.storage_gb} to {new.storage_gb} GB"
        return PolicyResult("in place", False, detail)
    return PolicyResult("in place", True, _changed(old, new))


def _changed(old: Root, new: Root) -> str:
    fields = ("instance_class", "storage_gb", "max_storage_gb", "multi_az", "backup_retention_days")
    more = ("deletion_protection", "final_snapshot", "owner", "purpose", "cost_center", "expires_at", "tags")
    changed = [name for name in (*fields, *more) if getattr(old, name) != getattr(new, name)]
    return f"changes {', '.join(changed) or 'nothing but its request'}"


def _only(places: set[tuple[str, str]]) -> tuple[str | None, str | None]:
    return next(iter(places)) if len(places) == 1 else (None, None)

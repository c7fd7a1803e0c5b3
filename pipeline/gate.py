"""The gate: what a pull request may change, decided from its files alone, before Terraform sees any of them.

A `terraform init` or `plan` can already run what a pull request brings along, so the gate comes first:
https://developer.hashicorp.com/terraform/cloud-docs/run/run-environment
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from provisioner.core import policy
from provisioner.core.catalog import Catalog
from provisioner.core.hcl import parse
from provisioner.core.hcl_literals import RootSyntaxError
from provisioner.core.names import DATABASES, ENVIRONMENT, BranchName, Place, id8
from provisioner.core.policy import PolicyResult
from provisioner.core.root import NEVER, Root
from provisioner.core.times import parse_instant

from pipeline.git import REGULAR_FILE, FileChange

_ROOT: Final = re.compile(
    DATABASES + rf"(?P<environment>{ENVIRONMENT})/(?P<name>[a-z][a-z0-9-]{{0,39}})/.*", re.DOTALL
)
_BESIDE: Final = (DATABASES + "README.md", DATABASES + ".terraform.lock.hcl")

# The rule that the break-glass switch is for (docs/runbook.md).
UNASKED: Final = "request"
_UNASKED: Final = PolicyResult(
    UNASKED,
    False,
    "no request made this pull request, and roots change through the API alone: close it, and ask by POST "
    "/provision-rds, PATCH or DELETE",
)

Action = Literal["create", "change", "remove"]
# What each kind of the provisioner's branches does; a change has three of them.
_DOES: Final[Mapping[str, Action]] = {"create": "create", "remove": "remove"}
# A file's text by its path, None where there is no such file.
Reader = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's word on a pull request; without a database it touches none."""

    place: Place | None
    action: Action | None
    results: tuple[PolicyResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule holds."""
        return policy.passed(list(self.results))

    @property
    def only_unasked(self) -> bool:
        """Whether all that is denied is that no request made it: what an operator may allow for a while."""
        return [result.rule for result in self.results if not result.passed] == [UNASKED]


@dataclass(frozen=True, slots=True)
class Files:
    """A pull request's files: before it, with it, and on the base branch as that is now."""

    before: Reader
    after: Reader
    base: Reader
    listing: Sequence[str]  # every path below terraform/databases, with the pull request


def check(
    changes: Sequence[FileChange], files: Files, *, branch: str, catalog: Catalog, now: dt.datetime
) -> Verdict:
    """Judge a pull request by what it changes."""
    touched = [change for change in changes if _is_database(change.path)]
    places = {
        Place(found["environment"], found["name"])
        for change in touched
        if (found := _ROOT.fullmatch(change.path))
    }
    named = BranchName.parse(branch)
    results = [_place(touched), _scope(places, changes)]
    if branch.startswith("rds/"):
        results.append(_branch(named, places, changes))
    unasked = [] if branch.startswith("rds/") or not touched else [_UNASKED]
    if len(places) != 1 or not all(result.passed for result in results):
        return Verdict(_only(places), None, (*results, *unasked))
    results += unasked
    (place,) = places
    path = place.root_path
    before, after = files.before(path), files.after(path)
    action: Action = "create" if before is None else "remove" if after is None else "change"
    results += [_alone(path, files.listing), _fresh(before, after, files.base(path))]
    if named:
        results.append(_kind(named.kind, action))
    if after is None:
        return Verdict(place, action, (*results, _removal(before)))
    if named:
        results += _request(named, after)
    disarming = bool(named and named.kind == "disarm")
    results += policy.check(
        after,
        place=place,
        catalog=catalog,
        now=now,
        disarming=disarming,
        creating=before is None,
        before=_readable(before),
    )
    if not disarming:
        results += _end(before, after, now)
    if before is None:
        results += _source(after, files.base)
    else:
        results.append(_in_place(before, after, named.kind if named else ""))
    return Verdict(place, action, tuple(results))


def table(verdict: Verdict) -> str:
    """The verdict for a reviewer who reads the job's log."""
    place = str(verdict.place) if verdict.place else "no database"
    head = f"Gate: {'passed' if verdict.passed else 'DENIED'} ({verdict.action or 'nothing'}, {place})"
    width = max((len(result.rule) for result in verdict.results), default=0)
    rows = [
        f"  {'ok  ' if result.passed else 'DENY'}  {result.rule:<{width}}  {result.detail}"
        for result in verdict.results
    ]
    return "\n".join([head, *rows])


def _readable(text: str | None) -> Root | None:
    """The root that is changed; None where none can be read, which another rule says."""
    try:
        return parse(text) if text is not None else None
    except RootSyntaxError:
        return None


def _is_database(path: str) -> bool:
    # A link or a module in place of the whole directory has the directory's own name.
    return path == DATABASES.rstrip("/") or (path.startswith(DATABASES) and path not in _BESIDE)


def _place(touched: Sequence[FileChange]) -> PolicyResult:
    for change in touched:
        match = _ROOT.fullmatch(change.path)
        if not match or change.path != Place(match["environment"], match["name"]).root_path:
            return PolicyResult(
                "files", False, f"{change.path!r} does not belong there: a root is one main.tf"
            )
        if change.new_mode not in (None, REGULAR_FILE):
            return PolicyResult(
                "files", False, f"{change.path!r} has to be a regular file, not mode {change.new_mode}"
            )
    return PolicyResult("files", True, "nothing but main.tf files below terraform/databases")


def _scope(places: set[Place], changes: Sequence[FileChange]) -> PolicyResult:
    """One database and nothing else: a module or provider that comes along would run in the plan."""
    if len(places) > 1:
        listed = ", ".join(map(str, sorted(places)))
        return PolicyResult("scope", False, f"one database per pull request, not {listed}")
    if not places:
        return PolicyResult("scope", True, "no database")
    path = next(iter(places)).root_path
    others = [change.path for change in changes if change.path != path]
    if others:
        detail = f"{path} changes, and so does {others[0]!r}: bring that by a separate pull request"
        return PolicyResult("scope", False, detail)
    return PolicyResult("scope", True, f"changes {path} alone")


def _branch(named: BranchName | None, places: set[Place], changes: Sequence[FileChange]) -> PolicyResult:
    if named is None:
        return PolicyResult("branch", False, "branches under rds/ are the provisioner's; choose another name")
    path = named.place.root_path
    if changes and places != {named.place}:
        return PolicyResult("branch", False, f"the branch belongs to {path}, but changes {changes[0].path!r}")
    return PolicyResult("branch", True, f"belongs to {path}")


def _request(named: BranchName, after: str) -> list[PolicyResult]:
    """The root carries out the request of its branch: that one is known, and was checked."""
    try:
        says = id8(parse(after).request_id)
    except RootSyntaxError:
        return []  # which the policy says
    if says == named.id8:
        return [PolicyResult(UNASKED, True, f"carries out request {says}")]
    detail = f"the branch is of request {named.id8}, but its root says {says!r}"
    return [PolicyResult(UNASKED, False, detail)]


def _kind(kind: str, action: Action) -> PolicyResult:
    passed = action == _DOES.get(kind, "change")
    return PolicyResult("kind", passed, f"the branch says {kind}, its file says {action}")


def _alone(path: str, listing: Sequence[str]) -> PolicyResult:
    """Terraform reads every .tf file of a directory, also one that an earlier commit left there."""
    directory = path.removesuffix("main.tf")
    others = [name for name in listing if name.startswith(directory) and name != path]
    if others:
        return PolicyResult("alone", False, f"{others[0]!r} stands next to main.tf: remove it first")
    return PolicyResult("alone", True, "main.tf is the directory's only file")


def _fresh(before: str | None, after: str | None, base: str | None) -> PolicyResult:
    """Whether the base branch still has what the pull request was made from, or has it merged already."""
    if base in (before, after):
        return PolicyResult("fresh", True, "the base branch has not moved on")
    state = "has it already" if before is None else "has removed it" if base is None else "has changed it"
    detail = f"the base branch {state} since this branch began: begin again from there"
    return PolicyResult("fresh", False, detail)


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


def _end(before: str | None, after: str, now: dt.datetime) -> list[PolicyResult]:
    """An end that the change sets lies in the future; one that has come since is for the reaper."""
    try:
        new, old = parse(after), parse(before) if before is not None else None
        if new.expires_at == NEVER or (old and old.expires_at == new.expires_at):
            return []
        ended = parse_instant(new.expires_at) <= now
    except ValueError:
        return []  # which other rules say
    detail = f"ends {new.expires_at}, " + ("which lies in the past" if ended else "in the future")
    return [PolicyResult("end", not ended, detail)]


def _source(after: str, base: Reader) -> list[PolicyResult]:
    """Whose data a restore reads: the source's root on the base branch says which team's it is.

    A database that is removed has none there: the plan asks RDS for the snapshot's tags (see sources.py).
    """
    try:
        root = parse(after)
    except RootSyntaxError:
        return []  # which the policy says
    if root.source is None:
        return []
    text = base(root.source.root_path)
    if text is None:
        if root.restore and root.restore.snapshot:
            return []
        detail = f"{root.source} has no root on the base branch: restore from its final snapshot instead"
        return [PolicyResult("source", False, detail)]
    try:
        team = parse(text).team
    except RootSyntaxError as error:
        return [PolicyResult("source", False, f"the root of {root.source} cannot be read: {error}")]
    detail = f"{root.source} is of team {team}"
    return [
        PolicyResult(
            "source", team == root.team, detail if team == root.team else f"{detail}, not {root.team}"
        )
    ]


_FIXED: Final = ("environment", "database_name", "engine", "team", "restore", "extended_support")
# What comes along with a change, as the catalog gives it; the policy says which.
_WINDOWS: Final = ("backup_window", "maintenance_window")
_CHANGEABLE: Final = (
    "engine_version", "instance_class", "storage_gb", "max_storage_gb", "multi_az", "backup_retention_days",
    "deletion_protection", "final_snapshot", "owner", "purpose", "cost_center", "expires_at", "tags",
    "capacity", *_WINDOWS,
)  # fmt: skip


def _in_place(before: str, after: str, kind: str) -> PolicyResult:
    """Whether the change keeps the database: nothing that would recreate it, no storage that shrinks.

    A request may take back a growth that RDS refused: the API knows what was applied, and the module leaves
    storage that is there as large as it is.
    """
    try:
        old, new = parse(before), parse(after)
    except RootSyntaxError as error:
        return PolicyResult("in place", False, f"the root on the base branch cannot be read: {error}")
    for name in _FIXED:
        if getattr(old, name) != getattr(new, name):
            was, wanted = getattr(old, name), getattr(new, name)
            detail = f"{name} cannot change from {was!r} to {wanted!r} in place: ask for a new database"
            return PolicyResult("in place", False, detail)
    if wrong := _version(old, new, kind):
        return PolicyResult("in place", False, wrong)
    if new.storage_gb < old.storage_gb and kind not in ("update", "extend"):
        detail = f"storage cannot shrink from {old.storage_gb} to {new.storage_gb} GB"
        return PolicyResult("in place", False, detail)
    changed = _changed(old, new)
    changes = [name for name in changed if name != "engine_version"]  # which _version let pass
    if kind == "maintain" and not set(changes) <= set(_WINDOWS):
        detail = f"a maintenance changes nothing that was asked for, not {_listed(changed)}"
        return PolicyResult("in place", False, detail)
    if kind == "disarm" and changes != ["deletion_protection"]:
        detail = f"a disarm switches deletion_protection off and changes nothing else, not {_listed(changed)}"
        return PolicyResult("in place", False, detail)
    return PolicyResult("in place", True, f"changes {_listed(changed)}")


def _version(old: Root, new: Root, kind: str) -> str | None:
    """Why the version may not change so; an upgrade says from where, and one that RDS refused is taken back.

    Whether RDS has that path is the policy's matter.
    """
    was, wanted = old.engine_version, new.engine_version
    refused = old.upgrade.from_version if old.upgrade else None  # if it was: the API knows what was applied
    if new.upgrade is None:
        if wanted in (was, refused):
            return None
        return f"engine_version cannot change from {was!r} to {wanted!r} in place without an upgrade"
    if kind != "update":
        return f"an upgrade is an update, and comes with no {kind or 'other change'}"
    if new.upgrade.from_version not in ({was} if was != wanted else set()) | {refused}:
        return f"an upgrade to {wanted!r} begins at {was!r}, not at {new.upgrade.from_version!r}"
    return None


def _changed(old: Root, new: Root) -> list[str]:
    return [name for name in _CHANGEABLE if getattr(old, name) != getattr(new, name)]


def _listed(changed: Sequence[str]) -> str:
    return ", ".join(changed) or "nothing but its request"


def _only(places: set[Place]) -> Place | None:
    return next(iter(places)) if len(places) == 1 else None

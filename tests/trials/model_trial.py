"""The exhaustive trial on the rule model: every root of the catalog, every change, every restore."""

import copy
import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from provisioner.core.errors import Problem
from provisioner.core.root import Root

from sandbox.aws.rds_rules import RULES
from sandbox.aws.rds_rules.call import Rule
from tests.trials import terraform_model
from tests.trials.account import Account, Refused
from tests.trials.combinations import CATALOG, changed, changes, new, sizes_of

COLUMNS = ("combinations", "changes", "restores", "refusals met", "plans left without change")


def run(bodies: Iterable[dict[str, Any]], rules: Sequence[Rule] = RULES) -> Counter[str]:
    """Try these databases and all that may follow; raises AssertionError or Refused where one goes wrong."""
    counts: Counter[str] = Counter(dict.fromkeys(COLUMNS, 0))
    for body in bodies:
        root = new(body)
        account = Account(rules=rules)
        counts["combinations"] += 1
        _settled(root, account, counts)
        for grown in (False, True):
            there = copy.deepcopy(account)
            if grown and not there.grow(root.place.identifier):
                continue
            _unchanged(root, there, counts)
            there.pass_hours(7)
            _changes(root, there, counts)
            _restores(root, there, counts)
    return counts


def table(counts: Counter[str]) -> str:
    """The counts for people to read."""
    return "\n".join(f"  {counts[name]:>8,}  {name}" for name in COLUMNS)


def _changes(root: Root, account: Account, counts: Counter[str]) -> None:
    for body in changes(root.environment):
        after = changed(root, body)
        if after is None:
            continue
        there = copy.deepcopy(account)
        counts["changes"] += 1
        _settled(after, there, counts)
        if there.instances[root.place.identifier].get("_StorageChangedAt") == there.now:
            _refused_growth(after, there, counts)


def _refused_growth(root: Root, account: Account, counts: Counter[str]) -> None:
    """A second growth within six hours is refused; it can be taken back, and an extension passes."""
    held_gb = account.instances[root.place.identifier]["AllocatedStorage"]
    larger = changed(root, {"storage_gb": -(-held_gb * 11 // 10)})
    if larger is None:
        return
    there = copy.deepcopy(account)
    with pytest.raises(Refused, match="being optimized"):
        terraform_model.apply(larger, there)
    counts["refusals met"] += 1
    extended = changed(larger, {"ttl": "8d"}, applied=root)
    back = changed(larger, {"storage_gb": root.storage_gb}, applied=root)
    for after in (extended, back):
        assert after is not None
        counts["changes"] += 1
        _settled(after, copy.deepcopy(there), counts)


def _restores(source: Root, account: Account, counts: Counter[str]) -> None:
    """From a snapshot and in time, whether or not the API knows what RDS has grown the source to."""
    held_gb = account.instances[source.place.identifier]["AllocatedStorage"]
    for wanted in _copies(source, held_gb):
        there = copy.deepcopy(account)
        there.snapshot(source.place.identifier, snapshot_name(source))
        counts["restores"] += 1
        _settled(wanted, there, counts)
        assert there.instances[wanted.place.identifier]["AllocatedStorage"] >= held_gb
        assert there.instances[wanted.place.identifier]["_MasterUserSecret"]["KmsKeyId"]


def _copies(source: Root, held_gb: int) -> Iterator[Root]:
    rules = CATALOG.environments[source.environment]
    known = dataclasses.replace(source, storage_gb=held_gb)
    place = {"database": str(source.place), "point_in_time": "latest"}
    snapshot = {"snapshot": snapshot_name(source)}
    for origin in (source, known):
        for size in sizes_of(source.environment):
            for storage_gb in (None, 400, rules.storage_gb.maximum):
                for restore_from in (place, snapshot):
                    body = {
                        "environment": source.environment,
                        "database_engine": source.engine,
                        "size": size,
                        "storage_gb": storage_gb,
                        "restore_from": restore_from,
                    }
                    given = {name: value for name, value in body.items() if value is not None}
                    try:
                        copied = new(given, "copy", source=origin)
                    except Problem:
                        continue
                    if copied.storage_gb >= source.storage_gb:
                        yield copied


def snapshot_name(root: Root) -> str:
    return f"{root.place.identifier}-final-{root.request_id[:8]}"


def _settled(root: Root, account: Account, counts: Counter[str]) -> None:
    """Apply as the pipeline does; nothing shrinks, and a plan is empty after it."""
    held = account.instances.get(root.place.identifier, {})
    terraform_model.settle(root, account)
    _unchanged(root, account, counts)
    found = account.instances[root.place.identifier]
    assert found["AllocatedStorage"] >= max(root.storage_gb, held.get("AllocatedStorage", 0)), root


def _unchanged(root: Root, account: Account, counts: Counter[str]) -> None:
    left = terraform_model.changes(root, account)
    assert left == {}, (root, left)
    counts["plans left without change"] += 1

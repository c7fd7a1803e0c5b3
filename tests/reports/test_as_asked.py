"""A plan does what was asked for; the plan of an upgrade replaces the parameter group, and no other does."""

import dataclasses

import pytest
from provisioner.core.lifecycle import Kind
from provisioner.core.models import Request
from provisioner.core.root import Upgrade
from provisioner.reports.as_asked import is_as_asked
from provisioner.reports.schema import PlanReport, Summary

from tests.core.examples import request

BEFORE = dataclasses.replace(request(database_engine="postgres").root, engine_version="15")
UPGRADED = dataclasses.replace(
    BEFORE, engine_version="18", upgrade=Upgrade(from_version="15", snapshot="dev-mydb123-before-3f0c1a2b")
)


def asked(kind: Kind = Kind.UPDATE, *, back: bool = False, plain: bool = False) -> Request:
    one = request(kind=kind, database_engine="postgres")
    if plain:
        return dataclasses.replace(one, before=BEFORE, root=BEFORE)
    before, root = (UPGRADED, BEFORE) if back else (BEFORE, UPGRADED)
    return dataclasses.replace(one, before=before, root=root)


def planned(**counts: int) -> PlanReport:
    return PlanReport(
        version=1,
        environment="dev",
        database_name="mydb123",
        branch="rds/dev/mydb123/update-3f0c1a2b",
        commit="a" * 40,
        outcome="passed",
        summary=Summary.model_validate({"only_own_database": True} | counts),
        pipeline_url="https://app.circleci.com/jobs/github/acme/databases/42",
    )


@pytest.mark.parametrize(
    ("of", "counts", "expected"),
    [
        (asked(), {"change": 1, "replace": 1}, True),
        (asked(back=True), {"change": 1, "replace": 1, "destroy": 1}, True),  # what the refused one left
        (asked(Kind.EXTEND, back=True), {"change": 1, "replace": 1}, True),
        (asked(), {"change": 1, "replace": 2}, False),
        (asked(), {"replace": 2, "databases_added": 1, "databases_destroyed": 1}, False),
        (asked(), {"change": 1, "replace": 1, "add": 1}, False),
        (asked(), {"change": 1, "destroy": 2}, False),
        (asked(), {"change": 1, "replace": 1, "only_own_database": False}, False),
        (asked(plain=True), {"change": 1, "replace": 1}, False),
        (asked(plain=True), {"change": 1, "destroy": 1}, False),
        (asked(plain=True), {"change": 1}, True),
    ],
)
def test_an_upgrade_replaces_the_parameter_group_and_nothing_else(
    of: Request, counts: dict[str, int], expected: bool
) -> None:
    assert is_as_asked(planned(**counts), of) is expected

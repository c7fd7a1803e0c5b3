"""What a dry run shows: the file that would be written, the gate's verdict, the cost, and the next state."""

import dataclasses
from typing import Any

import pytest
from provisioner.api.dry_run import change_document, move_document
from provisioner.core.hcl import render, render_removed
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Charge
from provisioner.core.root import Root
from provisioner.intake.refusals import over_quota
from provisioner.intake.use_cases import DryRun, Move

from tests.core.examples import ID, NOW, catalog, request, root

NOTHING = Charge()
SMALL = Charge(databases=1, storage_gb=20, monthly_cents=1398)
LIMIT = Charge(databases=2, storage_gb=40, monthly_cents=2796)


def with_(charge: Charge, **other: int) -> Charge:
    return dataclasses.replace(charge, **other)


def document(
    would: Root,
    kind: Kind = Kind.CREATE,
    *,
    used: Charge = NOTHING,
    held: Charge = NOTHING,
    wanted: Charge = SMALL,
    before: Root | None = None,
) -> dict[str, Any]:
    made = dataclasses.replace(
        request(ID, kind=kind, environment=would.environment),
        root=would,
        before=before,
    )
    change = DryRun(request=made, used=used, held=held, wanted=wanted, limit=LIMIT)
    return change_document(change, catalog(), NOW)


def test_a_new_database_shows_its_file_verdict_approval_and_cost() -> None:
    shown = document(root())
    assert (shown["dry_run"], shown["kind"], shown["approval"]) == (True, "create", "auto")
    assert shown["terraform"] == render(root())
    assert shown["policy"]["passed"] is True
    assert {name: shown["policy"]["results"][0][name] for name in ("rule", "passed")} == {
        "rule": "rendered",
        "passed": True,
    }
    assert (shown["monthly_cost_usd"], shown["fits_quota"]) == (13.98, True)
    assert shown["database"]["database_name"] == "mydb123"


def test_what_would_be_enrolled_in_extended_support_says_from_when_and_at_what_price() -> None:
    made = dataclasses.replace(root(database_engine="postgres"), extended_support=True, expires_at="never")
    shown = document(made)
    assert shown["database"]["extended_support"] == (
        "enrolled, for its life: from 2030-03-01 on RDS charges 2 vCPUs by the hour, 146.00 USD a month "
        "(list price of us-east-1, 2026-05-01), and more from the third year on"
    )
    assert shown["monthly_cost_usd"] == 13.98
    assert document(root())["database"]["extended_support"] is None
    resized = dataclasses.replace(made, instance_class="db.m7g.xlarge")
    changes = document(resized, Kind.UPDATE, before=made)["changes"]
    assert [change["field"] for change in changes] == ["size", "instance_class"]


def test_a_change_says_what_it_does_to_open_connections() -> None:
    resized = dataclasses.replace(root(), instance_class="db.t4g.medium")
    assert document(resized, Kind.UPDATE, before=root())["interruption"] == {
        "kind": "restart",
        "sentence": "Restarts the instance: some minutes without service, as soon as it is merged.",
    }
    assert document(root(), Kind.UPDATE, before=root())["interruption"]["kind"] == "none"
    assert document(root(), Kind.REMOVE, before=root())["interruption"]["kind"] == "end"
    assert document(root())["interruption"]["kind"] == "none"


def test_what_the_gate_would_refuse_is_shown_as_refused() -> None:
    shown = document(dataclasses.replace(root(), storage_gb=400))
    assert shown["policy"]["passed"] is False
    assert [result["rule"] for result in shown["policy"]["results"] if not result["passed"]]


def test_only_a_disarming_may_take_protection_off() -> None:
    disarmed = dataclasses.replace(root(environment="prod"), deletion_protection=False)
    assert document(disarmed, Kind.DISARM)["policy"]["passed"] is True
    assert document(disarmed, Kind.UPDATE)["policy"]["passed"] is False


def test_a_removal_shows_an_empty_root_that_costs_nothing_and_asks_no_rule() -> None:
    shown = document(root(), Kind.REMOVE, used=LIMIT, held=SMALL)
    assert shown["terraform"] == render_removed(root().place)
    assert shown["policy"] == {"passed": True, "results": []}
    assert (shown["monthly_cost_usd"], shown["fits_quota"]) == (0.0, True)


@pytest.mark.parametrize(
    ("used", "held", "wanted", "fits"),
    [
        (SMALL, NOTHING, SMALL, True),  # the limit itself
        (LIMIT, NOTHING, SMALL, False),
        (LIMIT, SMALL, SMALL, True),  # a change that takes nothing more
        (LIMIT, SMALL, with_(SMALL, storage_gb=21), False),
        (with_(LIMIT, storage_gb=99), SMALL, with_(SMALL, storage_gb=19), True),  # it gives back
        (
            dataclasses.replace(LIMIT, databases=9),
            SMALL,
            dataclasses.replace(SMALL, monthly_cents=9_999),
            False,
        ),
    ],
)
def test_the_quota_holds_what_takes_no_more_or_stays_within_it(
    used: Charge, held: Charge, wanted: Charge, fits: bool
) -> None:
    assert document(root(), Kind.UPDATE, used=used, held=held, wanted=wanted)["fits_quota"] is fits


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            State.CANCELLED,
            "Its pull request would be closed, if there is one, and its branch deleted.",
        ),
        (State.REQUESTED, "Its pull request would be opened."),
        (State.PULL_REQUEST_OPEN, "Gate, plan and approval would be waited for again."),
        (State.MERGED, "The pipeline of the base branch would be run again."),
        (State.APPLYING, "The pipeline of the base branch would be run again."),
    ],
)
def test_a_cancel_or_a_retry_shows_where_it_would_lead(state: State, message: str) -> None:
    assert move_document(Move(request(ID), state)) == {
        "dry_run": True,
        "request": f"/requests/{ID}",
        "pull_request": None,
        "state": "requested",
        "next_state": state.value,
        "message": message,
    }


def test_a_change_shows_what_differs_what_it_costs_and_what_it_does() -> None:
    before = root()
    medium = dataclasses.replace(before, instance_class="db.t4g.medium", tags={"a": "1"})
    shown = document(
        medium, Kind.UPDATE, before=before, used=SMALL, held=SMALL, wanted=with_(SMALL, monthly_cents=4975)
    )
    assert shown["changes"] == [
        {"field": "size", "before": "small", "after": "medium"},
        {"field": "instance_class", "before": "db.t4g.micro", "after": "db.t4g.medium"},
        {"field": "tags", "before": {}, "after": {"a": "1"}},
    ]
    assert shown["cost"] == {"before": 13.98, "after": 49.75, "difference": 35.77, "until_end": 11.45}
    assert shown["effects"] == [
        {
            "effect": "restart",
            "sentence": "Restarts the instance: some minutes without service, as soon as it is merged.",
        }
    ]
    assert (shown["approval_of"], shown["steps"], shown["removal"]) == ([], ["update"], None)
    assert shown["ready_in"]["seconds"] == {"likely": 1155, "latest": 4320}


def test_the_quota_is_shown_as_it_would_be_and_its_refusal_in_the_same_words() -> None:
    shown = document(root(), used=SMALL)["quota"]
    assert shown == {
        "environment": "dev",
        "databases": {"after": 2, "limit": 2},
        "storage_gb": {"after": 40, "limit": 40},
        "monthly_usd": {"after": 27.96, "limit": 27.96},
        "sentence": "In dev the team then holds 2 of 2 databases, 40 of 40 GB and 27.96 of 27.96 USD a "
        "month.",
    }
    refusal = over_quota("alpha", "dev", LIMIT, SMALL, LIMIT).detail
    assert document(root(), used=LIMIT)["quota"]["sentence"] == refusal


def test_a_protected_removal_shows_both_steps_and_what_is_kept() -> None:
    prod = root(environment="prod")
    shown = document(
        dataclasses.replace(prod, deletion_protection=False), Kind.DISARM, before=prod, wanted=SMALL
    )
    assert (shown["steps"], shown["approval_of"]) == (["disarm", "remove"], ["prod"])
    assert shown["removal"] == {
        "steps": ["disarm", "remove"],
        "keeps_snapshot": True,
        "final_snapshot": None,  # it will be named after this very request
        "kept_days": 365,
        "kept_until": "2027-11-23T12:00:00Z",
        "last_connection_at": None,
        "idle_since": None,
    }
    assert shown["effects"][0]["effect"] == "data_loss"
    assert shown["ready_in"]["seconds"] is None
    assert shown["ready_in"]["after_approval_seconds"] == {"likely": 180, "latest": 480}


def test_a_removal_names_the_snapshot_and_gives_back_its_cost() -> None:
    before = dataclasses.replace(root(), final_snapshot=True)
    shown = document(before, Kind.REMOVE, before=before, used=SMALL, held=SMALL, wanted=SMALL)
    assert shown["removal"]["final_snapshot"] == before.place.final_snapshot(before.request_id)
    assert shown["cost"] == {"before": 13.98, "after": 0.0, "difference": -13.98, "until_end": None}
    assert shown["quota"]["monthly_usd"]["after"] == 0
    assert shown["changes"] == []


def test_where_a_reviewer_decides_one_zone_is_something_to_consider() -> None:
    alone = root(environment="prod", size="large")
    (found,) = document(alone)["consider"]
    assert (found["field"], found["value"]) == ("high_availability", True)
    standby = document(dataclasses.replace(alone, multi_az=True))
    assert found["monthly_usd_difference"] == standby["cost"]["after"] - document(alone)["cost"]["after"] > 0
    assert standby["consider"] == []
    assert document(root())["consider"] == []
    assert document(alone, Kind.UPDATE, before=alone)["consider"] == []

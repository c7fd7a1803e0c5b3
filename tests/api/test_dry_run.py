"""What a dry run shows: the file that would be written, the gate's verdict, the cost, and the next state."""

import dataclasses
from typing import Any

import pytest
from provisioner.api.dry_run import change_document, move_document
from provisioner.core.hcl import render, render_removed
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Charge
from provisioner.core.root import Root
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
    change = DryRun(kind=kind, root=would, used=used, held=held, wanted=wanted, limit=LIMIT, before=before)
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

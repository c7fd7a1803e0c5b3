"""Each refusal says what stands in the way and what to do next; what machines read of it is written out."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from provisioner.core import events
from provisioner.core.errors import FieldError, Problem
from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import DatabaseState, Kind, derive
from provisioner.core.models import Charge, Request, User
from provisioner.intake import refusals

from tests.core.examples import ID, NOW, database, request

OTHER = "9d2b7f10-0000-4000-8000-000000000001"
ASKED = events.requested(NOW, "alpha-ci")
LATER = NOW + dt.timedelta(seconds=1)


def after(*happened: Event, kind: Kind = Kind.UPDATE) -> Request:
    """A request to which this happened."""
    return dataclasses.replace(request(ID, kind=kind), progress=derive([ASKED, *happened]))


def failed(*, retryable: bool = True, kind: Kind = Kind.UPDATE) -> Request:
    event = events.failed_stuck(
        Step.PULL_REQUEST, NOW, LATER, cause="boom", fix="Ask the platform team.", retryable=retryable
    )
    return after(event, kind=kind)


MERGED = events.merged(1, LATER, "alpha", commit="c")
REMOVED = dataclasses.replace(database(), state=DatabaseState.REMOVED, origin=OTHER)


@pytest.mark.parametrize(
    ("problem", "status", "slug", "title", "detail"),
    [
        (
            refusals.not_found("database dev/x"),
            404,
            "not-found",
            "Not found",
            "There is no database dev/x of this team.",
        ),
        (
            refusals.nothing_to_change(database().root),
            409,
            "nothing-to-change",
            "Nothing would change",
            "dev/mydb123 already is as asked.",
        ),
        (
            refusals.under_way(after()),
            409,
            "under-way",
            "Another change is under way",
            f"Request {ID} (update, requested) has to end first. Wait for it, or cancel it.",
        ),
        (
            refusals.under_way(after(events.cancel_asked(LATER, "alpha"))),
            409,
            "under-way",
            "Another change is under way",
            f"Request {ID} (update, requested, cancelling) has to end first. Wait for it, or cancel it.",
        ),
        (
            refusals.under_way(failed()),
            409,
            "under-way",
            "Another change is under way",
            f"Request {ID} (update, failed) has to end first. Retry or cancel it.",
        ),
        (
            refusals.no_environment(database()),
            409,
            "no-environment",
            "The environment left the catalog",
            "Neither API nor pipeline changes what is in dev without its rules. Put it back into "
            "catalog.yaml until its databases are removed.",
        ),
        (
            refusals.removed(REMOVED),
            409,
            "removed",
            "The database was removed",
            "dev/mydb123 was removed; ask for a new one with POST /provision-rds.",
        ),
        (
            refusals.too_late(after(MERGED)),
            409,
            "too-late",
            "Too late to cancel",
            "The request is merged. It is merged; when it is done, change or remove the database instead.",
        ),
        (
            refusals.too_late(after(events.closed(1, LATER, "alpha"))),
            409,
            "too-late",
            "Too late to cancel",
            "The request is rejected. It has ended; nothing is left to cancel.",
        ),
        (
            refusals.not_retryable(after(MERGED)),
            409,
            "not-retryable",
            "Nothing to retry",
            "The request is merged, not failed.",
        ),
        (
            refusals.not_retryable(failed(retryable=False)),
            409,
            "not-retryable",
            "Nothing to retry",
            "Ask the platform team.",
        ),
        (
            refusals.removal_failed(failed(kind=Kind.REMOVE)),
            409,
            "removal-failed",
            "Its removal failed",
            "The removal of dev/mydb123 is merged, and its apply failed. "
            f"Retry it with POST /requests/{ID}/retry.",
        ),
        (
            refusals.superseded(failed()),
            409,
            "superseded",
            "Another change took its place",
            "The database was changed after this request failed; look at that change instead.",
        ),
        (
            refusals.name_taken(database(), ["alpha-mydb123"]),
            409,
            "name-taken",
            "The name is taken",
            "Another team has dev/mydb123. Free: dev/alpha-mydb123.",
        ),
        (
            refusals.key_reused(),
            422,
            "idempotency-key-reused",
            "The Idempotency-Key was used with another body",
            "Send a new Idempotency-Key with a new body, or the old body again.",
        ),
        (
            refusals.users_removed(REMOVED),
            409,
            "removed",
            "The database was removed",
            "dev/mydb123 was removed, and its users with it.",
        ),
        (
            refusals.no_user(database(), User.APPLICATION),
            409,
            "no-user",
            "The database has no such user",
            "No application user was made for dev/mydb123. Where the stack has AccessSubnetIds, one is made "
            "minutes after an apply, and GET /databases says if that failed; else rotate master.",
        ),
        (
            refusals.not_available(dataclasses.replace(database(), state=DatabaseState.PENDING)),
            409,
            "not-available",
            "The database is not there yet",
            "dev/mydb123 is pending; wait until it is available.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else None,
)
def test_a_refusal_says_why_and_what_to_do_next(
    problem: Problem, status: int, slug: str, title: str, detail: str
) -> None:
    assert (problem.status, problem.slug, problem.title, problem.detail) == (status, slug, title, detail)


@pytest.mark.parametrize(
    ("problem", "links"),
    [
        (refusals.under_way(after()), {"request": f"/requests/{ID}"}),
        (refusals.too_late(after(MERGED)), {"request": f"/requests/{ID}"}),
        (refusals.removal_failed(failed()), {"request": f"/requests/{ID}"}),
        (refusals.not_retryable(after()), {"request": f"/requests/{ID}", "pipeline": None}),
        (
            refusals.superseded(failed()),
            {"request": f"/requests/{ID}", "database": "/databases/dev/mydb123"},
        ),
        (refusals.name_taken(database(), ["alpha-mydb123"]), {}),  # nothing of another team's
    ],
    ids=lambda value: value.slug if isinstance(value, Problem) else "",
)
def test_a_refusal_links_to_what_stands_in_the_way(problem: Problem, links: dict[str, Any]) -> None:
    assert problem.extra == links


def test_a_name_that_is_taken_points_to_the_name() -> None:
    assert refusals.name_taken(database(), ["alpha-mydb123"]).errors == (
        FieldError(
            "/database_name",
            "taken by another team; choose another name",
            "mydb123",
            ["alpha-mydb123"],
            "alpha-mydb123",
        ),
    )


def test_what_differs_is_shown_by_field() -> None:
    asked = {"size": "small", "tags": {"é": "1"}}
    existing = dataclasses.replace(database(), origin=ID, asked=asked)
    problem = refusals.differs(existing, {"size": "medium", "tags": {}, "ttl": "1d"}, ["size", "tags", "ttl"])
    assert (problem.status, problem.slug) == (409, "differs")
    assert problem.detail == (
        "dev/mydb123 was asked for with other values of size, tags, ttl. Change it with "
        "PATCH /databases/dev/mydb123, or choose another database_name."
    )
    assert problem.errors == (
        FieldError("/size", 'it has "small", not "medium"', "medium", '"small"'),
        FieldError("/tags", 'it has {"é": "1"}, not {}', None, '{"é": "1"}'),
        FieldError("/ttl", 'it has null, not "1d"', "1d", "null"),
    )
    assert problem.extra == {"database": "/databases/dev/mydb123", "request": f"/requests/{ID}"}


def test_a_full_quota_says_what_is_held_what_is_wanted_and_the_limit() -> None:
    problem = refusals.over_quota(
        "alpha",
        "dev",
        Charge(databases=9, storage_gb=380, monthly_cents=12_345),
        Charge(databases=1, storage_gb=40, monthly_cents=4_975),
        Charge(databases=10, storage_gb=400, monthly_cents=50_000),
    )
    assert (problem.status, problem.slug, problem.retry_after) == (403, "quota", None)
    assert problem.detail == (
        "In dev team alpha holds 9 of 10 databases, 380 of 400 GB and 123.45 of 500.00 USD a month; this "
        "takes 40 GB and 49.75 USD a month. Remove a database, ask for a smaller one, or have the quota in "
        "the catalog raised."
    )


def test_what_is_not_valid_names_each_field_once() -> None:
    errors = [FieldError("/ttl", "a"), FieldError("", "b"), FieldError("/ttl", "c")]
    problem = refusals.invalid(errors)
    assert (problem.status, problem.slug) == (422, "invalid-request")
    assert (problem.detail, problem.errors) == ("ttl: a. Change the body too.", tuple(errors))

"""What the API refuses of what it understood: each 4xx with its reason, and what to do next."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from provisioner.core.errors import FieldError, Problem
from provisioner.core.events import Step
from provisioner.core.models import Charge, Database, Request, User
from provisioner.core.prices import REMEDY
from provisioner.core.root import Root
from provisioner.core.shown import brief

_REMOVED: Final = "The database was removed"


def not_found(what: str) -> Problem:
    """The 404, the same for what does not exist and for what is another team's."""
    return Problem(404, "Not found", f"There is no {what} of this team.", slug="not-found")


def invalid(errors: Sequence[FieldError]) -> Problem:
    """What a body says is not valid, or not allowed: the 422 that lists what to change.

    `detail` says the first, for those who read nothing else, and names the others.
    """
    first = errors[0]
    named = dict.fromkeys(error.pointer.lstrip("/") or "the body" for error in errors)
    name, *others = named
    more = f" Change {', '.join(others)} too." if others else ""
    return Problem(
        422,
        "The request is not valid",
        f"{name}: {first.detail}{'' if first.detail.endswith(('.', '?')) else '.'}{more}",
        slug="invalid-request",
        errors=errors,
    )


def bad_reason(text: str) -> Problem:
    """A reason behind the path's `?` that cannot be kept."""
    return Problem(400, "The query is not valid", f"reason: {text}.", slug="bad-query")


def no_reason(environment: str) -> FieldError:
    """The catalog wants a reason where a reviewer approves (`require_reason`)."""
    text = f"say why: whoever approves a change of {environment} reads it, and the catalog asks for it"
    return FieldError("/reason", text, allowed="a text of 1 to 256 characters")


def nothing_to_change(root: Root) -> Problem:
    """A change that leads to what is."""
    return Problem(
        409, "Nothing would change", f"{root.place} already is as asked.", slug="nothing-to-change"
    )


def under_way(active: Request) -> Problem:
    """One change at a time."""
    progress = active.progress
    state = f"{progress.state}, cancelling" if progress.cancelling else progress.state
    way_on = "Wait for it, or cancel it"
    if progress.failure:
        way_on = "Retry or cancel it"
    return Problem(
        409,
        "Another change is under way",
        f"Request {active.id} ({active.kind}, {state}) has to end first. {way_on}.",
        slug="under-way",
        extra={"request": f"/requests/{active.id}"},
    )


def no_environment(database: Database) -> Problem:
    """What the catalog has no rules for stays as it is."""
    return Problem(
        409,
        "The environment left the catalog",
        f"Neither API nor pipeline changes what is in {database.environment} without its rules. "
        "Put it back into catalog.yaml until its databases are removed.",
        slug="no-environment",
    )


def removed(database: Database) -> Problem:
    """Nothing is left to change."""
    return Problem(
        409,
        _REMOVED,
        f"{database.place} was removed; ask for a new one with POST /provision-rds.",
        slug="removed",
    )


def too_late(found: Request) -> Problem:
    """A cancel after the merge, or after the end."""
    ended = found.progress.step is Step.END
    way_on = (
        "It has ended; nothing is left to cancel."
        if ended
        else "It is merged; when it is done, change or remove the database instead."
    )
    return Problem(
        409,
        "Too late to cancel",
        f"The request is {found.progress.state}. {way_on}",
        slug="too-late",
        extra={"request": f"/requests/{found.id}"},
    )


def not_retryable(found: Request) -> Problem:
    """A retry of what has not failed, or of what another try cannot fix."""
    failure = found.progress.failure
    return Problem(
        409,
        "Nothing to retry",
        failure.fix if failure else f"The request is {found.progress.state}, not failed.",
        slug="not-retryable",
        extra={"request": f"/requests/{found.id}", "pipeline": found.progress.pipeline_url},
    )


def removal_failed(found: Request) -> Problem:
    """A change of a database whose removal is merged, and failed: git has no root of it any more."""
    return Problem(
        409,
        "Its removal failed",
        f"The removal of {found.place} is merged, and its apply failed. "
        f"Retry it with POST /requests/{found.id}/retry.",
        slug="removal-failed",
        extra={"request": f"/requests/{found.id}"},
    )


def superseded(found: Request) -> Problem:
    """A retry of a request whose place another request took."""
    return Problem(
        409,
        "Another change took its place",
        "The database was changed after this request failed; look at that change instead.",
        slug="superseded",
        extra={
            "request": f"/requests/{found.id}",
            "database": f"/databases/{found.place}",
        },
    )


def name_taken(existing: Database, free: Sequence[str]) -> Problem:
    """Another team has a database of this name; `free` are names like it that nobody has."""
    place = existing.place
    listed = ", ".join(f"{existing.environment}/{name}" for name in free)
    text = "taken by another team; choose another name"
    return Problem(
        409,
        "The name is taken",
        f"Another team has {place}. " + (f"Free: {listed}." if free else "Choose another database_name."),
        slug="name-taken",
        errors=[
            FieldError(
                "/database_name", text, existing.database_name, list(free) or None, next(iter(free), None)
            )
        ],
    )


def differs(existing: Database, asked: Mapping[str, Any], names: list[str]) -> Problem:
    """The team asked for a database of this name before, with other values of `names`."""
    place = existing.place
    return Problem(
        409,
        "The database exists and differs",
        f"{place} was asked for with other values of {', '.join(names)}. Change it with "
        f"PATCH /databases/{place}, or choose another database_name.",
        slug="differs",
        errors=[
            FieldError(
                f"/{name}",
                f"it has {_show(existing.asked.get(name))}, not {_show(asked[name])}",
                brief(asked[name]),
                _show(existing.asked.get(name)),
            )
            for name in names
        ],
        extra={"database": f"/databases/{place}", "request": f"/requests/{existing.origin}"},
    )


def key_reused() -> Problem:
    """The 422 of https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/"""
    return Problem(
        422,
        "The Idempotency-Key was used with another body",
        "Send a new Idempotency-Key with a new body, or the old body again.",
        slug="idempotency-key-reused",
    )


def over_quota(team: str, environment: str, held: Charge, wanted: Charge, limit: Charge) -> Problem:
    """The quota does not hold what was asked for."""
    return Problem(
        403,  # no time changes it; 429 is for the rate of calls alone
        "The team's quota is used up",
        f"In {environment} team {team} holds {held.databases} of {limit.databases} databases, "
        f"{held.storage_gb} of {limit.storage_gb} GB and {held.monthly_cents / 100:.2f} of "
        f"{limit.monthly_cents / 100:.2f} USD a month; this takes {wanted.storage_gb} GB and "
        f"{wanted.monthly_cents / 100:.2f} USD a month. Remove a database, ask for a smaller one, "
        "or have the quota in the catalog raised.",
        slug="quota",
    )


def no_price(root: Root, region: str) -> Problem:
    """A quota in USD cannot hold what has no price."""
    standby = " with a standby" if root.multi_az else ""
    return Problem(
        403,
        "The price is unknown",
        f"No price is known of {root.engine} on {root.instance_class}{standby} in {region}, and the quota is "
        f"in USD. Ask for another size, or let an operator {REMEDY}.",
        slug="no-price",
    )


def users_removed(database: Database) -> Problem:
    """A rotation of a user that went with its database."""
    return Problem(409, _REMOVED, f"{database.place} was removed, and its users with it.", slug="removed")


def no_user(database: Database, user: User) -> Problem:
    """A rotation of a user that was never made."""
    return Problem(
        409,
        "The database has no such user",
        f"No {user} user was made for {database.place}. Where the stack has AccessSubnetIds, one is made "
        "minutes after an apply, and GET /databases says if that failed; else rotate master.",
        slug="no-user",
    )


def not_available(database: Database) -> Problem:
    """A rotation before there is anything to rotate."""
    return Problem(
        409,
        "The database is not there yet",
        f"{database.place} is {database.state}; wait until it is available.",
        slug="not-available",
    )


def _show(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def not_there(missing: Problem) -> FieldError:
    """A source that is not there, next to what else is wrong."""
    return FieldError("/restore_from", missing.detail)

"""Which approvals a change waits for before it is merged: a code owner's, for each thing that it decides.

A change in a `review` environment takes one of the owners of its file, and a restore one of the owners of the
file of the database whose data it reads. In an `auto` environment what is exactly as asked takes none, and
anything else one of the owners of `*`.
"""

from collections.abc import Collection
from dataclasses import dataclass

from provisioner.core.catalog import Catalog
from provisioner.core.code_owners import CodeOwners, Owner
from provisioner.core.events import Event, EventType
from provisioner.core.lifecycle import State
from provisioner.core.models import Request


@dataclass(frozen=True, slots=True)
class Due:
    """One approval that is due, of any of `owners`; `of` is the path or pattern whose owners they are."""

    of: str
    owners: tuple[Owner, ...]


def is_exact(request: Request, plan: Event | None, head: str) -> bool:
    """Whether `head` is the commit that the worker made, and its plan does what was asked and no more.

    Without a plan nothing is merged here; what was merged by hand without one is not applied.
    """
    progress = request.progress
    as_asked = plan is None or plan.detail.get("as_asked") is True
    return as_asked and head == progress.commit and not progress.edited


def takes_none(request: Request, catalog: Catalog, *, exact: bool) -> bool:
    """Whether nothing is left for a reviewer to decide."""
    return exact and not catalog.approvers(request.environment, request.source)


def due(request: Request, catalog: Catalog, owners: CodeOwners, *, exact: bool) -> list[Due]:
    """The approvals that a request's pull request waits for; `exact` as is_exact says."""
    found = []
    for environment in catalog.approvers(request.environment, request.source):
        source = request.source
        place = request.place if source is None or environment == request.environment else source
        found.append(Due(place.root_path, owners.of(place.root_path)))
    if not exact and catalog.merges_automatically(request.environment):
        found.append(Due("*", owners.of_everything))
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a merge waits for: an approval of one of `owners`, in the words of `why`.

    `people` are the logins of those owners of whom GitHub says it.
    """

    owners: tuple[str, ...]
    why: str
    people: tuple[str, ...] = ()


def awaited(events: Collection[Event]) -> Event | None:
    """What was said last of an approval that is missing; `events` are in order."""
    found = [event for event in events if event.type is EventType.APPROVAL_AWAITED]
    return found[-1] if found else None


def waiting(request: Request, events: Collection[Event]) -> Waiting | None:
    """What the merge of an open pull request waits for, as far as that was said; `events` are in order."""
    said = awaited(events)
    if said is None or request.progress.state is not State.PULL_REQUEST_OPEN:
        return None
    detail = said.detail
    people = dict.fromkeys(login for each in detail.get("approvers", []) for login in each["people"])
    return Waiting(tuple(detail["approval_of"]), detail["waits_for"], tuple(people))


def is_automatic(request: Request, events: Collection[Event], catalog: Catalog) -> bool:
    """Whether no reviewer's time goes by before the merge, as far as that is known."""
    if catalog.approvers(request.environment, request.source):
        return False
    return waiting(request, events) is None


def newest_plan(events: Collection[Event], head: str) -> Event | None:
    """The newest plan of a commit, if one passed; `events` are in their order."""
    plans = [
        event for event in events if event.type is EventType.PLANNED and event.detail.get("commit") == head
    ]
    return plans[-1] if plans else None


def pushers(events: Collection[Event]) -> frozenset[str]:
    """Who pushed to the branch after the worker: nobody approves what they wrote."""
    return frozenset(event.actor for event in events if event.type is EventType.EDITED)

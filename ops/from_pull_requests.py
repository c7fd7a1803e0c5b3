"""Tells a request's story again from its pull request: what was recorded there, and what GitHub itself knows.

Text and times only. A record counts where git bears it out: the App's own first commit names the request and
the team, and nobody can change a commit's words.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.core.lifecycle import ENDED, DatabaseEvent, Event, EventType, State, derive
from provisioner.core.models import Request
from provisioner.core.times import instant
from provisioner.github.client import PullRequest
from provisioner.pull_requests import request_record
from provisioner.pull_requests.content import branch, commit_message
from provisioner.pull_requests.worker import ACTOR, opened_event

from ops.github_archive import Commit, Pull, TimelineItem


class RecordRejected(Exception):
    """A pull request whose record cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class RequestHistory:
    """A request, everything that is known to have happened to it, and to the database that it made.

    `whole` says that a record was written after it had ended.
    """

    request: Request
    events: tuple[Event, ...]
    notes: tuple[DatabaseEvent, ...]
    whole: bool

    @property
    def state(self) -> State:
        """Where the request stands."""
        return derive(self.events).state


def tell(pull: Pull, record: str | None, commits: Sequence[Commit]) -> RequestHistory:
    """The story as far as it is recorded; raises Unbelievable."""
    try:
        asked, kept = request_record.read(pull.body), request_record.read(record or "")
    except request_record.ArchiveError as error:
        raise RecordRejected(str(error)) from error
    if asked is None:
        raise RecordRejected("its body holds no record: somebody took it out, or an older version wrote it")
    request = asked.request
    if branch(request) != pull.branch:
        raise RecordRejected(f"its record is about {branch(request)}")
    if not commits or commits[0].message.strip() != commit_message(request).strip():
        raise RecordRejected("its record names another request or team than its first commit does")
    if kept and kept.request != request:
        raise RecordRejected("the records in its body and in its comment differ")
    events = {event.id: event for event in kept.events} if kept else {}
    first = Event(id="requested", type=EventType.REQUESTED, at=request.created_at, actor=request.actor)
    events.setdefault(first.id, first)
    notes = tuple(kept.notes) if kept else ()
    ended = kept is not None and derive(events.values()).state in ENDED
    return RequestHistory(request, tuple(events.values()), notes, whole=ended and pull.state == "closed")


def complete(
    story: RequestHistory,
    pull: Pull,
    commits: Sequence[Commit],
    deeds: Sequence[TimelineItem],
    login: str,
    base: str,
) -> RequestHistory:
    """The story with what GitHub knows beside the record; the same thing has the same id, and counts once."""
    known = {event.id: event for event in story.events}
    for event in _facts(story.request, pull, commits, deeds, login, base):
        known.setdefault(event.id, event)
    return RequestHistory(story.request, tuple(known.values()), story.notes, story.whole)


def _facts(
    request: Request,
    pull: Pull,
    commits: Sequence[Commit],
    deeds: Sequence[TimelineItem],
    login: str,
    base: str,
) -> list[Event]:
    """What GitHub knows, as the worker and the webhook (`to_event`) would have written it down."""
    found = PullRequest(
        pull.number,
        pull.url,
        pull.state,
        pull.merged,
        pull.head_sha,
        pull.branch,
        pull.base,
        created_at=pull.created_at,
    )
    facts = [opened_event(request, found, commits[0].sha, _time(pull.created_at))]
    merged_at = next((deed.at for deed in deeds if deed.what == "merged"), None)
    for deed in deeds:
        at, actor = _time(deed.at), ACTOR if deed.login == login else deed.login
        if deed.what == "approved":
            facts.append(_event(f"approved:{deed.id}", EventType.APPROVED, at, actor))
        elif deed.what == "reopened":
            facts.append(_event(f"reopened:{pull.number}:{instant(at)}", EventType.REOPENED, at, actor))
        elif deed.what == "merged" and pull.base == base:
            facts.append(
                _event(f"merged:{pull.number}", EventType.MERGED, at, actor, {"commit": deed.commit})
            )
        elif deed.what == "closed" and (deed.at != merged_at or pull.base != base):
            facts.append(_event(f"closed:{pull.number}:{instant(at)}", EventType.CLOSED, at, actor))
    newest = commits[-1]
    if newest.sha != commits[0].sha:
        detail = {"commit": newest.sha}
        facts.append(_event(f"edited:{newest.sha}", EventType.EDITED, _time(newest.at), newest.login, detail))
    return facts


def after(stories: Sequence[RequestHistory]) -> dict[tuple[str, str], RequestHistory]:
    """The story that the base branch shows of each database: the newest one that was merged."""
    newest: dict[tuple[str, str], tuple[dt.datetime, RequestHistory]] = {}
    for story in stories:
        place = story.request.environment, story.request.database_name
        merges = [event.at for event in story.events if event.type in (EventType.MERGED, EventType.SUCCEEDED)]
        if merges and (place not in newest or newest[place][0] < min(merges)):
            newest[place] = min(merges), story
    return {place: story for place, (_, story) in newest.items()}


def _event(
    event_id: str,
    happened: EventType,
    at: dt.datetime,
    actor: str,
    detail: Mapping[str, object] | None = None,
) -> Event:
    return Event(id=event_id, type=happened, at=at, actor=actor, detail=dict(detail or {}))


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)

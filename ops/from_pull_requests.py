"""Reads a request's history from its pull request: what was recorded there, and what GitHub itself knows.

Text and times only. A record counts where git bears it out: the App's own first commit names the request and
the team, and nobody can change a commit's words.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from provisioner.core import events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.events import ACTOR, Event, EventType, requested
from provisioner.core.lifecycle import ENDED, State, derive
from provisioner.core.models import Request
from provisioner.core.names import Place
from provisioner.github.pull_request import PullRequest
from provisioner.pull_requests import request_record
from provisioner.pull_requests.content import branch, is_commit_of
from provisioner.pull_requests.events import of_answer

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
    database_events: tuple[DatabaseEvent, ...]
    whole: bool

    @property
    def state(self) -> State:
        """Where the request stands."""
        return derive(self.events).state


def read(pull: Pull, record: str | None, commits: Sequence[Commit]) -> RequestHistory:
    """The history as far as it is recorded; raises RecordRejected."""
    try:
        asked, kept = request_record.parse(pull.body), request_record.parse(record or "")
    except request_record.RecordError as error:
        raise RecordRejected(str(error)) from error
    if asked is None:
        raise RecordRejected("its body holds no record: someone took it out, or an older version wrote it")
    request = asked.request
    if branch(request) != pull.branch:
        raise RecordRejected(f"its record is about {branch(request)}")
    if not commits or not is_commit_of(commits[0].message, request):
        raise RecordRejected("its record names another request or team than its first commit does")
    if kept and kept.request != request:
        raise RecordRejected("the records in its body and in its comment differ")
    known = {event.id: event for event in kept.events} if kept else {}
    first = requested(request.created_at, request.actor)
    known.setdefault(first.id, first)
    request = replace(request, progress=derive([known[first.id]]))  # which says whether it waits for users
    of_database = tuple(kept.database_events) if kept else ()
    ended = kept is not None and derive(known.values()).state in ENDED
    return RequestHistory(request, tuple(known.values()), of_database, whole=ended and pull.state == "closed")


def add_github_events(
    history: RequestHistory,
    pull: Pull,
    commits: Sequence[Commit],
    timeline: Sequence[TimelineItem],
    login: str,
    base: str,
) -> RequestHistory:
    """The history with what GitHub knows besides; the same thing has the same id, and counts once."""
    known = {event.id: event for event in history.events}
    for event in _facts(history.request, pull, commits, timeline, login, base):
        known.setdefault(event.id, event)
    return replace(history, events=tuple(known.values()))


def _facts(
    request: Request,
    pull: Pull,
    commits: Sequence[Commit],
    timeline: Sequence[TimelineItem],
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
    facts = [of_answer(request, found, commits[0].sha, _time(pull.created_at))]
    merged_at = next((item.at for item in timeline if item.what == "merged"), None)
    for item in timeline:
        at, actor = _time(item.at), ACTOR if item.login == login else item.login
        if item.what == "approved":
            facts.append(events.approved(item.id, at, actor, commit=item.commit))
        elif item.what == "changes_requested":
            facts.append(events.changes_requested(item.id, at, actor, commit=item.commit))
        elif item.what == "reopened":
            facts.append(events.reopened(pull.number, at, actor))
        elif item.what == "merged" and pull.base == base:
            facts.append(events.merged(pull.number, at, actor, commit=item.commit))
        elif item.what == "closed" and (item.at != merged_at or pull.base != base):
            facts.append(events.closed(pull.number, at, actor))
    newest = commits[-1]
    if newest.sha != commits[0].sha:
        facts.append(events.edited(newest.sha, _time(newest.at), newest.login))
    return facts


def latest_merged(histories: Sequence[RequestHistory]) -> dict[Place, RequestHistory]:
    """The history that the base branch shows of each database: the newest one that was merged."""
    newest: dict[Place, tuple[dt.datetime, RequestHistory]] = {}
    for history in histories:
        place = history.request.place
        merges = [
            event.at for event in history.events if event.type in (EventType.MERGED, EventType.SUCCEEDED)
        ]
        if merges and (place not in newest or newest[place][0] < min(merges)):
            newest[place] = min(merges), history
    return {place: history for place, (_, history) in newest.items()}


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)

"""⑦ The text of each occasion; tests/golden/messages shows them all.

Nothing here decides whether something is said. No text holds a secret: a cause was freed of them where it was
reported, and a link leads to a page that asks for a key.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.core import engines, extended_support, upgrades
from provisioner.core.catalog import Catalog
from provisioner.core.events import Step
from provisioner.core.lifecycle import Failure
from provisioner.core.models import Database, Request
from provisioner.core.times import parse_instant
from provisioner.notifier.links import Console, elsewhere
from provisioner.notifier.message import Message, cut
from provisioner.notifier.words import KINDS, STEPS, day, end, length, moment

_LONGEST_LINE = 2500  # of a cause or a fix


@dataclass(frozen=True, slots=True)
class Texts:
    """Writes messages whose links lead to this console."""

    console: Console
    catalog: Catalog

    def ready(self, message_id: str, database: Database) -> Message:
        """A new database, and the command that opens it."""
        root, place = database.root, database.place
        return Message(
            id=message_id,
            title=f"{place} is ready",
            facts=(
                ("Engine", f"{engines.label(root.engine)} {root.engine_version}"),
                ("Ends", end(root.expires_at)),
                ("Owner", root.owner),
            ),
            command=f"rdsctl connect {place}",
            links=self.console.database(place, "How to connect"),
        )

    def approval(
        self,
        message_id: str,
        request: Request,
        owners: Sequence[str],
        why: str,
        *,
        yours: bool,
        again: str = "",
    ) -> Message:
        """A pull request that waits; `yours` for its code owners, `again` how long it has waited by now."""
        whose = "your approval" if yours else "an approval"
        waits = f"has waited for {whose} for {again}" if again else f"waits for {whose}"
        return Message(
            id=message_id,
            title=f"{request.place} {waits}",
            lines=(f"Its {KINDS[request.kind]} is planned, and not merged: {cut(why, _LONGEST_LINE)}.",),
            facts=(
                *((("Approval of one of", ", ".join(owners)),) if owners else ()),
                ("Asked for by", f"{request.actor}, team {request.team}"),
                *((("Why", cut(request.reason, 300)),) if request.reason else ()),
            ),
            links=(
                *elsewhere(request.progress.pull_request_url, "Pull request"),
                *self.console.request(request.id, "Request"),
            ),
        )

    def failed(self, message_id: str, request: Request, failure: Failure) -> Message:
        """What failed, why, and what helps."""
        label = "See it, and try again" if failure.retryable else "See it"
        return Message(
            id=message_id,
            title=f"{request.place}: the {KINDS[request.kind]} failed",
            lines=(
                f"Cause: {cut(failure.cause, _LONGEST_LINE)}",
                f"Fix: {cut(failure.fix, _LONGEST_LINE)}",
            ),
            facts=(
                ("Failed at", STEPS[failure.step]),
                ("Asked for by", f"{request.actor}, team {request.team}"),
            ),
            links=(
                *self.console.request(request.id, label),
                *elsewhere(request.progress.pull_request_url, "Pull request"),
            ),
        )

    def slower(
        self, message_id: str, request: Request, *, step: Step, taken: dt.timedelta, latest: dt.timedelta
    ) -> Message:
        """A step that takes longer than nine of ten."""
        return Message(
            id=message_id,
            title=f"{request.place}: the {KINDS[request.kind]} takes longer than usual",
            lines=(
                f"{STEPS[step].capitalize()} has taken {length(taken)} so far; usually it takes at most "
                f"{length(latest)}.",
                "Nothing has to be done. If it fails, the cause comes here.",
            ),
            links=(
                *self.console.request(request.id, "Follow it"),
                *elsewhere(request.progress.pull_request_url, "Pull request"),
            ),
        )

    def expiring(self, message_id: str, database: Database, now: dt.datetime) -> Message:
        """An end that is near; how near, by the clock."""
        place, ends = database.place, parse_instant(database.root.expires_at)
        automatic = self.catalog.merges_automatically(place.environment)
        after = "it is removed" if automatic else "its removal is asked for, which a code owner approves"
        left = f"in {length(ends - now)}" if ends > now else "now"
        return Message(
            id=message_id,
            title=f"{place} expires {left}",
            lines=(f"On {moment(ends)} {after}. Extend it before then to keep it.",),
            facts=(("Owner", database.root.owner), *_purpose(database)),
            links=self.console.database(place, "Extend it", do="extend"),
        )

    def idle(self, message_id: str, database: Database, detail: Mapping[str, Any]) -> Message:
        """A database that nobody connects to, and when it is removed for that."""
        since, removed = detail.get("idle_since"), detail.get("removed_at")
        seen = (
            f"Nobody has connected since {day(parse_instant(since))}." if since else "Nobody has connected."
        )
        follows = (
            f"It is removed on {moment(parse_instant(removed))}, unless someone connects to it or changes it."
            if removed
            else "Nothing is removed for this; delete it if nobody needs it."
        )
        return Message(
            id=message_id,
            title=f"Nobody uses {database.place}",
            lines=(f"{seen} {follows}",),
            facts=(("Owner", database.root.owner), *_purpose(database)),
            links=self.console.database(database.place, "Look at it"),
        )

    def version_ending(self, message_id: str, database: Database, detail: Mapping[str, Any]) -> Message:
        """A major version whose standard support ends, and what to do about it."""
        root, place = database.root, database.place
        name = f"{engines.label(root.engine)} {root.engine_version}"
        until = dt.date.fromisoformat(str(detail["until"]))
        unit = "capacity unit" if root.capacity else "vCPU"
        enrolled = extended_support.said(root, self.catalog)
        follows = (
            f"Extended Support: {enrolled}."
            if enrolled
            else f"After that day RDS upgrades {name} on a day that it chooses, or charges Extended Support "
            f"by the {unit} and hour where the database is enrolled."
        )
        targets = upgrades.targets(root.engine, root.engine_version)
        advice = (
            "Upgrade it before, at a time that suits you; try it on a clone first."
            if targets
            else f"No upgrade of {name} can be asked for here yet: ask the platform team before that day."
        )
        return Message(
            id=message_id,
            title=f"{place}: support of {name} ends {until}",
            lines=(f"{follows} {advice}",),
            facts=(("Owner", root.owner), *_purpose(database)),
            command=f"rdsctl edit {place} --engine-version MAJOR" if targets else "",
            links=self.console.database(place, "Database"),
        )

    def drifted(self, message_id: str, database: Database, link: str) -> Message:
        """A change outside git."""
        return Message(
            id=message_id,
            title=f"{database.place} differs from git",
            lines=(
                "The nightly check found a change that was made outside git. The next apply of this database "
                "takes it back: ask for it through the API, or undo it.",
            ),
            facts=(("Owner", database.root.owner),),
            links=(
                *elsewhere(link, "What differs"),
                *self.console.database(database.place, "Database"),
            ),
        )


def _purpose(database: Database) -> tuple[tuple[str, str], ...]:
    return (("Purpose", cut(database.root.purpose, 300)),) if database.root.purpose else ()

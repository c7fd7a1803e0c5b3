"""A ledger in memory with the use cases over it, a catalog with channels, and what would be said."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from provisioner.core import events
from provisioner.core.database_events import DatabaseEvent
from provisioner.core.events import Event
from provisioner.core.models import Database, Request
from provisioner.notifier.courier import Courier, Word
from provisioner.notifier.look import Look
from provisioner.notifier.message import Message
from provisioner.notifier.occasions import Occasions
from provisioner.notifier.recipients import MAIL, SLACK, Recipients, Target
from provisioner.notifier.texts import Texts
from provisioner.notify import cloudevents

from tests.core.examples import NOW
from tests.intake.setting import Setting
from tests.notifier.examples import CONSOLE
from tests.notifier.test_recipients import CATALOG, DOMAINS

LATER = NOW + dt.timedelta(minutes=1)


@dataclass
class World:
    """What happens, and the words that follow."""

    setting: Setting = field(default_factory=lambda: Setting(rules=CATALOG))
    sent: list[tuple[str, str]] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def occasions(self, now: dt.datetime) -> Occasions:
        return Occasions(self.setting.ledger, Texts(CONSOLE, CATALOG), Recipients(CATALOG, DOMAINS), now)

    def of_request(self, one: Request, event: Event, now: dt.datetime = LATER) -> list[Word]:
        """What is said of a request's event, which the ledger receives now."""
        after = self.setting.happened(one, event)
        document = cloudevents.of_request(event, after, source="urn:x")
        assert document is not None
        return self.occasions(now).of(document)

    def of_database(self, one: Database, event: DatabaseEvent, now: dt.datetime = LATER) -> list[Word]:
        self.setting.ledger.add_database_event(one.place, event)
        return self.occasions(now).of(cloudevents.of_database(event, one, source="urn:x"))

    def opened(self, **body: Any) -> Request:
        one = self.setting.create(**body)
        return self.setting.happened(
            one, events.opened(7, NOW, url="https://github.com/a/b/pull/7", commit="c")
        )

    def look(self, now: dt.datetime, recipients: Recipients | None = None) -> list[tuple[str, str]]:
        """What a look at this time sends: titles and channels."""
        self.sent.clear()
        courier = Courier(
            self.setting.ledger.deliveries,
            {SLACK: self._send, MAIL: self._send},
            lambda: now,
            lambda *_: None,
        )
        occasions = self.occasions(now)
        if recipients:
            occasions = replace(occasions, recipients=recipients)
        for word in Look(occasions, CATALOG, courier, lambda what, _: self.trouble.append(what)).words():
            courier.deliver(word)
        return list(self.sent)

    def _send(self, at: str, message: Message) -> None:
        self.sent.append((message.title, at))


def said(found: list[Word]) -> list[tuple[str, list[str]]]:
    """Titles, and the names of the channels that they go to."""
    return [(word.message.title, sorted(names(word.targets))) for word in found if word.targets]


def names(targets: tuple[Target, ...]) -> list[str]:
    return [target.name.removeprefix("slack:rds-provisioner/notify/") for target in targets]

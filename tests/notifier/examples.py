"""One message of each occasion, and a message made of anything."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import strategies as st
from provisioner.core import events
from provisioner.core.events import Event, Step
from provisioner.core.lifecycle import Kind, derive
from provisioner.core.models import Database, Listed, Request
from provisioner.notifier.digest import digest
from provisioner.notifier.links import Console
from provisioner.notifier.message import Link, Listing, Message
from provisioner.notifier.texts import Texts

from tests.core.examples import ID, NOW, catalog, database, request

CONSOLE: Final = Console("https://rds.acme.example", served=True)
TEXTS: Final = Texts(CONSOLE, catalog())
CI: Final = "https://ci.example.com/1"
HOSTILE: Final = "<!channel> & <https://evil.example|click> *b*\r\nBcc: x@evil.example\x00\u202e"


def opened(one: Request, *more: Event) -> Request:
    """The request with its pull request open, and what happened since."""
    first = events.requested(NOW, one.actor)
    pull = events.opened(7, NOW, url="https://github.com/acme/databases/pull/7", commit="c")
    return dataclasses.replace(one, progress=derive([first, pull, *more]))


def in_prod() -> Request:
    body: dict[str, Any] = {"environment": "prod", "owner": "jane@acme.example", "purpose": "Orders"}
    return opened(dataclasses.replace(request(ID, **body), reason="The shop moves", actor="jane"))


def one_database(**body: Any) -> Database:
    return dataclasses.replace(database(**body), origin=ID)


def failed(
    cause: str = "InvalidParameterCombination: no such class", fix: str = "choose another size"
) -> Message:
    event = events.failed_apply(NOW, pipeline_url=CI, commit="c", cause=cause, fix=fix, retryable=True)
    one = opened(request(ID), event)
    assert one.progress.failure is not None
    return TEXTS.failed("id", one, one.progress.failure)


def weekly(count: int = 2, name: str = "db") -> Message:
    """The digest of a team with so many databases that end, one of which nobody uses."""
    found = [one_database(database_name=f"{name}-{number}", owner="@jane") for number in range(count)]
    found.append(one_database(environment="prod", database_name="orders", database_engine="postgres"))
    idle = Listed(idle_since=NOW - dt.timedelta(days=20))
    return digest("alpha", found, {found[0].place: idle}, catalog(), CONSOLE, NOW)


def clusters() -> Iterator[Database]:
    """An instance, a cluster that sleeps, and one that never does."""
    yield one_database(ttl="30d")
    yield one_database(
        database_name="sleepy", database_engine="aurora-postgresql", size="sleepy", ttl="30d", owner="@jane"
    )
    yield one_database(environment="prod", database_name="busy", database_engine="aurora-mysql", size="busy")


def occasions() -> dict[str, Message]:
    """Every text that there is, by a name."""
    soon = NOW + dt.timedelta(days=7)
    ends = {"idle_since": "2026-11-09T00:00:00Z", "removed_at": "2026-11-26T12:00:00Z"}
    owners, why = ["@acme/dba"], "an approval of @acme/dba is missing"
    return {
        "ready-cluster": TEXTS.ready("id", next(each for each in clusters() if each.root.capacity)),
        "ready": TEXTS.ready("id", one_database(database_engine="postgres", owner="jane@acme.example")),
        "approval-yours": TEXTS.approval("id", in_prod(), owners, why, yours=True),
        "approval-of-others": TEXTS.approval("id", in_prod(), owners, why, yours=False),
        "approval-again": TEXTS.approval("id", in_prod(), owners, why, yours=True, again="1 day"),
        "failed": failed(),
        "slower": TEXTS.slower(
            "id",
            opened(request(ID)),
            step=Step.APPLY,
            taken=dt.timedelta(minutes=47),
            latest=dt.timedelta(minutes=40),
        ),
        "expires-in-7-days": TEXTS.expiring(
            "id", one_database(), soon - dt.timedelta(days=6, hours=23, minutes=55)
        ),
        "expires-in-1-day": TEXTS.expiring("id", one_database(), soon - dt.timedelta(hours=23, minutes=55)),
        "expires-reviewed": TEXTS.expiring(
            "id", one_database(environment="staging", ttl="7d"), soon - dt.timedelta(days=1)
        ),
        "idle-removed": TEXTS.idle("id", one_database(purpose="load tests"), ends),
        "idle-reported": TEXTS.idle("id", one_database(environment="staging"), ends | {"removed_at": None}),
        "version-ending": TEXTS.version_ending(
            "id",
            one_database(database_engine="postgres", engine_version="15", purpose="load tests"),
            {"version": "15", "until": "2028-02-29", "last": False},
        ),
        "version-ending-cluster": TEXTS.version_ending(
            "id",
            one_database(database_engine="aurora-mysql", size="sleepy"),
            {"version": "8.0", "until": "2028-04-30", "last": True},
        ),
        "version-ending-enrolled": TEXTS.version_ending("id", enrolled(), {"until": "2028-02-29"}),
        "drifted": TEXTS.drifted("id", one_database(), "https://github.com/acme/databases/issues/9"),
        "digest": weekly(),
        "digest-clusters": digest("alpha", [*clusters()], {}, catalog(), CONSOLE, NOW),
        "digest-quiet": digest("alpha", [one_database(ttl="30d")], {}, catalog(), CONSOLE, NOW),
    }


def enrolled() -> Database:
    one = one_database(database_engine="postgres", engine_version="15")
    return dataclasses.replace(
        one, root=dataclasses.replace(one.root, extended_support=True, expires_at="never")
    )


def removal() -> Request:
    return dataclasses.replace(in_prod(), kind=Kind.REMOVE)


TEXT: Final = st.text(max_size=200) | st.sampled_from(
    [HOSTILE, "&" * 4000, "<" * 3001, "`" * 50, "\ud800", "|>"]
)
MESSAGES: Final = st.builds(
    Message,
    id=TEXT,
    title=TEXT,
    lines=st.lists(TEXT, max_size=4).map(tuple),
    facts=st.lists(st.tuples(TEXT, TEXT), max_size=25).map(tuple),
    command=TEXT,
    lists=st.lists(st.builds(Listing, TEXT, st.lists(TEXT, max_size=60).map(tuple)), max_size=3).map(tuple),
    links=st.lists(st.builds(Link, TEXT, TEXT | TEXT.map("https://x.example/{}".format)), max_size=4).map(
        tuple
    ),
)

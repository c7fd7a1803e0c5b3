"""The table in memory answers as moto's does, whatever a ledger does with it, and so do its rows."""

import datetime as dt
import random
from typing import Any
from uuid import UUID

import pytest
from provisioner.core.database_events import DatabaseEvent, DatabaseEventType
from provisioner.core.errors import Contention, Problem
from provisioner.core.events import Detail, Event, EventType, Step
from provisioner.core.models import Activity, Request
from provisioner.core.names import Place
from provisioner.core.times import instant
from provisioner.intake.opening import Caller, Opening
from provisioner.intake.use_cases import Accepted, UseCases
from provisioner.ledger.ledger import Claim, Ledger
from provisioner.ledger.new_request import KeyUsed, NameTaken, QuotaExceeded
from provisioner.ledger.table import Filters

from tests.core.examples import NOW, charge, request
from tests.ledger.memory_table import MemoryTable, holds, key_of
from tests.ledger.moto_table import TABLE
from tests.reaper.world import ROOM, RULES

NAMES = ("one", "two", "three", "four")
DAY = dt.timedelta(days=1)


def step(ledger: Ledger, chance: random.Random, now: dt.datetime, number: int) -> Any:
    """One random thing that happens to a ledger; what came of it."""
    name, environment = chance.choice(NAMES), chance.choice(("dev", "staging"))
    database = ledger.database(Place(environment, name))
    known = ledger.request_ids(Place(environment, name))
    request_id = chance.choice(known) if known else None
    found = ledger.request(request_id) if request_id else None
    event_kind = chance.choice(list(EventType))
    detail: Detail = {"pull_request": number, "pull_request_url": "u", "commit": "c"}
    if event_kind is EventType.FAILED:
        detail = {"step": Step.APPLY, "cause": "c", "fix": "f", "retryable": True}
    note = DatabaseEvent(id=f"n{chance.randrange(9)}", type=DatabaseEventType.IDLE, at=now, actor="x")
    new_id = str(UUID(int=chance.getrandbits(128), version=4))
    service = UseCases(Opening(ledger, RULES, lambda _: None, now), lambda: UUID(new_id))
    alpha = Caller("alpha", "alpha")
    match chance.randrange(14):
        case 0 | 1 | 2:
            one = request(new_id, database_name=name, environment=environment, size="small", now=now)
            limit = ROOM if chance.random() < 0.5 else charge(one.root)
            key = (f"k{chance.randrange(6)}", "f") if number % 3 else None
            return ledger.open_create(one, charge(one.root), limit, key=key)
        case 3 | 4 | 5 if found:
            event = Event(id=f"e{chance.randrange(20)}", type=event_kind, at=now, actor="x", detail=detail)
            return ledger.add_event(found.id, event, now)
        case 6 if database:
            return service.change(Place(environment, name), {"ttl": chance.choice(["1d", "2d"])}, alpha)
        case 7 if database:
            return service.remove(Place(environment, name), alpha)
        case 8 if found:
            lease = dt.timedelta(minutes=1)
            claim = ledger.claim(found.id, now, lease)
            assert ledger.claim(found.id, now + lease, lease) is None  # not before the lease has ended
            if chance.random() < 0.5:
                ledger.release(found.id, now)
            return claim
        case 9 if found:
            ledger.schedule_check(found, now)
            due = sorted(request.id for request in ledger.due_requests(now))  # at the very moment
            ledger.stop_checking(found)
            return due, ledger.request(found.id)
        case 10 if database:
            marked = ledger.mark(database, "first@x", now, now, note if chance.random() < 0.5 else None)
            return (
                marked,
                ledger.add_database_event(Place(environment, name), note),
                ledger.schedule_database_check(database, None),
            )
        case 11 if database and chance.random() < 0.3:
            return ledger.mark_removed(Place(environment, name), note)
        case 12 if database:
            before = ledger.activity(Place(environment, name))
            version = chance.choice([1, before.version + 1 if before else 1])
            use = Activity(origin=database.origin, looked_at=now, version=version)
            return ledger.keep_activity(
                Place(environment, name), use, note if chance.random() < 0.5 else None
            )
        case 13:
            taken = ledger.turns.acquire("look", now, now + dt.timedelta(hours=5))
            if taken and chance.random() < 0.5:
                ledger.turns.schedule("look", now)
            return taken
    return looks(ledger, now) if number % 10 == 0 else None


def looks(ledger: Ledger, now: dt.datetime) -> Any:
    """Everything that can be asked of a ledger."""
    pages = []
    for filters in ({}, {"environment": "dev"}, {"state": "available"}):
        token = None
        for _ in range(10):
            page = ledger.databases(
                "alpha",
                kept=Filters(among={name: (value,) for name, value in filters.items()}),
                page_size=2,
                page_token=token,
            )
            pages.append(page.items)
            if (token := page.next_token) is None:
                break
    return (
        pages,
        ledger.databases(
            "alpha", kept=Filters(before={"expires_at": instant(now + 5 * DAY)}), page_size=3, page_token=None
        ),
        {
            (environment, name): (
                ledger.database(Place(environment, name)),
                ledger.database_events(Place(environment, name)),
                ledger.activity(Place(environment, name)),
                [
                    (
                        ledger.request_for_branch(Place(environment, name), request_id[:8]),
                        ledger.events(request_id),
                    )
                    for request_id in ledger.request_ids(Place(environment, name))
                ],
            )
            for environment in ("dev", "staging")
            for name in NAMES
        },
        ledger.requests(
            "alpha",
            kept=Filters(among={"kind": ("create", "update")}, holding={"root": '"owner":"alpha"'}),
            page_size=5,
            page_token=None,
        ).items,
        sorted(request.id for request in ledger.due_requests(now)),
        sorted((database.environment, database.database_name) for database in ledger.due_databases(now)),
        [ledger.quota_used("alpha", environment) for environment in ("dev", "staging")],
    )


def pages(client: Any, list_pk: str, *, forward: bool) -> list[Any]:
    """A list as DynamoDB itself gives it, two rows at a time."""
    call: dict[str, Any] = {
        "TableName": TABLE,
        "IndexName": "listing",
        "KeyConditionExpression": "list_pk = :list",
        "ExpressionAttributeValues": {":list": {"S": list_pk}},
        "ScanIndexForward": forward,
        "Limit": 2,
    }
    found = []
    while True:
        answer = client.query(**call)
        found.append((answer["Items"], answer.get("LastEvaluatedKey")))
        if "LastEvaluatedKey" not in answer:
            return found
        call["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def outcome(ledger: Ledger, chance: random.Random, now: dt.datetime, number: int) -> Any:
    try:
        return step(ledger, chance, now, number)
    except (Problem, NameTaken, QuotaExceeded, KeyUsed, Contention, KeyError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("seed", [3, 4, 6])  # in each of these every outcome asked for below comes about
def test_the_same_things_come_of_the_same_steps(ledger: Ledger, seed: int) -> None:
    memory = MemoryTable()
    other = Ledger(memory, TABLE)
    chances = random.Random(seed), random.Random(seed)
    seen: set[Any] = set()
    for number in range(200):
        now = NOW + number * dt.timedelta(hours=1)
        came = outcome(ledger, chances[0], now, number)
        assert came == outcome(other, chances[1], now, number), number
        seen.add(came[0] if isinstance(came, tuple) and isinstance(came[0], type) else type(came))
    assert looks(ledger, now) == looks(other, now)
    kept = {key_of(item): item for item in ledger._table._client.scan(TableName=TABLE)["Items"]}
    assert kept == {(pk, sk): row for pk, rows in memory.rows.items() for sk, row in rows.items()}
    assert len(kept) > 60
    for list_pk in ("TEAM#alpha#DB", "TEAM#alpha#REQ", "TEAM#beta#DB"):
        for forward in (True, False):
            theirs = pages(ledger._table._client, list_pk, forward=forward)
            assert pages(memory, list_pk, forward=forward) == theirs
    assert {NameTaken, QuotaExceeded, KeyUsed, Problem, Request, Accepted, Claim, bool} <= seen


@pytest.mark.parametrize("text", ["size(pk) = :x", "a <> :b", "NOT a = :b", "a = :b extra"])
def test_what_it_does_not_know_it_refuses(text: str) -> None:
    with pytest.raises((NotImplementedError, KeyError, IndexError)):
        holds(text, {}, {"ExpressionAttributeValues": {":x": {"N": "1"}, ":b": {"N": "1"}}})

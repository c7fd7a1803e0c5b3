"""The databases' lives that the end-to-end tests look at; each scene runs in a separate thread.

RDS takes more than a minute for each step here, and the applies of one environment wait for each other. So
the scenes are spread over the environments and run side by side; the tests read what a scene saw.
"""

import datetime as dt
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from provisioner.pull_requests.comments import EXPIRY

from sandbox import stack
from sandbox.circleci.control import kill_job
from sandbox.client import Answer
from sandbox.github import control
from sandbox.instance import describe, identifiers, log_in, query
from tests.e2e.running import Sandbox, until

ORDERS: dict[str, Any] = {
    "database_name": "orders",
    # MySQL: the clone of a PostgreSQL takes RDS one step more, since its insights are switched on at the end.
    "database_engine": "mysql",
    "environment": "dev",
    "purpose": 'Load tests ${file("/etc/hostname")} `@everyone` [skip ci]',
    # Under two hours, or the reaper's moved clock would take requests under way for ones that are at rest.
    "ttl": "1h",
    "tags": {"Service": "orders"},
}
SHOP: dict[str, Any] = {"database_name": "shop", "database_engine": "postgres", "environment": "staging"}
LOST: dict[str, Any] = {"database_name": "lost", "database_engine": "postgres", "environment": "staging"}
LEDGER: dict[str, Any] = {"database_name": "ledger", "database_engine": "postgres", "environment": "prod"}
ROWS = ("create table answers (answer int)", "insert into answers values (42)")

Seen = TypeVar("Seen")


class Scenes:
    """Begins each scene once; a scene may wait for what another one saw."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._pool = ThreadPoolExecutor(max_workers=16)
        self._begun: dict[str, Future[Any]] = {}

    def begin(self, scene: "Callable[[Scenes], Seen]") -> "Future[Seen]":
        if scene.__name__ not in self._begun:
            self._begun[scene.__name__] = self._pool.submit(scene, self)
        return self._begun[scene.__name__]

    def see(self, scene: "Callable[[Scenes], Seen]") -> Seen:
        """What a scene saw, once it is over; raises what went wrong in it."""
        return self.begin(scene).result()

    def end(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Born:
    """A database that was made: its request, what RDS says of it, the version that a login shows."""

    document: dict[str, Any]
    instance: dict[str, Any]
    version: str


def orders(scenes: Scenes) -> Born:
    """dev/orders: MySQL, which merges automatically."""
    return born(scenes.sandbox, scenes.sandbox.ask("POST", "/provision-rds", ORDERS))


def shop(scenes: Scenes) -> Born:
    """staging/shop: PostgreSQL, which a reviewer approves."""
    request_id = scenes.sandbox.ask("POST", "/provision-rds", SHOP)
    scenes.sandbox.approve(request_id)
    return born(scenes.sandbox, request_id)


def born(sandbox: Sandbox, request_id: str) -> Born:
    """Wait for a new database, log in and write a row."""
    document = sandbox.wait(request_id, "done")
    instance = describe(sandbox.cloud, document["result"]["identifier"])
    version = ""
    if has_server(sandbox, instance):
        version = log_in(sandbox.cloud, instance)
        query(sandbox.cloud, instance, *ROWS)
    return Born(document=document, instance=instance, version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A restored database: its request and pull request, what RDS says of it, and the rows in it."""

    document: dict[str, Any]
    pull: dict[str, Any]
    source: dict[str, Any]
    instance: dict[str, Any]
    rows: list[tuple[Any, ...]]


def cloned(scenes: Scenes) -> Copied:
    """dev/orders-copy, a clone of dev/orders as it is."""
    source = scenes.see(orders)
    body = {"database_name": "orders-copy", "database_engine": "mysql", "environment": "dev"}
    request_id = scenes.sandbox.ask(
        "POST",
        "/provision-rds",
        {**body, "restore_from": {"database": "dev/orders", "point_in_time": "latest"}},
    )
    return copied(scenes.sandbox, request_id, source.instance)


def copied(sandbox: Sandbox, request_id: str, source: dict[str, Any]) -> Copied:
    document = sandbox.wait(request_id, "done")
    instance = describe(sandbox.cloud, document["result"]["identifier"])
    rows = (
        query(sandbox.cloud, instance, "select answer from answers") if has_server(sandbox, instance) else []
    )
    return Copied(document=document, pull=sandbox.pull(document), source=source, instance=instance, rows=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revived:
    """A database that was removed with a final snapshot, and made again from that."""

    removal: dict[str, Any]
    snapshot: dict[str, Any]
    copy: Copied


def revived(scenes: Scenes) -> Revived:
    """staging/shop: removed, and back as staging/shop-back from its final snapshot."""
    sandbox = scenes.sandbox
    source = scenes.see(shop)
    removal = sandbox.ask("DELETE", "/databases/staging/shop")
    sandbox.approve(removal)
    removed = sandbox.wait(removal, "done")
    snapshot = final_snapshot(sandbox, "staging-shop")
    body = SHOP | {"database_name": "shop-back"}
    body |= {"restore_from": {"snapshot": snapshot["DBSnapshotIdentifier"]}}
    back = sandbox.ask("POST", "/provision-rds", body)
    sandbox.approve(back)
    return Revived(removal=removed, snapshot=snapshot, copy=copied(sandbox, back, source.instance))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A database with deletion protection, from its creation to its removal in two reviewed steps."""

    waiting: list[dict[str, Any]]  # each request as it stood before a reviewer approved it
    requests: list[dict[str, Any]]  # and in the end
    meanwhile: Answer  # a change while another one is open
    too_late: Answer  # a cancel while it is applied
    protected: list[bool]  # deletion protection in RDS after the first two requests
    snapshot: dict[str, Any]
    database: dict[str, Any]


def guarded(scenes: Scenes) -> Guarded:
    """prod/ledger: made, disarmed, removed."""
    sandbox, place = scenes.sandbox, "prod/ledger"
    create = sandbox.ask("POST", "/provision-rds", LEDGER)
    waiting = [sandbox.approve(create)]
    instance = born(sandbox, create).instance
    protected = [instance["DeletionProtection"]]

    disarm = sandbox.ask("DELETE", f"/databases/{place}")
    meanwhile = sandbox.alpha.call("PATCH", f"/databases/{place}", {"storage_gb": 100})
    waiting.append(sandbox.approve(disarm))
    sandbox.wait(disarm, "applying")
    too_late = sandbox.alpha.call("POST", f"/requests/{disarm}/cancel")
    disarmed = sandbox.wait(disarm, "done")
    protected.append(bool(describe(sandbox.cloud, "prod-ledger").get("DeletionProtection")))

    remove = disarmed["links"]["next_request"].rpartition("/")[2]
    waiting.append(sandbox.approve(remove))
    sandbox.wait(remove, "done")
    return Guarded(
        waiting=waiting,
        requests=[sandbox.request(document) for document in (create, disarm, remove)],
        meanwhile=meanwhile,
        too_late=too_late,
        protected=protected,
        snapshot=final_snapshot(sandbox, "prod-ledger"),
        database=sandbox.database(place),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """What the reaper did to a database as the clock was moved past its end."""

    reaped: list[dict[str, Any]]
    comments: list[list[str]]  # the comments on its end, after each look
    pulls: list[dict[str, Any]]  # to remove it
    removal: dict[str, Any]
    database: dict[str, Any]


def expired(scenes: Scenes) -> Expired:
    """dev/orders: warned twice, then removed, once its clone has the data."""
    sandbox = scenes.sandbox
    document = scenes.see(orders).document
    until(lambda: "dev-orders-copy" in identifiers(sandbox.cloud) or None, "the clone to be begun")
    end = dt.datetime.fromisoformat(document["database"]["expires_at"])
    reaped, comments = [], []
    for minutes in (-20, -4, -2, 1, 2):
        moment = (end + dt.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        reaped.append(stack.reap(sandbox.cloud, now=moment))
        bodies = [comment["body"] for comment in sandbox.pull(document)["comments"]]
        comments.append([body for body in bodies if body.startswith(EXPIRY)])
    request_id = sandbox.database("dev/orders")["links"]["active_request"].rpartition("/")[2]
    removal = sandbox.wait(request_id, "done")
    mine = [
        pull for pull in control.pulls(sandbox.github) if pull["branch"].startswith("rds/dev/orders/remove")
    ]
    return Expired(
        reaped=reaped,
        comments=comments,
        pulls=mine,
        removal=removal,
        database=sandbox.database("dev/orders"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A database whose apply was killed in the middle, and what became of it."""

    killed: str  # the job's address
    silent: dict[str, Any]  # the request, once it was noticed
    seconds: float  # from the kill until then
    done: dict[str, Any]
    pull: dict[str, Any]
    logs: list[Answer]  # of each try, oldest first
    refused: Answer  # what another team gets


def lost(scenes: Scenes) -> Lost:
    """staging/lost: its job dies while RDS makes the instance; the reaper has another one go on."""
    sandbox, place = scenes.sandbox, "/requests?environment=staging&database_name=shop"
    # A job of this database alone: the one of staging/shop has begun by then.
    scenes.begin(shop)
    until(
        lambda: [item for item in sandbox.alpha.call("GET", place).body["requests"] if begun(item)] or None,
        "the apply of staging/shop",
    )
    request_id = sandbox.ask("POST", "/provision-rds", LOST)
    sandbox.approve(request_id)
    log = f"/requests/{request_id}/log?step=apply"
    # With the beat that writes this, the claim names the state's lock.
    creating = "aws_db_instance.this: Creating..."
    until(lambda: creating in sandbox.alpha.call("GET", log).body or None, "RDS to make staging-lost")
    killed = sandbox.request(request_id)["links"]["pipeline"]
    kill_job(sandbox.circleci, killed)
    at = time.monotonic()

    def noticed() -> dict[str, Any] | None:
        found = sandbox.request(request_id)
        return found if (found["waiting_for"] or {}).get("what") == "job" else None

    silent = until(noticed, "the request to say that its job fell silent")
    seconds = time.monotonic() - at

    def taken_over() -> dict[str, Any] | None:
        stack.reap(sandbox.cloud)
        time.sleep(5)
        found = sandbox.request(request_id)
        return found if found["links"]["pipeline"] != killed or found["state"] == "done" else None

    until(taken_over, "another job to go on")
    done = sandbox.wait(request_id, "done")
    return Lost(
        killed=killed,
        silent=silent,
        seconds=seconds,
        done=done,
        pull=sandbox.pull(done),
        logs=[sandbox.alpha.call("GET", f"{log}&attempt={number}") for number in (1, 2)],
        refused=sandbox.beta.call("GET", log),
    )


def begun(request: dict[str, Any]) -> bool:
    return request["state"] in ("applying", "done")


def has_server(sandbox: Sandbox, instance: dict[str, Any]) -> bool:
    return instance["Engine"] not in sandbox.state["missing_engines"]


def final_snapshot(sandbox: Sandbox, identifier: str) -> dict[str, Any]:
    """The one snapshot that was left of an instance."""
    found = sandbox.cloud.client("rds").describe_db_snapshots()["DBSnapshots"]
    mine = [snapshot for snapshot in found if snapshot["DBInstanceIdentifier"] == identifier]
    assert len(mine) == 1, [snapshot["DBSnapshotIdentifier"] for snapshot in found]
    snapshot: dict[str, Any] = mine[0]
    return snapshot

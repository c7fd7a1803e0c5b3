"""Which final snapshots are deleted, and that nothing else is; on moto's RDS."""

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from provisioner.core.database_events import DatabaseEventType
from provisioner.core.errors import Problem
from provisioner.core.events import EventType, Step
from provisioner.core.lifecycle import Kind, State
from provisioner.core.names import Place
from provisioner.intake.opening import Caller
from provisioner.reaper.snapshots import Pruned

from tests.compatibility import samples
from tests.ledger.memory_table import MemoryTable
from tests.reaper.account import DAY, FINAL, HOUR, TAGS, Account
from tests.reaper.world import ALPHA, World


@pytest.fixture
def account(world: World) -> Account:
    world.now = dt.datetime.now(dt.UTC)  # moto stamps snapshots with the time that it is
    return Account(world, boto3.client("rds"))


def test_a_final_snapshot_is_deleted_when_its_environment_keeps_it_no_longer(account: Account) -> None:
    account.removed("orders")
    account.snapshot(FINAL, "staging-orders")
    assert account.run(30 * DAY) == Pruned()
    assert account.left() == {FINAL}

    assert account.run() == Pruned(deleted=[FINAL])

    assert account.left() == set()
    (note,) = account.world.ledger.database_events(Place("staging", "orders"))
    assert (note.type, note.detail["snapshot"], note.detail["kept_days"]) == (
        DatabaseEventType.SNAPSHOT_DELETED,
        FINAL,
        30,
    )


def test_the_final_snapshot_of_a_cluster_is_deleted_as_that_of_an_instance(account: Account) -> None:
    account.removed("orders", database_engine="aurora-mysql", size="sleepy")
    account.cluster_snapshot(FINAL, "staging-orders")
    account.snapshot("staging-orders-final-0a1b2c3e", "staging-bills")
    others = {
        account.cluster_snapshot("staging-orders-before-migration", "staging-orders"),
        account.cluster_snapshot("staging-orders-final-0a1b2c3f", "staging-orders", {}),
        account.cluster_snapshot("staging-orders-final-0a1b2c40", "staging-bills"),
    }
    assert account.run(30 * DAY) == Pruned()

    assert account.run() == Pruned(deleted=[FINAL])

    assert account.clusters_left() == others
    assert account.left() == {"staging-orders-final-0a1b2c3e"}
    (note,) = account.world.ledger.database_events(Place("staging", "orders"))
    assert note.detail["snapshot"] == FINAL


def test_a_snapshot_of_a_cluster_that_someone_else_has_deleted_is_passed_over(account: Account) -> None:
    account.removed("orders", database_engine="aurora-mysql", size="sleepy")
    account.cluster_snapshot(FINAL, "staging-orders")

    class Gone:
        exceptions = account.rds.exceptions

        def get_paginator(self, operation: str) -> Any:
            return account.rds.get_paginator(operation)

        def delete_db_cluster_snapshot(self, **call: str) -> None:
            account.rds.delete_db_cluster_snapshot(**call)
            account.rds.delete_db_cluster_snapshot(**call)

    assert account.run(31 * DAY, rds=Gone()) == Pruned()


def test_a_snapshot_is_kept_for_its_owner_whoever_has_the_name_now(account: Account) -> None:
    account.removed("orders")
    account.snapshot(FINAL, "staging-orders")
    service = account.world.api
    body = {"database_name": "orders", "database_engine": "mysql", "environment": "staging"}
    service.create(body, Caller("beta", "beta-ci"))
    service.create(body | {"database_name": "back", "restore_from": {"snapshot": FINAL}}, ALPHA)

    pruned = account.run(31 * DAY)

    assert pruned is not None
    assert account.left() == {FINAL}


def test_production_keeps_a_final_snapshot_for_a_year(account: Account) -> None:
    account.removed("orders", "prod")
    tags = TAGS | {"Environment": "prod"}
    account.snapshot("prod-orders-final-0a1b2c3d", "prod-orders", tags)

    assert account.run(364 * DAY) == Pruned()
    assert account.run(2 * DAY) == Pruned(deleted=["prod-orders-final-0a1b2c3d"])


def test_a_snapshot_whose_database_the_ledger_does_not_know_is_kept_and_named(account: Account) -> None:
    account.snapshot(FINAL, "staging-orders")

    assert account.run(60 * DAY) == Pruned(kept=[f"{FINAL}: the ledger does not know its database"])


def test_what_is_not_ours_is_never_touched(account: Account) -> None:
    account.removed("orders")
    others = {
        account.snapshot("staging-orders-before-migration", "staging-orders"),
        account.snapshot("staging-orders-final-mine", "staging-orders"),
        account.snapshot("staging-orders-final-0a1b2c3e", "staging-orders", {}),
        account.snapshot("staging-orders-final-0a1b2c3f", "staging-orders", TAGS | {"ManagedBy": "me"}),
        account.snapshot("staging-orders-final-0a1b2c40", "staging-orders", TAGS | {"Environment": "dev"}),
        account.snapshot("staging-orders-final-0a1b2c41", "staging-bills"),
    }

    assert account.run(400 * DAY) == Pruned()
    assert account.left() >= others


def test_the_automated_snapshots_of_rds_stay(account: Account) -> None:
    account.removed("orders")
    account.snapshot(FINAL, "staging-orders")

    assert account.run(400 * DAY) == Pruned(deleted=[FINAL])

    (left,) = account.rds.describe_db_snapshots()["DBSnapshots"]
    assert left["DBSnapshotIdentifier"].startswith("rds:staging-orders-")


def test_a_snapshot_of_a_database_that_is_there_is_kept(account: Account) -> None:
    account.world.database("orders", environment="staging", ttl="30d")
    account.snapshot(FINAL, "staging-orders")

    assert account.run(60 * DAY) == Pruned(kept=[f"{FINAL}: its database is available"])


def test_a_later_database_of_the_same_name_does_not_keep_the_snapshot_of_the_earlier(
    account: Account,
) -> None:
    account.removed("orders")
    account.snapshot(FINAL, "staging-orders")
    account.world.now += DAY
    account.world.database("orders", environment="staging", ttl="30d")

    assert account.run(60 * DAY) == Pruned(deleted=[FINAL])


def test_a_snapshot_that_a_database_is_being_made_from_is_kept_until_that_is_done(account: Account) -> None:
    account.removed("orders")
    account.snapshot(FINAL, "staging-orders")
    account.world.now += 60 * DAY
    body = {
        "database_name": "again",
        "database_engine": "mysql",
        "environment": "staging",
        "restore_from": {"snapshot": FINAL},
    }
    request_id = account.world.api.create(body, ALPHA).request.id

    assert account.run() == Pruned(kept=[f"{FINAL}: a database is being made from it"])
    account.world.happened(
        request_id, EventType.FAILED, step=Step.APPLY, cause="quota", fix="retry", retryable=True
    )
    assert account.run() == Pruned(kept=[f"{FINAL}: a database is being made from it"])
    account.world.happened(request_id, EventType.SUCCEEDED, result=None)
    assert account.run() == Pruned(deleted=[FINAL])


def test_a_restore_that_an_earlier_release_wrote_keeps_its_snapshot_until_it_is_done(
    account: Account, table: MemoryTable
) -> None:
    account.removed("orders")
    account.snapshot(FINAL, "staging-orders")
    restored = stored_restore(table)
    account.world.now += 60 * DAY

    assert account.run() == Pruned(kept=[f"{FINAL}: a database is being made from it"])
    account.world.happened(restored, EventType.SUCCEEDED, result=None)
    assert account.run() == Pruned(deleted=[FINAL])


def test_a_retry_of_a_restore_that_an_earlier_release_wrote_ends_for_good_without_its_snapshot(
    account: Account, table: MemoryTable
) -> None:
    restored, api = stored_restore(table), account.world.api
    assert api.retry(restored, ALPHA).request.progress.state is State.MERGED
    account.world.happened(restored, EventType.STARTED)
    account.world.happened(
        restored,
        EventType.FAILED,
        step=Step.APPLY,
        cause=f"RDS has no snapshot {FINAL}: ask for a restore from one that is there",
        fix="remove the database through the API",
        retryable=False,
    )
    with pytest.raises(Problem, match="Nothing to retry"):
        api.retry(restored, ALPHA)
    assert api.remove(Place("dev", "in-the-queue"), ALPHA).request.kind is Kind.REMOVE


def stored_restore(table: MemoryTable) -> str:
    """A merged restore from the snapshot whose pipeline never began, as release 0.1 wrote it; its id."""
    request_id = "690fa291-c6aa-4b79-b059-a8d2871ab7e4"
    restore = {"snapshot": FINAL, "database": None, "point_in_time": None}
    for row in samples.rows():
        item = row["item"]
        if item["pk"]["S"] not in ("DB#dev#in-the-queue", f"REQ#{request_id}"):
            continue
        if "root" in item:
            root = json.loads(item["root"]["S"])
            item["root"] = {
                "S": json.dumps(root | {"restore": restore}, sort_keys=True, separators=(",", ":"))
            }
        table.put_item(Item=item)
    return request_id


def test_a_snapshot_of_an_environment_that_left_the_catalog_is_kept_and_named(account: Account) -> None:
    tags = TAGS | {"Environment": "qa"}
    account.snapshot("qa-orders-final-0a1b2c3d", "qa-orders", tags)

    assert account.run(1000 * DAY) == Pruned(kept=["qa-orders-final-0a1b2c3d: qa is not in the catalog"])


def test_it_runs_once_a_day(account: Account) -> None:
    ran = [account.run(dt.timedelta(minutes=5)) is not None for _ in range(12 * 24 + 1)]

    assert sum(ran) == 2


def test_all_pages_are_read(account: Account) -> None:
    account.removed("orders")
    for number in range(110):
        account.snapshot(f"staging-orders-final-{number:08x}", "staging-orders")

    pruned = account.run(31 * DAY)

    assert pruned is not None
    assert len(pruned.deleted) == 110
    assert account.left() == set()


@dataclass
class Faulty:
    """RDS that answers a number of deletions with an error."""

    rds: Any
    code: str
    left: int
    asked: list[str] = field(default_factory=list)

    @property
    def exceptions(self) -> Any:
        return self.rds.exceptions

    def get_paginator(self, operation: str) -> Any:
        return self.rds.get_paginator(operation)

    def delete_db_snapshot(self, DBSnapshotIdentifier: str) -> None:  # noqa: N803 - as boto3 has it
        self.asked.append(DBSnapshotIdentifier)
        if self.left:
            self.left -= 1
            error = {"Error": {"Code": self.code, "Message": "not now"}}
            kind = self.rds.exceptions.from_code(self.code)
            raise kind(error, "DeleteDBSnapshot")
        self.rds.delete_db_snapshot(DBSnapshotIdentifier=DBSnapshotIdentifier)


@pytest.mark.parametrize("code", ["Throttling", "InvalidDBSnapshotState"])
def test_a_refused_deletion_is_tried_again_in_an_hour_and_keeps_no_other_waiting(
    account: Account, code: str
) -> None:
    account.removed("orders")
    second = "staging-orders-final-0a1b2c3e"
    account.snapshot(FINAL, "staging-orders")
    account.snapshot(second, "staging-orders")
    faulty = Faulty(account.rds, code, left=1)

    pruned = account.run(31 * DAY, faulty)

    assert pruned is not None
    assert (pruned.deleted, len(pruned.errors)) == ([second], 1)
    assert pruned.errors[0].startswith(f"deleting snapshot {FINAL}: ")
    assert account.run(59 * HOUR / 60, faulty) is None
    assert account.run(HOUR / 60, faulty) == Pruned(deleted=[FINAL])


def test_a_snapshot_that_was_deleted_already_is_no_event_and_no_error(account: Account) -> None:
    account.removed("orders")
    account.snapshot(FINAL, "staging-orders")
    gone = Faulty(account.rds, "DBSnapshotNotFound", left=1)

    assert account.run(31 * DAY, gone) == Pruned()
    assert gone.asked == [FINAL]
    assert account.world.ledger.database_events(Place("staging", "orders")) == []


class Unreachable:
    """RDS that does not list."""

    def get_paginator(self, operation: str) -> Any:
        raise ClientError({"Error": {"Code": "Throttling", "Message": "slow down"}}, operation)


def test_a_list_that_is_throttled_is_asked_for_again_in_an_hour(account: Account) -> None:
    pruned = account.run(DAY, Unreachable())

    assert pruned is not None
    assert pruned.errors
    assert account.run(HOUR) == Pruned()

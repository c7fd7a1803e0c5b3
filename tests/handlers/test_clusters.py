"""A cluster goes the way of every database; where main has no module for it yet, that is said."""

from dataclasses import replace
from typing import Any

from provisioner.core.engines import CLUSTER
from provisioner.core.hcl import FORMAT_PATH, parse
from provisioner.core.lifecycle import DatabaseState, State
from provisioner.core.models import Request
from provisioner.core.names import Place

from tests.core.examples import ROOMY, charge, request
from tests.handlers.chain import Chain, now

NAP = {"database_name": "nap", "database_engine": "aurora-postgresql", "environment": "dev"}
PLACE = Place("dev", "nap")
ADDED = {"add": 3, "change": 0, "destroy": 0, "replace": 0, "databases_added": 1, "databases_destroyed": 0}


def asked(chain: Chain) -> Request:
    one = chain.ask(**NAP)
    chain.work()
    return chain.now(one)


def test_before_main_has_their_module_the_request_fails_with_what_comes_first(chain: Chain) -> None:
    one = asked(chain)

    failure = one.progress.failure
    assert failure
    assert "main has no module for clusters yet" in failure.cause
    assert failure.fix == (
        "apply the foundation of this release and merge it to that branch first (docs/upgrade.md), then retry"
    )
    assert failure.retryable
    assert chain.server.hub.pulls == {}


def test_before_mains_module_enrols_anything_the_request_fails_with_what_comes_first(chain: Chain) -> None:
    one = request(now=now(), database_engine="postgres")
    one = replace(one, root=replace(one.root, extended_support=True))
    chain.ledger.open_create(one, charge(one.root), ROOMY)
    chain.send(one)
    chain.work()

    failure = chain.now(one).progress.failure
    assert failure
    assert "the module of main enrols nothing in Extended Support yet" in failure.cause


def test_from_the_request_to_a_login_and_its_readers_address(chain: Chain) -> None:
    chain.server.users.push("main", FORMAT_PATH, b"3\n", "Release")
    one = asked(chain)
    pull = chain.server.hub.pulls[1]
    there = chain.server.git.file(pull.branch, PLACE.root_path)
    assert there
    assert parse(there[1].decode()).resource is CLUSTER
    assert pull.title == "Create dev/nap (Aurora PostgreSQL 16)"

    chain.plan(one, summary=ADDED | {"only_own_database": True})
    chain.apply(one, "started")
    chain.apply(one, "succeeded", result=RESULT)

    assert chain.now(one).progress.state is State.DONE
    database = chain.ledger.database(PLACE)
    assert database
    assert database.state is DatabaseState.AVAILABLE
    assert database.result
    assert database.result["reader_endpoint"] == RESULT["reader_endpoint"]


RESULT: dict[str, Any] = {
    "identifier": "dev-nap",
    "endpoint": "dev-nap.cluster-x.example.com",
    "reader_endpoint": "dev-nap.cluster-ro-x.example.com",
    "port": 5432,
    "database_name": "nap",
    "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster-x",
    "arn": "arn:aws:rds:us-east-1:123456789012:cluster:dev-nap",
    "resource_id": "cluster-X",
}

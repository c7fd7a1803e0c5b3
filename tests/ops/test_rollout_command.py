"""The rollout's command line, over the functions' own ledger and GitHub."""

import json

import boto3
import pytest
from provisioner.core.hcl import FORMAT_PATH, content_hash, format_of, render
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Request
from provisioner.core.names import Place

from ops import rollout
from tests.handlers.conftest import chain  # noqa: F401 - a fixture
from tests.ops.test_rebuild import BUCKET, World, restored, world  # noqa: F401 - a fixture among them

DEV = Place("dev", "orders")


def mark(one: Request, number: int, module: str) -> None:
    """What the pipeline keeps when it has applied a root, and forgets of before."""
    s3 = boto3.client("s3")
    for stored in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"applied/{one.place}/").get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=stored["Key"])
    kept = {"version": 1, "at": "2026-11-23T12:00:00+00:00", "pipeline_url": "", "commit": "c"}
    key = f"applied/{one.place}/{content_hash(render(one.root, number))}.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(kept | {"module": module}).encode())


def test_a_database_is_listed_asked_for_and_current_once_applied(
    world: World,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    mark(world.carry(world.create("orders")), 1, "")
    world.chain.server.users.push("main", FORMAT_PATH, b"3\n", "Release")

    assert rollout.main(["--bucket", BUCKET]) == 1
    said = capsys.readouterr().out
    assert "Databases: 1 due." in said
    assert "Nothing was written. With --open, it asks for what is due." in said
    assert world.chain.work() == []

    assert rollout.main(["--bucket", BUCKET, "--open", "--every", "0", "--patience", "0"]) == 1
    assert "dev/orders: still under way. Run it again" in capsys.readouterr().err
    assert world.chain.work() == []
    (one,) = [
        request
        for request_id in world.chain.ledger.request_ids(DEV)
        if (request := world.chain.ledger.request(request_id)) and request.kind is Kind.MAINTAIN
    ]
    assert one.progress.state is State.PULL_REQUEST_OPEN
    world.carry(one)
    mark(one, 3, rollout.goals()[one.root.resource].module)

    assert rollout.main(["--bucket", BUCKET]) == 0
    assert "Databases: 1 current." in capsys.readouterr().out
    text = world.chain.server.git.file("main", DEV.root_path)
    assert text is not None
    assert format_of(text[1].decode()) == 3


def test_a_lost_ledger_gets_its_maintenances_back(world: World) -> None:  # noqa: F811
    mark(world.carry(world.create("orders")), 1, "")
    rollout.main(["--bucket", BUCKET, "--open", "--every", "0", "--patience", "0"])
    assert world.chain.work() == []
    request_id = world.chain.ledger.request_ids(DEV)[-1]
    one = world.chain.ledger.request(request_id)
    assert one is not None
    world.carry(one)
    world.reap()

    rows = world.lose()
    assert restored() == 0
    assert world.rows() == rows


def test_an_unknown_stack_is_refused_with_what_to_do(
    world: World,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert rollout.main(["--bucket", BUCKET, "--stack", "other"]) == 2
    assert "There is no stack 'other' in this account and region; see --stack." in capsys.readouterr().err

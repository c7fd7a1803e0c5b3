"""A rollout asks once for each database that an earlier module or format made, and goes on where it ended."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from provisioner.core import events
from provisioner.core.engines import CLUSTER, INSTANCE
from provisioner.core.events import Step
from provisioner.core.hcl import FORMAT_PATH, content_hash, render
from provisioner.core.lifecycle import Kind, State
from provisioner.core.models import Database, Request
from provisioner.core.names import Place
from provisioner.core.root import Root

from ops.maintenance import Finding, Goal, Maintenance, Standing
from ops.rollout import Pace, Rollout, goals, listing
from ops.stack import Refused, Stopped
from ops.states import States
from tests.golden_files import assert_golden
from tests.intake.setting import ALPHA, DEV, Setting
from tests.pipeline.fakes import Bucket

OLD, NEW = "0" * 64, "f" * 64
OF_CLUSTERS = "c" * 64
GOALS = {INSTANCE: Goal(NEW, 2), CLUSTER: Goal(OF_CLUSTERS, 3)}
MODULE = INSTANCE.module_path


class World:
    """Databases with their markers, a clock that sleeps at once, and what is said."""

    def __init__(self) -> None:
        self.setting = Setting()
        self.bucket = Bucket()
        self.slept: list[float] = []
        self.said: list[str] = []
        self.between: list[object] = []

    def maintenance(self, *, again: bool = False) -> Maintenance:
        return Maintenance(lambda: self.setting.opening, States(self.bucket, "states"), GOALS, again)

    def database(self, name: str = "mydb123", environment: str = "dev", *, old: bool = True) -> Database:
        found = self.setting.database(database_name=name, environment=environment)
        self.mark(found.root, OLD if old else NEW, 1 if old else 2)
        return found

    def mark(self, root: Root, module: str | None, number: int) -> None:
        """What the pipeline keeps after an apply; of the first releases without a module."""
        for key in list(self.bucket.objects):
            if key.startswith(f"applied/{root.place}/"):
                del self.bucket.objects[key]
        kept = {"at": "2026-11-23T12:00:00+00:00", "pipeline_url": "https://ci", "commit": "c", "version": 1}
        self.put(
            root.place, content_hash(render(root, number)), kept | ({"module": module} if module else {})
        )

    def put(self, place: Place, name: str, kept: dict[str, object]) -> None:
        body = json.dumps(kept).encode()
        self.bucket.put_object(
            Bucket="states", Key=f"applied/{place}/{name}.json", Body=body, ContentType="application/json"
        )

    def standing(self, place: Place = DEV, *, again: bool = False) -> tuple[Standing, str]:
        (found,) = [finding for finding in self.maintenance(again=again).findings() if finding.place == place]
        return found.standing, found.detail

    def maintained(self, request: Request) -> None:
        """Let the apply of a maintenance succeed, as the pipeline of main does it."""
        self.setting.applied(request)
        self.mark(request.root, NEW, 2)

    def asked(self) -> list[Request]:
        """The maintenances that were asked for, in order."""
        ledger = self.setting.ledger
        found = [ledger.request(message.request_id) for message in self.setting.sent]
        return [request for request in found if request and request.kind is Kind.MAINTAIN]

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.between:
            act = self.between.pop(0)
            assert callable(act)
            act()

    def run(self, *, at_once: int = 5, patience: float = 60, findings: list[Finding] | None = None) -> int:
        pace = Pace(every=7, at_once=at_once, patience=patience)
        rollout = Rollout(self.maintenance(), pace, self.sleep, self.said.append)
        return rollout.run(self.maintenance().findings() if findings is None else findings)


@pytest.fixture
def world() -> World:
    return World()


def test_what_main_made_is_current(world: World) -> None:
    world.database(old=False)
    assert world.standing() == (Standing.CURRENT, "format 2, module fffffff")


@pytest.mark.parametrize(
    ("module", "number", "was"),
    [
        (OLD, 2, "format 2, module 0000000"),
        (NEW, 1, "format 1, module fffffff"),
        (None, 1, "format 1, module unknown"),
    ],
    ids=["an older module", "an older format", "a marker of the first releases"],
)
def test_what_another_module_or_format_made_is_due(
    world: World, module: str | None, number: int, was: str
) -> None:
    world.mark(world.database().root, module, number)
    standing, detail = world.standing()
    assert standing is Standing.DUE
    assert detail == f"{was} -> format 2, module fffffff; auto; 13.98 USD a month, as before"


def test_a_look_writes_nothing(world: World) -> None:
    world.database()
    rows, sent = world.setting.rows(), list(world.setting.sent)
    world.maintenance().findings()
    assert (world.setting.rows(), world.setting.sent) == (rows, sent)


def test_a_maintenance_changes_nothing_but_the_request(world: World) -> None:
    before = world.database()
    with pytest.raises(Stopped):
        world.run()
    (request,) = world.asked()
    assert request.kind is Kind.MAINTAIN
    assert request.root == dataclasses.replace(before.root, request_id=request.id)
    assert (request.before, request.team, request.actor) == (before.root, "alpha", "rds-provisioner")
    assert request.reason == "Its Terraform module or the format of its root is of an earlier release."
    assert world.setting.at(DEV).charge == before.charge
    assert world.standing() == (Standing.UNDER_WAY, f"request {request.id} is requested")


def test_a_run_that_is_done_leaves_everything_current(world: World) -> None:
    world.database()
    world.between = [lambda: world.maintained(world.asked()[0])]
    assert world.run() == 1
    assert world.standing()[0] is Standing.CURRENT
    assert world.run() == 0
    assert len(world.asked()) == 1


def test_a_run_that_was_ended_goes_on_without_asking_twice(world: World) -> None:
    world.database("one-a")
    world.database("one-b")
    findings = world.maintenance().findings()
    with pytest.raises(Stopped):
        world.run(findings=findings[:1])
    with pytest.raises(Stopped):
        world.run()
    with pytest.raises(Stopped):
        world.run()
    assert [request.database_name for request in world.asked()] == ["one-a", "one-b"]


def test_no_more_are_under_way_than_allowed(world: World) -> None:
    for name in ("one-a", "one-b", "one-c"):
        world.database(name)
    with pytest.raises(Stopped, match=r"dev/one-a, dev/one-b: still under way. Run it again once they are"):
        world.run(at_once=2)
    assert [request.database_name for request in world.asked()] == ["one-a", "one-b"]
    # A pause after each request, then looks for as long as its patience lasts.
    assert world.slept == [7, 7, 30, 30]


def test_the_next_follows_as_soon_as_there_is_room(world: World) -> None:
    for name in ("one-a", "one-b"):
        world.database(name)
    world.between = [lambda: None, lambda: world.maintained(world.asked()[0])]
    with pytest.raises(Stopped):
        world.run(at_once=1)
    assert [request.database_name for request in world.asked()] == ["one-a", "one-b"]
    assert "dev/one-a: current: format 2, module fffffff" in world.said


def test_environments_follow_the_order_of_the_catalog(world: World) -> None:
    world.database("last", "prod")
    world.database("middle", "staging")
    world.database("zz-first", "dev")
    found = [str(finding.place) for finding in world.maintenance().findings()]
    assert found == ["dev/zz-first", "staging/middle", "prod/last"]


@pytest.mark.parametrize("step", [Step.PULL_REQUEST, Step.REVIEW, Step.APPLY])
def test_the_first_that_fails_stops_the_rollout(world: World, step: Step) -> None:
    for name in ("one-a", "one-b"):
        world.database(name)
    world.between = [lambda: world.setting.failed(world.asked()[0], step)]
    with pytest.raises(Stopped, match=r"dev/one-a: request .* failed: .*Nothing more is asked for until"):
        world.run(at_once=1)
    assert len(world.asked()) == 1
    assert world.standing(Place("dev", "one-a"))[0] is Standing.FAILED


def test_what_its_team_refused_is_asked_for_again_only_when_wanted(world: World) -> None:
    world.database()
    with pytest.raises(Stopped):
        world.run()
    (first,) = world.asked()
    closed = events.closed(1, world.setting.now, "ada")
    assert world.setting.happened(first, closed).progress.state is State.REJECTED
    assert world.standing() == (
        Standing.REFUSED, f"request {first.id} is rejected; --again asks once more"
    )  # fmt: skip
    assert world.run() == 0

    assert world.standing(again=True)[0] is Standing.DUE
    (finding,) = world.maintenance(again=True).findings()
    second = world.maintenance(again=True).open(finding)
    assert second.id != first.id
    assert world.standing() == (Standing.UNDER_WAY, f"request {second.id} is requested")


def test_a_database_whose_team_changes_it_waits(world: World) -> None:
    world.database()
    world.setting.use_cases.change(DEV, {"ttl": "10d"}, ALPHA)
    standing, detail = world.standing()
    assert standing is Standing.WAITS
    assert "(extend, requested) has to end first" in detail


def test_a_change_that_came_first_is_no_failure_of_the_rollout(world: World) -> None:
    world.database()
    findings = world.maintenance().findings()
    world.setting.use_cases.change(DEV, {"ttl": "10d"}, ALPHA)
    assert world.run(findings=findings) == 0
    assert "has to end first" in world.said[0]


def test_an_apply_that_did_not_end_comes_first(world: World) -> None:
    world.put(world.database().place, "attempted", {"version": 1})
    assert world.standing() == (
        Standing.WAITS,
        "what was applied is not what the ledger says: run the workflow of main, then check again",
    )


def test_a_root_that_the_policy_denies_waits_with_the_reason(world: World) -> None:
    world.database()
    smaller = world.setting.rules.environments["dev"].model_copy(update={"sizes": ["medium"]})
    world.setting.rules = world.setting.rules.model_copy(
        update={"environments": {**world.setting.rules.environments, "dev": smaller}}
    )
    standing, detail = world.standing()
    assert standing is Standing.WAITS
    assert detail.startswith("the policy denies its root: size:")


def test_a_root_that_no_request_made_is_said(world: World) -> None:
    world.put(Place("dev", "by-hand"), OLD, {"version": 1})
    assert world.standing(Place("dev", "by-hand")) == (
        Standing.WAITS,
        "the ledger has no such database: its root is git's alone",
    )


def test_a_goal_that_main_does_not_have_is_noticed(world: World) -> None:
    world.database()
    with pytest.raises(Stopped):
        world.run()
    world.setting.applied(world.asked()[0])
    world.mark(world.asked()[0].root, OLD, 2)
    assert world.standing() == (
        Standing.WAITS,
        "it was maintained, yet by another module than this clone has: check out main as it is",
    )


def test_a_maintenance_in_review_says_so(world: World) -> None:
    world.database("vault", "prod")
    standing, detail = world.standing(Place("prod", "vault"))
    assert standing is Standing.DUE
    assert "; review; " in detail


def test_a_cluster_follows_the_module_of_clusters(world: World) -> None:
    of_clusters: dict[str, Any] = {"database_engine": "aurora-postgresql", "size": "sleepy"}
    root = world.setting.database(database_name="sleepy", **of_clusters).root
    sleepy = Place("dev", "sleepy")

    world.mark(root, OF_CLUSTERS, 3)
    assert world.standing(sleepy) == (Standing.CURRENT, "format 3, module ccccccc")
    world.mark(root, NEW, 3)
    assert world.standing(sleepy) == (
        Standing.DUE,
        "format 3, module fffffff -> format 3, module ccccccc; auto; 1.00 asleep, 22.12 as usual, 176.20 at "
        "the maximum USD a month, as before",
    )


def test_the_list_for_people(world: World) -> None:
    world.database("archive", old=False)
    world.database("orders")
    world.put(Place("dev", "by-hand"), OLD, {"version": 1})
    world.put(world.database("vault", "prod").place, "attempted", {"version": 1})
    assert_golden("pipeline/rollout.txt", listing(world.maintenance().findings(), GOALS) + "\n")


def test_the_goal_is_what_this_clone_has(tmp_path: Path) -> None:
    files = {MODULE + "main.tf": "a", MODULE + "tests/x.tf": "b", FORMAT_PATH: "3\n"}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    first = goals(tmp_path)
    (tmp_path / MODULE / "tests" / "x.tf").write_text("another")
    assert goals(tmp_path) == first
    (tmp_path / MODULE / "main.tf").write_text("another")
    second = goals(tmp_path)
    assert second[INSTANCE] != first[INSTANCE]
    assert second[CLUSTER] == first[CLUSTER]
    (tmp_path / CLUSTER.module_path).mkdir(parents=True)
    (tmp_path / CLUSTER.module_path / "main.tf").write_text("a")
    third = goals(tmp_path)
    assert third[INSTANCE] == second[INSTANCE]
    assert third[CLUSTER] != second[CLUSTER]
    (tmp_path / FORMAT_PATH).write_text("1\n")
    with pytest.raises(Refused, match="check out main"):
        goals(tmp_path)

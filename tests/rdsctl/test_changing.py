"""The commands that write, and the waits, as a shell runs them."""

import datetime as dt
import os
import re
import shutil
import signal
import threading
from pathlib import Path

import pytest
from provisioner import settings
from rdsctl.failures import Exit, Failure
from rdsctl.session import Options, Session

from rdsctl import waiting
from tests.arrows import PROJECT
from tests.handlers.chain import Chain
from tests.handlers.conftest import Cloud
from tests.rdsctl.life import Life
from tests.rdsctl.running import Run
from tests.rdsctl.server import Fault, Server

CREATE = ("create", "dev/orders", "--engine", "postgres")


def change(server: Server, method: str) -> list[str]:
    """The calls of this method that were no dry run."""
    return [call.path for call in server.calls if call.method == method and "dry_run" not in call.path]


def test_a_create_is_accepted_and_says_how_to_follow_it(rdsctl: Run, life: Life) -> None:
    ran = rdsctl(*CREATE, "--tag", "Service=orders", "--purpose", "load tests", "--ttl", "3d")
    assert ran.code == 0
    request = life.newest()
    short = request.id[:8]
    assert ran.out == f"✓ asked: request {short}, create dev/orders   rdsctl wait {short}\n"
    assert (dict(request.root.tags), request.root.purpose) == ({"Service": "orders"}, "load tests")
    again = rdsctl(*CREATE, "--tag", "Service=orders", "--purpose", "load tests", "--ttl", "3d")
    assert again.out == f"✓ asked before: request {short}, create dev/orders   rdsctl wait {short}\n"
    assert rdsctl(*CREATE, "--ttl", "5d").code == 6


def test_create_with_wait_ends_when_it_is_done(rdsctl: Run, server: Server, life: Life) -> None:
    server.before = life.whole()
    ran = rdsctl(*CREATE, "--wait")
    assert ran.code == 0
    short = life.newest().id
    *lines, last = [line[9:].partition("; ready about")[0] for line in ran.err.splitlines()]
    assert lines == [
        f"requested     dev/orders request {short}",
        "review        https://github.example/acme/databases/pull/12",
        "queue         The pipeline begins the apply next",
        "apply         https://circleci.example/jobs/88",
    ]
    assert last.startswith("done          after 0:")
    head, *rest = ran.out.splitlines()
    assert head.startswith("✓ dev/orders is ready after 0:")
    assert rest[0].startswith(
        "  host    dev-orders.c1xyz.eu-central-1.rds.amazonaws.com:5432   no answer from here ("
    )
    assert rest[0].endswith("): rdsctl doctor dev/orders")
    assert rest[1] == "  users   master"  # this stack makes no others
    assert rest[2].endswith("   rdsctl extend dev/orders 7d")
    assert rest[3] == "  next    rdsctl connect dev/orders      rdsctl run dev/orders -- ./app"


def test_a_create_is_not_over_until_its_users_can_log_in(
    rdsctl: Run, server: Server, life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKES_USERS", "true")
    rdsctl(*CREATE)
    life.created()
    session = Session(Options())
    request = session.api.get(f"/requests/{life.newest().id}").document
    slept: list[float] = []

    def later(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            life.users("dev/orders", application="arn:a", read_only="arn:r")

    assert waiting.users(session, request, sleep=later) == "application, read_only, master"
    assert slept == [3.0, 3.0]


def test_a_wait_for_a_create_takes_the_step_of_its_users(
    rdsctl: Run, server: Server, life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKES_USERS", "true")
    server.before = [*life.whole(), life.users_failed]
    ran = rdsctl(*CREATE, "--wait")
    assert (ran.code, ran.out) == (1, "")
    assert " users         It is applied; its users are made, and log in" in ran.err
    *_, head, cause, fix, way_on = ran.err.splitlines()
    assert head.startswith("✗ users failed after 0:")
    assert "; dev/orders is there, and its users cannot log in yet   https://circleci.example" in head
    assert (cause, fix) == ("  cause   logging in: timed out", "  fix     let it in, retry")
    short = life.newest().id[:8]
    assert way_on.startswith(f"  next    rdsctl retry {short} --wait")
    server.before = [
        lambda: None,
        lambda: life.users("dev/orders", application="arn:a", read_only="arn:r"),
    ]
    ran = rdsctl("retry", short, "--wait")
    assert ran.code == 0
    assert "  users   application, read_only, master" in ran.out


def test_users_that_never_come_are_said(rdsctl: Run, life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKES_USERS", "true")
    monkeypatch.setattr(waiting, "USERS_LOOKS", 2)
    rdsctl(*CREATE)
    life.created()
    session = Session(Options())
    request = session.api.get(f"/requests/{life.newest().id}").document
    assert waiting.users(session, request, sleep=lambda _: None) == (
        "master; application is not there yet: rdsctl get dev/orders"
    )


def test_a_piped_wait_has_one_document_on_stdout(rdsctl: Run, server: Server, life: Life) -> None:
    server.before = life.whole()
    ran = rdsctl(*CREATE, "--wait", "--json=state,result.endpoint")
    assert ran.out == (
        '{"state": "done", "result": {"endpoint": "dev-orders.c1xyz.eu-central-1.rds.amazonaws.com"}}\n'
    )


def test_a_failed_apply_is_1_with_cause_fix_and_the_way_on(rdsctl: Run, server: Server, life: Life) -> None:
    server.before = [life.opened, life.merged, life.started, life.failed]
    ran = rdsctl(*CREATE, "--wait")
    assert (ran.code, ran.out) == (1, "")
    short = life.newest().id[:8]
    *_, head, cause, fix, held, way_on = ran.err.splitlines()
    assert head.startswith("✗ apply failed after 0:")
    assert head.endswith("; dev/orders was not made   https://circleci.example/jobs/88")
    assert cause.startswith("  cause   AWS has no db.t4g.micro left")
    assert fix == "  fix     Try again; another try helps as a rule."
    assert held.startswith("  held    name and quota stay yours until rdsctl delete dev/orders, or its end ")
    assert way_on == f"  next    rdsctl retry {short} --wait         rdsctl logs {short}"
    assert rdsctl("retry", "dev/orders", "--dry-run").out.startswith("Would be applying:")
    server.before = [lambda: None, life.succeeded]
    assert rdsctl("retry", short, "--wait").code == 0


def test_a_creation_that_failed_holds_its_quota_until_what_is_said(rdsctl: Run, life: Life) -> None:
    def used() -> int:
        return int(rdsctl("quota", "--json").json["environments"]["dev"]["databases"]["used"])

    rdsctl(*CREATE)
    for step in (life.opened, life.planned, life.merged, life.started, life.failed):
        step()
    assert used() == 1
    assert rdsctl("delete", "dev/orders", "--yes").code == 0
    for step in (life.opened, life.merged, life.started, life.removed):
        step()
    assert used() == 0
    rdsctl("create", "dev/second", "--engine", "postgres")
    life.opened()
    life.plan_failed()
    said = rdsctl("wait", "dev/second").err.splitlines()[-2]
    short = life.newest().id[:8]
    assert said.startswith(
        f"  held    name and quota stay yours until rdsctl cancel {short}, or at the earliest"
    )
    assert used() == 1
    assert rdsctl("cancel", short).code == 0
    life.cancelled()
    assert used() == 0


def test_a_closed_pull_request_is_7(rdsctl: Run, server: Server, life: Life) -> None:
    server.before = [life.opened, life.closed]
    ran = rdsctl(*CREATE, "--wait")
    assert ran.code == 7
    assert "its pull request was closed; dev/orders was not made" in ran.err


def test_a_timeout_is_8_and_resumed_by_wait(rdsctl: Run, server: Server, life: Life) -> None:
    ran = rdsctl(*CREATE, "--wait", "--timeout", "1s")
    assert ran.code == 8
    short = life.newest().id[:8]
    still = r"⧖ dev/orders is still in pull request after 0:0\d. The pull request is being opened; ready"
    assert re.search(rf"{still} about .*\.   rdsctl wait {short}\n", ran.err)
    server.before = life.whole()
    assert rdsctl("wait", short).code == 0
    assert rdsctl("wait", "dev/orders").code == 0
    assert rdsctl("wait", "orders", "--json").json["state"] == "done"


def test_a_wait_ends_at_its_goal(rdsctl: Run, server: Server, life: Life) -> None:
    rdsctl(*CREATE)
    server.before = [life.opened, life.planned]
    ran = rdsctl("wait", "dev/orders", "--for", "planned")
    assert (ran.code, ran.out) == (0, "✓ dev/orders is planned\n")
    server.before = [life.merged]
    assert rdsctl("wait", "dev/orders", "--for", "merged").code == 0


def test_a_lost_network_does_not_end_a_wait(rdsctl: Run, server: Server, life: Life) -> None:
    rdsctl(*CREATE)
    session = Session(Options())
    session.api.sleep = lambda _: None
    request = session.api.get(f"/requests/{life.newest().id}").document
    life.created()
    server.faults = [Fault(0)] * 5 + [Fault(503)] * 5
    waited = waiting.follow(session, request, sleep=lambda _: None)
    assert (waited.document["state"], waited.code) == ("done", Exit.OK)
    assert server.faults == []


def test_a_key_that_ends_meanwhile_ends_the_wait(rdsctl: Run, server: Server, life: Life) -> None:
    rdsctl(*CREATE)
    session = Session(Options())
    request = session.api.get(f"/requests/{life.newest().id}").document
    server.faults = [Fault(403, {"type": "urn:rds-provisioner:problem:no-key", "title": "No", "status": 403})]
    with pytest.raises(Failure) as ended:
        waiting.follow(session, request, sleep=lambda _: None)
    assert ended.value.code is Exit.KEY


def test_ctrl_c_stops_the_watching_and_leaves_the_request_alone(
    rdsctl: Run, server: Server, life: Life
) -> None:
    rdsctl(*CREATE)
    session = Session(Options())
    request = session.api.get(f"/requests/{life.newest().id}").document
    pressed = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    pressed.start()
    with pytest.raises(Failure, match=r"Stopped watching; it goes on \(pull request\)\.") as ended:
        waiting.follow(session, request, timeout=30)
    pressed.join()
    assert ended.value.code is Exit.INTERRUPTED
    assert [call.path for call in server.calls if call.method == "POST"] == ["/provision-rds"]


def test_several_waits_end_with_the_first_that_did_not_go_well(
    rdsctl: Run, server: Server, life: Life
) -> None:
    rdsctl(*CREATE)
    life.created()
    rdsctl("create", "dev/shop", "--engine", "mysql")
    life.opened()
    life.closed()
    assert rdsctl("wait", "dev/orders", "dev/shop").code == 7


def test_a_dry_run_writes_nothing(rdsctl: Run, cloud: Cloud) -> None:
    ran = rdsctl("create", "prod/invoices", "--engine", "postgres", "--size", "large", "--dry-run")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "Would ask for prod/invoices; nothing is written."
    assert "  cost      135.69 USD a month at list price" in lines
    assert "  quota     prod then 135.69 of 10,000 USD and 1 of 20 databases" in lines
    assert "  approval  a code owner of prod; ready about 16 min after it" in lines
    assert "  ends      never" in lines
    one_zone = "One zone only: it is away while that one fails. --ha: +135.69 USD a month"
    assert f"  consider  {one_zone}" in lines
    assert lines[-2].startswith("  policy    ✓ ")
    assert lines[-1].endswith(" lines of Terraform, with --show terraform")
    assert cloud.rows() == 0
    shown = rdsctl("create", "prod/x", "--engine", "mysql", "--dry-run", "--show", "terraform")
    assert shown.out.startswith("#")
    assert "module " in shown.out


def test_a_dry_run_says_what_extended_support_will_cost(
    rdsctl: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(PROJECT / "prices.json", tmp_path)
    enrolling = tmp_path / "catalog.yaml"
    text = (PROJECT / "catalog.yaml").read_text(encoding="utf-8")
    enrolling.write_text(text.replace("  dev:\n", "  dev:\n    extended_support: true\n"))
    monkeypatch.setenv("CATALOG_PATH", str(enrolling))
    settings.forget()

    ran = rdsctl("create", "dev/orders", "--engine", "mysql", "--dry-run")

    assert ran.code == 0
    assert (
        "  support   Extended Support: enrolled, for its life: from 2029-08-01 on RDS charges 2 vCPUs by the "
        "hour, 146.00 USD a month (list price of us-east-1, 2026-05-01), and more from the third year on; "
        "the database ends before that day"
    ) in ran.out.splitlines()


def test_a_dry_run_over_the_quota_is_7(rdsctl: Run) -> None:
    for number in range(10):
        assert rdsctl("create", f"dev/db{number}", "--engine", "mysql").code == 0
    ran = rdsctl("create", "dev/more", "--engine", "mysql", "--dry-run")
    assert ran.code == 7
    assert "  quota     ✗ In dev team alpha holds 10 of 10 databases" in ran.out
    assert rdsctl("create", "dev/more", "--engine", "mysql").code == 7


def test_what_is_not_valid_is_2_and_names_the_flag(rdsctl: Run) -> None:
    ran = rdsctl(*CREATE, "--size", "huge", "--ttl", "99d")
    assert ran.code == 2
    assert "--size: " in ran.err
    assert "--ttl: " in ran.err
    ran = rdsctl("create", "orders", "--engine", "mysql")
    assert ran.code == 2
    assert "'orders' is no ENV/NAME: write it out, for example dev/orders." in ran.err
    assert rdsctl("create", "dev/orders").err == (
        "✗ create wants an engine: add --engine postgres (rdsctl catalog has all)\n"
    )
    assert rdsctl(*CREATE, "--tag", "Service").code == 2


@pytest.fixture
def made(rdsctl: Run, life: Life) -> Life:
    """dev/orders, available."""
    rdsctl(*CREATE, "--tag", "a=1", "--tag", "b=2")
    life.created()
    return life


def test_extend_and_edit_change_what_they_name(rdsctl: Run, made: Life) -> None:
    assert rdsctl("extend", "dev/orders", "20d", "--dry-run").out.splitlines()[0] == (
        "Would ask for an extension of dev/orders; nothing is written."
    )
    assert rdsctl("extend", "dev/orders", "20d").code == 0
    assert made.newest().kind == "extend"
    made.created()
    ran = rdsctl("edit", "dev/orders", "--tag", "c=3", "--untag", "a", "--dry-run")
    assert ran.out.splitlines()[1:3] == ["  tag       a: 1 → none", "  tag       c: none → 3"]
    assert rdsctl("edit", "dev/orders", "--tag", "c=3", "--untag", "a").code == 0
    assert dict(made.newest().root.tags) == {"b": "2", "c": "3"}
    assert rdsctl("edit", "dev/orders", "--untag", "x").code == 2
    made.created()
    changes = ("--owner", "ben@example.com", "--reason", "Jane left")
    shown = rdsctl("edit", "dev/orders", *changes, "--dry-run").out.splitlines()
    assert shown[1] == "  owner     alpha → ben@example.com"
    assert rdsctl("edit", "dev/orders", *changes).code == 0
    assert (made.newest().root.owner, made.newest().reason) == ("ben@example.com", "Jane left")


def test_a_resize_shows_what_it_does_and_wants_a_yes(rdsctl: Run, made: Life, server: Server) -> None:
    ran = rdsctl("resize", "dev/orders", "medium")
    assert ran.code == 2
    assert ran.err.splitlines()[:3] == [
        "  size      small → medium",
        "  cost      13.98 → 49.75 USD a month (+35.77); 11.45 until its end",
        "  !         Restarts the instance: some minutes without service, as soon as it is merged.",
    ]
    assert ran.err.splitlines()[-1] == (
        "✗ Ask for it? [y/N] wants an answer and there is no terminal: add --yes"
    )
    assert change(server, "PATCH") == []
    assert rdsctl("resize", "dev/orders", "medium", "--yes").code == 0
    assert made.newest().root.instance_class == "db.t4g.medium"
    assert rdsctl("resize", "dev/orders").code == 2


def test_a_change_under_way_is_6_and_names_it(rdsctl: Run, made: Life) -> None:
    rdsctl("extend", "dev/orders", "20d")
    ran = rdsctl("extend", "dev/orders", "21d", "--reason", "one more day")
    assert ran.code == 6
    assert ran.err.splitlines()[-1] == (
        f"  rdsctl wait {made.newest().id[:8]} && rdsctl extend dev/orders 21d --reason 'one more day'"
    )


def test_a_removal_wants_a_yes_and_a_protected_one_its_name(rdsctl: Run, made: Life, server: Server) -> None:
    assert rdsctl("delete", "dev/orders").code == 2
    assert rdsctl("delete", "dev/orders", "--confirm", "dev/other").code == 2
    rdsctl("create", "prod/payments", "--engine", "postgres")
    made.created()
    ran = rdsctl("delete", "prod/payments", "--yes")
    assert ran.code == 2
    lines = ran.err.splitlines()
    assert lines.pop(1).startswith("  kept      final snapshot until ")
    assert lines == [
        "  !         All data of prod/payments goes with the second step.",
        "  steps     1 protection off, 2 removal; a code owner approves each",
        "✗ Type prod/payments to ask for it wants an answer and there is no terminal: "
        "add --confirm prod/payments --reason TEXT",
    ]
    assert change(server, "DELETE") == []
    ran = rdsctl("delete", "prod/payments", "--confirm", "prod/payments", "--reason", "replaced")
    assert ran.code == 0
    short = made.newest().id[:8]
    asked, kept = ran.out.splitlines()
    assert asked == (
        f"✓ asked, step 1 of 2: request {short}, disarm prod/payments   rdsctl wait {short} follows both"
    )
    assert kept.startswith(f"  kept    final snapshot prod-payments-final-{short} until ")
    assert made.newest().reason == "replaced"


def test_a_removal_in_two_steps_is_waited_for_to_its_end(
    rdsctl: Run, server: Server, life: Life, chain: Chain
) -> None:
    def reviewed() -> None:
        assert chain.work() == []
        number = life.newest().progress.pull_request or 0
        chain.server.users.approve(number)
        chain.server.users.merge(number)

    rdsctl("create", "prod/payments", "--engine", "postgres")
    reviewed()
    chain.apply(life.newest(), "succeeded")
    server.before = [
        reviewed,
        lambda: (chain.apply(life.newest(), "succeeded"), None)[1],
        reviewed,
        lambda: (chain.apply(life.newest(), "removed", request_id=life.newest().id), None)[1],
    ]
    ran = rdsctl("delete", "prod/payments", "--confirm", "prod/payments", "--wait")
    assert ran.code == 0, ran.err
    kinds = [line.split()[1] for line in ran.err.splitlines() if line[2:3] == ":"]
    assert kinds.count("requested") == 2
    assert ran.out.startswith("✓ prod/payments is removed after 0:")
    assert ran.out.splitlines()[1] == "  kept    its final snapshot: rdsctl snapshots prod/payments"


def test_a_clone_takes_the_engine_of_its_source(rdsctl: Run, made: Life) -> None:
    assert rdsctl("clone", "dev/orders", "dev/copy", "--at", "yesterday").code == 2
    ran = rdsctl("clone", "dev/orders", "dev/copy")
    assert ran.code == 0, ran.err
    request = made.newest()
    assert request.root.engine == "postgres"
    assert request.root.restore is not None
    assert request.root.restore.point_in_time == "latest"


def test_a_restore_takes_the_engine_of_the_database_that_left_it(
    rdsctl: Run, server: Server, life: Life
) -> None:
    assert rdsctl("restore", "dev-x-final-00000000", "dev/y").code == 5
    assert rdsctl("snapshots").err == "No final snapshots.\n"
    rdsctl("create", "staging/orders", "--engine", "mysql", "--engine-version", "8.4")
    life.created()
    rdsctl("delete", "staging/orders", "--yes")
    for step in (life.opened, life.merged, life.removed):
        step()
    ran = rdsctl("snapshots", "-o", "name")
    snapshot = ran.out.strip()
    assert snapshot.startswith("staging-orders-final-")
    assert rdsctl("restore", snapshot, "staging/again").code == 0
    assert life.newest().root.engine == "mysql"


def test_every_change_can_say_why(rdsctl: Run, made: Life) -> None:
    made.users("dev/orders", application="arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf")
    ran = rdsctl("clone", "dev/orders", "dev/copy", "--reason", "load tests", "--json=id,reason")
    assert ran.json["reason"] == "load tests", ran.err
    cancelled = rdsctl("cancel", "dev/copy", "--reason", "not needed", "--json=timeline").json["timeline"]
    assert cancelled[-1]["event"] == "cancel_asked"
    assert cancelled[-1]["detail"]["reason"] == "not needed"
    rdsctl("rotate", "dev/orders", "--reason", "it leaked")
    *_, rotation = rdsctl("get", "dev/orders", "--json=events").json["events"]
    assert (rotation["event"], rotation["detail"]["reason"]) == ("rotation_asked", "it leaked")


def test_where_a_reason_is_required_a_clone_can_give_it(
    rdsctl: Run, life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rdsctl("create", "staging/orders", "--engine", "postgres")
    life.created()
    shutil.copy(PROJECT / "prices.json", tmp_path)
    strict = tmp_path / "catalog.yaml"
    strict.write_text(f"require_reason: true\n{(PROJECT / 'catalog.yaml').read_text(encoding='utf-8')}")
    monkeypatch.setenv("CATALOG_PATH", str(strict))
    settings.forget()
    clone = ("clone", "staging/orders", "staging/copy", "--dry-run")
    refused = rdsctl(*clone)
    assert (refused.code, refused.err.partition(":")[0]) == (2, "✗ --reason")
    assert rdsctl(*clone, "--reason", "load tests").code == 0


def test_cancel_stops_a_request_by_its_database(rdsctl: Run, life: Life) -> None:
    rdsctl(*CREATE)
    assert rdsctl("cancel", "dev/orders", "--dry-run").out == (
        "Would be cancelled: Its pull request would be closed, if there is one, and its branch deleted. "
        "Nothing is written.\n"
    )
    assert rdsctl("cancel", life.newest().id[:8]).code == 0
    assert life.newest().progress.cancelling
    life.created()
    assert rdsctl("cancel", "dev/orders").code == 6


def test_open_prints_the_pull_request_or_the_job(rdsctl: Run, made: Life) -> None:
    assert rdsctl("open", "dev/orders", "--print").out == "https://github.example/acme/databases/pull/12\n"
    assert rdsctl("open", "dev/orders", "--pipeline").out == "https://circleci.example/jobs/88\n"
    rdsctl("create", "dev/shop", "--engine", "mysql")
    assert rdsctl("open", "dev/shop").code == 5


def test_cost_sums_up_by_what_is_asked(rdsctl: Run, made: Life) -> None:
    rdsctl("create", "prod/payments", "--engine", "postgres", "--size", "large")
    made.created()
    assert rdsctl("cost").out.splitlines()[0].split()[-2:] == ["MONTH'S", "END"]
    made.idle("dev/orders", 31)
    ran = rdsctl("cost")
    title, dev, prod = ran.out.splitlines()
    assert title.split()[-1] == "SAVE"
    assert dev.endswith("  13.98 a month: dev/orders, idle 31 days")
    assert prod.split()[:3] == ["prod", "1", "0.00"]
    assert ran.err.endswith(" by its end, list prices of 2026-11-01 (us-east-1); not the bill.\n")
    assert rdsctl("cost", "--by", "database", "-o", "name").out == "dev/orders\nprod/payments\n"
    assert rdsctl("cost", "--by", "owner").out.splitlines()[1].endswith("dev/orders, idle 31 days")


def test_cost_of_a_month_counts_what_was_there(rdsctl: Run, made: Life) -> None:
    rdsctl("create", "prod/payments", "--engine", "postgres", "--size", "large")  # not there yet
    month = f"{dt.datetime.now(dt.UTC):%Y-%m}"
    ran = rdsctl("cost", "--month", month)
    assert ran.out.splitlines()[0].split() == [
        "ENVIRONMENT",
        "DATABASES",
        "SO",
        "FAR",
        "TO",
        "MONTH'S",
        "END",
    ]
    assert ran.out.splitlines()[1].split()[:3] == ["dev", "1", "0.00"]
    assert ran.err.startswith(f"{month}: 0.00 USD so far, ")
    assert ran.err.endswith(" by its end, list prices of 2026-11-01 (us-east-1); not the bill.\n")
    assert rdsctl("cost", "--month", "2025-01").err == "No databases in 2025-01.\n"
    wrong = rdsctl("cost", "--month", "soon")
    assert (wrong.code, wrong.err[:25]) == (2, "✗ month has to be a month")


def test_rotate_of_a_user_that_is_not_there_is_6(rdsctl: Run, made: Life) -> None:
    assert rdsctl("rotate", "dev/orders").code == 6
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds-provisioner/dev/orders/application-AbCdEf"
    made.users("dev/orders", application=arn, read_only=arn + "2")
    ran = rdsctl("rotate", "dev/orders")
    assert (ran.code, ran.out) == (0, "application of dev/orders gets another password.\n")
    assert (
        rdsctl("get", "dev/orders").out.count("users     application (gets another password), read_only") == 1
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell(rdsctl: Run, shell: str) -> None:
    assert "_RDSCTL_COMPLETE" in rdsctl("completion", shell).out


def test_an_upgrade_shows_what_it_does_and_wants_a_yes(rdsctl: Run, life: Life, server: Server) -> None:
    rdsctl("create", "dev/shop", "--engine", "postgres", "--engine-version", "16")
    life.created()
    assert rdsctl("edit", "dev/shop", "--engine-version", "15", "--dry-run").code == 2
    ran = rdsctl("edit", "dev/shop", "--engine-version", "18")
    assert ran.code == 2
    assert "Upgrades postgres 16 to 18: minutes without service" in ran.err
    assert change(server, "PATCH") == []
    assert rdsctl("edit", "dev/shop", "--engine-version", "18", "--yes").code == 0
    assert life.newest().root.engine_version == "18"

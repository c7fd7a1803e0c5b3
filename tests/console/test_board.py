"""The board shows operators what all teams have, with every chart's numbers next to it, and nobody else."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browsers import signed_in
from tests.console.conftest import Open
from tests.console.served import Fault
from tests.console.stack import Stack, running
from tests.console.team import CHANNEL_FIX, Team, ago, fleet, orders
from tests.console.test_everyone import AXE, LOOKS, WIDTHS, serious

pytestmark = pytest.mark.xdist_group("browser")
PAUL = {"key": "key-paul"}


@pytest.fixture(scope="module")
def full() -> Iterator[Stack]:
    """A stack in which four teams have something."""
    with running() as stack:
        orders(stack.ledger)
        fleet(stack)
        yield stack


def shown(page: Page, stack: Stack) -> Page:
    page.goto(stack.served.console + "#/board")
    page.get_by_role("heading", name="Spend by team and environment").wait_for()
    return page


def test_axe_finds_nothing_serious_and_no_width_runs_over(browser: Browser, full: Stack) -> None:
    wrong, over = {}, []
    for theme, width in LOOKS:
        page = shown(signed_in(browser, full.served, key="key-paul", theme=theme, width=width), full)
        for each in WIDTHS:
            page.set_viewport_size({"width": each, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth") > each:
                over.append(each)
        page.set_viewport_size({"width": width, "height": 800})
        if AXE.exists():
            page.evaluate(AXE.read_text())
            wrong[theme] = serious(page)
        page.context.close()
    assert over == []
    assert wrong in ({}, {theme: [] for theme, _ in LOOKS})


def test_an_operator_comes_to_the_board_and_sees_every_team(browser: Browser, full: Stack) -> None:
    page = signed_in(browser, full.served, key="key-paul")
    page.goto(full.served.console)
    expect(page.get_by_role("heading", level=1)).to_have_text("Board")
    expect(page.locator(".head p")).to_contain_text("All teams: 4 teams, ")
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["Board"])
    spend = page.get_by_role("table").filter(has_text="Together")
    assert [row.split("\t")[0].split(" ")[0] for row in spend.locator("tbody tr").all_inner_texts()] == [
        "billing",
        "alpha",
        "search",
        "data",
    ]
    times = page.get_by_role("table").filter(has_text="99 of 100")
    apply = times.locator("tbody tr").filter(has_text="Apply")
    assert "6 min 40 s" in apply.inner_text()
    expect(page.get_by_role("table").filter(has_text="What helps").locator("tbody tr")).to_have_count(2)
    expect(page.locator(".app li").first).to_contain_text("prod/ledger-us")
    page.get_by_role("link", name="prod/ledger-us").click()
    expect(page.get_by_role("heading", name="Create prod/ledger-us")).to_be_visible()
    page.goto(full.served.console + "#/databases/dev/raw-1")
    expect(page.get_by_role("heading", level=1)).to_have_text("raw-1")
    expect(page.get_by_role("button", name="Resize")).to_be_disabled()
    expect(page.get_by_role("heading", name="Delete dev/raw-1")).to_have_count(0)
    assert page.locator(".note.bad").count() == 0
    page.context.close()


def test_the_numbers_of_the_charts_are_a_file_too(browser: Browser, full: Stack) -> None:
    page = shown(signed_in(browser, full.served, key="key-paul"), full)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    text = Path(download.value.path()).read_text()
    spend, times = (list(csv.DictReader(io.StringIO(part))) for part in text.split("\n\n", 1))
    assert [row["team"] for row in spend] == ["billing", "alpha", "search", "data"]
    assert [row["step_or_environment"] for row in times] == [
        *("pull_request", "review", "queue", "apply", "dev", "staging", "prod"),
    ]
    assert float(times[3]["half_seconds"]) == 400.0
    page.context.close()


def test_a_failure_is_tried_again_and_a_dead_letter_goes_back(open_page: Open, stack: Stack) -> None:
    failed = fleet(stack)["failed"]
    page = open_page("#/board", **PAUL)
    page.get_by_role("button", name="Try again: dev/raw-7").click()
    expect(page.locator(".toast")).to_have_text("dev/raw-7 is tried again.")
    expect(page.get_by_role("heading", name="Failed, not fixed")).to_have_count(0)
    retried = stack.ledger.events(failed.id)[-1]
    assert (retried.type, retried.actor) == ("retried", "paul.novak")
    page.get_by_role("button", name="Send back the messages of requests").click()
    expect(page.get_by_text("Every message was done.")).to_be_visible()
    assert len(stack.queues.held["live/requests"]) == 1


def test_a_channel_that_takes_no_messages_is_named_until_it_does(open_page: Open, stack: Stack) -> None:
    fleet(stack)
    page = open_page("#/board", **PAUL)
    channels = page.get_by_role("table").filter(has_text="Cause and fix")
    expect(page.get_by_role("heading", name="Channels that take no messages")).to_be_visible()
    expect(channels.locator("tbody tr")).to_have_count(1)
    for text in ("slack:rds-provisioner/notify/search", "search", "Slack answered 404", CHANNEL_FIX):
        expect(channels).to_contain_text(text)
    stack.ledger.deliveries.works("slack:rds-provisioner/notify/search", dt.datetime.now(dt.UTC))
    page.get_by_role("button", name="7 days").click()
    expect(page.get_by_role("heading", name="Channels that take no messages")).to_have_count(0)


def test_an_empty_stack_says_so_and_a_failed_look_is_dated(open_page: Open, stack: Stack) -> None:
    page = open_page("#/board", **PAUL)
    for text in ("No team has a database.", "No database ends soon.", "Nothing waits for a reviewer."):
        expect(page.get_by_text(text)).to_be_visible()
    stack.served.faults.append(
        Fault("/admin/board", status=503, document={"title": "Busy", "detail": "Wait.", "retryable": True})
    )
    page.get_by_role("button", name="7 days").click()
    expect(page.locator(".stale")).to_contain_text("Busy")


def test_a_teams_key_finds_no_board(open_page: Open) -> None:
    page = open_page("#/board")
    expect(page.get_by_role("alert")).to_contain_text("There is no GET /admin/board")
    expect(page.get_by_role("navigation").get_by_role("link", name="Board")).to_have_count(0)


def test_hostile_texts_stay_texts(open_page: Open, stack: Stack) -> None:
    hostile = '<img src=x onerror="document.title=1">'
    team = Team(stack.ledger, "beta")
    team.failed(team.ask("dev/odd", ago(hours=2)), cause=hostile, fix=hostile)
    stack.ledger.deliveries.failed("slack:x", "beta", ago(hours=2), cause=hostile, fix=hostile)
    page = open_page("#/board", **PAUL)
    expect(page.locator(".brd tbody").first).to_contain_text(hostile)
    expect(page.locator("main img")).to_have_count(0)

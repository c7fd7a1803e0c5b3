"""Everyone can use each page: nothing serious for axe, nothing too wide, all of it by keyboard."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browsers import signed_in
from tests.console.conftest import Open
from tests.console.screenshots import pages
from tests.console.stack import Stack, running
from tests.console.team import Team, ago, orders
from tests.console.test_types import HERE

pytestmark = pytest.mark.xdist_group("browser")

AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = [("light", 1280), ("dark", 390)]
WIDTHS = (320, 360, 390, 768, 900, 980, 1000, 1280, 1440)


@pytest.fixture(scope="module")
def full() -> Iterator[tuple[Stack, dict[str, str]]]:
    """A stack whose team has databases in every state, and the pages to look at."""
    with running() as stack:
        yield stack, pages(orders(stack.ledger))


def settled(page: Page) -> None:
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_load_state("networkidle")


def serious(page: Page) -> list[tuple[str, str]]:
    """What axe finds serious or critical, with the place."""
    found: Any = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        (rule["id"], node["html"][:200])
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_axe_finds_nothing_serious_on_any_page(
    browser: Browser, full: tuple[Stack, dict[str, str]], theme: str, width: int
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed; run make setup")
    stack, addresses = full
    page = signed_in(browser, stack.served, theme=theme, width=width)
    wrong = {}
    for name, address in addresses.items():
        page.goto("about:blank")
        page.goto(stack.served.console + address)
        settled(page)
        page.evaluate(AXE.read_text())
        wrong[name] = serious(page)
    page.context.close()
    assert wrong == {name: [] for name in addresses}


def test_axe_finds_nothing_serious_where_one_signs_in_or_is_asked(open_page: Open, stack: Stack) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed; run make setup")
    team = Team(stack.ledger)
    team.ready(team.ask("dev/small", ago(days=1), ttl="7d"))
    page = open_page(key="")
    settled(page)
    page.evaluate(AXE.read_text())
    assert serious(page) == []
    page = open_page("#/databases/dev/small")
    page.get_by_role("button", name="Resize").click()
    page.get_by_role("radio", name="medium").check(force=True)
    page.evaluate(AXE.read_text())
    assert serious(page) == []
    page.get_by_role("button", name="See what it changes").click()
    expect(page.get_by_role("dialog")).to_contain_text("Restarts dev/small")
    assert serious(page) == []


def test_axe_finds_what_is_wrong(open_page: Open) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed; run make setup")
    page = open_page()
    settled(page)
    page.evaluate(AXE.read_text())
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert [name for name, _ in serious(page)] == ["button-name"]


def test_no_page_runs_over_its_width(browser: Browser, full: tuple[Stack, dict[str, str]]) -> None:
    stack, addresses = full
    page = signed_in(browser, stack.served)
    over = []
    for name, address in addresses.items():
        page.goto("about:blank")
        page.goto(stack.served.console + address)
        settled(page)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                over.append((name, width))
    page.context.close()
    assert over == []


def focused(page: Page) -> str:
    """The name of what has the focus."""
    return str(
        page.evaluate(
            """() => {
              const one = document.activeElement;
              return (one.getAttribute("aria-label") || one.labels?.[0]?.innerText || one.innerText).trim();
            }"""
        )
    )


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is there."""
    for _ in range(60):
        if focused(page).startswith(name):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {name!r}")


def test_a_database_is_asked_for_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page(key="")
    page.get_by_role("heading", name="Sign in").wait_for()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the page"
    tab_to(page, "API key")
    page.keyboard.type("key-alpha")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="No databases yet").wait_for()
    page.locator("body").press("n")
    page.get_by_role("heading", name="New database").wait_for()
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to(page, "Name")
    page.keyboard.type("keys")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name=re.compile("^staging"))).to_be_checked()
    expect(page.get_by_text("Free in staging, and PostgreSQL accepts it")).to_be_visible()
    tab_to(page, "Summary")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "main.tf"
    page.keyboard.press("Home")
    tab_to(page, "Ask for staging/keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Create staging/keys")).to_be_visible()


def test_a_dialog_gives_the_focus_back_to_what_opened_it(open_page: Open, stack: Stack) -> None:
    team = Team(stack.ledger)
    team.ready(team.ask("dev/small", ago(days=1), ttl="7d"))
    page = open_page("#/databases/dev/small")
    tab_to(page, "Rotate the password of application")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert focused(page) == "Rotate the password of application"


def test_arrows_move_through_the_rows_and_slash_finds(open_page: Open, stack: Stack) -> None:
    orders(stack.ledger)
    page = open_page()
    page.locator(".dbs .name").first.focus()
    page.keyboard.press("ArrowDown")
    assert focused(page) == "shop"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("/")
    page.keyboard.type("ledg")
    page.keyboard.press("Enter")
    assert focused(page) == "ledger"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("ledger")


def test_the_theme_is_the_systems_until_the_reader_chooses_and_stays_chosen(open_page: Open) -> None:
    page = open_page(theme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(18, 19, 17)"
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(ground) == "rgb(247, 246, 242)"
    page.reload()
    assert page.evaluate(ground) == "rgb(247, 246, 242)"

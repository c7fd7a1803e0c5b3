"""A team of 1,000 databases: the page asks for them in ten calls, and draws what is near."""

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Open
from tests.console.stack import Stack
from tests.ledger.many import fill
from tests.ledger.memory_table import MemoryTable

DATABASES, REMOVED = 1000, 130
MOST_DRAWN = 125  # rows: three screens, in whole parts


@pytest.fixture
def many(stack: Stack) -> Stack:
    table = stack.ledger._table._client
    assert isinstance(table, MemoryTable)
    fill(table, DATABASES, removed=REMOVED)
    return stack


def rows(page: Page) -> int:
    return page.locator(".dbs tbody[data-drawn] tr").count()


def names(page: Page) -> list[str]:
    return page.locator(".dbs tbody .name").all_text_contents()


def scroll_to_the_end(page: Page) -> list[str]:
    """As a reader does, most of a screen at a time; the names that were drawn on the way."""
    page.locator(".dbs tbody tr").first.hover()
    seen = names(page)
    while not page.evaluate("() => scrollY + innerHeight >= document.documentElement.scrollHeight - 2"):
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(60)
        seen += names(page)
    return seen


def test_all_of_them_are_counted_and_those_near_the_reader_are_drawn(open_page: Open, many: Stack) -> None:
    page = open_page("#/databases")
    expect(page.locator(".dbs tfoot")).to_contain_text("1000 databases")
    expect(page.locator(".bar-tools")).to_contain_text("1000 of 1000")
    expect(page.locator(".dbs")).to_have_attribute("aria-rowcount", "1002")
    assert rows(page) <= MOST_DRAWN

    seen = scroll_to_the_end(page)

    assert sorted(set(seen)) == [f"db-{number:04}" for number in range(DATABASES)]
    assert rows(page) <= MOST_DRAWN
    expect(page.locator(".dbs tfoot")).to_be_in_viewport()
    assert page.locator("tr[aria-rowindex='1001']").count() == 1


def test_a_row_in_sight_stays_where_it_is_when_the_list_is_asked_for_again(
    open_page: Open, many: Stack
) -> None:
    page = open_page("#/databases?sort=name")
    expect(page.locator(".bar-tools")).to_contain_text("1000 of 1000")
    page.locator(".dbs tbody tr").first.hover()
    page.mouse.wheel(0, 20_000)
    page.wait_for_timeout(300)
    before = names(page)
    page.evaluate("() => window.dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1500)
    assert names(page) == before


def test_the_list_costs_ten_calls_and_none_for_what_its_rows_wait_for(open_page: Open, many: Stack) -> None:
    page = open_page("#/databases")
    expect(page.locator(".dbs tfoot")).to_contain_text("1000 databases")
    asked = [path.partition("?")[0] for _, path in many.served.calls]
    assert 10 <= asked.count("/databases") <= 11
    assert asked.count("/requests") == 0


def test_filters_look_at_all_of_them(open_page: Open, many: Stack) -> None:
    page = open_page("#/databases")
    expect(page.locator(".bar-tools")).to_contain_text("1000 of 1000")

    page.get_by_label("Find a database").fill("db-0987")

    expect(page.locator(".dbs tbody .name")).to_have_text(["db-0987"])
    expect(page.locator(".bar-tools")).to_contain_text("1 of 1000")


def test_the_removed_ones_are_listed_where_they_are_asked_for(open_page: Open, many: Stack) -> None:
    page = open_page("#/databases")
    expect(page.locator(".bar-tools")).to_contain_text("1000 of 1000")
    assert not page.get_by_text("gone-0001").count()

    page.get_by_role("link", name="Removed databases").click()

    expect(page.locator(".bar-tools")).to_contain_text(f"{REMOVED} of {REMOVED}")
    expect(page.locator(".dbs tbody tr").first).to_contain_text("Removed")
    assert page.locator(".stats").count() == 0

    page.get_by_label("State").select_option("")
    expect(page.locator(".bar-tools")).to_contain_text("1000 of 1000")


def test_by_keyboard_the_arrows_go_past_what_is_drawn(open_page: Open, many: Stack) -> None:
    page = open_page("#/databases?sort=name")
    expect(page.locator(".bar-tools")).to_contain_text("1000 of 1000")
    page.locator(".dbs tbody .name").first.focus()
    for number in range(1, 120):
        page.keyboard.press("ArrowDown")
        expect(page.locator(".name:focus")).to_have_text(f"db-{number:04}")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".name:focus")).to_have_text("db-0118")

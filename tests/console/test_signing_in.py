"""The key is asked for once, kept where the reader says, and asked for again over the page."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Open
from tests.console.served import Served

pytestmark = pytest.mark.xdist_group("browser")


def test_a_key_signs_in_for_this_tab(open_page: Open) -> None:
    page = open_page(key="")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("API key").fill("key-alpha")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="No databases yet")).to_be_visible()
    assert page.title() == "Databases · alpha"
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [1, 0]


def test_a_ticked_box_keeps_it_in_the_browser_and_signing_out_drops_it(open_page: Open) -> None:
    page = open_page(key="")
    page.get_by_label("API key").fill("key-alpha")
    page.get_by_label("Keep it in this browser").check()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="No databases yet")).to_be_visible()
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 1]
    page.get_by_role("button", name="AL, account of team alpha").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]


def test_a_wrong_key_is_refused_at_its_field(open_page: Open) -> None:
    page = open_page(key="")
    page.get_by_label("API key").fill("nonsense")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text(
        "The API does not know this key. Ask the platform team for one."
    )
    expect(page.get_by_label("API key")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("API key")).to_have_value("nonsense")


def test_a_page_that_is_asked_for_comes_after_the_key(open_page: Open) -> None:
    page = open_page("#/databases?environment=prod", key="")
    page.get_by_label("API key").fill("key-beta")
    page.get_by_label("API key").press("Enter")
    expect(page.get_by_role("heading", name="Databases", exact=True)).to_be_visible()
    assert page.url.endswith("#/databases?environment=prod")


def test_a_key_that_ended_is_asked_for_again_over_the_page(open_page: Open, served: Served) -> None:
    page = open_page()
    expect(page.get_by_role("heading", name="No databases yet")).to_be_visible()
    served.keys.clear()
    page.evaluate("window.dispatchEvent(new Event('online'))")  # the browser's own sign to ask again
    dialog = page.get_by_role("dialog", name="Send the key again")
    expect(dialog).to_be_visible()
    served.keys["key-new"] = "key-alpha"
    dialog.get_by_label("API key").fill("key-new")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("heading", name="No databases yet")).to_be_visible()

"""The console as the deployed stack serves it: its policy, and a list after signing in, in Chromium."""

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.console.browsers import chromium
from tests.console.conftest import Watched
from tests.e2e.running import Sandbox
from tests.e2e.scenes import Born

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


def test_a_team_signs_in_and_sees_its_database(sandbox: Sandbox, orders: Born) -> None:
    origin = f"http://localhost:{sandbox.cloud.port}"
    with sync_playwright() as playwright:
        path = chromium(playwright)
        if path is None:
            pytest.skip("Chromium is not installed; make setup says how")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        watched = Watched(page)
        watched.watch(origin)
        served = page.goto(f"{sandbox.state['api_url']}/console/")
        assert served is not None
        policy = served.headers["content-security-policy"]
        page.get_by_label("API key").fill(sandbox.state["api_key"])
        page.get_by_role("button", name="Sign in").click()
        name = orders.document["database_name"]
        expect(page.locator(".dbs").get_by_role("link", name=name, exact=True)).to_be_visible(timeout=30_000)
        browser.close()
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert watched.wrongs == []

"""The whole life of a database without a terminal: Chromium on the console that the deployed template serves.

One sandbox, three browsers: wide and light, narrow and dark, and one without a mouse. States come from real
requests and from faults of the local GitHub. Every page is held to what `Watched` says, and to axe.
"""

import datetime as dt
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.github import control
from tests.console.conftest import Watched, browser
from tests.console.test_everyone import AXE, serious, tab_to
from tests.e2e.running import Sandbox, started

__all__ = ["browser"]

PATIENCE: Final = (
    600_000  # ms: RDS takes more than a minute for each step here, and much more on a busy machine
)
# `usable`: ms from the navigation until the page's own content is drawn and the main thread is free.
MEASURE: Final = """
  window.shifted = 0;
  window.usable = new Promise((found) => { window.found = found; });
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) window.shifted += shift.value;
  }).observe({ type: "layout-shift", buffered: true });
  const look = () => {
    if (!document.querySelector("main .empty, main .dbs, main #key")) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => window.found(performance.now())));
  };
  requestAnimationFrame(look);
"""
LOADS: Final = 9
PLACE: Final = "dev/looked"
REVIEWED: Final = "staging/reviewed"
UNLUCKY: Final = "dev/unlucky"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with started("browser") as running:
        yield running


class Visit:
    """A browser, and who signs in with it."""

    def __init__(self, browser: Browser, sandbox: Sandbox, *, theme: str, width: int) -> None:
        self.url = f"{sandbox.state['api_url']}/console/"
        self.key = sandbox.state["api_key"]
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.watched = Watched(self.page)
        self.watched.watch(re.sub(r"(https?://[^/]+).*", r"\1", self.url))
        self.loads: list[str] = []
        self.page.on("load", lambda page: self.loads.append(page.url))

    def sign_in(self, where: str = "") -> Page:
        self.page.goto(self.url + where)
        tab_to(self.page, "API key")
        self.page.keyboard.type(self.key)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("heading", name="Sign in")).to_have_count(0)
        return self.page

    def check(self) -> None:
        """Nothing that axe calls serious; no key in an address, no other origin, no error in the console."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        assert serious(self.page) == []
        assert self.watched.wrongs == []
        assert self.key not in self.page.url

    def end(self) -> None:
        self.check()
        self.context.close()


@pytest.fixture
def wide(browser: Browser, sandbox: Sandbox) -> Iterator[Visit]:
    visit = Visit(browser, sandbox, theme="light", width=1280)
    yield visit
    visit.context.close()


@pytest.fixture
def narrow(browser: Browser, sandbox: Sandbox) -> Iterator[Visit]:
    visit = Visit(browser, sandbox, theme="dark", width=390)
    yield visit
    visit.context.close()


def ask(page: Page, place: str, engine: str = "PostgreSQL") -> None:
    """Fill in the form and send it; the request's page is there then."""
    environment, _, name = place.partition("/")
    page.get_by_role("radio", name=re.compile(f"^{environment}")).check(force=True)
    page.get_by_role("radio", name=re.compile(engine)).check(force=True)
    page.get_by_label("Name", exact=True).fill(name)
    button = page.get_by_role("button", name=f"Ask for {place}")
    expect(button).to_be_enabled()
    button.click()
    expect(page.get_by_role("heading", name=f"Create {place}")).to_be_visible()


def ready(page: Page, title: str) -> None:
    """Wait until the request's page says that it is done."""
    expect(page).to_have_title(re.compile(rf"^(Ready|Done): {title} "), timeout=PATIENCE)


def psql(sandbox: Sandbox, command: str, statement: str, directory: Path) -> str:
    """Run what the page gave to copy, with a statement added, as a reader's shell does."""
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'{command} -Atc "{statement}"'],
        env=sandbox.cloud.environment(),
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def database_of(sandbox: Sandbox, place: str) -> dict[str, Any]:
    return sandbox.database(place)


def test_the_first_page_with_a_cold_cache(
    sandbox: Sandbox, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a reader waits for, as Chromium counts it; printed, since a busy machine is no measure."""
    signed_out, lists, shifts = list[float](), list[float](), list[float]()
    for key in ("", *[sandbox.state["api_key"]] * LOADS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_init_script(MEASURE)
        if key:
            context.add_init_script(f"sessionStorage.setItem('rds-provisioner-key', '{key}')")
        page = context.new_page()
        page.goto(f"{sandbox.state['api_url']}/console/")
        there = page.locator("main .empty, main .dbs" if key else "main #key")
        there.first.wait_for(timeout=60_000)
        (lists if key else signed_out).append(page.evaluate("window.usable"))
        shifts.append(page.evaluate("window.shifted"))
        context.close()
    with capsys.disabled():
        print(
            f"\nthe first page, cold cache: sign-in usable after {signed_out[0]:.0f} ms, the list after "
            f"{lists[0]:.0f} ms the first time, then {statistics.median(lists[1:]):.0f} ms "
            f"({min(lists[1:]):.0f} to {max(lists[1:]):.0f})"
        )
    assert shifts == [0] * (LOADS + 1)


def test_a_database_from_the_form_to_a_login_without_a_reload(
    sandbox: Sandbox, wide: Visit, tmp_path: Path
) -> None:
    page = wide.sign_in("#/new")
    wide.check()
    ask(page, PLACE)
    loads = len(wide.loads)
    wide.check()
    ready(page, f"Create {PLACE}")
    assert len(wide.loads) == loads
    page.get_by_role("button", name="Copy: Connect with psql").click()
    command = page.evaluate("navigator.clipboard.readText()")
    wide.end()
    if sandbox.state["missing_engines"] or not shutil.which("aws"):
        pytest.skip("no server behind the sandbox, or no AWS CLI: the copied command was not run")
    assert psql(sandbox, command, "SELECT current_user", tmp_path) == "application\n"


def test_it_is_extended_on_a_phone(sandbox: Sandbox, narrow: Visit) -> None:
    page = narrow.sign_in(f"#/databases/{PLACE}")
    life = page.get_by_role("region", name="Lifetime")
    life.get_by_role("button", name="14 days").click()
    narrow.check()
    life.get_by_role("button", name=re.compile("^Extend to")).click()
    expect(page.get_by_text("Changes wait until it is done.")).to_be_visible()
    expect(page.get_by_text("Changes wait until it is done.")).to_have_count(0, timeout=PATIENCE)
    narrow.end()
    end = dt.datetime.fromisoformat(database_of(sandbox, PLACE)["expires_at"])
    assert end - dt.datetime.now(dt.UTC) > dt.timedelta(days=13)


def test_a_reviewed_resize_waits_for_its_approval_and_goes_on(sandbox: Sandbox, narrow: Visit) -> None:
    page = narrow.sign_in("#/new")
    ask(page, REVIEWED, "MySQL")
    approved(sandbox, page)
    ready(page, f"Create {REVIEWED}")
    page.goto(f"{narrow.url}#/databases/{REVIEWED}")
    page.get_by_role("button", name="Resize").click()
    page.get_by_role("radio", name="medium").check(force=True)
    page.get_by_role("dialog").get_by_label("Reason").fill("p95 over 200 ms")
    page.get_by_role("button", name="See what it changes").click()
    dialog = page.get_by_role("dialog", name=f"Change {REVIEWED}")
    expect(dialog).to_contain_text(f"Restarts {REVIEWED} as soon as it is merged.")
    narrow.check()
    dialog.get_by_role("button", name="Ask for the change").click()
    expect(page.get_by_role("heading", name=f"Change {REVIEWED}")).to_be_visible()
    approved(sandbox, page)
    ready(page, f"Change {REVIEWED}")
    narrow.end()
    assert database_of(sandbox, REVIEWED)["size"] == "medium"


def approved(sandbox: Sandbox, page: Page) -> None:
    """Wait until the page names its reviewer, and approve as one."""
    link = page.get_by_role("link", name=re.compile("^Review pull request"))
    expect(link).to_be_visible(timeout=PATIENCE)
    sandbox.approve(page.url.rpartition("/")[2])


def test_a_failed_request_says_why_and_is_tried_again(sandbox: Sandbox, wide: Visit) -> None:
    control.post(
        f"{sandbox.github}/_sandbox/faults",
        {"match": f"PUT .*/databases/{UNLUCKY}/", "status": 403, "body": '{"message": "Forbidden"}'},
    )
    page = wide.sign_in("#/new")
    ask(page, UNLUCKY)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("It failed while", timeout=PATIENCE)
    wide.check()
    page.get_by_role("button", name="Try again").click()
    dialog = page.get_by_role("dialog", name=f"Try Create {UNLUCKY} again")
    dialog.get_by_role("button", name="Try again").click()
    ready(page, f"Create {UNLUCKY}")
    wide.end()


def test_it_is_deleted_by_its_typed_name_with_the_keyboard_alone(sandbox: Sandbox, wide: Visit) -> None:
    page = wide.sign_in(f"#/databases/{PLACE}")
    page.get_by_role("heading", level=1).wait_for()
    tab_to(page, f"Type {PLACE}")
    page.keyboard.type(PLACE)
    tab_to(page, "Delete")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=f"Delete {PLACE}")).to_be_visible()
    tab_to(page, f"Delete {PLACE}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Remove {PLACE}")).to_be_visible()
    ready(page, f"Remove {PLACE}")
    wide.end()
    assert database_of(sandbox, PLACE)["state"] == "removed"


def test_an_operator_sees_the_board_and_others_do_not(sandbox: Sandbox, wide: Visit, narrow: Visit) -> None:
    wide.key = sandbox.state["operator_api_key"]
    page = wide.sign_in("#/board")
    expect(page.get_by_role("heading", name="Board")).to_be_visible()
    wide.end()
    page = narrow.sign_in("")
    expect(page.get_by_role("link", name="Board")).to_have_count(0)
    narrow.end()

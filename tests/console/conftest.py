"""A browser on the console's real files and the real API handler, with a ledger in moto.

Every page that a test opens is held to this: no error in its console, nothing that its
Content-Security-Policy refuses, no request to another origin, no key in an address.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.console.served import Served, serving
from tests.handlers.conftest import Cloud
from tests.handlers.conftest import cloud as cloud  # noqa: PLC0414 - a fixture

KEY = "key-alpha"
# What a browser says of an answer that a test asked for; the page itself has to cope with it.
EXPECTED = "Failed to load resource"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        names = (
            shutil.which("chromium"),
            shutil.which("chromium-browser"),
            playwright.chromium.executable_path,
        )
        chromium = next((name for name in names if name and Path(name).exists()), None)
        if chromium is None:
            pytest.skip("Chromium is not installed; make setup says how")
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def served(cloud: Cloud) -> Iterator[Served]:
    with serving() as found:
        yield found


@dataclass
class Watched:
    """A page, and what it did that no page may do."""

    page: Page
    wrongs: list[str] = field(default_factory=list)

    def watch(self, origin: str) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        self.page.on("request", lambda request: self._request(request, origin))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.wrongs.append(f"console: {message.text}")

    def _request(self, request: Request, origin: str) -> None:
        if not request.url.startswith(origin):
            self.wrongs.append(f"another origin: {request.url}")
        if KEY in request.url:
            self.wrongs.append(f"the key in an address: {request.url}")


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[Open]:
    """Opens an address of the console; signed in unless `key` is empty."""
    opened: list[Watched] = []
    contexts = []

    def opening(
        where: str = "", *, key: str = KEY, width: int = 1280, theme: str = "light", **options: object
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        if key:
            context.add_init_script(f"sessionStorage.setItem('rds-provisioner-key', '{key}')")
        watched = Watched(context.new_page())
        watched.watch(served.origin)
        watched.page.set_default_timeout(10_000)
        opened.append(watched)
        watched.page.goto(served.console + where)
        return watched.page

    yield opening
    wrongs = [wrong for watched in opened for wrong in watched.wrongs]
    for context in contexts:
        context.close()
    assert wrongs == []

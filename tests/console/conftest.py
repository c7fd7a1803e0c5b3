"""A browser on the console's real files and the real API handler, with a ledger in memory.

Every page that a test opens is held to this: no error in its console, nothing that its
Content-Security-Policy refuses, no request to another origin, no key in an address.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.console.browsers import KEY, chromium, signed_in
from tests.console.served import Served
from tests.console.stack import Stack, running

expect.set_options(timeout=20_000)  # ms; a busy machine is slower than any reader
# What a browser says of an answer that a test asked for; the page itself has to cope with it.
EXPECTED = "Failed to load resource"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium(playwright)
        if path is None:
            pytest.skip("Chromium is not installed; make setup says how")
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def stack() -> Iterator[Stack]:
    with running() as found:
        yield found


@pytest.fixture
def served(stack: Stack) -> Served:
    return stack.served


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
        where: str = "", *, key: str = KEY, width: int = 1280, theme: str = "light", **options: Any
    ) -> Page:
        page = signed_in(browser, served, key=key, width=width, theme=theme, **options)
        contexts.append(page.context)
        watched = Watched(page)
        watched.watch(served.origin)
        opened.append(watched)
        watched.page.goto(served.console + where)
        return watched.page

    yield opening
    wrongs = [wrong for watched in opened for wrong in watched.wrongs]
    for context in contexts:
        context.close()
    assert wrongs == []

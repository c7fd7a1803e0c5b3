"""The console's list of 1,000 databases in Chromium: what scrolling and filtering cost, and what it asks for.

A task of more than 50 ms delays what a reader does (https://www.w3.org/TR/longtasks-1/): so much script,
style and layout may one screen, and one filter, take. The floor is the same page with a hundred databases, on
the same machine a moment before. How many tasks were longer says how busy the machine was, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from bench.figures import Figure
from tests.console.browsers import chromium, signed_in
from tests.console.stack import running
from tests.ledger.many import Counting, fill

PART: Final = "The console at 1,000 databases"
MANY, FEW, LONG_MS = 1000, 100, 50
_ROUNDS: Final = 3
_WORK: Final = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
_WATCH: Final = """
    window.tasks = 0;
    new PerformanceObserver((list) => { window.tasks += list.getEntries().length; })
      .observe({ type: "longtask" });
"""
_FILTERS: Final = ("sort=name", "sort=cost", "", "find=db", "find=db-0", "find=db-0042", "")


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visit cost: ms of work for each screen and filter, tasks of more than 50 ms, and reads."""

    screen: float
    filter: float
    screens: int
    long_tasks: int
    calls: int
    read: int


def measure(full: bool) -> Iterator[Figure]:  # noqa: ARG001 - the same in both
    """Scrolls through both lists and filters them; the quietest of three visits."""
    with sync_playwright() as playwright:
        path = chromium(playwright)
        if path is None:
            return
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        few, many = (
            min((visit(browser, count) for _ in range(_ROUNDS)), key=lambda seen: seen.screen)
            for count in (FEW, MANY)
        )
        browser.close()
    for what, value, floor in (
        ("work for each screen that is scrolled", many.screen, few.screen),
        ("work for each filter", many.filter, few.filter),
    ):
        note = f"{floor:.1f} ms with {FEW} databases"
        yield Figure(PART, what, value, "ms", at_most=LONG_MS, note=note)
    busy = (
        f"of {many.screens} screens and {len(_FILTERS)} filters; {few.long_tasks} of {few.screens} with {FEW}"
    )
    yield Figure(PART, "tasks of more than 50 ms", many.long_tasks, "tasks", note=busy)
    counted = f"{many.read} rows of the ledger in {many.calls} calls of the page"
    yield Figure(
        PART, "rows read for each that is listed", many.read / MANY, "rows", at_most=1.1, note=counted
    )


def visit(browser: Browser, count: int) -> Visit:
    """One reader's visit to a team of so many databases."""
    table = Counting()
    with running(table) as stack:
        fill(table, count)
        table.forget()
        page = signed_in(browser, stack.served)
        page.add_init_script(_WATCH)
        metrics = page.context.new_cdp_session(page)
        metrics.send("Performance.enable")
        page.goto(f"{stack.served.console}#/databases")
        page.get_by_text(f"{count} of {count}").wait_for()
        calls, read = len(stack.served.calls), table.read
        page.wait_for_timeout(500)
        page.evaluate("() => { window.tasks = 0; }")
        began = _work(metrics)
        screens = _scroll(page)
        scrolled = _work(metrics)
        _filter(page)
        filtered = _work(metrics)
        long_tasks = int(page.evaluate("() => window.tasks"))
        page.context.close()
    return Visit(
        screen=(scrolled - began) / screens,
        filter=(filtered - scrolled) / len(_FILTERS),
        screens=screens,
        long_tasks=long_tasks,
        calls=calls,
        read=read,
    )


def _scroll(page: Page) -> int:
    """Most of a screen at a time, to the end; how many that were."""
    page.locator(".dbs tbody tr").first.hover()
    screens = 0
    while not page.evaluate("() => scrollY + innerHeight >= document.documentElement.scrollHeight - 2"):
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(50)
        screens += 1
    page.wait_for_timeout(300)
    return screens


def _filter(page: Page) -> None:
    for query in _FILTERS:
        page.evaluate("(query) => { location.hash = `#/databases?${query}`; }", query)
        page.wait_for_timeout(200)


def _work(metrics: CDPSession) -> float:
    """The milliseconds of script, style and layout so far."""
    found: Any = metrics.send("Performance.getMetrics")["metrics"]
    return sum(float(each["value"]) * 1000 for each in found if each["name"] in _WORK)

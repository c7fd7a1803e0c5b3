"""Nothing that a reader sees moves when an answer arrives: no layout shift, as Chromium counts it."""

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browsers import KEY, signed_in
from tests.console.served import Fault
from tests.console.stack import Stack
from tests.console.team import fleet, orders

pytestmark = pytest.mark.xdist_group("browser")
# Seconds after which each answer comes: one after the other, and the pages' own after the outlines (300 ms).
SLOW = {
    "/whoami": 0.1,
    "/catalog": 0.2,
    "/provision-rds": 0.15,
    "/quota": 0.45,
    "/requests": 0.55,
    "/databases": 0.65,
    "/admin": 0.5,
}
# Keeps what moved, so that a failure says it; an observer with `buffered` sees what was before it. What
# changes because time passes, long after the answers are there, is none of it.
WATCH = """(there) => {
  window.shifts = [];
  window.settled = Infinity;
  const look = () => {
    if (!document.querySelector(there)) return void requestAnimationFrame(look);
    window.settled = performance.now() + 1000;
  };
  requestAnimationFrame(look);
  const named = (node) => (node?.nodeType === 1 ? `${node.tagName}.${node.className}` : node?.nodeName);
  const place = (box) => `${box.x},${box.y} ${box.width}x${box.height}`;
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      if (shift.hadRecentInput) continue;
      for (const { node, previousRect: from, currentRect: to } of shift.sources) {
        const element = node?.nodeType === 1 ? node : node?.parentElement;
        if (element?.closest("[role=timer]")) continue;  // a clock that gets another digit
        const text = `${named(node)} ${place(from)} to ${place(to)}, ${shift.value.toFixed(5)}`;
        window.shifts.push({ at: shift.startTime, text });
      }
    }
  }).observe({ type: "layout-shift", buffered: true });
}"""

# What moved until then. The page's own rules forbid Playwright's wait for an expression.
SETTLED = """() => new Promise((done) => {
  const look = () => {
    if (performance.now() <= window.settled) return void setTimeout(look, 50);
    done(window.shifts.filter((shift) => shift.at <= window.settled));
  };
  look();
})"""


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_shifts_when_its_answers_come_late(browser: Browser, stack: Stack, width: int) -> None:
    found = orders(stack.ledger)
    fleet(stack)
    stack.served.faults[:] = [Fault(path, seconds=seconds) for path, seconds in SLOW.items()]
    addresses = {
        "Databases": ("", ".dbs", KEY),
        "New": ("#/new?environment=staging&name=basket", ".sum .badge", KEY),
        "Request": (f"#/requests/{found['queue'].id}", ".steps", KEY),
        "Ready": (f"#/requests/{found['ready'].id}", ".code", KEY),
        "Requests": ("#/requests", "table", KEY),
        "Database": ("#/databases/staging/orders", ".life-line, #life button", KEY),
        "Board": ("#/board", ".spend", "key-paul"),
    }
    pages: dict[str, Page] = {}
    for name, (where, there, key) in addresses.items():
        pages[name] = signed_in(browser, stack.served, key=key, width=width)
        pages[name].add_init_script(f"({WATCH})({json.dumps(there)})")
        pages[name].goto(stack.served.console + where)
    moved: list[str] = []
    for name, (_, there, _) in addresses.items():
        page = pages[name]
        expect(page.locator(there).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        shifts = page.evaluate(SETTLED)
        moved += [f"{name}: {shift['text']}" for shift in shifts]
        page.context.close()
    assert not moved, "\n".join(moved)

"""Takes the pictures of docs/console: each page and state, from the real handlers, in both themes and widths.

make screenshots
"""

import base64
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from provisioner.core.models import Request

from tests.console.browsers import chromium, signed_in
from tests.console.served import Fault, Served
from tests.console.stack import Stack, running
from tests.console.team import orders

TARGET = Path(__file__).parents[2] / "docs" / "console"
WIDTHS = {"desktop": 1280, "phone": 390}
SETTLED = 400  # ms; fonts and the skeletons' delay


def pages(found: dict[str, Request]) -> dict[str, str]:
    """Each picture's name with the address that it shows."""
    return {
        "databases": "",
        "new": "#/new?environment=staging&size=medium&storage=50&name=basket&reason=Load+tests",
        "requests": "#/requests",
        "request-queue": f"#/requests/{found['queue'].id}",
        "request-review": f"#/requests/{found['review'].id}",
        "request-failed": f"#/requests/{found['failed'].id}",
        "request-ready": f"#/requests/{found['ready'].id}",
        "database": "#/databases/staging/orders",
    }


def take(page: Page, name: str) -> None:
    """A picture of the whole page, as WebP, which is small."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED)
    session = page.context.new_cdp_session(page)
    size = session.send("Page.getLayoutMetrics")["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    shot = session.send(
        "Page.captureScreenshot",
        {"format": "webp", "quality": 82, "captureBeyondViewport": True, "clip": clip},
    )
    (TARGET / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))
    print(f"{name}.webp {(TARGET / f'{name}.webp').stat().st_size // 1024} kB")


def whole(browser: Browser, stack: Stack) -> None:
    """Every page with what it is there for."""
    found, served = orders(stack.ledger), stack.served
    for device, width in WIDTHS.items():
        for theme in ("light", "dark"):
            page = signed_in(browser, served, width=width, theme=theme)
            for name, address in pages(found).items():
                page.goto("about:blank")
                page.goto(served.console + address)
                take(page, f"{name}-{device}-{theme}")
            page.context.close()


def without(browser: Browser, served: Served) -> None:
    """The states without data: signed out, empty, loading, failed."""
    for key, name, fault in (
        ("", "sign-in", None),
        ("key-beta", "databases-empty", None),
        ("key-beta", "databases-loading", Fault("/databases", seconds=3)),
        ("key-beta", "databases-error", Fault("/databases", status=503, headers={"Retry-After": "8"})),
    ):
        served.faults[:] = [fault] if fault else []
        page = signed_in(browser, served, key=key)
        page.goto(served.console)
        if fault and fault.seconds:
            page.locator(".skel").first.wait_for()
        take(page, name)
        page.context.close()
    served.faults.clear()


def main() -> int:
    TARGET.mkdir(exist_ok=True)
    with sync_playwright() as playwright, running() as stack:
        path = chromium(playwright)
        if path is None:
            print("Chromium is not installed; make setup says how")
            return 1
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        without(browser, stack.served)
        whole(browser, stack)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

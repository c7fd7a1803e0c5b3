"""Takes the pictures of docs/console: each page and state, from the real handlers, in both themes and widths.

make screenshots
"""

import base64
import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from provisioner.api import problems
from provisioner.core.models import Request

from tests.console.browsers import chromium, signed_in
from tests.console.served import Fault, Served
from tests.console.stack import Stack, running
from tests.console.team import fleet, orders

TARGET = Path(__file__).parents[2] / "docs" / "console"
# Device and theme, its width, and the pages; where none is named, all.
LOOKS: list[tuple[str, str, int, set[str]]] = [
    ("desktop", "light", 1280, set()),
    ("phone", "dark", 390, set()),
    ("desktop", "dark", 1280, {"databases", "new", "request-queue", "database"}),
]
# As the system's fonts on most desktops look, where Debian's fonts-inter is installed.
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir>
<alias binding="strong"><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
<alias binding="strong"><family>ui-monospace</family>
<prefer><family>DejaVu Sans Mono</family></prefer></alias>
<alias binding="strong"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""
BUSY = problems.document(problems.busy(), instance="/databases", request_id="7c1e90ab")
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


def take(page: Page, name: str, *, in_sight: bool = False) -> None:
    """A picture of the whole page, or of what is in sight, as WebP, which is small."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED)
    session = page.context.new_cdp_session(page)
    metrics = session.send("Page.getLayoutMetrics")
    size, seen = metrics["cssContentSize"], metrics["cssLayoutViewport"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    if in_sight:
        clip |= {"y": seen["pageY"], "width": seen["clientWidth"], "height": seen["clientHeight"]}
    shot = session.send(
        "Page.captureScreenshot",
        {"format": "webp", "quality": 72, "captureBeyondViewport": not in_sight, "clip": clip},
    )
    (TARGET / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))
    print(f"{name}.webp {(TARGET / f'{name}.webp').stat().st_size // 1024} kB")


def whole(browser: Browser, stack: Stack) -> None:
    """Every page with what it is there for."""
    found, served = orders(stack.ledger), stack.served
    for device, theme, width, chosen in LOOKS:
        page = signed_in(browser, served, width=width, theme=theme)
        for name, address in pages(found).items():
            if not chosen or name in chosen:
                page.goto("about:blank")
                page.goto(served.console + address)
                take(page, f"{name}-{device}-{theme}")
        page.context.close()


def edited(browser: Browser, served: Served) -> None:
    """The dialog that edits owner, purpose and tags, with a line that is no tag."""
    for device, theme, width in (("desktop", "light", 1280), ("phone", "dark", 390)):
        page = signed_in(browser, served, width=width, theme=theme)
        page.goto(served.console + "#/databases/staging/orders")
        page.get_by_role("button", name="Edit owner, purpose and tags").click()
        page.get_by_role("textbox", name="Tags").fill("Service=orders\nbasket")
        take(page, f"database-edit-{device}-{theme}", in_sight=True)
        page.context.close()


def without(browser: Browser, served: Served) -> None:
    """The states without data: signed out, empty, loading, failed."""
    for key, name, fault in (
        ("", "sign-in", None),
        ("key-beta", "databases-empty", None),
        ("key-beta", "databases-loading", Fault("/databases", seconds=3)),
        (
            "key-beta",
            "databases-error",
            Fault("/databases", status=503, document=BUSY, headers={"Retry-After": "8"}),
        ),
    ):
        served.faults[:] = [fault] if fault else []
        page = signed_in(browser, served, key=key)
        page.goto(served.console)
        if fault and fault.seconds:
            page.locator(".skel").first.wait_for()
        take(page, name)
        page.context.close()
    served.faults.clear()


def board(browser: Browser, stack: Stack) -> None:
    """All teams, as an operator sees them."""
    fleet(stack)
    for device, theme, width in (
        ("desktop", "light", 1280),
        ("desktop", "dark", 1280),
        ("phone", "dark", 390),
    ):
        page = signed_in(browser, stack.served, key="key-paul", width=width, theme=theme)
        page.goto(stack.served.console + "#/board")
        page.get_by_role("heading", name="Spend by team and environment").wait_for()
        take(page, f"board-{device}-{theme}")
        page.context.close()


def main() -> int:
    TARGET.mkdir(exist_ok=True)
    with sync_playwright() as playwright, running() as stack, tempfile.TemporaryDirectory() as directory:
        path = chromium(playwright)
        if path is None:
            print("Chromium is not installed; make setup says how")
            return 1
        fonts = Path(directory) / "fonts.conf"
        fonts.write_text(FONTS)
        environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(fonts)}
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], env=environment)
        if "board" not in sys.argv:
            without(browser, stack.served)
        if "board" not in sys.argv:
            whole(browser, stack)
            edited(browser, stack.served)
        else:
            orders(stack.ledger)
        board(browser, stack)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

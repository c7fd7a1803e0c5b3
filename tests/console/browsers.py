"""Which Chromium is driven, and a page of it that is signed in."""

import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

from tests.console.served import Served

KEY = "key-alpha"


def chromium(playwright: Playwright) -> str | None:
    """The path of Debian's Chromium, else of the one that Playwright installed; None without either."""
    names = (shutil.which("chromium"), shutil.which("chromium-browser"), playwright.chromium.executable_path)
    return next((name for name in names if name and Path(name).exists()), None)


def signed_in(
    browser: Browser, served: Served, *, key: str = KEY, width: int = 1280, theme: str = "light", **more: Any
) -> Page:
    """An empty page in a separate context, which has the key that a reader would have given."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        **more,
    )
    if key:
        context.add_init_script(
            f"if (location.protocol === 'http:') sessionStorage.setItem('rds-provisioner-key', '{key}')"
        )
    page = context.new_page()
    page.set_default_timeout(20_000)
    return page

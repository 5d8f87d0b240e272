"""The system's Chromium for tests of pages: what a page says on its console counts as a failure."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Scheme = Literal["light", "dark"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = 1200
PHONE = 390


@contextmanager
def chromium() -> "Iterator[Browser]":
    """A headless browser; skips the test with a message where playwright or Chromium is absent."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is absent: pip install '.[browser]'")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine (on Debian: apt-get install chromium)")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: "Browser", path: Path, *, width: int = DESKTOP, scheme: Scheme = "light", address: str = ""
) -> "Iterator[Page]":
    """A page of a file. At the end: no message of the console, no request, nothing beyond the sides.

    ``address`` is what follows the file's name in the address, such as ``#c1=0.5``.
    """
    context = browser.new_context(viewport={"width": width, "height": 850}, color_scheme=scheme)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda said: problems.append(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda asked: problems.append(asked.url))
    page.on("dialog", lambda dialog: (problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.goto(path.resolve().as_uri() + address)
    yield page
    asked_for_itself = path.resolve().as_uri()
    rest = [what for what in problems if not what.startswith(("data:", "blob:", asked_for_itself))]
    assert not rest
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"the page is {wide} pixels wide in a window of {width}"
    context.close()

"""The site is built without a warning, has a page for everything, and asks no other host."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer

import disentangle_cli as dcr
from disentangle_cli.commands import app
from tests.browser import DESKTOP, PHONE
from tests.docs.pages import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built strictly."""
    pytest.importorskip("mkdocs", reason="mkdocs is absent: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where a server on this machine has the site."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def test_every_command_has_a_page(site: Path) -> None:
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        text = (site / "commands" / f"{name}.html").read_text()
        for option in (spelled for one in command.params for spelled in one.opts if spelled.startswith("--")):
            assert vars(command).get("commands") or option in text, f"{name} {option}"


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", (site / "reference.html").read_text(), re.DOTALL)
    words = {re.sub(r"<[^>]*>|&\w+;|\W", " ", heading).split()[0] for heading in headings}
    assert set(dcr.__all__) - {"__version__"} <= words


def test_pages_fetch_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        fetched = re.findall(
            r"<(?:script|img|link|iframe)[^>]*(?:src|href)=\"?(https?:[^\s\">]+)", page.read_text()
        )
        assert not fetched, page


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["index", "tutorial", "commands/train", "metrics", "reference"])
def test_pages_in_a_browser(page: str, scheme: str, width: int, address: str, browser: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 850}, color_scheme=scheme)
    opened, problems = context.new_page(), []
    opened.on("console", lambda said: problems.append(said.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("request", lambda asked: problems.append(asked.url) if elsewhere(asked.url, address) else None)
    opened.goto(f"{address}/{page}.html")
    used = opened.evaluate("document.body.getAttribute('data-md-color-scheme')")
    assert used == {"light": "default", "dark": "slate"}[scheme]
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert not problems


def elsewhere(url: str, address: str) -> bool:
    """Whether a request leaves the site."""
    return not url.startswith((address, "data:", "blob:"))

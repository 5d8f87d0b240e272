"""Links lead to files and headings that are there, here and on the site."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import FENCE, PAGES, ROOT, name_of

LINK = re.compile(r"\]\((?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")
MADE = {"docs/commands/index.md", "docs/reference.md"}
"""Pages that are made when the site is built."""


@cache
def anchors(page: Path) -> set[str]:
    """What headings are called in links, on the site as where the repository is browsed."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


def links(page: Path) -> list[tuple[str, str]]:
    """Path and anchor of each link within the repository."""
    found = LINK.finditer(FENCE.sub("", page.read_text()))
    return [(one["path"], one["anchor"] or "") for one in found if "://" not in one["path"]]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    missing = []
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        there = target.exists() or target.relative_to(ROOT).as_posix() in MADE
        if not there or (anchor and target.exists() and anchor not in anchors(target)):
            missing.append(f"{path}#{anchor}")
    assert not missing


def test_every_page_is_in_the_navigation() -> None:
    """``mkdocs.yml`` has tags that only mkdocs reads; the names of pages are enough."""
    named = set(re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - named == set()


def test_no_word_asks_another_host() -> None:
    """Pictures are files of the project."""
    for page in PAGES:
        assert not re.findall(r"!\[[^]]*\]\(https?:", page.read_text()), page


@pytest.mark.parametrize("page", sorted((ROOT / "examples").glob("*.yml")), ids=name_of)
def test_workflows_are_yaml(page: Path) -> None:
    workflow = yaml.safe_load(page.read_text())
    assert workflow["jobs"]["gate"]["steps"]

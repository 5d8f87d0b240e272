"""Links between the pages, and pages that must keep up with the code."""

import re
from pathlib import Path

import pytest

from disentangle_cli.config import preset_names
from disentangle_cli.modelling.trainable import MODELS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_every_model_is_described() -> None:
    text = (ROOT / "docs" / "models.md").read_text()
    assert [name for name in MODELS.names() if f"| `{name}` |" not in text] == []


def test_every_preset_of_infogan_cr_is_described() -> None:
    text = (ROOT / "docs" / "presets.md").read_text()
    assert [name for name in preset_names("infogan-cr") if f"| `{name}`" not in text] == []

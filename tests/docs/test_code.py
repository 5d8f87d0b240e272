"""Blocks of code are at least of their language."""

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import PAGES, blocks, name_of


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_are_of_their_language(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, name_of(page), "exec")
    for block in blocks(page, "yaml"):
        assert list(yaml.safe_load_all(block))
    for block in blocks(page, "toml"):
        assert tomllib.loads(block)
    for block in blocks(page, "json"):
        assert json.loads(block)

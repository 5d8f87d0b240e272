"""Pages that must keep up with the code."""

import re
from pathlib import Path

from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.preset_files import preset_names

ROOT = Path(__file__).parents[1]


def test_every_promise_names_a_test_that_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "reliability.md").read_text())
    assert len(named) > 30
    assert [
        f"{file}::{test}" for file, test in named if f"def {test}(" not in (ROOT / file).read_text()
    ] == []


def test_every_model_is_described() -> None:
    text = (ROOT / "docs" / "models.md").read_text()
    assert [name for name in MODELS.names() if f"| `{name}` |" not in text] == []


def test_every_preset_of_infogan_cr_is_described() -> None:
    text = (ROOT / "docs" / "presets.md").read_text()
    assert [name for name in preset_names("infogan-cr") if f"| `{name}`" not in text] == []

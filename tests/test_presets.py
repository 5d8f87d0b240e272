"""Presets: what each comes to, and the bases that they name."""

import hashlib
import json
from pathlib import Path

import pytest

from disentangle_cli import config
from disentangle_cli.config import read_preset
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training import configure
from disentangle_cli.yaml12 import to_yaml

DIGESTS = json.loads(Path(__file__).with_name("preset_digests.json").read_text())
"""Of what ``--print-config`` prints, from before presets had bases."""
SINCE = {
    "data": {"class_folders": True, "skip_broken": False},
    "optim": {"encoder": 5e-4},
    "": {"warm_start": None},
}
"""Settings that came later, by section, and their defaults."""


@pytest.mark.parametrize("name", DIGESTS)
def test_a_preset_is_what_it_was(name: str) -> None:
    """On images of its own size, else of 64 pixels: presets once named the networks for those."""
    model, preset = name.split("/")
    asked = configure(model, preset)
    size = asked.data.size or 64
    config = MODELS.get(model).fitted(asked, size, size).model_dump(mode="json")
    for section, defaults in SINCE.items():
        part = config[section] if section else config
        for key, default in defaults.items():
            assert part.pop(key, default) == default
    printed = to_yaml({"model": model} | config)
    assert hashlib.sha256(printed.encode()).hexdigest()[:16] == DIGESTS[name]


@pytest.fixture
def presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "PRESETS", tmp_path)
    for model in ("cat", "dog"):
        (tmp_path / model).mkdir()
    return tmp_path


def test_bases_are_merged_from_the_bottom_up(presets: Path) -> None:
    (presets / "cat" / "old.yaml").write_text("legs: 4\ntail: {length: 30, straight: true}")
    (presets / "cat" / "young.yaml").write_text("base: old\ntail: {length: 10}")
    (presets / "dog" / "pup.yaml").write_text("base: cat/young\nlegs: 3")
    assert read_preset("dog", "pup") == {"legs": 3, "tail": {"length": 10, "straight": True}}


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("pup", "preset dog/pup: its bases go in a circle: dog/pup -> dog/pup"),
        ("cat/old", "preset dog/pup: its bases go in a circle: dog/pup -> cat/old -> dog/pup"),
        ("young", "preset dog/pup: there is no base dog/young"),
        ("cow/old", "preset dog/pup: there is no base cow/old"),
        ("[1]", "preset dog/pup: there is no base dog/"),
    ],
)
def test_bases_that_cannot_be(presets: Path, base: str, message: str) -> None:
    (presets / "dog" / "pup.yaml").write_text(f"base: {base}")
    (presets / "cat" / "old.yaml").write_text("base: dog/pup")
    with pytest.raises(UsageError) as raised:
        read_preset("dog", "pup")
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_a_file_of_the_user_has_no_base(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: fast")
    with pytest.raises(UsageError, match=r"mine\.yaml: base: there is no such setting"):
        configure("vae", config_file=path)

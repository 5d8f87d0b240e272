"""``dcr presets``: what each is for, its length, its base, and what it changes."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from disentangle_cli import preset_files
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.nested import merge, nest
from disentangle_cli.preset_files import describe_preset, preset_names, read_preset

Cli = Callable[..., Result]
ALL = [(model, preset) for model in MODELS.names() for preset in preset_names(model)]


@pytest.mark.parametrize(("model", "preset"), ALL)
def test_every_preset_says_what_it_is_for(model: str, preset: str) -> None:
    found = describe_preset(model, preset)
    assert len(found.purpose) > 20, f"{model}/{preset} begins with no comment that says what it is for"
    whole = read_preset(model, preset)
    assert found.iterations == whole["iterations"]
    assert merge(read_preset(*found.base.split("/")) if found.base else {}, nest(found.differs)) == whole


def test_all_and_those_of_one_model(cli: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("presets", "--format", "csv").stdout)))
    assert [(row["model"], row["preset"]) for row in rows] == ALL
    document = json.loads(cli("presets", "infogan-cr", "--format", "json").stdout)
    assert document["schema"] == "dcr.presets/1"
    assert [one["name"] for one in document["presets"]] == preset_names("infogan-cr")
    demo = document["presets"][2]
    assert (demo["name"], demo["base"], demo["iterations"]) == ("demo", "infogan-cr/from-scratch", 420)
    assert demo["differs"]["batch_size"] == 32
    teapots = next(one for one in document["presets"] if one["name"] == "teapots")
    assert teapots["stands_in"] == {"paper": ["teapots", "teapots-rotation", "teapots-light"]}
    shown = cli("presets", "infogan-cr").stdout
    assert "paper on teapots teapots-rotation teapots-light" in shown
    assert "codes" not in shown.partition("where each differs")[0].partition("what it is for")[0]
    assert "latents.codes.values=[-0.9,-0.7," in shown
    assert cli("presets", "infogna").exit_code == 2


def test_a_model_without_presets(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preset_files, "PRESETS", tmp_path)
    result = cli("presets", "vae")
    assert result.exit_code == 0
    assert "vae has no presets" in result.stderr
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "bare.yaml").write_text("batch_size: 3\nfor: [x]\n")
    assert cli("presets", "vae").exit_code == 2

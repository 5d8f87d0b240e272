"""Presets: what each comes to, and the bases that they name."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from typer.testing import Result

from disentangle_cli import preset_files
from disentangle_cli.datasets import DATASETS
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.preset_files import read_preset, stand_ins
from disentangle_cli.training import configure, default_on, preset_on, request
from disentangle_cli.yaml12 import to_yaml

DIGESTS = json.loads(Path(__file__).with_name("preset_digests.json").read_text())
"""Of what ``--print-config`` prints, from before presets had bases."""
SINCE = {
    "data": {"class_folders": True, "skip_broken": False},
    "optim": {"encoder": 5e-4},
    "log": {"loggers": None},
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


TEAPOTS = ["teapots", "teapots-rotation", "teapots-light"]
OFFICIAL = {
    "infogan/paper": (288_000, 64, 5, 5, (1e-3, 2e-3), 0.05),
    "infogan/teapots": (50_000, 64, 5, 5, (1e-3, 2e-3), 0.2),
    "infogan/celeba": (80_000, 128, 5, 100, (2e-3, 2e-4), 2.0),
    "infogan/cdsprites": (216_000, 30, 2, 5, (1e-3, 2e-3), 0.2),
    "infogan-cr/paper": (322_560, 64, 5, 5, (1e-3, 2e-3, 2e-3), 0.05),
    "infogan-cr/teapots": (125_000, 64, 5, 5, (1e-3, 2e-3, 2e-3), 0.2),
    "infogan-cr/celeba": (90_174, 128, 5, 100, (2e-3, 2e-4, 2e-4), 2.0),
    "infogan-cr/cdsprites": (288_000, 30, 2, 5, (1e-3, 2e-3, 2e-3), 0.2),
}
"""Iterations, batch, codes, noise, learning rates of G, D and Q, H, and w of the information term."""
REGULARISERS = {
    "paper": ([(0, 0.0), (287_999, 0.0), (288_000, 2.0)], [(0, 0.0), (322_559, 0.0)], "spectral"),
    "teapots": ([(49_999, 0.0), (50_000, 3.0)], [(0, 1.9), (84_999, 1.9), (85_000, 0.0)], "batch"),
    "celeba": ([(79_999, 0.0), (80_000, 1.0)], [(0, 0.0), (90_173, 0.0)], "batch"),
    "cdsprites": ([(215_999, 0.0), (216_000, 2.0)], [(0, 0.0), (287_999, 0.0)], "spectral"),
}
"""Weight and gap at iterations, and the norm in H."""


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_presets_have_the_constants_of_the_official_code(name: str) -> None:
    model, preset = name.split("/")
    config: Any = configure(model, preset)
    rates = [config.optim.generator, config.optim.discriminator, config.optim.contrastive]
    latents = config.latents.codes, config.latents.noise
    found = config.iterations, config.batch_size, *(block.dim for block in latents)
    assert (*found, tuple(rates[: len(OFFICIAL[name][4])]), config.info.weight) == OFFICIAL[name]
    assert all((block.kind, block.low, block.high) == ("uniform", -1, 1) for block in latents)
    optim = config.optim
    assert (optim.beta1, optim.beta2, optim.decay_from, optim.average) == (0.5, 0.999, 1.0, 0.0)
    assert (config.generator_steps, config.conventions, config.info.codes) == (2, "tensorflow", None)
    size = 32 if preset == "celeba" else 64
    networks = MODELS.get(model).fitted(config, size, size).architecture
    assert networks == ("infogan-32" if preset == "celeba" else "infogan-64")
    if model == "infogan-cr":
        weights, gaps, norm = REGULARISERS[preset]
        contrastive = config.contrastive
        assert (contrastive.norm, contrastive.renew, contrastive.always) == (norm, True, True)
        assert [(at, contrastive.weight.at(at)) for at, _ in weights] == weights
        assert [(at, contrastive.gap.at(at)) for at, _ in gaps] == gaps


def test_the_official_factor_vae_of_the_teapots_is_that_of_dsprites_but_for_its_length() -> None:
    paper, teapots = (configure("factor-vae", name).model_dump() for name in ("paper", "teapots"))
    assert (teapots.pop("iterations"), paper.pop("iterations")) == (109_375, 311_040)
    assert teapots | {"log": None} == paper | {"log": None}


@pytest.mark.parametrize(
    ("model", "preset", "others"),
    [
        *((model, "paper", ["celeba", "cdsprites", *TEAPOTS]) for model in ("infogan", "infogan-cr")),
        ("factor-vae", "paper", TEAPOTS),
    ],
)
def test_presets_for_data_sets(model: str, preset: str, others: list[str]) -> None:
    assert stand_ins(model, preset) == {name: name.partition("-")[0] for name in others}
    assert preset_on("dsprites", model, preset) == preset
    for name in set(others) & set(DATASETS.names()):
        assert preset_on(name, model, preset) == name.partition("-")[0]
        assert preset_on(name, model, "demo") == "demo"
    assert preset_on("cdsprites", model) is None


@pytest.mark.parametrize(
    ("model", "there", "expected"),
    [
        ("infogan-cr", "cuda", "paper"), ("infogan", "cuda", "paper"), ("factor-vae", "cuda", None),
        ("ib-gan", "cuda", None), ("infogan-cr", "cpu", None),
    ],
)  # fmt: skip
def test_the_default_on_a_gpu_is_the_official_schedule(
    monkeypatch: pytest.MonkeyPatch, model: str, there: str, expected: str | None
) -> None:
    monkeypatch.setattr(request, "pick_device", lambda name: torch.device(there))
    assert default_on(model, "auto") == expected


def test_a_published_set_is_told_wherever_it_lies(tmp_path: Path) -> None:
    """CelebA by its folder of pictures, a file by its stem; a folder of another name is no CelebA."""
    for name in ("img_align_celeba", "faces"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (178, 218)).save(tmp_path / name / "1.png")
    np.savez(tmp_path / "cdsprites.npz", imgs=np.zeros((2, 64, 64), np.uint8))
    assert preset_on(str(tmp_path / "img_align_celeba"), "infogan-cr", "paper") == "celeba"
    assert preset_on(str(tmp_path), "infogan-cr", "paper") == "celeba"
    assert preset_on(str(tmp_path / "cdsprites.npz"), "infogan-cr", "paper") == "cdsprites"
    assert preset_on(str(tmp_path / "faces"), "infogan-cr", "paper") == "paper"


def test_the_command_trains_by_the_preset_of_the_data_set(cli: Callable[..., Result]) -> None:
    printed = cli(
        "train", "--model", "infogan-cr", "--preset", "paper", "--dataset", "cdsprites", "--print-config"
    )
    assert yaml.safe_load(printed.stdout) == {"model": "infogan-cr"} | configure(
        "infogan-cr", "cdsprites"
    ).model_dump(mode="json")
    assert printed.stderr == "preset paper for data set cdsprites: infogan-cr/cdsprites\n"
    dry = cli("train", "--model", "infogan-cr", "--preset", "paper", "--dataset", "cdsprites", "--dry-run")
    assert "for 288000 iterations" in dry.stderr


@pytest.fixture
def presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(preset_files, "PRESETS", tmp_path)
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


@pytest.mark.parametrize("said", ["paper", "[paper]", "{paper: teapots}"])
def test_what_a_preset_is_for_has_one_form(presets: Path, said: str) -> None:
    (presets / "cat" / "wild.yaml").write_text(f"for: {said}")
    with pytest.raises(UsageError, match=r"wild\.yaml: for must name presets and data sets, like"):
        stand_ins("cat", "paper")


def test_a_base_hands_on_no_data_sets(presets: Path) -> None:
    (presets / "cat" / "old.yaml").write_text("for: {fast: [mice]}\nlegs: 4")
    (presets / "cat" / "young.yaml").write_text("base: old")
    assert stand_ins("cat", "fast") == {"mice": "old"}
    assert read_preset("cat", "young") == {"legs": 4}


def test_a_file_of_the_user_has_no_base(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: fast")
    with pytest.raises(UsageError, match=r"mine\.yaml: base: there is no such setting"):
        configure("vae", config_file=path)

"""Whose conventions a GAN is trained by: what its checkpoint says, and what earlier files mean."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from disentangle_cli.checkpoint import load_checkpoint, save_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.models import load_model
from disentangle_cli.preset_files import preset_names
from disentangle_cli.training import Run, configure
from tests.training.conftest import train

TINY = ["batch_size=4", "log.images_every=0", "log.score_every=0", "contrastive.weight.every=1"]


def tiny(conventions: str, squares: Path, out: Path) -> Run:
    config = configure("infogan-cr", "demo", 2, sets=[*TINY, f"conventions={conventions}"])
    return Run("infogan-cr", config, str(squares), out=out, device="cpu", precision="fp32")


def epsilons(path: Path) -> set[float]:
    """Of batch norm in the generator of a checkpoint."""
    return {
        m.eps for m in load_model(path).generator.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)
    }


def test_a_checkpoint_says_what_batch_norm_adds(squares: Path, tmp_path: Path) -> None:
    path = train(tiny("tensorflow", squares, tmp_path))
    checkpoint = load_checkpoint(path)
    assert checkpoint.config["architecture"] == {"name": "infogan-64", "norm_eps": 1.001e-5}
    assert epsilons(path) == {1.001e-5}
    described = checkpoint.config["architecture"]
    del described["norm_eps"]  # as in files of an earlier dcr
    assert epsilons(save_checkpoint(tmp_path / "plain.pt", checkpoint)) == {1e-5}
    for wrong in (0, -1.0, 2, "1e-5", True, None):
        described["norm_eps"] = wrong
        other = save_checkpoint(tmp_path / "wrong.pt", checkpoint)
        with pytest.raises(UsageError, match=r"wrong\.pt: norm_eps must be a number above 0 and at most 1"):
            load_model(other)


def test_what_an_earlier_dcr_wrote_is_the_same_run(squares: Path, tmp_path: Path) -> None:
    """Its configurations lack the setting, which meant PyTorch's conventions."""
    asked = tiny("pytorch", squares, tmp_path)
    path = train(asked)
    assert load_checkpoint(path).config["architecture"] == {"name": "infogan-64"}
    state = torch.load(asked.state, weights_only=True)
    checkpoint = load_checkpoint(path)
    for config in (state["run"]["config"], checkpoint.config["training"]):
        del config["conventions"]
    del state["digest"]
    torch.save(state, asked.state)
    save_checkpoint(path, checkpoint)
    written = path.read_bytes()
    assert train(replace(asked, resume=True)).read_bytes() == written
    with pytest.raises(UsageError, match="another configuration"):
        train(replace(tiny("tensorflow", squares, tmp_path), resume=True))
    path.unlink()
    with pytest.raises(UsageError, match="another configuration"):
        train(replace(tiny("tensorflow", squares, tmp_path), resume=True))
    assert train(replace(asked, resume=True)).exists()


def test_official_presets_have_the_conventions_of_the_official_code() -> None:
    theirs = {"paper", "teapots", "celeba", "cdsprites", "grid"}
    for model in ("infogan", "infogan-cr"):
        for preset in preset_names(model):
            wanted = "tensorflow" if preset in theirs else "pytorch"
            assert configure(model, preset).model_dump()["conventions"] == wanted

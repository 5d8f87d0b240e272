"""The names of ``import disentangle_cli as dcr``."""

from pathlib import Path

import numpy as np
import pytest
import torch

import disentangle_cli as dcr


def test_train_load_save(tmp_path: Path) -> None:
    images = (np.random.default_rng(0).random((16, 64, 64)) > 0.8).astype(np.uint8)
    np.savez(tmp_path / "noise.npz", imgs=images)
    trained = dcr.train(
        "infogan", str(tmp_path / "noise.npz"), preset="demo", iterations=2, settings={"batch_size": 4},
        seed=3, out=tmp_path, precision="fp32",
    )  # fmt: skip
    assert trained.paths == [tmp_path / "infogan_noise_seed-3.pt"]
    model = dcr.load(trained)
    again = dcr.load(dcr.save(tmp_path / "copy.pt", model))
    latents = model.sample_latents(4, torch.Generator().manual_seed(0))
    assert torch.equal(model.generate(latents), again.generate(latents))
    assert again.provenance == model.provenance


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = dcr.trian
    assert set(dcr.__all__) <= set(dir(dcr))

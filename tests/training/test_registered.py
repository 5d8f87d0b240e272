"""What every registered model must keep in training; a new one is tested by being there."""

from pathlib import Path

import pytest
import torch

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.errors import Interrupted
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models import load_model
from disentangle_cli.training import Run, configure
from tests.training.conftest import train

QUIET = ["batch_size=4", "log.every=1", "log.images_every=0", "log.score_every=0"]


def run(model: str, squares: Path, out: Path, name: str, **options: object) -> Run:
    config = configure(model, "demo", iterations=2, sets=QUIET)
    place = {"out": out, "name": name, "device": "cpu", "precision": "fp32"}
    return Run(model, config, str(squares), **place, **options)


@pytest.mark.parametrize("model", MODELS.names())
def test_resumes_bit_identically_and_loads(model: str, squares: Path, tmp_path: Path) -> None:
    whole = load_checkpoint(train(run(model, squares, tmp_path, "whole")))
    with pytest.raises(Interrupted):
        train(run(model, squares, tmp_path, "cut", deadline=0.0))
    path = train(run(model, squares, tmp_path, "cut", resume=True))
    assert load_checkpoint(path).content_hash() == whole.content_hash()
    logs = [(tmp_path / name / "log.csv").read_text().splitlines() for name in ("whole", "cut")]
    assert len(logs[0]) == len(logs[1]) == 3

    loaded = load_model(path)
    assert loaded.name == model
    images = loaded.generate(loaded.sample_latents(3, torch.Generator().manual_seed(0)))
    assert images.shape == (3, 1, 64, 64)
    assert 0 <= images.min() <= images.max() <= 1
    codes, posterior = loaded.encode(images), loaded.posterior(images)
    assert codes.shape == (3, loaded.latents.num_codes)
    assert codes.isfinite().all()
    assert posterior is None or torch.equal(posterior[0], codes)

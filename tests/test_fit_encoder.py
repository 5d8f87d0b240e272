"""The example that fits an encoder to its generator."""

import subprocess
import sys
from pathlib import Path

import torch

import disentangle_cli as dcr
from disentangle_cli.models import LoadedModel
from tests.conftest import WriteModel

SCRIPT = Path(__file__).parent.parent / "examples" / "fit_encoder.py"


def fit(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def error(model: LoadedModel) -> float:
    latents = model.sample_latents(500, torch.Generator().manual_seed(9))
    codes = model.encode(model.generate(latents))
    return float((codes - latents[:, model.latents.code_columns]).square().mean())


def test_the_encoder_learns_and_the_generator_rests(write_model: WriteModel, tmp_path: Path) -> None:
    path, out = write_model(), tmp_path / "fitted.pt"
    done = fit(path, out, "--iterations", 400, "--rate", 0.01)
    assert done.stdout == f"{out}\n", done.stderr
    before, after = dcr.load(path), dcr.load(out)
    assert error(after) < 0.5 * error(before)
    assert after.provenance["encoder_fitted"] == 400
    weights = before.checkpoint.generator
    assert all(torch.equal(value, after.checkpoint.generator[name]) for name, value in weights.items())


def test_a_posterior_is_refused(write_model: WriteModel, tmp_path: Path) -> None:
    done = fit(write_model(posterior=True), tmp_path / "fitted.pt")
    assert done.returncode == 2
    assert "gives a posterior, not codes" in done.stderr
    assert not (tmp_path / "fitted.pt").exists()

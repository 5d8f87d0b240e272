"""The example that writes a checkpoint without dcr, and what dcr makes of the result."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import Result

import disentangle_cli as dcr

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "examples" / "write_checkpoint.py"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("example") / "blobs.pt"
    ran = subprocess.run([sys.executable, SCRIPT, path], capture_output=True, text=True, check=True)
    assert ran.stdout == f"{path}\n"
    return path


def test_it_does_not_import_dcr() -> None:
    imports = {
        name.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(SCRIPT.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {name.partition(".")[0] for name in imports} == {"pathlib", "sys", "torch", "typing"}


def test_dcr_reads_it_as_a_vae(written: Path) -> None:
    model = dcr.load(written)
    posterior = model.posterior(torch.rand(2, 1, 16, 16))
    assert posterior is not None
    assert (posterior[0].shape, posterior[1].shape) == ((2, 3), (2, 3))
    grid = torch.arange(16).float()
    spot = torch.exp(-((grid[None] - 6) ** 2 + (grid[:, None] - 9) ** 2) / 8)[None, None]
    error = (model.generate(model.encode(spot)) - spot).abs().mean()
    baseline = (model.generate(torch.zeros(1, 3)) - spot).abs().mean()
    assert error < baseline / 2


def test_info_generate_traverse(written: Path, tmp_path: Path, cli: Callable[..., Result]) -> None:
    (found,) = json.loads(cli("info", written, "--format", "json").stdout)["models"]
    assert (found["model"], found["dataset"], found["codes"], found["noise"]) == ("my-vae", "blobs", 3, 0)
    assert cli("generate", written, "--num", 4, "--out", tmp_path / "s.npz").exit_code == 0
    with np.load(tmp_path / "s.npz") as arrays:
        assert arrays["images"].shape == (4, 16, 16, 1)
        assert arrays["images"].max() > 100
    assert cli("traverse", written, "--out", tmp_path / "t.png").exit_code == 0


def test_saved_again_it_is_the_same_content(written: Path, tmp_path: Path) -> None:
    from disentangle_cli.checkpoint import load_checkpoint

    read = load_checkpoint(written)
    again = load_checkpoint(dcr.save(tmp_path / "again.pt", read))
    assert again.content_hash() == read.content_hash()


def test_the_specification_names_every_key(written: Path) -> None:
    document = torch.load(written, weights_only=True)
    text = (ROOT / "docs" / "checkpoint-format.md").read_text()
    named = set(re.findall(r"`\"?(\w+)\"?`", text))
    keys = {*document, *document["config"], *document["image"], *document["latents"][0], *document["weights"]}
    keys |= {*document["provenance"], "hidden", "mlp", document["format"].partition("-")[0]} - {"dcr"}
    assert keys <= named

"""Each function gives what its command gives, and its result shows itself."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import Result

import disentangle_cli as dcr
from disentangle_cli.datasets import open_dataset
from disentangle_cli.errors import UsageError
from tests.conftest import VAE_LATENTS, WriteModel

Cli = Callable[..., Result]
QUICK = {"groups_per_code": 4, "group_size": 4, "scale_images": 8, "replicates": 2}


@pytest.fixture
def pool(write_model: WriteModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.setenv("DCR_CACHE", str(tmp_path / "cache"))
    return [str(write_model(f"{seed}.pt", seed=seed)) for seed in range(3)]


@pytest.fixture
def labelled(tmp_path: Path) -> str:
    rng = np.random.default_rng(0)
    classes = np.stack(np.meshgrid(range(4), range(4), indexing="ij"), -1).reshape(-1, 2).repeat(3, 0)
    images = (rng.random((len(classes), 8, 8)) > 0.5).astype(np.uint8) * 255
    np.savez(tmp_path / "labelled.npz", imgs=images, latents_classes=classes)
    return str(tmp_path / "labelled.npz")


def told(document: dict[str, Any]) -> Any:
    return json.loads(dcr_json(document))


def dcr_json(document: dict[str, Any]) -> str:
    from disentangle_cli.documents import to_json

    return to_json(document)


def test_rank_is_the_document_of_centrality(cli: Cli, pool: list[str]) -> None:
    sets = [text for name, value in QUICK.items() for text in ("--set", f"{name}={value}")]
    printed = cli("centrality", *pool, "--method", "all", "--explain", pool[0], *sets, "--format", "json")
    assert printed.exit_code == 0, printed.stderr
    ranking = dcr.rank(pool, "all", explain=pool[0], settings=QUICK)
    assert told(ranking.to_json()) == json.loads(printed.stdout)
    assert ranking.selected == ranking["model-centrality"].selected
    assert repr(ranking).startswith("Ranking(3 models; model-centrality: ")
    assert pool[0] in ranking._repr_html_()
    assert ranking._repr_png_().startswith(b"\x89PNG")


def test_rank_writes_what_the_command_writes(cli: Cli, pool: list[str], tmp_path: Path) -> None:
    ranking = dcr.rank(pool, explain=pool[1], **QUICK)
    assert ranking.copy_selected(tmp_path / "best.pt").read_bytes() == Path(ranking.selected).read_bytes()
    assert ranking.save_plot(tmp_path / "plot.png").exists()
    assert ranking.save_explanation(tmp_path / "codes.png").exists()
    assert "Made from Python" in ranking.save_report(tmp_path / "r.html").read_text()
    with pytest.raises(UsageError, match="explain"):
        dcr.rank(pool, **QUICK).save_explanation(tmp_path / "none.png")


def test_score_is_the_document_of_score(cli: Cli, pool: list[str], labelled: str) -> None:
    command = ["score", *pool[:2], "--dataset", labelled, "--metrics", "mig,sap", "--set", "data.rows=50"]
    printed = cli(*command, "--format", "json")
    assert printed.exit_code == 0, printed.stderr
    scores = dcr.score(pool[:2], labelled, metrics=["mig", "sap"], settings={"data": {"rows": 50}})
    assert told(scores.to_json()) == json.loads(printed.stdout)
    assert "mig" in repr(scores)
    assert pool[1] in scores._repr_html_()
    with pytest.raises(KeyError, match="2 models"):
        scores["mig"]
    single = dcr.score(dcr.load(pool[0]), open_dataset(labelled), metrics="mig", settings={"data.rows": 50})
    assert single["mig"]["score"] == scores.results[0]["metrics"]["mig"]["score"]
    assert single["dataset"] == "labelled"


def test_score_takes_arrays_and_tensors(pool: list[str]) -> None:
    factors = np.random.default_rng(0).integers(0, 3, (60, 2))
    arrays = {"codes": factors + 0.5, "factors": factors}
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    for given in (arrays, tensors):
        assert dcr.score(given, metrics="mig")["mig"]["score"] > 0.5
    with pytest.raises(UsageError, match=r"jobs and executor serve models named by their paths"):
        dcr.score(arrays, metrics="mig", jobs=2)


def test_traverse_is_the_document_of_traverse(cli: Cli, pool: list[str], tmp_path: Path) -> None:
    printed = cli("traverse", pool[0], "--steps", 3, "--out", tmp_path / "a.png", "--format", "json")
    traversal = dcr.traverse(pool[0], steps=3)
    document = json.loads(printed.stdout)
    assert document.pop("paths") == [str(tmp_path / "a.png")]
    assert told(traversal.to_json()) == document
    assert traversal.save(tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    assert traversal._repr_png_().startswith(b"\x89PNG")
    assert "c1, c2, c3" in repr(traversal)


def test_generate_is_the_document_of_generate(cli: Cli, pool: list[str], tmp_path: Path) -> None:
    command = ["generate", pool[0], "--num", 5, "--fix", "c1=0.5", "--out", tmp_path / "a.npz"]
    document = json.loads(cli(*command, "--format", "json").stdout)
    samples = dcr.generate(dcr.load(pool[0]), 5, fix={"c1": 0.5})
    assert document.pop("paths") == [str(tmp_path / "a.npz")]
    assert told(samples.to_json()) == document
    assert samples.save(tmp_path / "b.npz") == [tmp_path / "b.npz"]
    with np.load(tmp_path / "a.npz") as first, np.load(tmp_path / "b.npz") as second:
        assert all(np.array_equal(first[name], second[name]) for name in first.files)
    assert len(samples.save(tmp_path / "folder")) == 5
    assert samples._repr_png_().startswith(b"\x89PNG")
    assert "5 images" in repr(samples)


def test_encode_takes_data_sets_arrays_and_tensors(
    cli: Cli, pool: list[str], labelled: str, tmp_path: Path
) -> None:
    assert cli("generate", pool[0], "--encode", labelled, "--out", tmp_path / "a.npz").exit_code == 0
    codes = dcr.encode(pool[0], labelled)
    codes.save(tmp_path / "b.npz")
    with np.load(tmp_path / "a.npz") as first, np.load(tmp_path / "b.npz") as second:
        assert sorted(first.files) == sorted(second.files)
        assert all(np.array_equal(first[name], second[name]) for name in first.files)
    dataset = dcr.open_dataset(labelled)
    assert repr(dataset) == "Dataset(labelled: 48 images of 1x8x8; factor1 4, factor2 4)"
    assert dataset.to_json()["images"] == 48
    images = dataset.images(np.arange(len(dataset))).astype(np.float32) / 255
    for given in (images, torch.from_numpy(images)):
        assert np.allclose(np.asarray(dcr.encode(dcr.load(pool[0]), given)), codes.codes, atol=1e-6)
    assert "48 images, 3 codes" in repr(codes)
    with pytest.raises(UsageError, match=re.escape("(n, 1x8x8)")):
        dcr.encode(pool[0], images[:, :, 1:])


def test_models_take_arrays_too(write_model: WriteModel) -> None:
    model = dcr.load(write_model(blocks=VAE_LATENTS, posterior=True))
    latents = model.sample_latents(3, torch.Generator().manual_seed(0))
    images = model.generate(latents.numpy())
    assert torch.equal(images, model.generate(latents))
    assert torch.equal(model.encode(images.numpy()), model.encode(images))


def test_train_a_sweep_of_seeds(tmp_path: Path) -> None:
    images = (np.random.default_rng(0).random((16, 8, 8)) > 0.8).astype(np.uint8)
    np.savez(tmp_path / "noise.npz", imgs=images)
    trained = dcr.train(
        "beta-vae", str(tmp_path / "noise.npz"), preset="demo", iterations=2, seeds=range(2),
        sweep={"beta": [1, 2.5]}, settings={"batch_size": 4, "architecture": "mlp"},
        out=tmp_path / "out", jobs=1,
    )  # fmt: skip
    stems = [f"beta-vae_noise_seed-{seed}_beta-{beta}" for beta in ("1", "2.5") for seed in (0, 1)]
    assert [path.stem for path in trained.paths] == stems
    assert trained.to_json()["seeds"] == [0, 1, 0, 1]
    assert stems[0] in repr(trained)
    with pytest.raises(UsageError, match="4 models"):
        dcr.load(trained)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dcr.train(seeds="x"), r"^seeds 'x': write it like"),
        (lambda: dcr.train(time_limit="soon"), r"^time_limit 'soon'"),
        (lambda: dcr.rank(["a.pt", "b.pt"], "best"), "unknown selection method 'best'"),
        (lambda: dcr.score("a.npz", encode="mode"), "encode must be mean or sample"),
    ],
)
def test_errors_speak_of_arguments(call: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        call()
    assert "--" not in str(caught.value)


def test_names_of_files_are_no_options(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape("my--model.pt")):
        dcr.load(tmp_path / "my--model.pt")

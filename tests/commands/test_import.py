import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import Result

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.importing import SOURCES
from tests.conftest import WriteModel
from tests.sources.conftest import disvae_folder, pythae_folder

__all__ = ["disvae_folder", "pythae_folder"]  # fixtures

Cli = Callable[..., Result]
Folder = Callable[..., tuple[Path, Any]]


def test_every_source_is_a_command(cli: Cli) -> None:
    shown = cli("import", "--help").stdout
    for name in SOURCES.names():
        assert name in shown
        help_text = cli("import", name, "--help").stdout
        for option in ("--out", "--trained-on", "--overwrite", "--device", "--format", "--quiet"):
            assert option in help_text


def test_a_file_or_a_folder(cli: Cli, disvae_folder: Folder, tmp_path: Path) -> None:
    folders = [disvae_folder(name)[0] for name in ("a", "b")]
    result = cli("import", "disvae", folders[0], "--out", tmp_path / "x.pt")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'x.pt'}\n")
    pool = tmp_path / "pool"
    result = cli("import", "disvae", *folders, "--out", pool, "--format", "json")
    document = json.loads(result.stdout)
    assert document["schema"] == "dcr.import/1"
    assert document["paths"] == [str(pool / "a.pt"), str(pool / "b.pt")]
    assert [m["model"] for m in document["models"]] == ["beta-tcvae"] * 2
    assert document["models"][0]["origin"] == str(folders[0])
    assert (document["source"], document["skipped"]) == ("disvae", [])
    result = cli("import", "disvae", *folders, "--out", tmp_path / "y.pt")
    assert result.exit_code == 2
    assert "several models want a folder" in result.stderr
    assert not (tmp_path / "y.pt").exists()


def test_same_command_same_bytes_and_nothing_is_lost(cli: Cli, disvae_folder: Folder, tmp_path: Path) -> None:
    first, second = disvae_folder("a", codes=3)[0], disvae_folder("b", codes=4)[0]
    out = tmp_path / "x.pt"
    for _ in range(2):
        assert cli("import", "disvae", first, "--out", out).exit_code == 0
    bytes_before = out.read_bytes()
    assert cli("import", "disvae", first, "--out", tmp_path / "again.pt").exit_code == 0
    assert (tmp_path / "again.pt").read_bytes() == bytes_before
    result = cli("import", "disvae", second, "--out", out)
    assert result.exit_code == 2
    assert "--overwrite" in result.stderr
    assert out.read_bytes() == bytes_before
    assert cli("import", "disvae", second, "--out", out, "--overwrite").exit_code == 0
    assert load_checkpoint(out).latents.num_codes == 4
    (tmp_path / "note.pt").write_text("mine")
    assert cli("import", "disvae", first, "--out", tmp_path / "note.pt").exit_code == 2
    assert (tmp_path / "note.pt").read_text() == "mine"


def test_many_runs_of_pythae(cli: Cli, pythae_folder: Folder, tmp_path: Path) -> None:
    runs = [pythae_folder(f"runs/run-{i}", beta=float(i))[0] for i in range(2)]
    bad = pythae_folder("runs/custom", uses_default_encoder=False)[0]
    (bad / "final_model" / "encoder.pkl").write_bytes(b"cbuiltins\nprint\n.")
    plain = pythae_folder("runs/plain", kind="AEConfig")[0]
    text = tmp_path / "runs" / "notes.txt"
    text.write_text("x")
    everything = [bad, text, *runs, plain]
    pool = tmp_path / "pool"
    stopped = cli("import", "pythae", *everything, "--out", pool)
    assert stopped.exit_code == 2
    assert not pool.exists()
    result = cli("import", "pythae", *everything, "--out", pool, "--skip-bad", "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["paths"] == [str(pool / f"run-{i}.pt") for i in range(2)]
    reasons = {Path(entry["origin"]).name: entry["reason"] for entry in document["skipped"]}
    assert reasons.keys() == {"custom", "notes.txt", "plain"}
    assert "dcr import onnx" in reasons["custom"]
    assert "--trained-on" in reasons["plain"]
    assert result.stderr.count("warning: skipped") == 3
    nothing = cli("import", "pythae", bad, text, "--out", pool, "--skip-bad")
    assert nothing.exit_code == 2
    assert nothing.stderr.splitlines()[-1] == "error: none of the 2 folders could be imported"


def test_same_names_get_numbers(cli: Cli, pythae_folder: Folder, tmp_path: Path) -> None:
    runs = [pythae_folder(f"{letter}/run")[0] / "final_model" for letter in "ab"]
    result = cli("import", "pythae", *runs, "--out", tmp_path / "pool")
    assert [Path(line).name for line in result.stdout.splitlines()] == ["run.pt", "run-2.pt"]


def test_an_autoencoder_says_where_its_prior_is_from(cli: Cli, pythae_folder: Folder, tmp_path: Path) -> None:
    folder = pythae_folder(kind="AEConfig")[0]
    images = np.random.default_rng(0).integers(0, 256, (50, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "toy.npz", imgs=images)
    out = tmp_path / "x.pt"
    result = cli("import", "pythae", folder, "--trained-on", tmp_path / "toy.npz", "--out", out)
    assert result.exit_code == 0
    assert "a Gaussian was fitted to its codes" in result.stderr
    provenance = load_checkpoint(out).provenance
    assert (provenance["dataset"], provenance["source"]) == ("toy", "imported")
    assert provenance["dataset_fingerprint"]


def test_unknown_data_set_is_noted(cli: Cli, pythae_folder: Folder, tmp_path: Path) -> None:
    folder = pythae_folder()[0]
    result = cli("import", "pythae", folder, "--out", tmp_path / "x.pt")
    assert result.exit_code == 0
    assert "--trained-on records it" in result.stderr
    result = cli("import", "pythae", folder, "--out", tmp_path / "x.pt", "--trained-on", "faces")
    assert "only its name is recorded" in result.stderr
    assert load_checkpoint(tmp_path / "x.pt").provenance["dataset"] == "faces"
    quiet = cli("import", "pythae", folder, "--out", tmp_path / "x.pt", "--quiet")
    assert quiet.stderr == ""


def test_imported_models_in_every_command(
    cli: Cli, pythae_folder: Folder, write_model: WriteModel, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    factors = np.stack(np.meshgrid(range(4), range(5), range(6), indexing="ij"), -1).reshape(-1, 3)
    images = rng.integers(0, 256, (120, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "toy.npz", imgs=images, factors=factors)
    out = tmp_path / "x.pt"
    assert cli("import", "pythae", pythae_folder()[0], "--out", out).exit_code == 0
    (found,) = json.loads(cli("info", out, "--format", "json").stdout)["models"]
    assert (found["model"], found["codes"]) == ("vae", 4)
    assert cli("generate", out, "--num", 3, "--out", tmp_path / "g.npz").exit_code == 0
    assert cli("traverse", out, "--out", tmp_path / "t.png").exit_code == 0
    scored = cli("score", out, "--dataset", tmp_path / "toy.npz", "--metrics", "mig", "--format", "json")
    assert scored.exit_code == 0, scored.stderr
    assert json.loads(scored.stdout)["results"][0]["metrics"]["mig"]["score"] is not None
    small = ["--groups-per-code", 10, "--group-size", 10, "--scale-images", 200, "--no-cache"]
    others = [
        write_model(f"gan-{seed}.pt", seed=seed, provenance={"source": "imported"}) for seed in range(2)
    ]
    ranked = cli("centrality", out, *others, *small, "--format", "json")
    assert ranked.exit_code == 0, ranked.stderr
    assert str(out) in json.loads(ranked.stdout)["models"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["disvae"], "DIR"),
        (["disvae", "none"], "none: not a folder"),
        (["onnx", "--encoder", "e.onnx"], "--decoder"),
        (["state-dict", "w.pt", "--arch", "mlp"], "--map"),
        (["state-dict", "w.pt", "--arch", "none", "--map", "m.yaml"], "unknown architecture"),
        (["elsewhere"], "elsewhere"),
    ],
)
def test_bad_usage(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": torch.zeros(1)}, "w.pt")
    result = cli("import", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from tests.conftest import VAE_LATENTS, WriteModel

Cli = Callable[..., Result]


def read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return dict(archive)


def test_archive(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    out = tmp_path / "new" / "samples.npz"
    result = cli("generate", write_model(), "--num", 10, "--fix", "c1=0.5", "--seed", 3, "--out", out)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{out}\n"
    arrays = read(out)
    assert arrays.keys() == {"images", "latents", "latent_names"}
    assert arrays["images"].shape == (10, 8, 8, 1)
    assert arrays["images"].dtype == np.uint8
    assert arrays["latents"].shape == (10, 5)
    assert (arrays["latents"][:, 0] == 0.5).all()
    assert arrays["latent_names"].tolist() == ["c1", "c2", "c3", "z1", "z2"]


def test_same_seed_same_bytes(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    model = write_model()
    for suffix in (".npz", ".png"):
        outs = [tmp_path / f"{name}{suffix}" for name in "abc"]
        for out, seed in zip(outs, (1, 1, 2), strict=True):
            assert cli("generate", model, "--seed", seed, "--out", out).exit_code == 0
        assert outs[0].read_bytes() == outs[1].read_bytes() != outs[2].read_bytes()


def test_folder_of_pictures_equals_the_archive(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    model = write_model(channels=3)
    folder, archive = tmp_path / "folder", tmp_path / "a.npz"
    result = cli("generate", model, "--num", 12, "--out", folder)
    cli("generate", model, "--num", 12, "--out", archive)
    paths = [Path(line) for line in result.stdout.splitlines()]
    assert paths == sorted(folder.iterdir())
    pictures = np.stack([np.asarray(Image.open(path)) for path in paths])
    assert np.array_equal(pictures, read(archive)["images"])
    assert cli("generate", model, "--num", 3, "--out", folder).exit_code == 2
    fewer = cli("generate", model, "--num", 3, "--out", folder, "--overwrite")
    assert "9 other pictures" in fewer.stderr


def test_several_checkpoints_get_folders_of_their_own(
    cli: Cli, write_model: WriteModel, tmp_path: Path
) -> None:
    for folder in "xyz":
        (tmp_path / folder).mkdir()
    models = [write_model("x/a.pt"), write_model("y/a.pt", seed=1), write_model("z/a-2.pt", seed=2)]
    out = tmp_path / "out"
    result = cli("generate", *models, "--num", 2, "--out", out, "--format", "json")
    document = json.loads(result.stdout)
    assert document["schema"] == "dcr.generate/1"
    assert document["seed"] == 0
    assert [str(Path(p).relative_to(out)) for p in document["paths"]] == [
        f"{name}/0000{i}.png" for name in ("a", "a-2", "a-2-2") for i in range(2)
    ]


def test_codes_of_a_data_set(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    factors = np.stack([np.arange(20) % 2, np.arange(20) % 5], axis=1)
    np.savez(tmp_path / "data.npz", imgs=images, factors=factors)
    models = [write_model("a.pt"), write_model("b.pt", blocks=VAE_LATENTS, posterior=True)]
    out = tmp_path / "codes.npz"
    result = cli("generate", models[0], "--encode", tmp_path / "data.npz", "--out", out)
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    arrays = read(out)
    assert arrays.keys() == {"codes", "indices", "factors", "factor_values", "is_continuous", "factor_names"}
    assert arrays["codes"].shape == (20, 3)
    assert np.array_equal(arrays["factors"], factors)

    result = cli("generate", *models, "--encode", tmp_path / "data.npz", "--num", 7, "--out", tmp_path / "o")
    assert result.stdout.splitlines() == [str(tmp_path / "o" / f"{name}.npz") for name in "ab"]
    part = read(tmp_path / "o" / "b.npz")
    assert part["codes"].shape == (7, 4)
    assert np.array_equal(part["factors"], factors[part["indices"]])


def test_codes_of_a_folder_name_its_files(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    for name in ("10.png", "2.png", "sub/1.png"):
        Image.new("L", (8, 8), 255).save(tmp_path / "photos" / name)
    out = tmp_path / "codes.npz"
    result = cli("generate", write_model("a.pt"), "--encode", tmp_path / "photos", "--num", 2, "--out", out)
    assert result.exit_code == 0, result.stderr
    arrays = read(out)
    assert arrays["files"].tolist() == [["10.png", "2.png", "sub/1.png"][row] for row in arrays["indices"]]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--out", "x.jpg"], "x.jpg"),
        (["--out", "x.npz", "--fix", "q=1"], "c1, c2, c3, z1, z2"),
        (["--out", "x.npz", "--num", "0"], "--num"),
        (["--out", "x.png", "--encode", "dsprites"], ".npz"),
        (["--out", "x.npz", "--encode", "nowhere"], "nowhere"),
        (["--out", "x.npz", "--encode", "dsprites", "--fix", "c1=0"], "--fix"),
        (["--out", "x.npz", "--seed", "-1"], "--seed"),
        (["MODEL", "--out", "x.npz"], "folder"),
    ],
)
def test_refusals_write_nothing(
    cli: Cli,
    write_model: WriteModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    model = write_model()
    result = cli("generate", model, *[str(model) if a == "MODEL" else a for a in arguments])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert reason in result.stderr
    assert list(tmp_path.iterdir()) == [model]


def test_a_value_outside_the_prior_is_warned_about(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    model, out = write_model(), tmp_path / "x.png"
    result = cli("generate", model, "--fix", "c1=3", "--out", out)
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: --fix c1=3: outside")
    for arguments in (["--quiet", "generate", model], ["generate", model, "--quiet"]):
        assert cli(*arguments, "--fix", "c1=3", "--out", out, "--overwrite").stderr == ""

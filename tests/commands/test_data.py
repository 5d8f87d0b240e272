import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from disentangle_cli.data.dsprites import FINGERPRINT
from disentangle_cli.datasets.dsprites import DSprites

Cli = Callable[..., Result]


def test_list(cli: Cli, empty_cache: Path) -> None:
    result = cli("data", "list")
    assert result.exit_code == 0
    line = next(line for line in result.stdout.splitlines() if line.startswith("dsprites"))
    for text in ("737280", "1x64x64", "shape 3, scale 6, orientation 40, posX 32, posY 32", "no"):
        assert text in line
    assert not empty_cache.exists()  # nothing was rendered


def test_list_formats(cli: Cli, with_dsprites: Path) -> None:
    document = json.loads(cli("data", "list", "--format", "json").stdout)
    assert document["schema"] == "dcr.data-list/1"
    assert all(len(entry["about"]) > 20 for entry in document["datasets"])
    entry = next(entry for entry in document["datasets"] if entry["name"] == "dsprites")
    assert (entry["images"], entry["shape"], entry["cached"]) == (737_280, [1, 64, 64], True)
    assert entry["factors"][2] == {"name": "orientation", "size": 40, "continuous": True}
    table = list(csv.DictReader(io.StringIO(cli("data", "list", "--format", "csv").stdout)))
    assert [row["images"] for row in table if row["name"] == "dsprites"] == ["737280"]


def test_render_at_random(cli: Cli, with_dsprites: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "x.npz"
    result = cli("data", "render", "dsprites", "--out", out, "--num", 40, "--seed", 3)
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    with np.load(out) as file:
        images, factors, indices = file["imgs"], file["factors"], file["indices"]
        assert file["factor_names"].tolist() == ["shape", "scale", "orientation", "posX", "posY"]
        assert file["factor_sizes"].tolist() == [3, 6, 40, 32, 32]
        assert file["is_continuous"].tolist() == [False, True, True, True, True]
        values = file["factor_values"]
    source = DSprites()
    assert (images.shape, images.dtype, images.max()) == ((40, 64, 64), np.uint8, 1)
    assert len(set(indices.tolist())) == 40
    assert np.array_equal(images * 255, source.images(indices)[:, 0])
    assert np.array_equal(factors, source.classes(indices))
    assert np.array_equal(values, source.values(indices))
    again, other = tmp_path / "again.npz", tmp_path / "other.npz"
    cli("data", "render", "dsprites", "--out", again, "--num", 40, "--seed", 3)
    cli("data", "render", "dsprites", "--out", other, "--num", 40, "--seed", 4)
    assert again.read_bytes() == out.read_bytes() != other.read_bytes()


def test_render_indices_in_their_order(cli: Cli, with_dsprites: Path, tmp_path: Path) -> None:
    wanted = np.array([5, 737_279, 5, 0], np.int32)
    np.save(tmp_path / "idx.npy", wanted)
    out = tmp_path / "x.npz"
    result = cli(
        "data", "render", "dsprites", "--out", out, "--indices", tmp_path / "idx.npy", "--format", "json"
    )
    document = json.loads(result.stdout)
    assert (document["schema"], document["paths"], document["images"]) == ("dcr.data-render/1", [str(out)], 4)
    with np.load(out) as file:
        assert file["indices"].tolist() == wanted.tolist()
        assert np.array_equal(file["imgs"][0], file["imgs"][2])
        assert file["factors"][1].tolist() == [2, 5, 39, 31, 31]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["dsprites", "--out", "x.png"], "must end in .npz"),
        (["dsprites", "--out", "x.npz", "--num", "2", "--indices", "i.npy"], "not both"),
        (["dsprites", "--out", "x.npz", "--num", "737281"], "has 737280 images"),
        (["dsprites", "--out", "x.npz", "--indices", "absent.npy"], "absent.npy: No such file"),
        (["nothing", "--out", "x.npz"], "no data set 'nothing'"),
        (["dsprites"], "--out"),
    ],
)
def test_render_refuses(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("data", "render", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("indices", [[-1], [737_280], [0.5], [[0], [1]], np.array([], int), [None]])
def test_render_refuses_indices(cli: Cli, tmp_path: Path, indices: object) -> None:
    np.save(tmp_path / "idx.npy", np.asarray(indices))
    result = cli("data", "render", "dsprites", "--out", tmp_path / "x.npz", "--indices", tmp_path / "idx.npy")
    assert result.exit_code == 2
    assert "idx.npy" in result.stderr
    assert not (tmp_path / "x.npz").exists()


def test_check_counts_differences(cli: Cli, with_dsprites: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.npz"
    cli("data", "render", "dsprites", "--out", out, "--num", 30)
    found = json.loads(cli("data", "check", out, "--format", "json").stdout)
    assert found["dsprites"] == {"images": 30, "differing_images": 0, "differing_pixels": 0}
    assert (found["kind"], found["name"], found["images"]) == ("npz file", "x", 30)
    assert (found["value_range"], found["black_and_white"]) == ([0, 255], True)
    with np.load(out) as file:
        arrays = dict(file)
    arrays["imgs"][3, 10:12, 7] ^= 1
    arrays["imgs"][29, 63, 63] ^= 1
    np.savez(out, **arrays)
    found = json.loads(cli("data", "check", out, "--format", "json").stdout)
    assert found["dsprites"] == {"images": 30, "differing_images": 2, "differing_pixels": 3}
    table = cli("data", "check", out).stdout
    assert [line.split()[-1] for line in table.splitlines() if "unlike" in line] == ["2", "3"]


def test_check_of_the_rendered_set(cli: Cli, with_dsprites: Path) -> None:
    found = json.loads(cli("data", "check", "dsprites", "--format", "json").stdout)
    assert found["fingerprint"] == f"sha256:{FINGERPRINT}"
    assert found["dsprites"] == {"images": 737_280, "differing_images": 0, "differing_pixels": 0}


def test_check_of_a_folder(cli: Cli, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), (10, 20, 30)).save(tmp_path / "a.png")
    found = json.loads(cli("data", "check", tmp_path, "--size", 16, "--format", "json").stdout)
    assert (found["kind"], found["shape"], found["value_range"]) == ("image folder", [3, 16, 16], [10, 30])
    assert (found["factors"], found["dsprites"], found["black_and_white"]) == ([], None, False)


@pytest.mark.parametrize("name", ["absent", "bad.npz", "empty"])
def test_check_of_the_unusable(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04")
    (tmp_path / "empty").mkdir()
    result = cli("data", "check", tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert name in result.stderr
    assert result.stderr.count("\n") == 1


def test_check_makes_a_damaged_cache_again(
    cli: Cli, empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disentangle_cli.data.table.IN_MEMORY", 0)
    images = np.random.default_rng(0).integers(0, 256, (100, 64, 64), np.uint8)
    np.savez(tmp_path / "set.npz", imgs=images)
    first = cli("data", "check", tmp_path / "set.npz", "--format", "json")
    assert first.exit_code == 0, first.stderr
    (path,) = (empty_cache / "datasets").glob("*.pixels")
    whole = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(4096 + 300_000)
        file.write(bytes([whole[4096 + 300_000] ^ 1]))
    again = cli("data", "check", tmp_path / "set.npz", "--format", "json")
    assert again.exit_code == 0
    assert again.stdout == first.stdout
    assert f"warning: {path}: the checksum of a block is wrong; making it again" in again.stderr
    assert path.read_bytes() == whole


def test_data_list_imports_no_torch(empty_cache: Path) -> None:
    code = (
        "import sys\nfrom disentangle_cli.commands import app\n"
        "try:\n    app(['data', 'list'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True)

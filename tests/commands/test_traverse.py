import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import Result

from tests.conftest import WriteModel

Cli = Callable[..., Result]


@pytest.mark.parametrize("suffix", [".png", ".gif", ".html", ".PNG", ".webp", ".mp4"])
def test_every_kind_of_file(cli: Cli, write_model: WriteModel, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"t{suffix}"
    result = cli("traverse", write_model(), "--out", out)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{out}\n"
    start = {
        ".html": b"<!doctype html>", ".gif": b"GIF89a", ".webp": b"RIFF", ".mp4": b"\0\0\0\x20ftyp"
    }.get(suffix, b"\x89PNG")  # fmt: skip
    assert out.read_bytes().startswith(start)


def test_json_tells_latents_and_values(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    arguments = ["--latents", "c3, z1", "--steps", 3, "--seed", 4, "--format", "json"]
    result = cli("traverse", write_model(), *arguments, "--out", tmp_path / "t.png")
    document = json.loads(result.stdout)
    assert document["schema"] == "dcr.traverse/1"
    assert document["seed"] == 4
    assert document["paths"] == [str(tmp_path / "t.png")]
    assert document["rows"] == [
        {"latent": "c3", "values": [-1, 0, 1]},
        {"latent": "z1", "values": [-2, 0, 2]},
    ]


def test_size_follows_upscale_and_steps(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    widths = {}
    for steps, upscale in ((5, 8), (9, 8), (5, 16)):
        out = tmp_path / f"{steps}-{upscale}.png"
        cli("traverse", write_model(), "--steps", steps, "--upscale", upscale, "--out", out)
        widths[steps, upscale] = Image.open(out).width
    assert widths[9, 8] - widths[5, 8] == 4 * (64 + 3)
    assert widths[5, 16] > widths[5, 8] + 5 * 60


def test_anchors(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    model = write_model()
    Image.new("L", (30, 20), 200).save(tmp_path / "photo.png")
    made = {}
    for anchor in ("prior", "mean", "sample", str(tmp_path / "photo.png")):
        out = tmp_path / f"{len(made)}.png"
        assert cli("traverse", model, "--anchor", anchor, "--out", out).exit_code == 0
        made[anchor] = out.read_bytes()
    assert len(set(made.values())) == 4


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--out", "t.jpg"], "t.jpg"),
        (["--out", "t"], ".html"),
        (["--out", "t.png", "--latents", "c1,q"], "'q'"),
        (["--out", "t.png", "--latents", ""], "''"),
        (["--out", "t.png", "--steps", "1"], "--steps"),
        (["--out", "t.png", "--anchor", "nowhere"], "nowhere"),
        (["--out", "t.png", "--anchor", "text.txt"], "text.txt"),
        (["--out", "t.png", "--upscale", "0"], "--upscale"),
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
    (tmp_path / "text.txt").write_text("no picture")
    result = cli("traverse", write_model(), *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert reason in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"text.txt", "model.pt"}

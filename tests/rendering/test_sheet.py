"""Contact sheets of data sets."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from disentangle_cli.datasets import open_dataset
from disentangle_cli.rendering.grid import GAP
from disentangle_cli.rendering.sheet import draw_sheet

Cli = Callable[..., Result]


@pytest.mark.parametrize(("count", "columns", "scale"), [(1, 1, 4), (9, 3, 4), (100, 10, 4), (250, 10, 4)])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_those_of_the_set(
    tmp_path: Path, count: int, columns: int, scale: int, channels: int
) -> None:
    images = np.zeros((count, 16, 16, channels), np.uint8) + 100
    images += np.arange(count, dtype=np.uint8)[:, None, None, None] % 150
    np.savez(tmp_path / "x.npz", imgs=images)
    pixels = np.asarray(draw_sheet(open_dataset(str(tmp_path / "x.npz"))))
    step = 16 * scale + GAP
    assert pixels.shape[:2] == (columns * step + GAP, columns * step + GAP)
    seen = pixels.reshape(*pixels.shape[:2], -1)[GAP::step, GAP::step, 0].reshape(-1)
    shown = min(count, 100)
    assert seen[:shown].tolist() == images[np.arange(shown) * count // shown, 0, 0, 0].tolist()


def test_the_command_draws_what_training_sees(cli: Cli, tmp_path: Path) -> None:
    """A wide picture is cropped on the sheet, too."""
    wide = np.full((64, 128), 250, np.uint8)
    wide[:, :32] = wide[:, 96:] = 50
    (tmp_path / "photos").mkdir()
    Image.fromarray(wide).save(tmp_path / "photos" / "a.png")
    sheet = tmp_path / "new" / "sheet.png"
    done = cli("data", "check", tmp_path / "photos", "--sheet", sheet, "--format", "json")
    assert done.exit_code == 0, done.stderr
    with Image.open(sheet) as drawn:
        assert drawn.size == (64 + 2 * GAP, 64 + 2 * GAP)
        assert drawn.getextrema() == (250, 255)


@pytest.mark.parametrize(("name", "reason"), [("x.gif", "must end in .png"), ("x.npz", "must end in .png")])
def test_sheets_that_cannot_be(cli: Cli, tmp_path: Path, name: str, reason: str) -> None:
    np.savez(tmp_path / "x.npz", imgs=np.zeros((2, 8, 8), np.uint8))
    before = (tmp_path / "x.npz").read_bytes()
    done = cli("data", "check", tmp_path / "x.npz", "--sheet", tmp_path / name)
    assert (done.exit_code, reason in done.stderr) == (2, True)
    assert (tmp_path / "x.npz").read_bytes() == before

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from disentangle_cli.rendering.figures import picture, save_figure
from disentangle_cli.rendering.heatmap import draw_heatmap, short_names
from disentangle_cli.rendering.palette import RAMP, UNKNOWN


def drawn(n: int, unknown: bool = False) -> Image.Image:
    rng = np.random.default_rng(n)
    quality = rng.uniform(0.3, 1, n)
    matrix = np.clip(np.outer(quality, quality) + rng.normal(0, 0.02, (n, n)), 0, 1)
    if unknown:
        matrix[0, n - 1] = np.nan
    names = [f"ckpts/infogan-cr_dsprites_seed-{i}.pt" for i in range(n)]
    return picture(draw_heatmap(matrix, names, np.sort(quality)[::-1].tolist(), "a method", "score of all"))


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    return {colour for _, colour in image.getcolors(maxcolors=1 << 24)}


@pytest.mark.parametrize("n", [2, 8, 20, 21, 50])
def test_every_cell_has_room(n: int) -> None:
    image = drawn(n)
    width, height = image.size
    cell = 64 if n <= 8 else 48 if n <= 20 else 20
    assert n * cell < width < n * cell + 600
    assert n * cell < height < n * cell + 600


def test_colours_follow_the_scores() -> None:
    matrix = np.array([[1.0, 0.9], [0.9, 0.0]])
    image = picture(draw_heatmap(matrix, ["a.pt", "b.pt"], [0.9, None], "m", ""))
    assert {RAMP[0], RAMP[-1]} <= colours(image)
    assert UNKNOWN not in colours(image)
    assert UNKNOWN in colours(drawn(3, unknown=True))


def test_hundreds_of_models_fit() -> None:
    assert max(drawn(300).size) < 1600


@pytest.mark.parametrize("name", ["$a$.pt", "_hidden.pt", "猫.pt", "a\nb.pt", "%s{}.pt", "x" * 300 + ".pt"])
def test_any_name_can_stand_there(name: str, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    figure = draw_heatmap(np.eye(2), [name, "b.pt"], [1.0, 0.5], "m", "")
    assert picture(figure).width < 1200
    assert save_figure(figure, tmp_path / "m.svg").stat().st_size > 1000
    assert not recwarn


def test_short_names() -> None:
    assert short_names(["ckpts/a.pt", "ckpts/b.pt"]) == ["a", "b"]
    assert short_names(["x/a.pt", "y/a.pt"]) == ["x/a", "y/a"]
    assert short_names(["a.pt", "b.onnx"]) == ["a.pt", "b.onnx"]
    assert short_names(["model 1", "model 2"]) == ["model 1", "model 2"]
    long, other = short_names(["d/" + "x" * 40 + "_seed-7.pt", "d/b.pt"])
    assert len(long) == 34
    assert long.endswith("_seed-7")
    assert other == "b"

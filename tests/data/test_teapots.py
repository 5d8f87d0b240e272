import hashlib
import math

import numpy as np
import pytest

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.data.sampled import Scene
from disentangle_cli.data.teapots import BLUE, COLOURS, LIGHTS, ROTATIONS

SCENES = {"colours": COLOURS, "rotations": ROTATIONS, "lights": LIGHTS}
DIGESTS = {
    "colours": "c5dd889a789d9d02af7d01572dac177f3b9db955b2192bef293c70948f36ad5b",
    "rotations": "19a5e397414b5cf230f791481bcfc30eb268c0503a5d34c2589cf6d6fb6f6db4",
    "lights": "68027b5975e4802c39fc8040436fefaac5a2ed3f7b64876ea178567043c19a80",
}


def latents(scene: Scene, count: int) -> Doubles:
    return scene.draw(np.random.RandomState(1), count)


def pot(**values: float) -> np.ndarray:
    """A picture of the variant of all colours, ``(64, 64)``: its red channel, 255 where nothing is."""
    row = {"azimuth": 0.0, "elevation": 0.0, "red": 0.3, "green": 0.5, "blue": 0.9} | values
    return COLOURS.render(np.array([[row[name] for name in COLOURS.factors]]))[0, 0]


@pytest.mark.parametrize("name", SCENES)
def test_pixels_do_not_change(name: str) -> None:
    images = SCENES[name].render(latents(SCENES[name], 60))
    assert hashlib.sha256(images.tobytes()).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", SCENES)
def test_pictures_do_not_depend_on_their_neighbours(name: str) -> None:
    points = latents(SCENES[name], 11)
    whole = SCENES[name].render(points)
    parts = [SCENES[name].render(part) for part in (points[:4], points[4:])]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("name", SCENES)
def test_no_pot_touches_the_border(name: str) -> None:
    images = SCENES[name].render(latents(SCENES[name], 400))
    border = np.ones((64, 64), bool)
    border[1:-1, 1:-1] = False
    assert (images[..., border] == 255).all()
    covered = (images.min(axis=1) < 255).mean(axis=(1, 2))
    assert 0.12 < covered.min() < covered.max() < 0.4


@pytest.mark.parametrize("name", SCENES)
def test_latents_are_uniform_in_their_ranges(name: str) -> None:
    scene = SCENES[name]
    points = latents(scene, 20_000)
    for (factor, (low, high)), column in zip(scene.factors.items(), points.T, strict=True):
        assert low <= column.min() < column.max() <= high
        polar = factor in ("beta", "light_elevation")
        place = (1 - np.cos(column)) / 2 if polar else (column - low) / (high - low)
        assert np.allclose(np.histogram(place, 10, (0, 1))[0], 2000, atol=250), factor
    assert np.abs(np.corrcoef(points.T) - np.eye(len(scene.factors))).max() < 0.03


def test_the_order_of_the_draws() -> None:
    rng, points = np.random.RandomState(1), latents(COLOURS, 5)
    assert np.array_equal(points[:, 0], rng.uniform(0, 2 * math.pi, 5))
    assert np.array_equal(points[:, 1], rng.uniform(0, math.pi / 2, 5))
    assert np.array_equal(points[:, 2:], rng.uniform(0, 1, (5, 3)))
    assert np.array_equal(latents(ROTATIONS, 7), latents(LIGHTS, 7)[:, :3])


def test_the_spout_goes_round() -> None:
    """At azimuth 0 it is on the right; seen from above the pot turns clockwise."""
    side, turned = pot() < 255, pot(azimuth=math.pi) < 255
    assert np.argwhere(side)[:, 1].max() > 57
    assert (side != turned[:, ::-1]).sum() < 40  # samples lie otherwise in a mirror
    right = np.nonzero(side[:, 52:])[0]
    left = np.nonzero(side[:, :12])[0]
    assert right.min() + 5 < left.min() + 9  # the spout's tip is as high as the handle's top or higher
    assert (left.max() - left.min()) > 10  # the handle is an arc
    above = pot(azimuth=math.pi / 2, elevation=math.pi / 2 - 1e-6) < 255
    assert np.argwhere(above)[:, 0].max() > 57  # towards the camera, so down
    assert np.argwhere(above)[:, 0].min() < 10  # and the handle behind


def test_the_lid_is_on_top_and_closed() -> None:
    upright = pot() < 255
    knob = np.nonzero(upright[np.nonzero(upright.any(axis=1))[0][0]])[0]
    assert 29 <= knob.mean() <= 31
    for azimuth in np.linspace(0, 6, 7):
        body = pot(azimuth=azimuth, elevation=0.9, red=0.2)[22:40, 24:36]
        assert body.max() < 255  # nowhere does the background, or an inside, shine through
        assert len(np.unique(body)) < 60


def test_shading() -> None:
    """``rgb (0.9 max(n l, 0) + 0.5)``, up to white: from above the lid has 1.4 times the colour."""
    image = COLOURS.render(np.array([[0.0, math.pi / 2 - 1e-6, *BLUE]]))[0]
    knob = image[:, 31, 28]
    assert np.abs(knob - np.minimum(np.array(BLUE) * 1.4, 1) * 255).max() < 12
    below = ROTATIONS.render(np.array([[0.0, math.pi / 2, 0.0], [0.0, -math.pi / 2, 0.0]]))
    dark = [image.reshape(3, -1).min(axis=1) for image in below]
    assert any(np.abs(d - np.array(BLUE) * 0.5 * 255).max() < 2 for d in dark)  # the lit side is away


def test_light_alone_does_not_move_the_pot() -> None:
    rows = np.tile([1.0, 0.7, 2.0, 0.0, 0.0], (6, 1))
    rows[:, 3], rows[:, 4] = np.linspace(0, 6, 6), np.linspace(0.1, 3, 6)
    images = LIGHTS.render(rows)
    assert len(np.unique(images.reshape(6, -1), axis=0)) == 6
    outlines = (images.min(axis=1) < 250).sum(axis=(1, 2))
    assert np.ptp(outlines) <= 8
    assert np.array_equal(LIGHTS.render(np.array([[1.0, 0.7, 2.0, 0, 0]])), ROTATIONS.render(rows[:1, :3]))


def test_equal_rotations_are_equal_pictures() -> None:
    """A turn about the pot's own axis first or last is the same where nothing is tilted."""
    one, other = ROTATIONS.render(np.array([[0.4, 0.0, 0.5], [0.9, 0.0, 0.0]])).astype(int)
    assert np.abs(one - other).max() <= 2
    flat = COLOURS.render(np.array([[0.9, 0.0, *BLUE]]))[0].astype(int)
    assert np.abs(flat - other).max() <= 2

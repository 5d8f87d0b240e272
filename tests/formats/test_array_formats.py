"""Published files of arrays: small ones in the same layout."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from disentangle_cli import output
from disentangle_cli.data import teapots
from disentangle_cli.data.dsprites import FACTORS
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.errors import UsageError

RNG = np.random.default_rng(0)


def write(path: Path, arrays: dict[str, Any]) -> Dataset:
    """Save arrays as the suffix says; ``/`` in a name makes a group, or ``_``."""
    if path.suffix == ".npz":
        np.savez_compressed(path, **{name.replace("/", "_"): array for name, array in arrays.items()})
    else:
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file.create_dataset(name, data=array, compression="gzip")
    return open_dataset(str(path))


def everything(dataset: Dataset) -> np.ndarray:
    return dataset.images(np.arange(len(dataset)))


SPRITE_SIZES = [1, *(factor.size for factor in FACTORS)]


@pytest.mark.parametrize("suffix", ["npz", "hdf5"])
@pytest.mark.parametrize("colour", [False, True])
def test_dsprites(tmp_path: Path, suffix: str, colour: bool) -> None:
    classes = np.stack([RNG.integers(0, size, 40) for size in SPRITE_SIZES], axis=1)
    values = np.stack(
        [np.ones(40), *(np.array(f.values)[classes[:, k + 1]] for k, f in enumerate(FACTORS))], axis=1
    )
    bits = RNG.integers(0, 2, (40, 64, 64), np.uint8)
    images = bits[..., None] * RNG.random((40, 1, 1, 3)) if colour else bits
    dataset = write(
        tmp_path / f"dsprites.{suffix}",
        {"imgs": images, "latents/classes": classes, "latents/values": values},
    )
    assert dataset.kind == f"dSprites{' in colour' * colour} ({'npz' if suffix == 'npz' else 'HDF5'} file)"
    assert [factor.name for factor in dataset.factors] == [factor.name for factor in FACTORS]
    assert np.array_equal(dataset.values(np.arange(40)), values[:, 1:])
    expected = np.round(images * 255).transpose(0, 3, 1, 2) if colour else images[:, None] * 255
    assert np.array_equal(everything(dataset), expected)


SHAPES3D = {
    "floor_hue": np.arange(10) / 10,
    "wall_hue": np.arange(10) / 10,
    "object_hue": np.arange(10) / 10,
    "scale": np.linspace(0.75, 1.25, 8),
    "shape": np.arange(4.0),
    "orientation": np.linspace(-30, 30, 15),
}


@pytest.mark.parametrize("suffix", ["npz", "h5"])
def test_shapes3d(tmp_path: Path, suffix: str) -> None:
    kept = [2, 1, 3, 8, 4, 15]  # so many classes of each factor
    own = [values[:count] for values, count in zip(SHAPES3D.values(), kept, strict=True)]
    labels = np.stack([axis.ravel() for axis in np.meshgrid(*own, indexing="ij")], axis=1)
    images = RNG.integers(0, 256, (len(labels), 8, 8, 3), np.uint8)
    dataset = write(tmp_path / f"3dshapes.{suffix}", {"images": images, "labels": labels})
    assert dataset.kind == f"3D Shapes ({'npz' if suffix == 'npz' else 'HDF5'} file)"
    assert [(factor.name, factor.size) for factor in dataset.factors] == list(
        zip(SHAPES3D, kept, strict=True)
    )
    assert [factor.continuous for factor in dataset.factors] == [True] * 4 + [False, True]
    assert dataset.factors[3].values == tuple(SHAPES3D["scale"])
    rows = np.arange(len(labels))
    assert np.array_equal(dataset.classes(rows), np.stack(np.unravel_index(rows, kept), axis=1))
    assert np.array_equal(dataset.values(rows), labels)
    assert np.array_equal(everything(dataset), images.transpose(0, 3, 1, 2))


def test_shapes3d_as_a_grid(tmp_path: Path) -> None:
    """As disentanglement_lib reads it from an npz file."""
    kept = [2, 1, 1, 2, 2, 3]
    own = [values[:count] for values, count in zip(SHAPES3D.values(), kept, strict=True)]
    labels = np.stack(np.meshgrid(*own, indexing="ij"), axis=-1)
    images = RNG.integers(0, 256, (*kept, 8, 8, 3), np.uint8)
    with pytest.raises(UsageError, match="mend it with: ") as error:
        write(tmp_path / "shapes3d.npz", {"images": images, "labels": labels})
    exec(str(error.value).partition("mend it with: ")[2], {})
    dataset = open_dataset(str(tmp_path / "shapes3d-mended.npz"))
    assert [factor.size for factor in dataset.factors] == kept
    assert dataset.kind == "3D Shapes (npz file)"
    assert np.array_equal(everything(dataset), images.reshape(-1, 8, 8, 3).transpose(0, 3, 1, 2))


@pytest.mark.parametrize(
    "labels", [RNG.random((20, 6)) + 2, RNG.random((20, 6)), np.full((20, 6), "a"), np.full((20, 6), np.nan)]
)
def test_other_labels_are_not_those_of_shapes3d(tmp_path: Path, labels: np.ndarray) -> None:
    dataset = write(
        tmp_path / "mine.npz",
        {"images": np.eye(4)[None, ..., None].repeat(20, 0).repeat(3, 3), "labels": labels},
    )
    assert dataset.kind == "npz file"
    assert dataset.factors == ()
    assert dataset.ignored == ("labels",)


MPI3D = [
    "object_color", "object_shape", "object_size", "camera_height", "background_color", "horizontal_axis",
    "vertical_axis",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sizes", "kind"),
    [
        ("mpi3d_toy", (6, 6, 2, 3, 3, 40, 40), "MPI3D toy"),
        ("mpi3d_realistic", (6, 6, 2, 3, 3, 40, 40), "MPI3D realistic"),
        ("mpi3d_real", (6, 6, 2, 3, 3, 40, 40), "MPI3D real"),
        ("real3d_complicated_shapes_ordered", (4, 4, 2, 3, 3, 40, 40), "MPI3D complex"),
        ("mpi3d_real_complex", (4, 4, 2, 3, 3, 40, 40), "MPI3D complex"),
        ("renamed", (4, 4, 2, 3, 3, 40, 40), "MPI3D"),
        ("mpi3d_toy_v1", (4, 4, 2, 3, 3, 40, 40), "MPI3D toy"),
    ],
)
def test_mpi3d(tmp_path: Path, name: str, sizes: tuple[int, ...], kind: str) -> None:
    """As many images as the real file has, of 4x4 pixels."""
    count = int(np.prod(sizes))
    images = np.zeros((count, 4, 4, 3), np.uint8)
    images[:, 0, 0] = np.stack([np.arange(count) >> shift & 255 for shift in (16, 8, 0)], axis=1)
    np.savez(tmp_path / f"{name}.npz", images=images)
    dataset = open_dataset(str(tmp_path / f"{name}.npz"))
    assert dataset.kind == f"{kind} (npz file)"
    assert [(factor.name, factor.size) for factor in dataset.factors] == list(zip(MPI3D, sizes, strict=True))
    rows = RNG.integers(0, count, 100)
    assert np.array_equal(np.ravel_multi_index(tuple(dataset.classes(rows).T), sizes), rows)
    red, green, blue = dataset.images(rows)[:, :, 0, 0].astype(int).T
    assert np.array_equal(red << 16 | green << 8 | blue, rows)


def test_a_part_of_mpi3d_has_no_labels(tmp_path: Path) -> None:
    with output.kept_warnings() as warnings:
        dataset = write(
            tmp_path / "mpi3d_real.npz", {"images": RNG.integers(0, 256, (50, 64, 64, 3), np.uint8)}
        )
    assert dataset.factors == ()
    assert "no file of MPI3D, which has 1,036,800 or 460,800 images; read without labels" in warnings[0]


def teapot_latents(variant: str, count: int) -> np.ndarray:
    scene = {"colours": teapots.COLOURS, "rotations": teapots.ROTATIONS, "lights": teapots.LIGHTS}[variant]
    return scene.draw(np.random.RandomState(0), count)


@pytest.mark.parametrize("names", [("images", "gts"), ("imgs", "latents")])
@pytest.mark.parametrize("variant", ["colours", "rotations", "lights"])
def test_teapots(tmp_path: Path, names: tuple[str, str], variant: str) -> None:
    """The earlier files have whole numbers in 32 bits, the later ones levels from 0 to 1."""
    latents, levels = teapot_latents(variant, 60), RNG.integers(0, 256, (60, 64, 64, 3))
    images = levels.astype(np.int32) if names[0] == "images" else levels / 255
    dataset = write(tmp_path / "teapots.npz", dict(zip(names, (images, latents), strict=True)))
    assert dataset.kind == "3D Teapots (npz file)"
    scene = {"colours": teapots.COLOURS, "rotations": teapots.ROTATIONS, "lights": teapots.LIGHTS}[variant]
    assert [factor.name for factor in dataset.factors] == list(scene.factors)
    assert all(factor.continuous and factor.size <= 20 for factor in dataset.factors)
    rows = np.arange(60)
    assert np.array_equal(dataset.values(rows), latents)
    low, high = latents.min(axis=0), latents.max(axis=0)
    bins = np.minimum((latents - low) / (high - low) * 20, 19).astype(int)
    ranks = np.stack([np.unique(column, return_inverse=True)[1] for column in bins.T], axis=1)
    assert np.array_equal(dataset.classes(rows), ranks)
    assert np.array_equal(everything(dataset), levels.transpose(0, 3, 1, 2))


def test_groups_of_teapots_and_latents_of_others(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (6, 64, 64, 3), np.uint8)
    with pytest.raises(UsageError, match="groups of images"):
        write(tmp_path / "groups.npz", {"imgs": images[None], "labels": np.zeros(1, int)})
    other = write(tmp_path / "other.npz", {"imgs": images, "latents": np.full((6, 5), -3.0)})
    assert other.factors == ()
    assert other.ignored == ("latents",)


def test_a_part_of_mpi3d_that_says_its_sizes(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (6, 64, 64, 3), np.uint8)
    with output.kept_warnings() as warnings:
        dataset = write(tmp_path / "mpi3d_real.npz", {"images": images, "factor_sizes": [2, 3]})
    assert [factor.size for factor in dataset.factors] == [2, 3]
    assert not warnings

"""The files of MPI3D: all combinations of the factors in order, and no labels.

``mpi3d_toy.npz``, ``mpi3d_realistic.npz``, ``mpi3d_real.npz``, ``real3d_complicated_shapes_ordered.npz`` and
the earlier, smaller files. Home: https://github.com/rr-learning/disentanglement_dataset.
"""

import math

from disentangle_cli.data.array_dataset import ArrayDataset
from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given
from disentangle_cli.data.labels import GridLabels
from disentangle_cli.output import warn

FACTORS = (
    ("object_color", False), ("object_shape", False), ("object_size", True), ("camera_height", True),
    ("background_color", False), ("horizontal_axis", True), ("vertical_axis", True),
)  # fmt: skip
"""Names, in the order of the axes, and whether their classes lie on a scale."""
SIZES = {math.prod(sizes): sizes for sizes in ((6, 6, 2, 3, 3, 40, 40), (4, 4, 2, 3, 3, 40, 40))}
"""By the number of images: toy, realistic and real; and complex, as the first versions of the others."""
VARIANTS = {"toy": "toy", "realistic": "realistic", "compl": "complex", "real": "real"}
"""What a file's name tells, the first that is in it."""


@FORMATS.register("mpi3d")
def mpi3d(given: Given) -> Match | None:
    """One array ``images`` of as many colour images as a version has, of 64x64 unless the name says MPI3D."""
    file = given.arrays
    if file is None or set(file.names) - {"factor_sizes"} != {"images"}:
        return None
    shape, name = file.header("images").shape, given.path.stem.lower()
    named = "mpi3d" in name or "real3d" in name
    if not (named or shape[1:] == (64, 64, 3)):
        return None
    if (sizes := SIZES.get(shape[0] if shape else 0)) is None:
        if named:
            known = " or ".join(f"{count:,}" for count in SIZES)
            warn(f"{given.path}: no file of MPI3D, which has {known} images; read without labels")
        return None
    grid = zip(FACTORS, sizes, strict=True)
    factors = tuple(
        Factor(name, size, tuple(float(c) for c in range(size)), continuous)
        for (name, continuous), size in grid
    )
    variant = next((f" {word}" for part, word in VARIANTS.items() if part in name), "")
    return Match(f"MPI3D{variant} ({file.kind})", lambda: ArrayDataset(file, lambda *_: GridLabels(factors)))

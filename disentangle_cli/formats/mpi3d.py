"""The files of MPI3D: all combinations of the factors in order, and no labels.

``mpi3d_toy.npz``, ``mpi3d_realistic.npz``, ``mpi3d_real.npz``, ``real3d_complicated_shapes_ordered.npz`` and
the earlier, smaller files. Home: https://github.com/rr-learning/disentanglement_dataset.
"""

import math

from disentangle_cli.data.array_dataset import ArrayDataset
from disentangle_cli.data.array_file import ArrayFile
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
    """One array ``images``, of exactly as many colour images as a version has."""
    file = given.arrays
    if file is None or set(file.names) - {"factor_sizes"} != {"images"}:
        return None
    shape, name = file.header("images").shape, given.path.stem.lower()
    named = "mpi3d" in name or "real3d" in name
    if (sizes := SIZES.get(shape[0] if len(shape) == 4 and shape[3] == 3 else 0)) is None:
        strange = named and "factor_sizes" not in file
        return Match(file.kind, lambda: _unlabelled(file), general=True) if strange else None
    factors = tuple(
        Factor(name, size, tuple(map(float, range(size))), continuous)
        for (name, continuous), size in zip(FACTORS, sizes, strict=True)
    )
    variant = next((f" {word}" for part, word in VARIANTS.items() if part in name), "")
    return Match(f"MPI3D{variant} ({file.kind})", lambda: ArrayDataset(file, lambda *_: GridLabels(factors)))


def _unlabelled(file: ArrayFile) -> ArrayDataset:
    known = " or ".join(f"{count:,}" for count in SIZES)
    warn(f"{file.path}: no file of MPI3D, which has {known} images; read without labels")
    return ArrayDataset(file)

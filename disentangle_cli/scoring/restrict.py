"""Scoring some factors only (``--factors shape,scale``)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from disentangle_cli.arraytypes import Bytes, Doubles, Ints
from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.arrays import ARRAYS, Arrays, samples_of


class FactorsOf(Dataset):
    """``dataset`` with the factors of the given columns only; the others vary, but have no labels.

    Classes that no image has are left out, the others numbered 0, 1, ... in their order.
    """

    def __init__(self, dataset: Dataset, columns: list[int]) -> None:
        self.whole = dataset
        self.columns = columns
        self.name = dataset.name
        self.fingerprint = dataset.fingerprint
        self.image_shape = dataset.image_shape
        self._ids = [dataset.occurring_classes[k] for k in columns]
        self.factors = tuple(
            dataset.factors[k].restricted(ids) for k, ids in zip(columns, self._ids, strict=True)
        )

    def __len__(self) -> int:
        return len(self.whole)

    def images(self, indices: Ints) -> Bytes:
        """As the whole data set."""
        return self.whole.images(indices)

    def classes(self, indices: Ints) -> Ints:
        """Class ids of the chosen factors, (n, F)."""
        table = self.whole.classes(indices)[:, self.columns]
        return np.stack([np.searchsorted(ids, c) for ids, c in zip(self._ids, table.T, strict=True)], axis=1)

    def values(self, indices: Ints) -> Doubles:
        """Values of the chosen factors, (n, F)."""
        return self.whole.values(indices)[:, self.columns]

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        """As the whole data set."""
        return self.whole.draw(rng, n)

    def draw_fixed(self, rng: np.random.Generator, factor: int, classes: Ints) -> Ints:
        """As the whole data set; ``factor`` counts the chosen ones, ``classes`` those that occur."""
        return self.whole.draw_fixed(rng, self.columns[factor], self._ids[factor][classes])


def columns_of(wanted: Sequence[str], names: Sequence[str], where: str) -> list[int]:
    """Column of each wanted factor.

    Raises:
        UsageError: an unknown name or one given twice; the message lists the names there are.
    """
    if len(set(wanted)) != len(wanted):
        raise UsageError(f"--factors {','.join(wanted)}: a factor is named twice")
    for name in wanted:
        if name not in names:
            raise UsageError(f"--factors: {where} has no {name!r}; it has {', '.join(names) or 'none'}")
    return [list(names).index(name) for name in wanted]


def restrict_dataset(dataset: Dataset, wanted: Sequence[str] = ()) -> Dataset:
    """``dataset``, or its view with the factors ``wanted`` (all when empty) and the classes that occur."""
    names = [factor.name for factor in dataset.factors]
    columns = columns_of(wanted or names, names, f"data set {dataset.name}")
    declared = [factor.size for factor in dataset.factors]
    whole = not wanted and declared == [len(ids) for ids in dataset.occurring_classes]
    return dataset if whole else FactorsOf(dataset, columns)


def factor_names(arrays: Arrays) -> tuple[str, ...]:
    """Names of the factors; those without are called ``factor1``, ``factor2``, ..."""
    count = 0 if arrays.factors is None else arrays.factors.shape[1]
    return arrays.factor_names or tuple(f"factor{k + 1}" for k in range(count))


def restrict_arrays(arrays: Arrays, wanted: Sequence[str], where: str) -> Arrays:
    """``arrays`` with the factors called ``wanted`` only (all when empty); groups of others are dropped.

    Raises:
        UsageError: an unknown name.
    """
    if not wanted:
        return arrays
    columns = columns_of(wanted, factor_names(arrays), where)
    changes: dict[str, object] = {"factor_names": tuple(wanted)}
    for name, array in ARRAYS.items():
        if arrays.get(name) is None:
            continue
        if "F" in array.axes:
            changes[name] = arrays.get(name).take(columns, axis=array.axes.index("F"))
        elif array.kind == "label":
            found = samples_of(arrays, array.family, np.isin(arrays.get(name), columns))
            if found[name] is not None:
                found[name] = np.array([columns.index(k) for k in found[name]], np.int64)
            changes |= found
    return replace(arrays, **changes)  # type: ignore[arg-type]

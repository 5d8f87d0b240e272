"""Scoring some factors only (``--factors shape,scale``)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from disentangle_cli.arraytypes import Bytes, Doubles, Ints
from disentangle_cli.classes import binned, occurring, too_fine
from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.arrays import ARRAYS, Arrays, factor_names, samples_of
from disentangle_cli.nearest import did_you_mean


class FactorsOf(Dataset):
    """``dataset`` with the factors of the given columns only; the others vary, but have no labels.

    Classes that no image has are left out, the others numbered 0, 1, ... in their order; with ``bins``
    real-valued factors of more classes have so many equal-width bins of their values for classes.
    """

    def __init__(self, dataset: Dataset, columns: list[int], bins: int = 0) -> None:
        self.whole = dataset
        self.columns = columns
        self.name = dataset.name
        self.fingerprint = dataset.fingerprint
        self.image_shape = dataset.image_shape
        self._ids = [dataset.occurring_classes[k] for k in columns]
        present = [dataset.factors[k].restricted(ids) for k, ids in zip(columns, self._ids, strict=True)]
        self._binned = [is_cut(f.size, len(dataset), f.continuous, bins) for f in present]
        self._places = [
            occurring(binned(np.array(factor.values), bins))[1] if cut else np.arange(factor.size)
            for factor, cut in zip(present, self._binned, strict=True)
        ]
        firsts = [np.unique(places, return_index=True)[1] for places in self._places]
        self.factors = tuple(factor.restricted(first) for factor, first in zip(present, firsts, strict=True))

    def __len__(self) -> int:
        return len(self.whole)

    def images(self, indices: Ints) -> Bytes:
        """As the whole data set."""
        return self.whole.images(indices)

    def prepare(self, indices: Ints) -> None:
        """As the whole data set."""
        self.whole.prepare(indices)

    def classes(self, indices: Ints) -> Ints:
        """Class ids of the chosen factors, (n, F)."""
        table = self.whole.classes(indices)[:, self.columns]
        found = zip(self._ids, self._places, table.T, strict=True)
        return np.stack([places[np.searchsorted(ids, column)] for ids, places, column in found], axis=1)

    def values(self, indices: Ints) -> Doubles:
        """Values of the chosen factors, (n, F)."""
        return self.whole.values(indices)[:, self.columns]

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        """As the whole data set."""
        return self.whole.draw(rng, n)

    def draw_fixed(self, rng: np.random.Generator, factor: int, classes: Ints) -> Ints:
        """As the whole data set; ``factor`` counts the chosen ones, ``classes`` those that are here."""
        if self._binned[factor]:
            return super().draw_fixed(rng, factor, classes)
        return self.whole.draw_fixed(rng, self.columns[factor], self._ids[factor][classes])

    def draw_like(self, rng: np.random.Generator, factor: int, indices: Ints) -> Ints:
        """As the whole data set, but where classes were merged: there the class is shared."""
        if self._binned[factor]:
            return super().draw_like(rng, factor, indices)
        return self.whole.draw_like(rng, self.columns[factor], indices)


def is_cut(classes: int, rows: int, continuous: bool, bins: int) -> bool:
    """Whether a factor of so many classes is cut into ``bins`` (0: none is): on a scale, or too fine."""
    return 0 < bins < classes and (continuous or too_fine(classes, rows))


def cut_arrays(arrays: Arrays, bins: int) -> Arrays:
    """``arrays`` with real-valued factors cut into ``bins`` classes, as :class:`FactorsOf` cuts them.

    Their values stay as they are.
    """
    if arrays.factors is None or not bins:
        return arrays
    ids = [occurring(column)[1] for column in arrays.factors.T]
    values = np.asarray(
        np.stack(ids, axis=1) if arrays.factor_values is None else arrays.factor_values, float
    )
    scales = np.zeros(len(ids), bool) if arrays.is_continuous is None else arrays.is_continuous
    classes = [
        occurring(binned(column, bins))[1]
        if is_cut(int(places.max()) + 1, len(places), bool(scale), bins)
        else places
        for places, column, scale in zip(ids, values.T, scales, strict=True)
    ]
    return replace(arrays, factors=np.stack(classes, axis=1), factor_values=values)


def columns_of(wanted: Sequence[str], names: Sequence[str], where: str) -> list[int]:
    """Column of each wanted factor.

    Raises:
        UsageError: an unknown name or one given twice; the message lists the names there are.
    """
    if len(set(wanted)) != len(wanted):
        raise UsageError(f"--factors {','.join(wanted)}: a factor is named twice")
    for name in wanted:
        if name not in names:
            listed = f"it has {', '.join(names) or 'none'}{did_you_mean(name, names)}"
            raise UsageError(f"--factors: {where} has no {name!r}; {listed}")
    return [list(names).index(name) for name in wanted]


def restrict_dataset(dataset: Dataset, wanted: Sequence[str] = (), bins: int = 0) -> Dataset:
    """``dataset``, or its view with the factors ``wanted`` (all when empty) and the classes that occur.

    ``bins``: see :class:`FactorsOf`.
    """
    names = [factor.name for factor in dataset.factors]
    columns = columns_of(wanted or names, names, f"data set {dataset.name}")
    declared = [factor.size for factor in dataset.factors]
    whole = not wanted and not bins and declared == [len(ids) for ids in dataset.occurring_classes]
    return dataset if whole else FactorsOf(dataset, columns, bins)


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

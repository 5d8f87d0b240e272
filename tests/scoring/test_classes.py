"""The classes that occur decide what is drawn from a data set, whatever it declares."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import disentangle_cli as dcr
from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.opening import open_dataset
from disentangle_cli.datasets import Dataset
from disentangle_cli.scoring import factor_vae_quick
from disentangle_cli.scoring.classifier import classifier_for
from tests.scoring.bars import SMALL, Artist, Bars

BARS = Bars()
EVERY = np.arange(len(BARS))
SOME = np.setdiff1d(EVERY, EVERY[::7])  # no full grid
ALL = "factor_vae,beta_vae,mig,dci,z_min_variance,mode_kl"

Written = Callable[..., Dataset]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A file of the images ``rows``, opened again; ``change`` makes other arrays of labels of them."""

    def write(rows: np.ndarray, change: Callable[[np.ndarray], dict[str, Any]]) -> Dataset:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npz"
        np.savez(path, imgs=BARS.images(rows)[:, 0], **change(BARS.classes(rows)[:, [0, 2, 3]]))
        return open_dataset(str(path))

    return write


def plain(classes: np.ndarray) -> dict[str, Any]:
    names = [f"f{k}" for k in range(classes.shape[1])]
    return {"factors": classes, "factor_names": names, "is_continuous": [False] * len(names)}


CHANGES = {
    "from 1": lambda classes: plain(classes + 1),
    "with gaps": lambda classes: plain(classes * 3 + 2),
    "declared": lambda classes: plain(classes) | {"factor_sizes": [50, 40, 30]},
    "constant": lambda classes: plain(np.insert(classes, 1, 2, axis=1)),
    "constant last, declared": lambda classes: (
        plain(np.insert(classes, 3, 0, axis=1)) | {"factor_sizes": [3, 5, 4, 9]}
    ),
}


@pytest.mark.parametrize("protocol", ["infogan-cr", "disentanglement-lib"])
@pytest.mark.parametrize("rows", [EVERY, SOME], ids=["grid", "no grid"])
def test_scores_of_a_file(
    written: Written, rows: np.ndarray, protocol: str, monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    monkeypatch.setattr(classifier_for, "__defaults__", ("cpu", 64))
    options = {"metrics": ALL, "protocol": protocol, "settings": [*SMALL, "data.generated=60", "dci.trees=3"]}

    def scored(data: Dataset) -> dict[str, Any]:
        found = dcr.score(Artist(), data, **options).results[0]["metrics"]
        return {name: result["score"] for name, result in found.items()}

    data = written(rows, plain)
    before, quick = scored(data), factor_vae_quick(Artist(), data)["score"]
    assert None not in before.values()
    for name, change in CHANGES.items():
        data = written(rows, change)
        assert scored(data) == pytest.approx(before), name
        assert factor_vae_quick(Artist(), data)["score"] == quick, name
        assert sorted(factor.size for factor in data.factors if factor.size > 1) == [3, 4, 5]


class Boastful(Dataset):
    """Declares more classes than its images have; its second factor has one."""

    name, fingerprint, image_shape = "boastful", "boastful-1", Bars.image_shape
    factors = tuple(Factor(f.name, 9, tuple(map(float, range(9))), f.continuous) for f in Bars.factors)

    def __len__(self) -> int:
        return len(SOME)

    def images(self, indices: np.ndarray) -> np.ndarray:
        return BARS.images(SOME[indices])

    def classes(self, indices: np.ndarray) -> np.ndarray:
        return BARS.classes(SOME[indices]) + np.array([1, 2, 3, 0])


class Honest(Boastful):
    factors = Bars.factors

    def classes(self, indices: np.ndarray) -> np.ndarray:
        return BARS.classes(SOME[indices])


def test_scores_of_a_data_set_of_ones_own() -> None:
    def scored(data: Dataset) -> dict[str, Any]:
        found = dcr.score(Artist(), data, metrics="factor_vae,beta_vae,mig", settings=SMALL)
        return {name: result["score"] for name, result in found.results[0]["metrics"].items()}

    assert scored(Boastful()) == scored(Honest())
    assert factor_vae_quick(Artist(), Boastful())["score"] == factor_vae_quick(Artist(), Honest())["score"]


def test_check_counts_the_classes_that_occur(cli: Callable[..., Any], tmp_path: Path) -> None:
    arrays = plain(BARS.classes(SOME)[:, [0, 2]] + 1) | {"factor_sizes": [50, 60]}
    np.savez(tmp_path / "a.npz", imgs=BARS.images(SOME)[:, 0], **arrays)
    assert "f0 3, f1 5" in cli("data", "check", tmp_path / "a.npz").stdout

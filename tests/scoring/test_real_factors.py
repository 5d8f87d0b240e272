"""Real-valued factors: metrics that need classes are null with a reason, or factors are cut when asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import disentangle_cli as dcr
from disentangle_cli.classes import too_fine
from disentangle_cli.data.opening import open_dataset
from disentangle_cli.metrics import Arrays, evaluate
from disentangle_cli.output import kept_warnings
from disentangle_cli.scoring.restrict import cut_arrays, restrict_dataset
from tests.scoring.bars import SMALL, Reader

NULL = (
    "mig",
    "modularity",
    "explicitness",
    "infomec",
    "dcimig",
    "jemmig",
    "mig_sup",
    "downstream_efficiency",
)
VALUED = ("dci", "sap", "irs")
RNG = np.random.default_rng(0)
VALUES = RNG.random((300, 2))
CODES = VALUES @ [[2.0, 0.0], [0.0, 1.0]] + 0.01 * RNG.normal(size=(300, 2))
RANKS = VALUES.argsort(axis=0).argsort(axis=0)
MEASURED: dict[str, Any] = {
    "codes": CODES, "factors": RANKS, "factor_values": VALUES, "is_continuous": np.ones(2, bool),
}  # fmt: skip


def test_which_are_too_fine() -> None:
    assert [too_fine(classes, 100) for classes in (10, 50, 51, 100)] == [False, False, True, True]
    assert not too_fine(10, 10)  # few images are few, whatever they show
    assert too_fine(11, 11)


def test_null_with_a_reason() -> None:
    found = evaluate([*NULL, *VALUED], Arrays(**MEASURED, factor_names=("x", "y")))
    for name in NULL:
        assert found[name]["score"] is None
        assert "about one image a class: x (300), y (300) of 300 images" in found[name]["reason"]
        assert "factor_bins" in found[name]["reason"]
    assert all(found[name]["score"] is not None for name in VALUED)
    study = evaluate(["dci", "sap"], Arrays(**MEASURED), protocol="disentanglement-lib")  # which classify
    assert [result["score"] for result in study.values()] == [None, None]
    one = Arrays(**MEASURED | {"factors": np.stack([RANKS[:, 0], RANKS[:, 1] // 60], axis=1)})
    assert "factor1 (300)" in evaluate(["mig"], one)["mig"]["reason"]
    assert "factor2" not in evaluate(["mig"], one)["mig"]["reason"]


def test_cut_when_asked() -> None:
    arrays = cut_arrays(Arrays(**MEASURED), 10)
    assert arrays.factors is not None
    assert np.array_equal(
        arrays.factors, np.floor((VALUES - VALUES.min(0)) / np.ptp(VALUES, axis=0) * 10).clip(0, 9)
    )
    assert np.array_equal(arrays.factor_values, VALUES)
    assert evaluate(["mig"], arrays)["mig"]["score"] > 0.5
    named = cut_arrays(Arrays(codes=CODES, factors=RANKS // 20), 10)  # 15 names of 20 images each
    assert np.array_equal(named.factors, RANKS // 20)
    with kept_warnings() as warnings:
        result = dcr.score(MEASURED, metrics="mig,factor_vae", settings={"data.factor_bins": 10}).results[0]
    assert (warnings, result["factor_bins"]) == ([], 10)
    assert result["metrics"]["mig"]["score"] == evaluate(["mig"], arrays)["mig"]["score"]
    with kept_warnings() as warnings:
        dcr.score(MEASURED, metrics="mig")
    assert len(warnings) == 1
    assert "metrics that need classes are null" in warnings[0]


@pytest.fixture
def photos(tmp_path: Path) -> str:
    """90 images whose first row shows what their labels say: a kind and two places that were measured."""
    rng = np.random.default_rng(1)
    kind, places = rng.integers(0, 3, 90), rng.random((90, 2)).round(6)
    images = np.zeros((90, 4, 4), np.uint8)
    images[:, 0, 0], images[:, 0, 2:] = kind * 50, (places * 200).round()
    values = np.column_stack([kind, places])
    ids = np.stack([np.unique(column, return_inverse=True)[1] for column in values.T], axis=1)
    path = tmp_path / "photos.npz"
    np.savez(path, imgs=images, factors=ids, factor_values=values, factor_names=["kind", "x", "y"])
    return str(path)


def test_a_data_set(photos: str) -> None:
    names = "mig,factor_vae,beta_vae,dci"
    with kept_warnings() as warnings:
        plain = dcr.score(Reader(), photos, metrics=names, settings=SMALL).results[0]["metrics"]
    assert any("x (90), y (90) of 90 images" in warning for warning in warnings)
    assert [name for name, result in plain.items() if result["score"] is None] == [
        "mig",
        "factor_vae",
        "beta_vae",
    ]
    with kept_warnings() as warnings:
        cut = dcr.score(Reader(), photos, metrics=names, settings=[*SMALL, "data.factor_bins=5"])
    assert warnings == []
    assert all(result["score"] is not None for result in cut.results[0]["metrics"].values())
    assert cut["factor_vae"]["score"] > 0.9
    view = restrict_dataset(open_dataset(photos), bins=5)
    assert [factor.size for factor in view.factors] == [3, 5, 5]
    drawn = view.draw_fixed(np.random.default_rng(0), 1, np.array([4] * 50))
    assert (view.classes(drawn)[:, 1] == 4).all()
    assert len(np.unique(view.values(drawn)[:, 1])) > 3  # any image of the bin


def test_from_the_command_line(cli: Callable[..., Any], tmp_path: Path, speaking: None) -> None:
    np.savez(tmp_path / "codes.npz", **MEASURED)
    result = cli("score", tmp_path / "codes.npz", "--metrics", "all", "--set", "dci.trees=2")
    assert result.exit_code == 0
    assert "metrics that need classes are null" in result.stderr
    gated = cli("score", tmp_path / "codes.npz", "--metrics", "mig", "--fail-under", "mig=0.1")
    assert gated.exit_code == 3
    assert (
        cli("score", tmp_path / "codes.npz", "--metrics", "mig", "--set", "data.factor_bins=8").exit_code == 0
    )


def test_what_predicts_nothing_is_noted() -> None:
    factors = np.random.default_rng(2).integers(0, 5, (3000, 3))
    noise = np.random.default_rng(3).normal(size=(3000, 4))
    for protocol in ("infogan-cr", "disentanglement-lib"):
        settings = {"dci": {"trees": 2}}
        result = evaluate(
            ["dci"], Arrays(codes=noise, factors=factors), protocol=protocol, settings=settings
        )["dci"]
        assert (
            "hardly predict" in (result.get("note") or result.get("reason") or "") or result["score"] is None
        )
        told = evaluate(
            ["dci"], Arrays(codes=factors * 1.0, factors=factors), protocol=protocol, settings=settings
        )
        assert "note" not in told["dci"]

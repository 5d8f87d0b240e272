"""The metrics beyond the paper's seven: known values, and degenerate codes for every one of them."""

import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest

from disentangle_cli.measurement.arrays import families_of
from disentangle_cli.measurement.derived.mutual_information import Information
from disentangle_cli.measurement.derived.parts import Half, Parts
from disentangle_cli.measurement.families import Family
from disentangle_cli.metrics import METRICS, PAPER, PROTOCOLS, Arrays, evaluate
from disentangle_cli.scoring.images import MADE
from tests.metrics.checks import check, reads
from tests.metrics.representations import (
    arrays,
    constant,
    duplicated,
    factors,
    identity,
    rotated,
    single,
    two_of_three,
    with_dead,
)

FROM_ROWS = [name for name in METRICS.names() if families_of(reads(name)) == [Family.ROWS]]
NEW = [name for name in FROM_ROWS if name not in PAPER]
OF_IMAGES = [name for name in METRICS.names() if set(families_of(reads(name))) <= MADE.keys()]
FEW = {"kid": {"subsets": 5, "size": 500}}
QUICK = {"z_min_variance": {"votes": 100, "size": 20}}


def found(data: Arrays, *names: str, protocol: str = "infogan-cr", **settings: Any) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return evaluate(names or NEW, data, protocol=protocol, settings=QUICK | settings)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "code",
    [identity, rotated, single, two_of_three, constant, with_dead, duplicated],
    ids=lambda c: c.__name__,
)
def test_any_codes(code: Any, protocol: str) -> None:
    results = found(arrays(code), protocol=protocol)
    for name, result in results.items():
        check(name, result)
    if code is single:
        for name in ("jemmig", "mutual_info_score", "dhsic", "gaussian_total_correlation"):
            assert results[name]["score"] is None
    if code is constant:
        assert results["irs"]["score"] == 0.0
        assert results["mig_sup"]["score"] == 0.0
        assert results["dcimig"]["score"] == 0.0
        assert results["z_min_variance"]["score"] == 0.0
        assert results["infomec"]["score"] is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_code_that_varies_by_rounding_only_is_constant(protocol: str) -> None:
    def nearly(factors: np.ndarray) -> np.ndarray:
        codes = np.array(identity(factors), np.float64)
        codes[..., 0] = np.where(codes[..., 1] > codes[..., 1].mean(), 0.3, 0.1 + 0.2)
        return codes

    for name, result in found(arrays(nearly), *PAPER, protocol=protocol).items():
        check(name, result)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_perfect_codes(protocol: str) -> None:
    results = found(arrays(identity), protocol=protocol)
    for name in ("mig_sup", "dcimig", "irs", "z_min_variance"):
        assert results[name]["score"] > 0.95, name
    assert results["infomec"]["modularity"] > 0.95
    assert results["infomec"]["compactness"] > 0.95
    assert results["infomec"]["explicitness"] > 0.95
    assert results["gaussian_total_correlation"]["score"] < 0.02
    assert results["mutual_info_score"]["score"] < 0.03


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_rotation_loses(protocol: str) -> None:
    straight, turned = (found(arrays(code), protocol=protocol) for code in (identity, rotated))
    for name in ("mig_sup", "dcimig", "irs", "jemmig", "infomec"):
        assert turned[name]["score"] < straight[name]["score"] - 0.05, name


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 12])
def test_fewer_rows_than_bins(rows: int, protocol: str) -> None:
    truth = factors()[:rows]
    rng = np.random.default_rng(0)
    for codes in (identity(truth), rng.normal(size=(rows, 3))):
        for name, result in found(Arrays(codes=codes, factors=truth), protocol=protocol).items():
            check(name, result)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_single_valued_and_missing_classes(protocol: str) -> None:
    truth = factors()
    order = np.argsort(truth[:, 2], kind="stable")  # the last class is in the test half only
    truth = np.insert(truth[order], 1, 0, axis=1)
    codes = np.random.default_rng(0).normal(size=(600, 3)) + truth[:, [0, 2, 3]]
    split = {"train_rows": np.arange(400), "test_rows": np.arange(400, 600)}
    for name, result in found(Arrays(codes=codes, factors=truth, **split), protocol=protocol).items():
        check(name, result)
        assert result["score"] is not None, name
        assert result.get("left_out", [1]) == [1], name
    alone = Arrays(codes=codes, factors=truth[:, :1])
    for name in ("mig_sup", "dcimig", "infomec"):
        assert found(alone, name)[name]["score"] is None
    nothing = found(Arrays(codes=codes, factors=truth[:, 1:2]), protocol=protocol)
    for name in ("mig_sup", "jemmig", "irs", "infomec", "z_min_variance", "downstream_efficiency"):
        assert "more than one value" in nothing[name]["reason"]
    assert nothing["dhsic"]["score"] is not None  # needs no labels


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_codes_that_are_not_finite(bad: float) -> None:
    data = arrays(identity)
    data.codes[3, 1] = bad  # type: ignore[index]
    for name, result in found(data).items():
        assert result["score"] is None
        assert "NaN" in result["reason"], name


def test_absent_arrays() -> None:
    for name, result in found(
        Arrays(codes=np.ones((5, 2)) * 1.0, factors=np.ones((5, 1), int)), *OF_IMAGES
    ).items():
        assert "absent" in result["reason"], name
    told = Arrays(missing={"real_features": "torch-fidelity is not installed"})
    assert "torch-fidelity" in found(told, "fid")["fid"]["reason"]


def given(matrix: list[list[float]], entropy: list[float], code_entropy: list[float]) -> tuple[Any, Parts]:
    width = len(entropy)
    half = Half(np.zeros((3, len(matrix))), np.zeros((3, width), np.int64), np.zeros((3, width)))
    information = Information(np.array(matrix), np.array(entropy), np.array(code_entropy))
    return information, Parts(half, half, list(range(width)), width, np.zeros(width, bool))


def test_information_gaps_of_a_known_matrix() -> None:
    information, parts = given([[1.0, 0.2], [0.5, 0.8], [0.6, 0.0]], [1.0, 2.0], [1.5, 1.0, 0.7])
    assert METRICS.get("mig_sup")(information, parts)["per_code"] == pytest.approx([0.9, 0.1, 0.6])
    # code 1 serves factor 1 by 0.8, code 2 factor 2 by 0.3, code 3 factor 1 by 0.6
    assert METRICS.get("dcimig")(information, parts)["score"] == pytest.approx((0.8 + 0.3) / 3)
    jemmig = METRICS.get("jemmig")(information, parts, bins=20)
    raw = [1.5 + 1.0 - 1.0 - 0.4, 1.0 + 2.0 - 0.8 - 0.6]
    assert jemmig["raw"] == pytest.approx(np.mean(raw))
    normalised = 1 - np.array(raw) / (np.log(20) + np.array([1.0, 2.0]))
    assert jemmig["per_factor"] == pytest.approx(normalised)


def test_infomec_of_counted_and_of_estimated_codes() -> None:
    truth = np.random.default_rng(1).integers(0, 4, (3000, 2))
    exact = found(Arrays(codes=truth * 1.0, factors=truth), "infomec")["infomec"]
    np.testing.assert_allclose(exact["information"], np.eye(2), atol=0.01)
    noisy = truth + np.random.default_rng(2).uniform(-0.4, 0.4, truth.shape)
    estimated = found(Arrays(codes=noisy, factors=truth), "infomec")["infomec"]
    np.testing.assert_allclose(estimated["information"], np.eye(2), atol=0.03)
    mixed = np.stack([noisy[:, 0], noisy[:, 0]], axis=1)
    both = found(Arrays(codes=mixed, factors=truth), "infomec")["infomec"]
    assert both["compactness"] < 0.2  # two codes share the factor evenly
    assert both["modularity"] > 0.9
    small = found(Arrays(codes=np.column_stack([noisy, noisy[:, 0] * 0.01]), factors=truth), "infomec")
    assert small["infomec"]["active_codes"] == [0, 1]


def test_irs_knows_what_moves() -> None:
    """A code that adds a second factor of equal weight loses about half."""
    truth = np.random.default_rng(3).integers(0, 2, (4000, 2)) * 2.0 - 1
    codes = np.stack([truth[:, 0], truth.sum(axis=1)], axis=1)
    result = found(Arrays(codes=codes, factors=((truth + 1) / 2).astype(int)), "irs", irs={"quantile": 1.0})[
        "irs"
    ]
    assert result["per_code"] == pytest.approx([1.0, 0.5], abs=0.05)
    assert result["best_factor"][0] == 0
    assert result["score"] == pytest.approx((1 + 2 * 0.5) / 3, abs=0.05)


def test_gaussian_correlations_of_two_codes() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=4000)
    codes = np.stack([a, 0.6 * a + 0.8 * rng.normal(size=4000), np.full(4000, 0.3)], axis=1)
    data = Arrays(codes=codes)
    r = np.corrcoef(codes[:, 0], codes[:, 1])[0, 1]
    results = found(data, "gaussian_total_correlation", "gaussian_wasserstein_correlation")
    assert results["gaussian_total_correlation"]["score"] == pytest.approx(-0.5 * np.log(1 - r**2))
    assert results["gaussian_total_correlation"]["active_codes"] == [0, 1]
    unit = (codes - codes.mean(axis=0)) / np.where(np.ptp(codes, axis=0) > 0, codes.std(axis=0, ddof=1), 1)
    scaled = found(Arrays(codes=unit), "gaussian_wasserstein_correlation")["gaussian_wasserstein_correlation"]
    assert scaled["score"] == pytest.approx(4 - 2 * (np.sqrt(1 + r) + np.sqrt(1 - r)))
    assert scaled["normalised"] == pytest.approx(scaled["score"] / 2)
    twice = Arrays(codes=np.stack([a, 2 * a], axis=1))
    assert "dependent" in found(twice, "gaussian_total_correlation")["gaussian_total_correlation"]["reason"]


def test_dhsic_of_three_points_and_its_memory() -> None:
    """Codes [0,1,3] and [0,2,5]: medians 1 and 2."""
    result = found(Arrays(codes=np.array([[0.0, 0], [1, 2], [3, 5]])), "dhsic")["dhsic"]
    assert result["terms"] == pytest.approx([0.400294, 0.290502, -0.584681], abs=1e-6)
    assert result["score"] == pytest.approx(0.106115, abs=1e-6)
    codes = np.random.default_rng(5).normal(size=(2600, 2))
    tracemalloc.start()
    found(Arrays(codes=codes), "dhsic", dhsic={"samples": 2500})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 8 * 2500**2  # 600 MB at 5000
    halves = np.repeat([[0.0, 1.0], [1.0, 3.0]], 50, axis=0) + np.arange(100)[:, None] % 2 * 0
    assert "distances" in found(Arrays(codes=np.r_[halves, halves[:90]]), "dhsic")["dhsic"]["reason"]


def test_mutual_information_of_copies_is_their_entropy() -> None:
    a = np.random.default_rng(6).integers(0, 4, 5000) * 1.0
    result = found(Arrays(codes=np.stack([a, -a], axis=1)), "mutual_info_score")["mutual_info_score"]
    assert result["score"] == pytest.approx(np.log(4), abs=1e-3)
    assert result["matrix"][0][0] == pytest.approx(result["score"])


def test_z_min_variance_votes() -> None:
    straight = found(arrays(identity), "z_min_variance")["z_min_variance"]
    assert np.argmax(straight["votes"], axis=1).tolist() == [0, 1, 2]
    assert np.sum(straight["votes"]) == 100
    noise = Arrays(codes=np.random.default_rng(7).normal(size=(600, 3)), factors=factors())
    assert found(noise, "z_min_variance")["z_min_variance"]["score"] < 0.6
    apart = Arrays(codes=np.arange(40.0).reshape(20, 2), factors=np.arange(20)[:, None])
    assert "two rows" in found(apart, "z_min_variance")["z_min_variance"]["reason"]


@pytest.mark.parametrize("predictor", ["logistic", "gbt", "hgb"])
def test_downstream_accuracy_grows_with_labels(predictor: str) -> None:
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 3, (900, 1))
    codes = np.column_stack([truth[:, 0] + rng.normal(size=900) * 0.2, rng.normal(size=(900, 3))])
    settings = {"predictor": predictor}
    result = found(
        Arrays(codes=codes, factors=truth), "downstream_efficiency", downstream_efficiency=settings
    )["downstream_efficiency"]
    assert list(result["accuracy"]) == ["10", "100", "600"]
    assert result["accuracy"]["600"] > 0.9 > result["accuracy"]["10"]
    assert result["score"] == pytest.approx(result["accuracy"]["100"] / result["accuracy"]["600"])


def test_class_metrics_of_known_probabilities() -> None:
    sure = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    results = found(Arrays(class_probabilities=sure), "inception_score", "class_confidence", "mode_kl")
    assert results["inception_score"]["score"] == pytest.approx(3)
    assert results["class_confidence"]["score"] == 1
    assert results["mode_kl"]["score"] == pytest.approx(0)
    collapsed = found(Arrays(class_probabilities=sure[[0, 0, 3]]), "inception_score", "mode_kl")
    assert collapsed["inception_score"]["score"] == pytest.approx(1)
    assert collapsed["mode_kl"]["score"] == pytest.approx(np.log(3))
    assert collapsed["mode_kl"]["counts"] == [3, 0, 0]


def test_feature_distances() -> None:
    rng = np.random.default_rng(9)
    real = rng.normal(size=(2000, 4))
    same = found(Arrays(real_features=real, generated_features=real), "fid", "kid", **FEW)
    assert same["fid"]["score"] == pytest.approx(0, abs=1e-9)
    assert abs(same["kid"]["score"]) < 0.05
    shifted = found(Arrays(real_features=real, generated_features=real * 2 + 3), "fid", "kid", **FEW)
    expected = 4 * 9 + np.trace(np.cov(real, rowvar=False)) + np.square(real.mean(0) + 3).sum() - 36
    assert shifted["fid"]["score"] == pytest.approx(expected)  # commuting covariances: |m-n|^2 + tr S
    assert shifted["kid"]["score"] > 1


def test_reconstruction_error() -> None:
    result = found(Arrays(squared_errors=np.array([1.0, 2.0, 6.0])), "reconstruction_error")
    assert result["reconstruction_error"]["score"] == 3
    assert result["reconstruction_error"]["worst"] == 6


def test_same_seed_same_numbers() -> None:
    assert found(arrays(rotated)) == found(arrays(rotated))

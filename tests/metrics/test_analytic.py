"""Metrics on representations whose scores are known without a reference, and on degenerate input."""

import math
import warnings
from typing import Any

import numpy as np
import pytest

from disentangle_cli.metrics import METRICS, PAPER, PROTOCOLS, Arrays, evaluate
from disentangle_cli.metrics.explicitness import roc_areas
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

FAST = {"dci": {"trees": 3}}


def scores(data: Arrays, protocol: str = "infogan-cr", **settings: Any) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no warning of numpy or scikit-learn gets out
        return evaluate(PAPER, data, protocol=protocol, settings=FAST | settings)


def check_documented(result: dict[str, Any]) -> None:
    """A finite score within bounds, or null with a reason; and every number in it finite."""
    if result["score"] is None:
        assert result["reason"]
    else:
        assert 0 <= result["score"] <= 1
    for value in result.values():
        if isinstance(value, float):
            assert math.isfinite(value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_identity_is_perfect(protocol: str) -> None:
    found = scores(arrays(identity), protocol, sap={"factors_are": "continuous"})
    for name in ("factor_vae", "mig", "modularity", "explicitness", "sap"):
        assert found[name]["score"] > 0.97, name
    assert found["dci"]["completeness"] > 0.95
    assert found["dci"]["disentanglement"] > 0.95
    assert found["factor_vae"]["revised"] == found["factor_vae"]["score"] == 1.0
    assert found["beta_vae"]["score"] > 0.9


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_rotation_loses(protocol: str) -> None:
    straight, turned = scores(arrays(identity), protocol), scores(arrays(rotated), protocol)
    for name in ("mig", "dci", "modularity", "factor_vae"):
        assert turned[name]["score"] < straight[name]["score"] - 0.1, name


def test_mig_of_exact_copies_is_one() -> None:
    found = scores(arrays(identity))["mig"]
    truth = factors()
    for k, entropy in enumerate(found["factor_entropy"]):
        share = np.bincount(truth[:, k]) / len(truth)
        assert entropy == pytest.approx(-(share * np.log(share)).sum())
        assert found["mutual_information"][k][k] == pytest.approx(entropy)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_dead_code_changes_nothing_that_counts(protocol: str) -> None:
    alive, dead = scores(arrays(identity), protocol), scores(arrays(with_dead), protocol)
    for name in ("factor_vae", "mig", "sap", "dci"):
        assert dead[name]["score"] == pytest.approx(alive[name]["score"], abs=0.05), name
    assert dead["factor_vae"]["active_codes"] == [0, 1, 2]
    expected = 0.75 if protocol == "disentanglement-lib" else 1.0  # the study counts a dead code as 0
    assert dead["modularity"]["score"] == pytest.approx(expected * alive["modularity"]["score"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_duplicated_codes_have_no_gap(protocol: str) -> None:
    found = scores(arrays(duplicated), protocol)
    assert found["mig"]["score"] == pytest.approx(0)
    assert found["sap"]["score"] == pytest.approx(0)
    assert found["factor_vae"]["score"] == 1.0  # ties go to the first of two equal codes
    assert found["modularity"]["score"] > 0.97


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("code", [single, two_of_three, constant, with_dead, duplicated])
def test_degenerate_codes(code: Any, protocol: str) -> None:
    found = scores(arrays(code), protocol)
    for result in found.values():
        check_documented(result)
    if code is single:
        assert found["mig"]["score"] is None
        assert "two codes" in found["mig"]["reason"]
        assert found["sap"]["score"] is None
        assert found["dci"]["completeness"] is None
        # trees split on the one code for every factor, a linear rule only for its own
        assert (found["dci"]["score"] > 0.8) == (protocol == "infogan-cr")
    if code is constant:
        assert found["factor_vae"]["score"] == 0.0
        assert found["mig"]["score"] == 0.0
        assert found["explicitness"]["score"] == pytest.approx(0.5)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_constant_factor_is_left_out(protocol: str) -> None:
    plain_data = arrays(identity)
    truth = np.insert(plain_data.factors, 1, 0, axis=1)  # type: ignore[arg-type]
    data = arrays(identity, factors=truth, factor_values=truth * 1.0, is_continuous=np.ones(4, bool))
    found, expected = scores(data, protocol), scores(plain_data, protocol)
    for name in ("mig", "sap", "explicitness", "modularity"):
        assert found[name]["score"] == pytest.approx(expected[name]["score"], abs=0.02), name
        assert found[name].get("left_out", [1]) == [1]
    check_documented(found["dci"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_all_factors_constant(protocol: str) -> None:
    data = arrays(identity, factors=np.zeros((600, 3), np.int64), factor_values=None, is_continuous=None)
    found = scores(data, protocol)
    for name in ("mig", "sap", "dci", "explicitness", "modularity"):
        assert found[name]["score"] is None
        assert "more than one value" in found[name]["reason"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_single_factor(protocol: str) -> None:
    truth = factors()[:, :1]
    data = arrays(identity, factors=truth, factor_values=truth * 1.0, is_continuous=np.ones(1, bool))
    found = scores(data, protocol)
    for result in found.values():
        check_documented(result)
    assert found["modularity"]["score"] is None
    assert found["dci"]["disentanglement"] is None
    assert found["dci"]["completeness"] > 0.9
    assert found["mig"]["score"] > 0.9


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_codes_that_are_not_finite(bad: float) -> None:
    data = arrays(identity)
    for name in ("codes", "group_codes"):
        getattr(data, name).flat[5] = bad
    for result in scores(data).values():
        assert result["score"] is None
        assert "NaN" in result["reason"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_absent_arrays(protocol: str) -> None:
    truth = factors()
    found = scores(Arrays(codes=identity(truth), factors=truth), protocol)
    assert "reference_codes" in found["factor_vae"]["reason"]
    assert "absent" in found["beta_vae"]["reason"]
    for name in ("mig", "dci", "sap", "explicitness", "modularity"):
        assert found[name]["score"] is not None


def test_classes_missing_from_the_test_half() -> None:
    truth = factors()
    order = np.argsort(truth[:, 2], kind="stable")  # the last class is in the test half only
    data = arrays(identity, factors=truth[order], codes=identity(truth[order]), factor_values=None)
    rows = {"train_rows": np.arange(400), "test_rows": np.arange(400, 600)}
    split = Arrays(codes=data.codes, factors=data.factors, **rows)  # type: ignore[arg-type]
    for result in scores(split, "disentanglement-lib").values():
        check_documented(result)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_fewer_rows_than_bins(rows: int, protocol: str) -> None:
    truth = factors()[:rows]
    for result in scores(Arrays(codes=identity(truth), factors=truth), protocol).values():
        check_documented(result)


@pytest.mark.parametrize(
    "regressor", ["lasso", "lasso-cv", "rf", "rf-ibgan", "rf-depth", "rf-cv", "gbt", "hgb"]
)
def test_every_dci_regressor(regressor: str) -> None:
    settings = {"dci": {"regressor": regressor, "trees": 2}}
    result = evaluate(["dci"], arrays(identity), settings=settings)["dci"]
    assert result["regressor"] == regressor
    assert result["disentanglement"] > 0.9
    assert 0.5 < result["informativeness"] <= 1


def test_fixed_depths_refuse_more_than_five_factors() -> None:
    truth = np.tile(factors(), (1, 2))
    data = Arrays(codes=truth * 1.0, factors=truth)
    assert "five factors" in evaluate(["dci"], data, settings={"dci": {"regressor": "rf"}})["dci"]["reason"]
    assert evaluate(["dci"], data)["dci"]["regressor"] == "lasso"


def test_five_factors_take_the_forest_of_the_table() -> None:
    truth = np.concatenate([factors(), factors(seed=5)[:, :2]], axis=1)
    data = Arrays(codes=truth * 1.0, factors=truth)
    assert evaluate(["dci"], data, settings=FAST)["dci"]["regressor"] == "rf-ibgan"


@pytest.mark.parametrize("solver", ["lbfgs", "liblinear"])
def test_old_solver_is_a_setting(solver: str) -> None:
    settings = {"explicitness": {"solver": solver}, "beta_vae": {"solver": solver}}
    found = evaluate(["explicitness", "beta_vae"], arrays(identity), settings=settings)
    assert found["explicitness"]["score"] > 0.85
    assert found["beta_vae"]["score"] > 0.6
    assert ("solver" in found["beta_vae"]["variant"]) == (solver == "liblinear")


def test_dci_of_a_known_matrix() -> None:
    from tests.metrics.test_reference import dci_of

    found = dci_of(np.array([[0.8, 0.1], [0.1, 0.7], [0.1, 0.2]]), "infogan-cr")
    assert found["score"] == pytest.approx(0.418364, abs=1e-6)
    assert found["per_code"] == pytest.approx([0.496742, 0.456436, 0.081704], abs=1e-6)
    assert found["completeness"] == pytest.approx(0.344241, abs=1e-6)


def test_factor_vae_of_known_votes() -> None:
    """Votes [[3,0],[2,1],[0,4]]: the score is 9 of 10, and 7 of 10 by the two strongest codes."""
    winners, labels = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    rng = np.random.default_rng(0)
    groups = rng.normal(size=(10, 20, 3))
    for group, winner in zip(groups, winners, strict=True):
        group[:, winner] *= 0.01
    found = METRICS.get("factor_vae")(rng.normal(size=(500, 3)), groups, np.array(labels))
    assert found["votes"] == [[3, 0], [2, 1], [0, 4]]
    assert found["score"] == 0.9
    assert found["revised"] == 0.7


def test_factor_vae_prunes_by_threshold() -> None:
    data = arrays(lambda classes: identity(classes) * np.array([1.0, 1.0, 0.01]))
    assert scores(data, "disentanglement-lib")["factor_vae"]["active_codes"] == [0, 1]
    assert scores(data)["factor_vae"]["active_codes"] == [0, 1, 2]


def test_areas_like_sklearn() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(5)
    guess = rng.integers(0, 4, (300, 3)) / 4.0  # many ties
    truth = rng.integers(0, 3, 300)
    expected = [roc_auc_score(truth == c, guess[:, c]) for c in range(3)]
    assert roc_areas(guess, truth, np.arange(3)) == pytest.approx(expected)
    assert np.isnan(roc_areas(guess, truth, np.array([0, 1, 9]))[2])


def test_same_seed_same_numbers() -> None:
    data = arrays(rotated)
    assert scores(data) == scores(data)
    assert scores(data, "disentanglement-lib") == scores(data, "disentanglement-lib")

"""Metrics on representations whose scores are known without a reference, and on degenerate input."""

import functools
import math
import warnings
from typing import Any

import numpy as np
import pytest

from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.derived.mutual_information import discretise, pair_information
from disentangle_cli.metrics import METRICS, PAPER, PROTOCOLS, Arrays, evaluate
from disentangle_cli.metrics.explicitness import roc_areas

SIZES = (3, 4, 5)
FAST = {"dci": {"trees": 3}}


def factors(rows: int = 600, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(0, size, rows) for size in SIZES], axis=1)


def arrays(code: Any, seed: int = 0, **changes: Any) -> Arrays:
    """All arrays for the representation ``code``: class ids (..., F) -> codes (..., K)."""
    rng = np.random.default_rng(seed)
    truth = factors(seed=seed)
    labels = np.arange(60) % len(SIZES)

    def grouped(size: int) -> np.ndarray:
        drawn = np.stack([rng.integers(0, s, (len(labels), size)) for s in SIZES], axis=2)
        for group, label in zip(drawn, labels, strict=True):
            group[:, label] = group[0, label]
        return drawn

    def paired() -> tuple[np.ndarray, np.ndarray]:
        first, second = grouped(8), grouped(8)
        for i, label in enumerate(labels):
            second[i, :, label] = first[i, :, label]
        return code(first), code(second)

    pairs, eval_pairs = paired(), paired()
    made = {
        "codes": code(truth),
        "factors": truth,
        "factor_values": truth / (np.array(SIZES) - 1),
        "is_continuous": np.ones(len(SIZES), bool),
        "reference_codes": code(factors(seed=seed + 1)),
        "group_codes": code(grouped(10)),
        "group_labels": labels,
        "eval_group_codes": code(grouped(10)),
        "eval_group_labels": labels,
        "pair_codes_1": pairs[0],
        "pair_codes_2": pairs[1],
        "pair_labels": labels,
        "eval_pair_codes_1": eval_pairs[0],
        "eval_pair_codes_2": eval_pairs[1],
        "eval_pair_labels": labels,
    }
    return Arrays(**(made | changes))


def identity(classes: np.ndarray) -> np.ndarray:
    return classes / (np.array(SIZES) - 1) * 2 - 1


def rotated(classes: np.ndarray) -> np.ndarray:
    """Codes 1 and 2 turned by 45 degrees."""
    codes = identity(classes)
    a, b = codes[..., 0].copy(), codes[..., 1].copy()
    codes[..., 0], codes[..., 1] = (a + b) / math.sqrt(2), (a - b) / math.sqrt(2)
    return codes


def with_dead(classes: np.ndarray) -> np.ndarray:
    return np.concatenate([identity(classes), np.full((*classes.shape[:-1], 1), 0.7)], axis=-1)


def duplicated(classes: np.ndarray) -> np.ndarray:
    return np.concatenate([identity(classes), identity(classes)], axis=-1)


def single(classes: np.ndarray) -> np.ndarray:
    return identity(classes)[..., :1]


def two_of_three(classes: np.ndarray) -> np.ndarray:
    return identity(classes)[..., :2]


def constant(classes: np.ndarray) -> np.ndarray:
    return np.full((*classes.shape[:-1], 3), 0.7)


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


def test_discretise_like_a_histogram() -> None:
    codes = np.random.default_rng(3).normal(size=(1000, 2))
    for column, bins in zip(codes.T, discretise(codes, 20).T, strict=True):
        assert np.array_equal(np.bincount(bins, minlength=20), np.histogram(column, 20)[0])
    assert set(discretise(np.full((5, 1), 0.7), 20).ravel()) <= set(range(20))


def test_information_like_sklearn() -> None:
    from sklearn.metrics import mutual_info_score

    rng = np.random.default_rng(4)
    a = rng.integers(0, 20, 3000)
    b = (a // 3 + rng.integers(0, 3, 3000)) % 7
    assert pair_information(a, b) == pytest.approx(mutual_info_score(a, b), abs=1e-12)


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


def test_result_names_variant_and_counts() -> None:
    found = evaluate(["mig", "factor_vae"], arrays(identity), settings={"mig": {"bins": 10}}, seed=3)
    assert found["mig"]["variant"] == "infogan-cr with bins=10"
    assert found["mig"]["samples"] == {"rows": 600}
    assert found["mig"]["seed"] == 3
    assert found["factor_vae"]["samples"] == {"reference": 600, "groups": 60, "group_size": 10}
    study = evaluate(["sap"], arrays(identity), protocol="disentanglement-lib")["sap"]
    assert study["samples"] == {"train_rows": 400, "test_rows": 200}


def test_shared_arrays_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from disentangle_cli.measurement.derived.mutual_information import mutual_information

    calls: list[Any] = []
    original = mutual_information.function

    @functools.wraps(original)
    def counted(*args: Any, **kw: Any) -> Any:
        calls.append(kw)
        return original(*args, **kw)

    monkeypatch.setattr(mutual_information, "function", counted)
    evaluate(["mig", "modularity"], arrays(identity))
    assert len(calls) == 1
    evaluate(["mig", "modularity"], arrays(identity), settings={"mig": {"bins": 10}})
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"factors": np.zeros((5, 3), np.int64)}, "codes"),
        ({"factors": factors() + 0.5}, "whole numbers"),
        ({"factors": factors() - 1}, "whole numbers"),
        ({"is_continuous": np.ones(2, bool)}, "is_continuous"),
        ({"group_codes": np.zeros((60, 10, 4))}, "number of codes"),
        ({"group_labels": np.zeros(3, np.int64)}, "group_labels"),
        ({"codes": np.zeros(600)}, "2 dimensions"),
        ({"train_rows": np.arange(900), "test_rows": np.arange(5)}, "train_rows"),
        ({"train_rows": np.arange(9)}, "without test_rows"),
        ({"pair_labels": None, "pair_codes_1": None}, "without pair_codes_1"),
    ],
)
def test_arrays_that_do_not_fit(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        arrays(identity, **changes)

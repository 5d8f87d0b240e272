"""Every metric equals what the reference implementations returned on recorded arrays.

Tolerances: 1e-9 where nothing is fitted, more where scikit-learn fits a model.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle_cli.measurement.derived.importance import Importance
from disentangle_cli.measurement.derived.mutual_information import Information
from disentangle_cli.measurement.derived.parts import Half, Parts
from disentangle_cli.measurement.matrix import top_two_gap
from disentangle_cli.metrics import METRICS, Arrays, evaluate
from disentangle_cli.metrics.gaussian_total_correlation import total_correlation
from disentangle_cli.metrics.gaussian_wasserstein_correlation import wasserstein

CASES = ("c1_disentangled_noise", "c3_partial")


@dataclass
class Variant:
    """How to get a recorded value: metric, protocol, settings, rows, and which keys are compared."""

    metric: str
    keys: dict[str, str]
    tolerance: float = 1e-9
    protocol: str = "infogan-cr"
    settings: dict[str, Any] = field(default_factory=dict)
    rows: str = "all"
    matrix_tolerance: float | None = None
    classes_as_values: bool = False


STUDY = "disentanglement-lib"
DLIB_DCI = {
    "disentanglement": "score",
    "completeness": "completeness",
    "informativeness_train": "informativeness_train",
    "informativeness_test": "informativeness",
    "capture:importance_matrix[code,factor]": "importance",
    "per_code:dci.disentanglement_per_code": "per_code",
    "per_factor:dci.completeness_per_factor": "per_factor",
}
DLIB_VOTES = {"train_accuracy": "train_accuracy", "eval_accuracy": "score"}
DLIB_SAP = {"SAP_score": "score", "capture:score_matrix[code,factor]": "matrix"}
SAP = {"SAP_metric": "score", "SAP_metric_detail": "matrix"}


def official_dci(regressor: str, name: str, tolerance: float, rows: str, **settings: Any) -> Variant:
    prefix = f"DCI_{name}_"
    keys = {
        f"{prefix}disent_metric": "score",
        f"{prefix}complete_metric": "completeness",
        f"{prefix}disent_metric_detail": "per_code",
        f"{prefix}complete_metric_detail": "per_factor",
        f"{prefix}metric_detail": "importance",
    }
    chosen = {"regressor": regressor, **settings}
    return Variant("dci", keys, tolerance, settings=chosen, rows=rows, matrix_tolerance=max(tolerance, 1e-6))


IRS = {
    "IRS": "score",
    "capture:IRS_matrix": "matrix",
    "capture:disentanglement_scores": "per_code",
    "capture:parents": "best_factor",
}
DHSIC = {"dHSIC": "score"}

VARIANTS = {
    "dlib.irs_q0.99": Variant("irs", IRS, protocol=STUDY),
    "dlib.irs_q1": Variant("irs", IRS, protocol=STUDY, settings={"quantile": 1.0}),
    **{
        f"{name.removesuffix('_norm')} of dlib.unsupervised_metrics"
        if part == "score"
        else f"{part} of dlib.unsupervised_metrics": Variant(metric, {name: part}, protocol=STUDY)
        for name, metric, part in (
            ("gaussian_total_correlation", "gaussian_total_correlation", "score"),
            ("gaussian_wasserstein_correlation", "gaussian_wasserstein_correlation", "score"),
            ("gaussian_wasserstein_correlation_norm", "gaussian_wasserstein_correlation", "normalised"),
            ("mutual_info_score", "mutual_info_score", "score"),
        )
    },
    "infogancr.dhsic": Variant("dhsic", DHSIC, rows="dhsic"),
    "infogancr.dhsic_first_two_codes": Variant("dhsic", DHSIC, rows="dhsic, two codes"),
    "dlib.mig": Variant(
        "mig",
        {
            "discrete_mig": "score",
            "capture:factor_entropy": "factor_entropy",
            "capture:mutual_information[code,factor]": "mutual_information",
        },
        protocol=STUDY,
    ),
    "dlib.modularity_explicitness": Variant(
        "modularity",
        {"modularity_score": "score", "capture:mutual_information[code,factor]": "mutual_information"},
        protocol=STUDY,
    ),
    "dlib.modularity_only": Variant("modularity", {"modularity_score": "score"}, protocol=STUDY),
    "explicitness of dlib.modularity_explicitness": Variant(
        "explicitness",
        {"explicitness_score_train": "train", "explicitness_score_test": "score"},
        1e-3,
        protocol=STUDY,
    ),
    "dlib.sap_discrete": Variant("sap", DLIB_SAP, 1e-3, protocol=STUDY),
    "dlib.sap_continuous_values": Variant(
        "sap", DLIB_SAP, protocol=STUDY, settings={"factors_are": "continuous"}
    ),
    "dlib.sap_continuous_classes": Variant(
        "sap", DLIB_SAP, protocol=STUDY, settings={"factors_are": "continuous"}, classes_as_values=True
    ),
    "dlib.dci_gbt": Variant("dci", DLIB_DCI, 1e-2, protocol=STUDY, rows="dci", matrix_tolerance=2e-2),
    "dlib.factor_vae_thr0": Variant(
        "factor_vae",
        {**DLIB_VOTES, "capture:train_votes[factor,code]": "votes"},
        protocol=STUDY,
        settings={"threshold": 0.0},
    ),
    "dlib.factor_vae_thr0.05": Variant("factor_vae", DLIB_VOTES, protocol=STUDY),
    "dlib.beta_vae": Variant(
        "beta_vae", {"train_accuracy": "train_accuracy", "eval_accuracy": "score"}, 1e-2, protocol=STUDY
    ),
    "infogancr.factor_vae": Variant(
        "factor_vae",
        {
            "factorVAE_metric": "score",
            "factorVAE_metric_revised": "revised",
            "factorVAE_metric_detail": "votes",
        },
    ),
    "infogancr.beta_vae": Variant("beta_vae", {"betaVAE_metric": "score"}, 1e-2),
    "infogancr.mig": Variant("mig", {"MIG_metric": "score", "MIG_metric_detail_entropy": "factor_entropy"}),
    "infogancr.modularity_explicitness": Variant(
        "modularity", {"FStat_modu_metric": "score", "FStat_modu_metric_detail": "per_code"}
    ),
    "explicitness of infogancr.modularity_explicitness": Variant(
        "explicitness", {"FStat_expl_metric": "score", "FStat_expl_metric_detail": "per_factor"}, 1e-3
    ),
    "infogancr.sap": Variant("sap", SAP),
    "infogancr.sap_all_discrete": Variant("sap", SAP, 1e-3, settings={"factors_are": "discrete"}),
    "infogancr.dci_Lasso": official_dci("lasso", "Lasso", 1e-6, "all"),
    "infogancr.dci_LassoCV": official_dci("lasso-cv", "LassoCV", 1e-2, "all"),
    "infogancr.dci_RandomForest": official_dci("rf", "RandomForest", 1e-6, "first 2000"),
    "infogancr.dci_RandomForestIBGAN": official_dci("rf-ibgan", "RandomForestIBGAN", 1e-6, "first 2000"),
    "infogancr.dci_RandomForestEnum4": official_dci(
        "rf-depth", "RandomForestEnum4", 1e-6, "first 2000", depth=4
    ),
}


def recorded(test_data: Path, case: str, variant: str) -> Any:
    document = json.loads((test_data / "metric_cases" / "expected.json").read_text())
    return document["cases"][case]["metrics"][variant.rpartition(" ")[2]]["value"]


def arrays_of(path: Path, rows: str, classes_as_values: bool) -> Arrays:
    with np.load(path) as z:
        case = {name: z[name] for name in z.files}
    if rows.startswith("dhsic"):
        return Arrays(codes=case["codes"][case["dhsic_rows"], : 2 if "two" in rows else None])
    train, test = case["dci_train_test" if rows == "dci" else "split_train_test"]
    count = {"dci": train + test, "first 2000": 2000}.get(rows, len(case["codes"]))
    split = {"train_rows": np.arange(train), "test_rows": np.arange(train, train + test)}
    return Arrays(
        codes=case["codes"][:count],
        factors=case["factors"][:count],
        factor_values=None if classes_as_values else case["factor_values"][:count],
        is_continuous=case["is_continuous"],
        reference_codes=case["fv_var_codes"],
        group_codes=case["fv_train_codes"],
        group_labels=case["fv_train_labels"],
        eval_group_codes=case["fv_eval_codes"],
        eval_group_labels=case["fv_eval_labels"],
        pair_codes_1=case["bv_train_codes1"],
        pair_codes_2=case["bv_train_codes2"],
        pair_labels=case["bv_train_labels"],
        eval_pair_codes_1=case["bv_eval_codes1"],
        eval_pair_codes_2=case["bv_eval_codes2"],
        eval_pair_labels=case["bv_eval_labels"],
        **({} if rows == "first 2000" else split),
    )


def plain(value: Any) -> Any:
    """Recorded numbers as an array; the strings for non-finite numbers and our nulls become NaN."""
    return np.array(value, dtype=object).astype(float) if value is not None else np.float64("nan")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", VARIANTS)
def test_equals_reference(test_data: Path, case: str, name: str) -> None:
    variant = VARIANTS[name]
    expected = recorded(test_data, case, name)
    arrays = arrays_of(test_data / "metric_cases" / f"{case}.npz", variant.rows, variant.classes_as_values)
    settings = {variant.metric: variant.settings}
    result = evaluate([variant.metric], arrays, protocol=variant.protocol, settings=settings)[variant.metric]
    for theirs, ours in variant.keys.items():
        wanted, found = plain(expected[theirs]), plain(result[ours])
        if "[factor,code]" in theirs:
            found = found.T
        if theirs.endswith("disent_metric") and np.isnan(wanted):
            # the reference has 0/0 for codes that Lasso never uses; ours are left out of the mean
            matrix = plain(expected[theirs + "_detail"].copy())
            weights = plain(expected[theirs.replace("disent_metric", "metric_detail")]).sum(axis=1)
            wanted = np.nansum(matrix * weights) / weights.sum()
        tolerance = variant.tolerance if found.ndim < 2 else variant.matrix_tolerance or variant.tolerance
        if "per_" in theirs or "detail" in theirs:
            tolerance = max(tolerance, variant.matrix_tolerance or 0)
        np.testing.assert_allclose(
            found.reshape(wanted.shape), wanted, rtol=0, atol=tolerance, err_msg=theirs
        )


def test_every_variant_is_compared(test_data: Path) -> None:
    cases = json.loads((test_data / "metric_cases" / "expected.json").read_text())["cases"]
    known = {name.rpartition(" ")[2] for name in VARIANTS} | {"dlib.dci_gbt_seed1"}
    assert {variant for case in CASES for variant in cases[case]["metrics"]} <= known


MATRIX_SCORES: dict[str, Callable[[np.ndarray], dict[str, Any] | float]] = {
    "dlib.dci": lambda m: dci_of(m, STUDY),
    "infogancr.entropic_scores": lambda m: dci_of(m, "infogan-cr"),
    "dlib.modularity": lambda m: METRICS.get("modularity")(
        Information(m, np.ones(m.shape[1])), empty_parts(*m.shape), dead_codes="zero"
    )["score"],
    "dlib.gaussian": lambda m: {
        "gaussian_total_correlation": total_correlation(m),
        "gaussian_wasserstein_correlation": wasserstein(m),
    },
    "dlib.sap_top_two": lambda m: float(top_two_gap(m).mean()),
}
OURS = {
    "gaussian_total_correlation": "gaussian_total_correlation",
    "gaussian_wasserstein_correlation": "gaussian_wasserstein_correlation",
    "disentanglement": "disentanglement",
    "completeness": "completeness",
    "per_code": "per_code",
    "per_factor": "per_factor",
    "complete_scores(entropic_scores(R))": "per_factor",
    "disent_scores(entropic_scores(R.T))": "per_code",
}


def empty_parts(codes: int, factors: int) -> Parts:
    half = Half(np.zeros((3, codes)), np.zeros((3, factors), np.int64), np.zeros((3, factors)))
    return Parts(half, half, list(range(factors)), factors, np.zeros(factors, bool))


def dci_of(matrix: np.ndarray, aggregate: str) -> dict[str, Any]:
    nothing = np.zeros(matrix.shape[1])
    found: dict[str, Any] = METRICS.get("dci")(
        Importance(matrix, nothing, nothing, "given"), empty_parts(*matrix.shape), aggregate=aggregate
    )
    return found


@pytest.mark.parametrize("score", MATRIX_SCORES)
def test_matrix_scores(test_data: Path, score: str) -> None:
    folder = test_data / "metric_cases"
    metrics = json.loads((folder / "expected.json").read_text())["cases"]["matrix_units"]["metrics"]
    with np.load(folder / "matrix_units.npz") as matrices:
        compared = 0
        for name, entry in metrics.items():
            matrix, _, kind = name.partition(":")
            if kind != score or (matrix == "all_zero_4x3" and kind == "infogancr.entropic_scores"):
                continue  # all zero: 0/0 everywhere in the reference, null with a reason here
            found = MATRIX_SCORES[score](matrices[matrix])
            if not isinstance(entry["value"], dict):
                assert found == pytest.approx(entry["value"], abs=1e-9)
                compared += 1
                continue
            assert isinstance(found, dict)
            for key, wanted in entry["value"].items():
                ours = plain(found[OURS[key]])
                np.testing.assert_allclose(ours, plain(wanted), rtol=0, atol=1e-9, err_msg=f"{name} {key}")
                compared += 1
    assert compared >= 5

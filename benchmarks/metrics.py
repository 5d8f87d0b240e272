"""Time every metric at the sizes of the disentanglement-lib study, beside the straightforward way.

The straightforward way is plain scikit-learn and numpy, a loop per factor, code or vote, one after the
other, as published evaluation code does it. Both see the same arrays: 10,000 training and 5,000 test rows,
10 codes, factors of the sizes of dSprites, 10,000 and 5,000 groups and pair batches of 64.

    python benchmarks/metrics.py --out metrics.json --markdown metrics.md
    python benchmarks/metrics.py --only explicitness,mig
    python benchmarks/metrics.py --gbt        # DCI by boosted trees as well, which takes minutes
"""

import time
import warnings
from collections.abc import Callable
from typing import Any

import _report
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score, roc_auc_score
from sklearn.svm import LinearSVC

from disentangle_cli.metrics import METRICS, Arrays, evaluate

SIZES = np.array([3, 6, 40, 32, 32])
TRAIN, TEST, CODES = 10_000, 5_000, 10
SKIPPED = ("fid", "kid", "inception_score", "class_confidence", "mode_kl", "reconstruction_error")
MIXING = np.random.default_rng(1).normal(size=(len(SIZES), CODES)) * 0.3 + np.eye(len(SIZES), CODES) * 1.2


def encode(classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An instant encoder: factors mixed linearly into ten codes, with noise."""
    values = classes / (SIZES - 1) * 2 - 1
    return np.asarray(values @ MIXING + rng.normal(size=(*classes.shape[:-1], CODES)) * 0.3, np.float32)


def make_arrays(votes: int) -> Arrays:
    """Everything the study's metrics read."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return np.stack([rng.integers(0, size, shape) for size in SIZES], axis=-1)

    def groups(count: int) -> tuple[np.ndarray, np.ndarray]:
        classes, labels = draw(count, 64), rng.integers(0, len(SIZES), count)
        for group, label in zip(classes, labels, strict=True):
            group[:, label] = group[0, label]
        return encode(classes, rng), labels

    def pairs(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first, second, labels = draw(count, 64), draw(count, 64), rng.integers(0, len(SIZES), count)
        for i, label in enumerate(labels):
            second[i, :, label] = first[i, :, label]
        return encode(first, rng), encode(second, rng), labels

    factors = draw(TRAIN + TEST)
    (g, gl), (eg, egl) = groups(votes), groups(votes // 2)
    (p1, p2, pl), (e1, e2, el) = pairs(votes), pairs(votes // 2)
    return Arrays(
        codes=encode(factors, rng), factors=factors,
        train_rows=np.arange(TRAIN), test_rows=np.arange(TRAIN, TRAIN + TEST),
        reference_codes=encode(draw(10_000), rng),
        group_codes=g, group_labels=gl, eval_group_codes=eg, eval_group_labels=egl,
        pair_codes_1=p1, pair_codes_2=p2, pair_labels=pl,
        eval_pair_codes_1=e1, eval_pair_codes_2=e2, eval_pair_labels=el,
    )  # fmt: skip


def halves(a: Arrays) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    assert a.codes is not None
    assert a.factors is not None
    return a.codes[:TRAIN], a.codes[TRAIN:], a.factors[:TRAIN], a.factors[TRAIN:]


def information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    binned = [np.digitize(c, np.histogram(c, 20)[1][:-1]) for c in codes.T]
    return np.array([[mutual_info_score(b, f) for f in factors.T] for b in binned])


def plain_mig(a: Arrays) -> float:
    codes, _, factors, _ = halves(a)
    ordered = np.sort(information(codes, factors), axis=0)[::-1]
    return float(np.mean((ordered[0] - ordered[1]) / [mutual_info_score(f, f) for f in factors.T]))


def plain_modularity(a: Arrays) -> float:
    codes, _, factors, _ = halves(a)
    squared = information(codes, factors) ** 2
    largest = squared.max(axis=1)
    return float(np.mean(1 - (squared.sum(axis=1) - largest) / (largest * (len(SIZES) - 1))))


def plain_explicitness(a: Arrays) -> float:
    codes, test, factors, truth = halves(a)
    mean, std = codes.mean(axis=0), codes.std(axis=0)
    scores = []
    for k in range(len(SIZES)):
        model = LogisticRegression().fit((codes - mean) / std, factors[:, k])
        # the study's code judges both halves
        for x, y in ((codes, factors[:, k]), (test, truth[:, k])):
            area = roc_auc_score(np.eye(SIZES[k])[y], model.predict_proba((x - mean) / std))
        scores.append(area)
    return float(np.mean(scores))


def plain_sap(a: Arrays) -> float:
    codes, test, factors, truth = halves(a)
    matrix = np.zeros((CODES, len(SIZES)))
    for d in range(CODES):
        for k in range(len(SIZES)):
            machine = LinearSVC(C=0.01, class_weight="balanced", random_state=0)
            machine.fit(codes[:, [d]].astype(float), factors[:, k])
            matrix[d, k] = np.mean(machine.predict(test[:, [d]].astype(float)) == truth[:, k])
    ordered = np.sort(matrix, axis=0)[::-1]
    return float(np.mean(ordered[0] - ordered[1]))


def plain_factor_vae(a: Arrays) -> float:
    assert a.reference_codes is not None
    scale = np.var(a.reference_codes, axis=0, ddof=1)

    def votes(groups: Any, labels: Any) -> np.ndarray:
        table = np.zeros((len(SIZES), CODES), int)
        for group, label in zip(groups, labels, strict=True):
            table[label, np.argmin(np.var(group, axis=0, ddof=1) / scale)] += 1
        return table

    learnt = votes(a.group_codes, a.group_labels).argmax(axis=0)
    fresh = votes(a.eval_group_codes, a.eval_group_labels)
    return float(fresh[learnt, range(CODES)].sum() / fresh.sum())


def plain_beta_vae(a: Arrays) -> float:
    def features(first: Any, second: Any) -> np.ndarray:
        return np.array([np.mean(np.abs(x - y), axis=0) for x, y in zip(first, second, strict=True)])

    model = LogisticRegression(random_state=0).fit(features(a.pair_codes_1, a.pair_codes_2), a.pair_labels)
    return float(model.score(features(a.eval_pair_codes_1, a.eval_pair_codes_2), a.eval_pair_labels))


def plain_irs(a: Arrays) -> float:
    codes, _, factors, _ = halves(a)
    codes = codes.astype(float)
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    matrix = np.zeros((CODES, len(SIZES)))
    for k in range(len(SIZES)):
        merged = np.digitize(factors[:, k], np.histogram(factors[:, k], 20)[1][:-1])
        spread = []
        for g in np.unique(merged):
            here = codes[merged == g]
            spread.append(np.percentile(np.abs(here - here.mean(axis=0)), 99, axis=0))
        matrix[:, k] = 1 - np.mean(spread, axis=0) / largest
    return float(np.average(matrix.max(axis=1), weights=largest))


def plain_dci(a: Arrays) -> float:
    codes, test, factors, truth = halves(a)
    matrix = np.zeros((CODES, len(SIZES)))
    for k in range(len(SIZES)):
        # seeded per factor as dcr seeds, so that the numbers can be equal
        model = GradientBoostingClassifier(random_state=np.random.RandomState([0, k]))
        model.fit(codes.astype(float), factors[:, k])
        model.score(codes, factors[:, k])
        model.score(test, truth[:, k])
        matrix[:, k] = np.abs(model.feature_importances_)
    share = (matrix + 1e-11) / (matrix + 1e-11).sum(axis=1, keepdims=True)
    per_code = 1 + (share * np.log(share)).sum(axis=1) / np.log(len(SIZES))
    return float((per_code * matrix.sum(axis=1)).sum() / matrix.sum())


PLAIN: dict[str, Callable[[Arrays], float]] = {
    "mig": plain_mig,
    "modularity": plain_modularity,
    "explicitness": plain_explicitness,
    "sap": plain_sap,
    "factor_vae": plain_factor_vae,
    "beta_vae": plain_beta_vae,
    "irs": plain_irs,
}


def clocked(work: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Best of ``times`` wall-clock times in seconds, and the value."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        value = work()
        best = min(best, time.perf_counter() - start)
    return best, value


def run(
    arrays: Arrays, name: str, plain: Callable[[Arrays], float] | None, times: int, **settings: Any
) -> Any:
    def ours() -> Any:
        given = {name: settings}
        found = evaluate([name], arrays, protocol="disentanglement-lib", settings=given, drawn=True)
        return found[name]["score"]

    seconds, value = clocked(ours, times)
    label = " ".join([name, *settings.values()])
    row: dict[str, Any] = {"metric": label, "dcr_seconds": seconds, "dcr_value": value}
    if plain is not None:
        row["plain_seconds"], row["plain_value"] = clocked(lambda: plain(arrays), times)
        row["ratio"] = row["plain_seconds"] / seconds
        row["difference"] = abs(row["plain_value"] - value)
    print(" | ".join(cells(row)), flush=True)
    return row


def cells(row: dict[str, Any]) -> list[str]:
    forms = {
        "dcr_seconds": ".3f", "plain_seconds": ".3f", "ratio": ".1f",
        "dcr_value": ".5f", "plain_value": ".5f", "difference": ".1e",
    }  # fmt: skip
    return [row["metric"], *(format(row[key], form) if key in row else "" for key, form in forms.items())]


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--only", default="", help="metrics, separated by commas")
    parser.add_argument("--gbt", action="store_true", help="DCI by boosted trees as well: minutes")
    parser.add_argument("--times", type=int, default=2, help="runs of each; the best counts")
    parser.add_argument("--votes", type=int, default=10_000, help="groups and pair batches to learn from")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    arrays = make_arrays(options.votes)
    wanted = [n for n in options.only.split(",") if n] or [n for n in METRICS.names() if n not in SKIPPED]
    rows = []
    for name in wanted:
        if name == "dci":
            rows.append(run(arrays, name, None, 1, regressor="hgb"))
            if options.gbt:
                rows.append(run(arrays, name, plain_dci, 1, regressor="gbt"))
            continue
        rows.append(run(arrays, name, PLAIN.get(name), options.times))
    total = sum(row["dcr_seconds"] for row in rows if "gbt" not in row["metric"])
    columns = ["metric", "dcr, s", "plain, s", "ratio", "dcr value", "plain value", "difference"]
    _report.publish(options, _report.table(columns, [cells(row) for row in rows]), rows=rows)
    print(f"dcr without gbt: {total:.1f} s")


if __name__ == "__main__":
    main()

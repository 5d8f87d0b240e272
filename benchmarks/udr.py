"""Time UDR after encoding, 200 models of 10 codes on 1,000 images, beside scikit-learn.

Codes are made up: five shared causes, mixed more or less, with noise. `one Lasso a pair` is the reference's
loop, `one Lasso a model` fits all targets of the pool in one call; both are timed on the first models only,
and counted up.

    python benchmarks/udr.py --out udr.json --markdown udr.md
"""

import time
import warnings
from collections.abc import Callable

import _report
import numpy as np
from sklearn.linear_model import Lasso

from disentangle_cli.measurement.matrix import standardised
from disentangle_cli.methods.udr_lasso import ALPHA, coefficients
from disentangle_cli.methods.udr_spearman import correlations, standard_ranks
from disentangle_cli.selection.udr import relative_strength, relative_strengths

IMAGES, CODES, CAUSES = 1000, 10, 5


def models(count: int) -> list[np.ndarray]:
    """(IMAGES, CODES) standardised codes of each model."""
    causes = np.random.default_rng(0).uniform(-1, 1, (IMAGES, CAUSES))
    made = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        mixing = np.eye(CAUSES, CODES) + 0.8 * (1 - rng.uniform()) * rng.normal(size=(CAUSES, CODES))
        made.append(standardised(np.tanh(causes @ mixing) + 0.2 * rng.normal(size=(IMAGES, CODES))))
    return made


def by_pair(codes: list[np.ndarray], rows: int) -> np.ndarray:
    """(rows, n) as the reference does it."""
    fitted = [[Lasso(alpha=ALPHA).fit(own, other).coef_.T for other in codes] for own in codes[:rows]]
    return np.array([[relative_strength(np.abs(weights)) for weights in row] for row in fitted])


def by_model(codes: list[np.ndarray], rows: int) -> np.ndarray:
    """(rows, n) with all targets in one call."""
    everybody = np.concatenate(codes, axis=1)
    found = []
    for own in codes[:rows]:
        weights = np.abs(Lasso(alpha=ALPHA).fit(own, everybody).coef_.T)
        found.append([relative_strength(part) for part in np.split(weights, len(codes), axis=1)])
    return np.array(found)


def dcr(
    codes: list[np.ndarray], rows: int, relate: Callable[[np.ndarray, np.ndarray], np.ndarray] = coefficients
) -> np.ndarray:
    """(rows, n) as dcr does it."""
    everybody, widths = np.concatenate(codes, axis=1), [CODES] * len(codes)
    return np.array([relative_strengths(relate(own, everybody), widths) for own in codes[:rows]])


def main() -> None:
    """Time all ways on the same codes."""
    parser = _report.parser(__doc__)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--old", type=int, default=10, help="models whose rows the old ways compute")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    codes = models(options.models)
    ranks = [standard_ranks(own) for own in codes]
    ways: dict[str, tuple[int, Callable[[], np.ndarray]]] = {
        "udr-lasso, one Lasso a pair": (options.old, lambda: by_pair(codes, options.old)),
        "udr-lasso, one Lasso a model": (options.old, lambda: by_model(codes, options.old)),
        "udr-lasso, dcr": (options.models, lambda: dcr(codes, options.models)),
        "udr-spearman, dcr": (options.models, lambda: dcr(ranks, options.models, correlations)),
    }
    results, expected = {}, np.empty(0)
    for name, (rows, way) in ways.items():
        wall, cpu = time.perf_counter(), time.process_time()
        matrix = way()
        scale = options.models / rows
        wall, cpu = scale * (time.perf_counter() - wall), scale * (time.process_time() - cpu)
        expected = expected if expected.size else matrix
        off = float(np.abs(matrix[: options.old] - expected).max()) if "lasso" in name else None
        results[name] = {"rows": rows, "wall": wall, "cpu": cpu, "off": off}
        print(name, results[name], flush=True)
    first = next(iter(results.values()))
    cells = [
        [
            name, str(row["rows"]), f"{row['wall']:.1f}", f"{row['cpu']:.1f}",
            f"{first['cpu'] / row['cpu']:.1f}", "" if row["off"] is None else f"{row['off']:.0e}",
        ]
        for name, row in results.items()
    ]  # fmt: skip
    columns = [
        "way",
        "models timed",
        "wall for all, s",
        "CPU for all, s",
        "ratio (CPU)",
        "largest difference",
    ]
    _report.publish(options, _report.table(columns, cells), models=options.models, results=results)


if __name__ == "__main__":
    main()

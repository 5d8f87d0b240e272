"""Simulate the search for the medoid: how often it is right, and what it costs, from 100 to 10,000 models.

A simulated model has a quality q, a skill of its encoder and of its generator (q with noise of 0.05), and a
place in four dimensions: the worse it is, the further it stands from the common solution, each in its own
direction (normal, standard deviation 1 - q, and 0.15 more for all). Encoder i agrees with generator j by
a = sqrt(skill_i skill_j) exp(-distance^2 / 2), plus a peculiarity of the pair (standard deviation 0.06). In a
group, the code that stands for the fixed one wins with probability a, else any of five; the score is the
accuracy of a majority classifier on its own votes, as ModelCentrality counts it; its mean and spread for 10,
30 and 100 groups per code are measured beforehand. Pools: 40% good models (q from beta(8, 2.5)), 35% middling
(beta(4, 4)), 25% bad (beta(2, 6)). `hard`: no q is above 0.85, so that many are nearly as good as the best.

Entries are made by hashing when they are asked for, so that 10,000 models need no matrix. The truth is the
full matrix, noise included. Cost is in evaluations with all groups, n^2 of which are the full matrix.

    python benchmarks/medoid.py --repetitions 200 --plot medoid.png --markdown medoid.md
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path

import _report
import numpy as np

from disentangle_cli.rendering.figures import new_figure, save_figure, styled
from disentangle_cli.rendering.palette import FAINT, SERIES, css
from disentangle_cli.selection.budget import budget_of
from disentangle_cli.selection.search import PARTS, find_medoid

CODES, PER_CODE, GROUP_SIZE, SCALE = 5, 100, 100, 1024
PECULIAR = 0.06
CLOSE = 0.005
GRID = 1000
ALLOWED = {100: 0.1, 1000: 0.02, 10_000: 0.005}
SALTS = {part: 2 + place for place, part in enumerate(PARTS)}


def curves(part: float) -> tuple[np.ndarray, np.ndarray]:
    """(GRID + 1,) mean and standard deviation of the score of a pair over its agreement from 0 to 1."""
    rng, knots = np.random.default_rng(0), np.linspace(0, 1, 21)
    groups, moments = round(part * PER_CODE), []
    for a in knots:
        votes = [rng.multinomial(groups, row, size=2000) for row in a * np.eye(CODES) + (1 - a) / CODES]
        accuracy = np.stack(votes, axis=-1).max(axis=-1).sum(axis=-1) / (groups * CODES)
        moments.append((accuracy.mean(), accuracy.std()))
    fine = np.linspace(0, 1, GRID + 1)
    mean, spread = (np.interp(fine, knots, column).astype(np.float32) for column in np.transpose(moments))
    return mean, spread


CURVES = {part: curves(part) for part in PARTS}


def bell(keys: np.ndarray, salt: int) -> np.ndarray:
    """Sums of four uniform numbers, mean 0 and standard deviation 1, that follow from the keys (uint64)."""
    h = keys + np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        h = (h ^ (h >> np.uint64(shift))) * np.uint64(factor)
    h ^= h >> np.uint64(31)
    total = h.view(np.uint16).reshape(*h.shape, 4).sum(axis=-1, dtype=np.int32)
    return (total.astype(np.float32) / 65535 - 2) * np.float32(math.sqrt(3))


@dataclass
class SimulatedPool:
    """An oracle for the search; see the module."""

    n: int
    seed: int
    hard: bool

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.n, self.seed, self.hard])
        kind = rng.choice(3, size=self.n, p=[0.4, 0.35, 0.25])
        q = rng.beta(np.array([8, 4, 2])[kind], np.array([2.5, 4, 6])[kind])
        q = np.minimum(q, 0.85) if self.hard else q
        self.encoder, self.generator = (
            np.sqrt(np.clip(q + 0.05 * rng.normal(size=self.n), 0, 1)).astype(np.float32) for _ in range(2)
        )
        away = rng.normal(size=(self.n, 4)) * (1 - q)[:, None] + 0.15 * rng.normal(size=(self.n, 4))
        self.place = away.astype(np.float32)

    def __call__(self, pairs: np.ndarray, part: float) -> np.ndarray:
        i, j = pairs.T
        distance = ((self.place[i] - self.place[j]) ** 2).sum(axis=1)
        return self._scores(i, j, distance, part).astype(np.float64)

    def _scores(self, i: np.ndarray, j: np.ndarray, distance: np.ndarray, part: float) -> np.ndarray:
        keys = i.astype(np.uint64) * np.uint64(self.n) + j.astype(np.uint64)
        salt = 10 * self.seed
        agreement = self.encoder[i] * self.generator[j] * np.exp(-distance / 2)
        agreement = np.clip(agreement + np.float32(PECULIAR) * bell(keys, salt), 0, 1)
        step = (agreement * GRID).astype(np.int32)
        mean, spread = CURVES[part]
        return np.clip(mean[step] + spread[step] * bell(keys, salt + SALTS[part]), 0, 1)

    def cost(self, part: float) -> float:
        """Images over those of a full evaluation."""
        full = PER_CODE * CODES * GROUP_SIZE
        return (part * full + SCALE) / (full + SCALE)

    def noise(self, scores: np.ndarray, part: float) -> np.ndarray:
        """Binomial, without replacement."""
        return scores * (1 - scores) * (1 - part) / (part * PER_CODE * CODES)

    def truth(self) -> np.ndarray:
        """(n,) scores by the full matrix, a few rows at a time."""
        total = np.zeros(self.n)
        everybody = np.arange(self.n)[None, :]
        size = (self.place**2).sum(axis=1)
        for start in range(0, self.n, block := max(1, 1_000_000 // self.n)):
            rows = np.arange(start, min(self.n, start + block))
            distance = size[rows, None] + size - 2 * self.place[rows] @ self.place.T
            scores = self._scores(rows[:, None], everybody, distance, 1.0)
            scores[np.arange(len(rows)), rows] = 0
            total += scores.sum(axis=0)
            total[rows] += scores.sum(axis=1)
        return total / (2 * (self.n - 1))


def simulate(n: int, hard: bool, repetitions: int) -> dict[str, float]:
    """Search in simulated pools; large pools are searched several times each, with other references."""
    pools = repetitions if n <= 1000 else max(1, repetitions // 50)
    begun, results = time.perf_counter(), []
    for seed in range(pools):
        pool = SimulatedPool(n, seed, hard)
        truth = pool.truth()
        for repeat in range(repetitions // pools):
            rng = np.random.default_rng([seed, repeat])
            found = find_medoid(n, pool, rng, budget=budget_of(n, "auto"), tolerance=CLOSE)
            off = truth.max() - truth[found.best]
            results.append([off, found.spent / n**2, found.confidence, found.settled, found.rounds])
    lost, cost, confidence, settled, rounds = np.array(results, dtype=float).T
    return {
        "n": n, "hard": hard, "repetitions": len(results), "pools": pools,
        "exact": float((lost == 0).mean()), "close": float((lost <= CLOSE).mean()),
        "worst": float(lost.max()), "cost": float(cost.mean()), "largest": float(cost.max()),
        "allowed": ALLOWED.get(n, math.nan),
        "confidence": float(confidence.mean()), "settled": float(settled.mean()),
        "rounds": float(rounds.mean()), "seconds": time.perf_counter() - begun,
    }  # fmt: skip


def draw(rows: list[dict[str, float]], path: Path) -> None:
    """Cost against n, both on logarithmic scales, with what was allowed."""
    with styled():
        figure = new_figure(8, 5.2)
        axes = figure.add_axes((0.1, 0.1, 0.85, 0.8))
        axes.set_title("cost of finding the medoid, part of all n x n evaluations")
        axes.plot(ALLOWED.keys(), ALLOWED.values(), color=css(FAINT), label="wanted at most")
        for hard, name in ((False, "pools"), (True, "hard pools")):
            own = sorted((row for row in rows if row["hard"] == hard), key=lambda row: row["n"])
            n, mean, worst = ([row[key] for row in own] for key in ("n", "cost", "largest"))
            colour = css(SERIES[hard])
            axes.plot(n, mean, color=colour, marker="o", label=f"{name}: mean, largest")
            axes.vlines(n, mean, worst, color=colour, linewidth=1)
            for row in own:
                place = {"xytext": (8, -4), "ha": "left"} if hard else {"xytext": (-8, -10), "ha": "right"}
                at, text = (row["n"], row["cost"]), f"{row['cost']:.2%}"
                axes.annotate(text, at, textcoords="offset points", color=colour, **place)
        axes.set(xscale="log", yscale="log", xlim=(60, 16_000), ylim=(0.0005, 1.2))
        axes.set_xticks([100, 1000, 10_000], ["100 models", "1,000 models", "10,000 models"])
        axes.set_yticks([0.001, 0.01, 0.1, 1], ["0.1%", "1.0%", "10.0%", "100.0%"])
        axes.minorticks_off()
        axes.legend()
    save_figure(figure, path)


def main() -> None:
    """Simulate, print the table, draw."""
    parser = _report.parser(__doc__)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--plot", type=Path, help="draw cost against n: .png, .svg or .pdf")
    options = parser.parse_args()
    rows = []
    for n in map(int, options.sizes.split(",")):
        for hard in (False, True):
            rows.append(simulate(n, hard, options.repetitions))
            print(rows[-1], flush=True)
    cells = [
        [
            f"{row['n']:,}{' hard' if row['hard'] else ''}", str(row["repetitions"]), f"{row['exact']:.1%}",
            f"{row['close']:.1%}", f"{row['worst']:.4f}", f"{row['cost']:.2%}", f"{row['largest']:.2%}",
            f"{row['allowed']:.1%}", f"{row['confidence']:.3f}", f"{row['settled']:.0%}",
            f"{row['rounds']:.0f}",
        ]
        for row in rows
    ]  # fmt: skip
    columns = [
        "models", "repetitions", "exact medoid", f"within {CLOSE}", "worst loss", "mean cost", "largest cost",
        "wanted at most", "mean confidence", "settled", "rounds",
    ]  # fmt: skip
    if options.plot:
        draw(rows, options.plot)
    _report.publish(options, _report.table(columns, cells), rows=rows)


if __name__ == "__main__":
    main()

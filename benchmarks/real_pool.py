"""How often the search for the medoid is right in a real pool, and what it costs.

All pairs of the pool are evaluated once; their votes answer every later question. The search
(`dcr centrality --budget auto`) is then repeated with other references each time; what it finds is compared
with the full matrix.

The pool is a list of checkpoints, or one that is trained here: fully connected autoencoders of dSprites at
16x16 pixels, which takes seconds each. They differ in model, strength of the regulariser, length of the
training and seed, so that some are good and some are not.

    python benchmarks/real_pool.py
    python benchmarks/real_pool.py --checkpoints ckpts/*.pt
"""

import itertools
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import _report
import numpy as np

from disentangle_cli.api.train import train
from disentangle_cli.datasets import open_dataset
from disentangle_cli.selection import Settings
from disentangle_cli.selection.budget import PairOracle, budget_of
from disentangle_cli.selection.cross import cross_votes
from disentangle_cli.selection.judge import Judged, judge
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.selection.ranking import central_scores, symmetrised
from disentangle_cli.selection.search import PARTS, find_medoid
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.votes import CrossVotes, Votes

CLOSE = 0.005
KINDS = [("vae", []), *[("beta-vae", [f"beta={beta}"]) for beta in (2, 4, 8)], ("beta-tcvae", ["beta=4"])]
ITERATIONS = (400, 4000)
SMALLER = 4
SETTINGS = ["architecture=mlp", "latents.codes.dim=6", "log.images_every=0"]


def small_sprites(folder: Path, count: int = 20_000) -> Path:
    """A data set of dSprites, each pixel the mean of 4x4."""
    dataset, rng = open_dataset("dsprites"), np.random.default_rng(0)
    images = dataset.images(dataset.draw(rng, count)).reshape(count, 16, SMALLER, 16, SMALLER)
    path = folder / "sprites16.npz"
    np.savez(path, images=images.mean(axis=(2, 4)).round().astype(np.uint8))
    return path


def train_one(task: tuple[str, list[str], int, int, Path, Path]) -> str:
    """Train one model and return its path."""
    model, sets, iterations, seed, data, folder = task
    name = f"{model}{''.join(sets).replace('=', '')}_{iterations}"
    out = folder / name
    settings = [*SETTINGS, *sets]
    return str(train(model, str(data), iterations=iterations, settings=settings, seed=seed, out=out).paths[0])


def trained_pool(folder: Path, models: int, jobs: int) -> list[str]:
    """Paths of so many checkpoints."""
    data = small_sprites(folder)
    kinds = list(itertools.product(KINDS, ITERATIONS))
    tasks = []
    for k in range(models):
        seed, kind = divmod(k, len(kinds))
        (model, sets), iterations = kinds[kind]
        tasks.append((model, sets, iterations, seed, data, folder))
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(train_one, tasks))


class KeptOracle(PairOracle):
    """Answers from votes that were cast before, on their first groups; charges what the default mode does."""

    def __init__(self, task: Task, columns: list[list[int]], votes: CrossVotes) -> None:
        charged = replace(task, settings=replace(task.settings, scale_images=None))
        super().__init__(charged, columns, np.arange(len(task.pool)))
        self._kept = votes
        self._known: dict[tuple[int, int, float], float] = {}

    def __call__(self, pairs: np.ndarray, part: float) -> np.ndarray:
        """See :class:`disentangle_cli.selection.search.Oracle`."""
        return np.array([self._score(int(i), int(j), part) for i, j in pairs])

    def groups(self, part: float) -> int:
        """Groups per code of an evaluation on this part."""
        return self._groups(part)

    def _score(self, i: int, j: int, part: float) -> float:
        if (i, j, part) not in self._known:
            kept, groups = self._kept[i, j], self._groups(part) * len(self._columns[j])
            votes = Votes(kept.votes[:groups], kept.labels[:groups], kept.alive, kept.scale_images)
            self.scores[i, j] = judge(self._task, self._columns, i, j, votes)
            self._known[i, j, part] = self.scores[i, j].score
        return self._known[i, j, part]


def prices(task: Task, columns: list[list[int]], oracle: KeptOracle) -> list[list[str]]:
    """What an evaluation on a part of the groups costs in images, by default, and what is charged for it."""
    pairs = [(i, j) for i in range(len(task.pool))[:8] for j in range(2)]
    images = []
    for part in PARTS:
        groups = oracle.groups(part)
        settings = replace(task.settings, groups_per_code=groups, scale_images=None)
        votes = cross_votes(replace(task, settings=settings), columns, pairs).values()
        images.append(np.mean([len(v.votes) * settings.group_size + v.scale_images for v in votes]))
    return [
        [f"{part:g}", f"{found:,.0f}", f"{found / images[-1]:.1%}", f"{oracle.cost(part):.1%}"]
        for part, found in zip(PARTS, images, strict=True)
    ]


def main() -> None:
    """Make the pool, evaluate all of it, search it again and again."""
    parser = _report.parser(__doc__)
    parser.add_argument("--checkpoints", nargs="+", help="a pool of your own")
    parser.add_argument("--models", type=int, default=100, help="of the pool that is trained here")
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument(
        "--groups-per-code", type=int, default=40, help="of the full evaluation; official: 100"
    )
    parser.add_argument("--scale-images", type=int, default=10_000, help="of the full evaluation")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = options.checkpoints or trained_pool(Path(folder), options.models, options.jobs)
        pool = load_pool(paths)
        counts = {"groups_per_code": options.groups_per_code, "scale_images": options.scale_images}
        settings = Settings(**counts, inactive="keep")
        task = Task(pool, 0, settings.resolved([member.family for member in pool.members]), options.jobs)
        columns = [member.latents.code_columns for member in pool.members]
        votes = cross_votes(task, columns)
        judged = {(i, j): judge(task, columns, i, j, pair) for (i, j), pair in votes.items()}
        truth = central_scores(symmetrised(Judged.of(len(pool), judged).score))
        n, oracle, found = len(pool), KeptOracle(task, columns, votes), []
        for repetition in range(options.repetitions):
            rng = np.random.default_rng(repetition)
            result = find_medoid(n, oracle, rng, budget=budget_of(n, "auto"), tolerance=CLOSE)
            lost = float(truth.max() - truth[result.best])
            found.append([lost, result.spent / n**2, result.confidence, result.settled])
        paid = prices(task, columns, oracle)
    lost, cost, confidence, settled = np.array(found, dtype=float).T
    ordered = np.sort(truth)[::-1]
    columns_of_table = [
        "models", "best score", "second", "median", "worst", "repetitions", "exact medoid", f"within {CLOSE}",
        "worst loss", "mean cost", "largest cost", "mean confidence", "settled",
    ]  # fmt: skip
    row = [
        str(n), *(f"{score:.3f}" for score in (ordered[0], ordered[1], np.median(truth), ordered[-1])),
        str(len(lost)), f"{(lost == 0).mean():.1%}", f"{(lost <= CLOSE).mean():.1%}", f"{lost.max():.4f}",
        f"{cost.mean():.2%}", f"{cost.max():.2%}", f"{confidence.mean():.2f}", f"{settled.mean():.0%}",
    ]  # fmt: skip
    columns_of_prices = ["part of the groups", "images", "of a full evaluation", "charged"]
    table = f"{_report.table(columns_of_table, [row])}\n\n{_report.table(columns_of_prices, paid)}"
    _report.publish(options, table, models=list(pool.names), scores=truth.tolist(), searches=found)


if __name__ == "__main__":
    main()

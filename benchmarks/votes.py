"""Are votes that stop early those of all images?

    python benchmarks/votes.py examples/pool/*.pt --untrained 1

Every encoder of the pool votes on every generator twice, with and without `--full-groups`, and the votes are
compared: how many differ, and what that does to scores and ranks. Trained, half-trained and untrained models
stand in one pool; each pair counts under the worse of the two.
"""

import tempfile
from collections import defaultdict
from pathlib import Path

import _report
import numpy as np
from centrality import random_models

from disentangle_cli.selection import Settings
from disentangle_cli.selection.cross import CrossVotes, cross_votes
from disentangle_cli.selection.pool import Pool, load_pool
from disentangle_cli.selection.ranking import central_scores, mean, symmetrised
from disentangle_cli.selection.selection import Task


def voted(pool: Pool, settings: Settings) -> CrossVotes:
    """All pairs of the pool, nothing from the cache."""
    columns = [member.latents.code_columns for member in pool.members]
    return cross_votes(Task(pool, 0, settings, cache=False), columns)


def centralities(votes: CrossVotes, n: int) -> np.ndarray:
    """(n,) by the official rule."""
    matrix = np.array([[votes[i, j].accuracy for j in range(n)] for i in range(n)])
    return central_scores(symmetrised(matrix), mean)


def main() -> None:
    """Vote twice and compare."""
    parser = _report.parser(__doc__)
    parser.add_argument("checkpoints", nargs="+")
    parser.add_argument("--untrained", type=int, default=1, help="models with random weights to add")
    parser.add_argument("--half", nargs="*", default=[], help="checkpoints of half-trained models to add")
    parser.add_argument("--groups-per-code", type=int, default=40, help="official: 100")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        untrained = random_models(Path(folder), options.untrained)
        named = dict.fromkeys(options.checkpoints, "trained")
        named |= dict.fromkeys(options.half, "half-trained") | dict.fromkeys(untrained, "untrained")
        pool = load_pool(list(named))
        kinds = ["trained", "half-trained", "untrained"]
        settings = Settings(groups_per_code=options.groups_per_code)
        settings = settings.resolved([m.model.family for m in pool.members], device=pool.device)
        whole = voted(pool, settings.with_options(full_groups=True))
        early = voted(pool, settings)
    found: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
    for (i, j), votes in whole.items():
        worse = max((named[pool.members[k].name] for k in (i, j)), key=kinds.index)
        differ = int((votes.votes != early[i, j].votes).sum())
        found[worse].append((len(votes.votes), differ, abs(votes.accuracy - early[i, j].accuracy)))
        found["all"].append(found[worse][-1])
    rows = []
    for kind in [kind for kind in (*kinds, "all") if kind in found]:
        votes, differ, moved = (np.array(column) for column in zip(*found[kind], strict=True))
        rows.append(
            [kind, str(len(votes)), f"{votes.sum():,}", str(differ.sum()),
             f"{1000 * differ.sum() / votes.sum():.2f}", f"{moved.max():.4f}"]
        )  # fmt: skip
    scores = [centralities(one, len(pool)) for one in (whole, early)]
    same = np.array_equal(np.argsort(-scores[0], kind="stable"), np.argsort(-scores[1], kind="stable"))
    told = f"largest change of a model's score: {np.abs(scores[0] - scores[1]).max():.4f}; ranks: "
    told += "all the same" if same else "not all the same"
    columns = ["the worse of the two", "pairs", "votes", "differ", "of 1,000", "largest change of a pair"]
    _report.publish(options, f"{_report.table(columns, rows)}\n\n{told}", found=found)


if __name__ == "__main__":
    main()

"""Do label-free methods find the best model? Pools with labels at hand, and 200 random sub-pools of each.

    python benchmarks/selection.py pool/*.pt --markdown selection.md

Three pools: the GANs and the autoencoders among the checkpoints, each by the official rule, and all of them
together by `auto`. Every method ranks a pool once. What two models say about each other does not depend on
the others, so the ranking of any sub-pool follows from the same numbers.

Regret is the supervised score of the best model of a pool minus that of the pick. Of the rules for mixed
pools the one with the smallest mean regret on half of the sub-pools is taken; the figure that counts is that
of the other half.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _report
import numpy as np

import disentangle_cli as dcr
from disentangle_cli.api.rank import Ranking
from disentangle_cli.arraytypes import Doubles, Ints
from disentangle_cli.selection import Selection
from disentangle_cli.selection.labels_check import METRICS
from disentangle_cli.selection.ranking import (
    balanced_scores,
    central_scores,
    kendall,
    mean,
    median,
    symmetrised,
)

SUB_POOLS = 200
LEAST = 4
"""Models in the smallest sub-pool."""
REPLICATES = 1000
Scores = Callable[[Ints], Doubles]
"""Indices of a sub-pool (m,) -> the score of each of its models (m,)."""


def scorer(selection: Selection) -> Scores:
    """By a method's own rule: the mean of ModelCentrality, the median of UDR."""
    assert selection.similarity is not None
    similarity, centre = selection.similarity, mean if selection.method == "model-centrality" else median
    return lambda chosen: central_scores(similarity[np.ix_(chosen, chosen)], centre)


def rules(official: Selection, auto: Selection, families: list[str]) -> dict[str, Scores]:
    """ModelCentrality on a mixed pool by several rules."""
    assert auto.corrected is not None
    active = {ranked.model: ranked.codes for ranked in auto.ranking}
    codes = np.array([active[name] for name in auto.models], np.float64)
    part = np.minimum.outer(codes, codes) / np.maximum.outer(codes, codes)
    corrected = symmetrised(auto.corrected)
    matrices = {
        "auto: times min(k) / max(k)": corrected,
        "auto, times its square root": corrected / np.sqrt(part),
        "auto, without it": corrected / part,
        "auto, without chance and it (held out only)": symmetrised(auto.matrix),
        "keep": symmetrised(official.matrix),
    }

    def plain(matrix: Doubles) -> Scores:
        return lambda chosen: central_scores(matrix[np.ix_(chosen, chosen)])

    def balanced(matrix: Doubles) -> Scores:
        return lambda chosen: balanced_scores(
            matrix[np.ix_(chosen, chosen)], [families[i] for i in chosen.tolist()]
        )

    found = {name: plain(matrix) for name, matrix in matrices.items()}
    return found | {f"{name}; one voice a family": balanced(matrix) for name, matrix in matrices.items()}


def sub_pools(n: int, rng: np.random.Generator) -> list[Ints]:
    """Random halves of a pool."""
    size = max(LEAST, n // 2)
    return [np.sort(rng.choice(n, size, replace=False)) for _ in range(SUB_POOLS)]


def regrets(scores: Scores, worth: Doubles, chosen: list[Ints]) -> Doubles:
    """Of the pick of each sub-pool (S,)."""
    found = []
    for one in chosen:
        own = scores(one)
        pick = int(np.argmax(np.where(np.isnan(own), -np.inf, own)))
        found.append(worth[one].max() - worth[one][pick])
    return np.array(found)


def spread(values: Doubles, rng: np.random.Generator) -> str:
    """The mean, with the 95% interval that resampling gives it."""
    draws = rng.choice(values, (REPLICATES, len(values))).mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


def pool_rows(name: str, ranking: Ranking, worth: dict[str, Doubles]) -> list[list[str]]:
    """What each method picks of a whole pool."""
    rows = []
    for selection in ranking.selections:
        own = {ranked.model: ranked.score for ranked in selection.ranking}
        scores = [own[model] for model in selection.models]
        pick = selection.models.index(selection.selected)
        cells = [name, selection.method, Path(selection.selected).stem]
        for metric in METRICS:
            tau = kendall(scores, worth[metric].tolist())
            cells += [f"{worth[metric].max() - worth[metric][pick]:.3f}", "" if tau is None else f"{tau:.2f}"]
        rows.append(cells)
    return rows


def sub_pool_rows(
    name: str, ranking: Ranking, worth: dict[str, Doubles], chosen: list[Ints]
) -> list[list[str]]:
    """Regret over sub-pools of each method, and of a random pick."""
    rng, rows = np.random.default_rng(1), []
    for selection in ranking.selections:
        found = {metric: regrets(scorer(selection), worth[metric], chosen) for metric in METRICS}
        best = f"{(found['factor_vae'] == 0).mean():.2f}"
        rows.append([name, selection.method, *(spread(found[metric], rng) for metric in METRICS), best])
    at_random = {m: np.array([worth[m][one].max() - worth[m][one].mean() for one in chosen]) for m in METRICS}
    chance = f"{1 / len(chosen[0]):.2f}"
    return [*rows, [name, "random", *(spread(at_random[metric], rng) for metric in METRICS), chance]]


def rule_rows(found: dict[str, Scores], worth: Doubles, chosen: list[Ints]) -> list[list[str]]:
    """Mean regret of each rule on the sub-pools that choose, and on those held out."""
    rng, half = np.random.default_rng(2), len(chosen) // 2
    table = {name: regrets(scores, worth, chosen) for name, scores in found.items()}
    best = min(table, key=lambda name: float(table[name][:half].mean()))
    return [
        [f"**{name}**" if name == best else name, spread(values[:half], rng), spread(values[half:], rng)]
        for name, values in sorted(table.items(), key=lambda item: float(item[1][:half].mean()))
    ]


def main() -> None:
    """Rank the pools, then their sub-pools."""
    parser = _report.parser(__doc__)
    parser.add_argument("checkpoints", nargs="+")
    parser.add_argument("--dataset", default="dsprites")
    parser.add_argument("--groups", type=int, default=100, help="per code")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()

    def ranked(models: list[str], inactive: str) -> Ranking:
        return dcr.rank(
            models, "all", labels_check=options.dataset, inactive=inactive, budget="exact",
            groups_per_code=options.groups, jobs=options.jobs,
        )  # fmt: skip

    every = ranked(options.checkpoints, "auto")
    families = {member.name: member.family for member in every.pool.members}
    pools = {
        family: [name for name in every.pool.names if families[name] == family] for family in ("gan", "vae")
    }
    rankings = {
        f"{family}s": ranked(names, "keep") for family, names in pools.items() if len(names) > LEAST
    } | {"mixed": every}
    whole: list[list[str]] = []
    parts: list[list[str]] = []
    content: dict[str, Any] = {}
    for name, ranking in rankings.items():
        assert ranking.labels is not None
        scores = ranking.labels["scores"]
        worth = {
            metric: np.array([scores[model][metric] or math.nan for model in ranking.pool.names])
            for metric in METRICS
        }
        chosen = sub_pools(len(ranking.pool.names), np.random.default_rng(0))
        whole += pool_rows(name, ranking, worth)
        parts += sub_pool_rows(name, ranking, worth, chosen)
        content[name] = ranking.to_json()
    official = ranked(options.checkpoints, "keep")
    by_rule = rules(official["model-centrality"], every["model-centrality"], list(families.values()))
    worth_of = np.array([every.labels["scores"][m]["factor_vae"] for m in every.pool.names])  # type: ignore[index]
    chosen = sub_pools(len(every.pool.names), np.random.default_rng(0))
    heads = [f"{metric}: {what}" for metric in METRICS for what in ("regret", "tau")]
    tables = [
        _report.table(["pool", "method", "pick", *heads], whole),
        _report.table(["pool", "method", *(f"regret in {m}" for m in METRICS), "picks the best"], parts),
        _report.table(
            ["rule", "regret, choosing half", "regret, held out"], rule_rows(by_rule, worth_of, chosen)
        ),
    ]
    _report.publish(options, "\n\n".join(tables), pools=content)


if __name__ == "__main__":
    main()

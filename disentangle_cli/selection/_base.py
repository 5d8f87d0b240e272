"""What every selection method takes and gives, and the registry that finds them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.registry import Registry
from disentangle_cli.selection._pool import Pool
from disentangle_cli.selection._settings import Settings


@dataclass(frozen=True)
class Ranked:
    """One line of a ranking.

    Attributes:
        model: the name of the model (its path as given).
        score: higher is better; None when the method cannot tell.
        rank: from 1.
        codes: the number of codes the method counted for this model.
    """

    model: str
    score: float | None
    rank: int
    codes: int


@dataclass(frozen=True)
class Selection:
    """The outcome of one selection method on one pool.

    Attributes:
        method: registered name of the method.
        models: names of the n distinct models in the order given; it indexes ``matrix``.
        ranking: best first.
        selected: name of the best model.
        matrix: (n, n) float64, raw score of model i judged on model j; NaN where not evaluated.
        seed, settings: what the numbers depend on besides the models.
        corrected: (n, n) float64 where the method corrects the raw scores.
        details: further results as JSON types.
    """

    method: str
    models: tuple[str, ...]
    ranking: tuple[Ranked, ...]
    selected: str
    matrix: NDArray[np.float64]
    seed: int
    settings: dict[str, Any]
    corrected: NDArray[np.float64] | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every entry of the matrix was evaluated."""
        return not bool(np.isnan(self.matrix).any())

    def to_json(self, top: int | None = None) -> dict[str, Any]:
        """The method's entry of the ``centrality`` document; ``top`` shortens the ranking."""
        entry: dict[str, Any] = {
            "ranking": [
                {"model": r.model, "score": r.score, "rank": r.rank, "codes": r.codes}
                for r in self.ranking[:top]
            ],
            "selected": self.selected,
            "matrix": self.matrix.tolist(),
            "complete": self.complete,
        }
        if self.corrected is not None:
            entry["corrected"] = self.corrected.tolist()
        return entry | self.details


@dataclass(frozen=True)
class Task:
    """One selection to carry out.

    Attributes:
        pool: the distinct models.
        seed: all random draws follow from it and from the content of the models.
        settings: counts and rules.
        jobs: processes to use; the numbers do not depend on it.
        cache: whether results are kept on disk and used again.
    """

    pool: Pool
    seed: int = 0
    settings: Settings = field(default_factory=Settings)
    jobs: int = 1
    cache: bool = True


Method = Callable[[Task], Selection]

METHODS: Registry[Method] = Registry("disentangle_cli.selection", "selection method")

"""What every selection method takes and gives, and the registry that finds them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.executors import tasks_at_once
from disentangle_cli.registry import Registry
from disentangle_cli.rendering.figures import picture
from disentangle_cli.rendering.heatmap import DRAWN_UP_TO, draw_heatmap
from disentangle_cli.selection.pool import Pool
from disentangle_cli.selection.settings import Settings
from disentangle_cli.selection.votes import CrossVotes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DENSE_UP_TO = 2000
"""Models up to which a document holds the whole matrix; of more, a list of [encoder, generator, score]."""


@dataclass(frozen=True)
class Ranked:
    """One line of a ranking.

    Attributes:
        model: the name of the model (its path as given).
        score: higher is better; None when the method cannot tell.
        rank: from 1.
        codes: the number of codes the method counted for this model.
        family: ``gan`` or ``vae``.
        balanced: the score with one voice for each family instead of one for each model.
        interval: 95% interval of the score; None where the method cannot tell.
        medoid_probability: how often the model came first when the pool was resampled.
    """

    model: str
    score: float | None
    rank: int
    codes: int
    family: str = ""
    balanced: float | None = None
    interval: tuple[float, float] | None = None
    medoid_probability: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The line as JSON types."""
        line = asdict(self) | {"interval": None if self.interval is None else list(self.interval)}
        return {"family_balanced" if name == "balanced" else name: value for name, value in line.items()}


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
        axes: what an entry of the matrix is, in words.
        similarity: (n, n) float64, row i is what the others say about model i; NaN where nobody can tell.
            None under a budget.
        balanced: name of the best model when every family has one voice; None under a budget.
        confidence: how sure the pick is, as JSON types; None for pools too small to tell.
        details: further results as JSON types.
        votes, columns: what ModelCentrality's scores come from: the votes of all pairs, and the latent
            dimensions that each generator held fixed.
    """

    method: str
    models: tuple[str, ...]
    ranking: tuple[Ranked, ...]
    selected: str
    matrix: Doubles
    seed: int
    settings: dict[str, Any]
    corrected: Doubles | None = None
    axes: str = "encoder (row) on generator (column)"
    similarity: Doubles | None = None
    balanced: str | None = None
    confidence: dict[str, Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    votes: CrossVotes | None = field(default=None, repr=False)
    columns: list[list[int]] | None = None

    @property
    def complete(self) -> bool:
        """Whether every entry of the matrix was evaluated."""
        return not bool(np.isnan(self.matrix).any())

    def draw(self) -> Image.Image:
        """The matrix as a picture, as :meth:`figure` has it."""
        return picture(self.figure())

    def figure(self) -> "Figure":
        """The matrix as a figure, best model first; corrected scores where there are some."""
        place = {name: i for i, name in enumerate(self.models)}
        order = [place[ranked.model] for ranked in self.ranking[:DRAWN_UP_TO]]
        source = self.matrix if self.corrected is None else self.corrected
        kind = "score" if self.corrected is None else "corrected score"
        return draw_heatmap(
            source[np.ix_(order, order)],
            [ranked.model for ranked in self.ranking],
            [ranked.score for ranked in self.ranking],
            self.method,
            f"{kind} of {self.axes}, best model first",
        )

    def to_json(self, top: int | None = None) -> dict[str, Any]:
        """The method's entry of the ``centrality`` document; ``top`` shortens the ranking."""
        entry: dict[str, Any] = {
            "ranking": [ranked.to_json() for ranked in self.ranking[:top]],
            "selected": self.selected,
            "family_balanced": None if self.balanced is None
            else {"selected": self.balanced, "agrees": self.balanced == self.selected},
            "confidence": self.confidence,
            "matrix": _listed(self.matrix),
            "complete": self.complete,
        }  # fmt: skip
        if self.corrected is not None:
            entry["corrected"] = _listed(self.corrected)
        if len(self.models) > DENSE_UP_TO:
            entry["entries"] = _entries(self.matrix)
        return entry | self.details


def _listed(matrix: Doubles) -> list[list[float]] | None:
    return matrix.tolist() if len(matrix) <= DENSE_UP_TO else None


def _entries(matrix: Doubles) -> list[list[float]]:
    rows, columns = np.nonzero(~np.isnan(matrix))
    scores = matrix[rows, columns].tolist()
    return [list(entry) for entry in zip(rows.tolist(), columns.tolist(), scores, strict=True)]


@dataclass(frozen=True)
class Task:
    """One selection to carry out.

    Attributes:
        pool: the distinct models.
        seed: all random draws follow from it and from the content of the models.
        settings: counts and rules.
        jobs: evaluations at once; None: see :func:`disentangle_cli.executors.tasks_at_once`.
        executor: where they run, see :func:`disentangle_cli.executors.run_tasks`.
        cache: whether results are kept on disk and used again.
    """

    pool: Pool
    seed: int = 0
    settings: Settings = field(default_factory=Settings)
    jobs: int | None = None
    cache: bool = True
    executor: str = "local"

    @property
    def at_once(self) -> int | None:
        """``jobs`` or its default; None: as many as a cluster takes."""
        return tasks_at_once(self.jobs, self.executor)


Method = Callable[[Task], Selection]

METHODS: Registry[Method] = Registry("disentangle_cli.methods", "selection method")

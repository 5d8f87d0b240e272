"""``dcr.score``: disentanglement metrics of models, or of codes computed elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from disentangle_cli.api.arguments import Settings, split
from disentangle_cli.api.score_report import score_report
from disentangle_cli.api.score_tables import sections
from disentangle_cli.datasets import Dataset, check_known
from disentangle_cli.devices import pick_device
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.executors import tasks_at_once
from disentangle_cli.files import write_atomic
from disentangle_cli.measurement.arrays import ARRAYS
from disentangle_cli.metrics import Arrays
from disentangle_cli.modelling.model import AnyModel
from disentangle_cli.output import warn
from disentangle_cli.rendering.report import fragment
from disentangle_cli.scoring import Options, score_one, score_paths
from disentangle_cli.scoring.codes_file import unknown_arrays

Scorable = str | Path | AnyModel | Arrays | Mapping[str, Any]
"""A checkpoint or a file of codes, a model, or arrays by name (numpy arrays or tensors)."""


@dataclass(frozen=True, repr=False)
class Scores:
    """Scores of one or more models.

    Attributes:
        results: one for each model: ``model``, ``dataset``, ``fingerprint`` and ``labels`` (what is in it),
            ``protocol``, ``encode``, ``seed``, ``repeats``, ``bootstrap``, ``factors`` and ``metrics``, a
            result by the name of each metric.
        names: of the metrics, in the order asked for.
        seed, device: what the numbers depend on besides.
    """

    results: Sequence[dict[str, Any]]
    names: Sequence[str]
    seed: int
    device: str

    def __getitem__(self, key: str) -> Any:
        """A metric's result (``scores["mig"]["score"]``), or an entry of the result of a single model.

        Raises:
            KeyError: there is none, or there are several models.
        """
        if len(self.results) != 1:
            raise KeyError(f"{key}: there are {len(self.results)} models; look into results")
        metrics = self.results[0]["metrics"]
        return metrics[key] if key in metrics else self.results[0][key]

    def to_json(self) -> dict[str, Any]:
        """The ``dcr.score/1`` document."""
        return document("score", seed=self.seed, results=list(self.results))

    def save_report(self, path: str | Path, command: str | None = None) -> Path:
        """Write everything to one HTML page; ``command`` is the command line that it names as its origin."""
        settings: dict[str, object] = {"seed": self.seed, "device": self.device}
        return write_atomic(Path(path), score_report(self.results, self.names, settings, command))

    def __repr__(self) -> str:
        parts = (
            f"{result['model']}: "
            + ", ".join(f"{name} {_short(result['metrics'][name]['score'])}" for name in self.names)
            for result in self.results
        )
        return f"Scores({'; '.join(parts)})"

    def _repr_html_(self) -> str:
        return "\n".join(map(fragment, sections(self.results, self.names)))


def _short(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"


def score(
    models: Scorable | Sequence[Scorable],
    dataset: Dataset | str | None = None,
    *,
    metrics: str | Iterable[str] = "paper",
    protocol: str = "infogan-cr",
    encode: str | None = None,
    factors: Sequence[str] = (),
    repeats: int = 1,
    bootstrap: int = 0,
    half_width: float = 0.01,
    early_votes: bool = False,
    settings: Settings | None = None,
    seed: int = 0,
    device: str = "auto",
    jobs: int | None = None,
    executor: str = "local",
) -> Scores:
    """Score how well codes match the factors of a labelled data set, as ``dcr score`` does.

    Args:
        models: one or several of: a checkpoint or a file of codes by path, a model, arrays by name
            (``{"codes": (N, K), "factors": (N, F), ...}``, numpy arrays or tensors).
        dataset: a labelled data set, its name or path; None: the one the model was trained on.
        metrics: ``paper`` (the seven of the paper), ``all``, or names.
        protocol: ``infogan-cr`` or ``disentanglement-lib``.
        encode: ``mean`` or ``sample`` for models with a posterior; None: the protocol's.
        factors: score these only.
        repeats: draw and score this often.
        bootstrap: resample one draw this often.
        half_width: report the samples that an interval of plus or minus this needs.
        early_votes: let a group for the FactorVAE score end when its vote is settled, which changes about
            one vote in a thousand; where another metric needs the groups, they stay whole.
        settings: of metrics and of the data: ``{"dci.trees": 10}``, ``{"data": {"groups": 200}}``.
        seed: of all draws and learners.
        device: where models named by path run.
        jobs: models named by path at once; None: one here, on a cluster as many as it takes.
        executor: where they are scored: ``local``, ``dask``, ``dask=ADDRESS``, ``ray`` or ``ray=ADDRESS``.

    Raises:
        UsageError: an option, a file or the data set does not fit.
    """
    chosen, texts = split(settings)
    options = Options(
        metrics=metrics if isinstance(metrics, str) else ",".join(metrics),
        protocol=protocol,
        encode=encode,
        repeats=repeats,
        settings=dict(chosen) or tuple(texts),
        seed=seed,
        bootstrap=bootstrap,
        factors=tuple(factors),
        half_width=half_width,
        early_votes=early_votes,
    )
    given: Sequence[Any] = models if isinstance(models, list | tuple) else [models]
    if not given:
        raise UsageError("name at least one model")
    where = str(pick_device(device))
    if isinstance(dataset, str) and executor == "local":
        check_known(dataset)  # codes have their own labels; the workers of a cluster may see other files
    if not isinstance(dataset, Dataset) and all(isinstance(model, str | Path) for model in given):
        at_once = tasks_at_once(jobs, executor)
        paths = [str(model) for model in given]
        results = score_paths(paths, dataset, options, where, jobs=at_once, executor=executor)
    else:
        if executor != "local" or (jobs or 1) > 1:
            raise UsageError("--jobs and --executor serve models named by their paths")
        results = [score_one(_taken(model), dataset, options, where) for model in given]
    return Scores(results, options.names, seed, where)


def _taken(model: Scorable) -> str | AnyModel | Arrays:
    if isinstance(model, Mapping):
        if other := unknown_arrays(model):
            warn(f"arrays not read: {other}")
        known = {*ARRAYS, "factor_names"}
        return Arrays(**{name: _array(value) for name, value in model.items() if name in known})
    return str(model) if isinstance(model, Path) else model


def _array(value: Any) -> Any:
    """A tensor, wherever it is, as an array; names of factors stay a tuple."""
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy()
    return value if isinstance(value, tuple) else np.asarray(value)

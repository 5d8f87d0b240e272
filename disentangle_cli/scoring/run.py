"""``score``: models or codes in, one result per model out."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import model_validator

from disentangle_cli.bounds import REPEATS, RESAMPLES, check_memory
from disentangle_cli.classes import occurring
from disentangle_cli.data.npz_reader import NpzFile
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.arrays import factor_names, families_of
from disentangle_cli.measurement.derived.parts import fineness
from disentangle_cli.measurement.evaluate import required_arrays
from disentangle_cli.measurement.families import Family
from disentangle_cli.measurement.settings import FORM, read_settings
from disentangle_cli.metrics import METRICS, PAPER, PROTOCOLS, Arrays, Evaluation, Result
from disentangle_cli.models import AnyModel, Model, as_model, load_model
from disentangle_cli.nearest import choose_one
from disentangle_cli.output import detail, progress, warn
from disentangle_cli.scoring.bootstrap import resampled
from disentangle_cli.scoring.codes import CodeCache
from disentangle_cli.scoring.codes_file import CODES_SUFFIXES, counting_codes, read_codes
from disentangle_cli.scoring.collect import collect
from disentangle_cli.scoring.draws import MANY
from disentangle_cli.scoring.early import early_scale
from disentangle_cli.scoring.features import feature_problem
from disentangle_cli.scoring.intervals import combine, with_bootstrap
from disentangle_cli.scoring.plan import plan_for, read_plan_settings
from disentangle_cli.scoring.restrict import cut_arrays, restrict_arrays, restrict_dataset
from disentangle_cli.settings import Checked, assignments


class Options(Checked):
    """What to compute, checked on construction.

    Raises:
        UsageError: any of them is unknown or does not fit.
    """

    metrics: str = "paper"
    """``paper`` (the seven of the InfoGAN-CR paper), ``all``, or names separated by commas."""
    protocol: str = "infogan-cr"
    """``infogan-cr`` or ``disentanglement-lib``."""
    encode: str | None = None
    """``mean`` or ``sample`` for models with a posterior; None: what the protocol does (``infogan-cr``
    samples)."""
    repeats: Annotated[int, REPEATS] = 1
    """How often to draw and score anew."""
    settings: tuple[str, ...] | dict[str, Any] = ()
    """``metric.key=value`` and ``data.key=value`` texts, or a mapping with dotted or nested keys."""
    seed: int = 0
    """Of all draws and learners; repeat r uses ``seed + r`` in the learners."""
    bootstrap: Annotated[int, RESAMPLES] = 0
    """How often to resample the data and score anew, for intervals; not with ``repeats``."""
    factors: tuple[str, ...] = ()
    """Names of the factors to score; empty: all."""
    half_width: float = 0.01
    """Of the 95% interval for which the number of samples needed is reported."""
    early_votes: bool = False
    """Whether a group for the FactorVAE score ends when its vote is settled."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.protocol not in PROTOCOLS:
            raise UsageError(f"unknown protocol {self.protocol!r}; {choose_one(self.protocol, PROTOCOLS)}")
        if self.encode not in (None, "mean", "sample"):
            raise UsageError(f"encode must be mean or sample, not {self.encode!r}")
        if self.repeats < 1:
            raise UsageError("repeats must be at least 1")
        if self.bootstrap == 1 or self.bootstrap < 0:
            raise UsageError("bootstrap must be 0 (off) or at least 2")
        if self.bootstrap and self.repeats > 1:
            raise UsageError("choose one of --repeats (draws anew) and --bootstrap (resamples one draw)")
        if not 0 < self.half_width < float("inf"):
            raise UsageError("the half width of an interval must be a positive number")
        asked = {part.strip() for part in self.metrics.split(",")} & set(self.names)
        of_features = [n for n in asked if Family.FEATURES in families_of(required_arrays(n, self.protocol))]
        if of_features and (problem := feature_problem()):
            raise UsageError(f"{' and '.join(sorted(of_features))}: {problem}")
        assert self.chosen is not None
        assert self.data is not None
        return self

    @cached_property
    def names(self) -> list[str]:
        """The metrics to compute."""
        return resolve_metrics(self.metrics)

    @cached_property
    def chosen(self) -> dict[str, dict[str, Any]]:
        """The settings of each metric that are not the protocol's."""
        found = assignments(self.settings, FORM)
        return read_settings([one for one in found if not one.key.startswith("data.")], self.names)

    @cached_property
    def data(self) -> dict[str, int]:
        """The sample counts, and bins of factors, that are not the protocol's."""
        found = assignments(self.settings, FORM)
        return read_plan_settings([one for one in found if one.key.startswith("data.")])

    @property
    def factor_bins(self) -> int:
        """Into how many classes real-valued factors are cut; 0: none."""
        return self.data.get("factor_bins", 0)

    @property
    def samples(self) -> bool:
        """Whether posterior samples are encoded, where there is a posterior."""
        return (self.encode or ("sample" if self.protocol == "infogan-cr" else "mean")) == "sample"


def resolve_metrics(text: str) -> list[str]:
    """``paper``, ``all`` or ``a,b`` as a list of metric names, each once.

    Raises:
        UsageError: an unknown name; the message lists the known ones.
    """
    names: list[str] = []
    for part in text.split(","):
        name = part.strip()
        if name in ("paper", "all"):
            names += PAPER if name == "paper" else [found for found, _ in METRICS.working()]
        else:
            METRICS.get(name)
            names.append(name)
    return list(dict.fromkeys(names))


def score_one(
    model: str | AnyModel | Arrays, dataset: Dataset | str | None, options: Options, device: str = "cpu"
) -> dict[str, Any]:
    """Score a checkpoint or a codes file, told apart by content, a model, or arrays of codes.

    ``dataset`` is a data set or its name, by default the one the model was trained on. Returns ``model``,
    ``dataset``, ``fingerprint`` and ``labels`` (what is in it), ``protocol``, ``encode``, ``seed``,
    ``repeats``, ``bootstrap``, ``factors``, ``factor_bins`` and ``metrics``, a result per metric.

    Raises:
        UsageError: an option, a file or the data set does not fit.
    """
    if isinstance(model, Arrays):
        return _score_arrays("arrays", model, dataset, options)
    if not isinstance(model, str):
        whole = as_model(model)
        return _score_model(whole.path or "model", whole, dataset, options)
    if is_codes_file(model):
        return _score_arrays(model, read_codes(model), dataset, options)
    return _score_model(model, load_model(model, device), dataset, options)


def is_codes_file(path: str) -> bool:
    """Whether ``path`` is (or by its suffix means to be) an ``.npz``, ``.csv`` or ``.parquet`` of codes."""
    if path.lower().endswith(CODES_SUFFIXES):
        return True
    try:
        return "codes" in NpzFile(Path(path))
    except UsageError:
        return False


def _score_arrays(
    name: str, arrays: Arrays, dataset: Dataset | str | None, options: Options
) -> dict[str, Any]:
    label = dataset if isinstance(dataset, str) or dataset is None else dataset.name
    if label is not None or options.encode is not None or options.early_votes:
        warn(f"{name} holds codes and their labels: a data set is a mere name here, and nothing is encoded")
    for code in counting_codes(arrays):
        warn(f"{name}: code {code + 1} counts the rows; if it is an id and no code, leave it out")
    arrays = cut_arrays(restrict_arrays(arrays, options.factors, name), options.factor_bins)
    if arrays.factors is not None:
        counts = [len(occurring(column)[0]) for column in arrays.factors.T]
        _warn_of_fine(name, dict(zip(factor_names(arrays), counts, strict=True)), len(arrays.factors))
    results = _repeat(options, lambda repeat: arrays, drawn=False)
    about = {
        "dataset": label,
        "fingerprint": None,
        "labels": arrays.label_digest,
        "encode": None,
        "factors": list(factor_names(arrays)),
        "early_votes": False,
    }
    return _entry(name, about, options, results)


def _score_model(path: str, model: Model, dataset: Dataset | str | None, options: Options) -> dict[str, Any]:
    data = dataset if isinstance(dataset, Dataset) else _dataset_of(path, model, dataset)
    if not data.factors:
        raise UsageError(f"{data.unlabelled} (scores need labels, `dcr centrality` needs none)")
    data = restrict_dataset(data, options.factors, options.factor_bins)
    _warn_of_fine(f"data set {data.name}", {factor.name: factor.size for factor in data.factors}, len(data))
    cache = CodeCache(model, data, options.samples)
    plan = plan_for(options.protocol, len(data), options.data)
    check_memory(
        "the codes of so many images",
        8 * model.latents.num_codes * plan.images,
        "lower the counts with --set data.groups=N, data.group_size=N and so on (dcr settings score)",
    )
    wanted = {array for name in options.names for array in required_arrays(name, options.protocol)}
    early = early_scale(options.names, options.protocol, options.chosen) if options.early_votes else None

    def arrays_of(repeat: int) -> Arrays:
        return collect(cache, data, plan, wanted, options.seed, repeat, early)

    results = _repeat(options, arrays_of, drawn=True)
    about = {
        "dataset": data.name,
        "fingerprint": data.fingerprint,
        "labels": data.label_digest if len(data) <= MANY else None,  # which reads all of them
        "encode": "sample" if cache.samples else "mean",
        "factors": [factor.name for factor in data.factors],
        "early_votes": early is not None,
    }
    return _entry(path, about, options, results)


def _warn_of_fine(where: str, classes: dict[str, int], rows: int) -> None:
    if problem := fineness(classes, rows):
        warn(f"{where}: metrics that need classes are null: {problem}")


def _dataset_of(path: str, model: Model, spec: str | None) -> Dataset:
    name = spec or model.origin.spec
    if not name:
        raise UsageError(f"{path}: does not say which data set it was trained on; name one with --dataset")
    channels, height, _ = model.image_shape
    try:
        data = open_dataset(name, size=height, channels=channels, skip_broken=model.origin.skip_broken)
    except UsageError as error:
        if spec is not None:
            raise
        raise UsageError(f"{path}: {error}; name its data set with --dataset") from None
    if spec is None and model.origin.fingerprint not in (None, data.fingerprint):
        warn(f"{path}: data set {data.name} differs from the one the model was trained on")
    return data


def _repeat(options: Options, arrays_of: Callable[[int], Arrays], drawn: bool) -> dict[str, Result]:
    runs = []
    arrays = None
    for repeat in range(options.repeats):
        arrays = arrays_of(repeat)
        runs.append(_evaluated(options, arrays, repeat, drawn))
    results = {name: combine([run[name] for run in runs], options.half_width, name) for name in options.names}
    if not options.bootstrap or arrays is None:
        return results
    rng = np.random.default_rng([options.seed, options.bootstrap])
    resamples = []
    for number in range(options.bootstrap):
        detail(f"resample {number + 1} of {options.bootstrap}")
        resamples.append(_evaluated(options, resampled(arrays, rng, options.seed), 0, drawn))
    return {
        name: with_bootstrap(results[name], [run[name] for run in resamples], options.half_width, name)
        for name in options.names
    }


def _evaluated(options: Options, arrays: Arrays, repeat: int, drawn: bool) -> dict[str, Result]:
    seed = (options.seed + repeat) % 2**32  # what scikit-learn takes
    evaluation = Evaluation(arrays, options.protocol, options.chosen, seed, drawn)
    results = {}
    with progress(total=len(options.names), desc="scoring", unit="metrics") as bar:
        for name in options.names:
            bar.tell(name)
            results[name] = evaluation.score(name)
            bar.update()
    return results


def _entry(name: str, about: dict[str, Any], options: Options, results: dict[str, Result]) -> dict[str, Any]:
    return {
        "model": name,
        "dataset": about["dataset"],
        "fingerprint": about["fingerprint"],
        "labels": about["labels"],
        "protocol": options.protocol,
        "encode": about["encode"],
        "seed": options.seed,
        "repeats": options.repeats,
        "bootstrap": options.bootstrap,
        "factors": about["factors"],
        "factor_bins": options.factor_bins,
        **({"early_votes": True} if about["early_votes"] else {}),
        "metrics": results,
    }

"""``dcr.train``: one model, a pool of seeds, or a sweep."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from disentangle_cli import output
from disentangle_cli.api.arguments import Settings, split, written
from disentangle_cli.bounds import RUNS
from disentangle_cli.datasets import check_known
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.executors import check_executor, split_spec
from disentangle_cli.numerals import read_number
from disentangle_cli.training import (
    chosen_preset,
    configure,
    from_earlier,
    parse_seeds,
    parse_sweeps,
    train_pool,
)
from disentangle_cli.training.outcome import Outcome
from disentangle_cli.training.pool import announce_here, check_distinct, raise_failures
from disentangle_cli.training.run import prepare_all
from disentangle_cli.training.session import foresee
from disentangle_cli.training.spec import Run
from disentangle_cli.training.stack import check_stackable, check_stacked_here
from disentangle_cli.training.watch import check_page, watching, with_pictures

DEFAULT_DATASET = "dsprites"


@dataclass(frozen=True, repr=False)
class Trained(os.PathLike[str]):
    """What became of the runs that were asked for.

    Attributes:
        runs: all of them, in the order of sweep and seeds.
        outcomes: how they ended; empty when nothing was to be trained.
    """

    runs: Sequence[Run]
    outcomes: Sequence[Outcome]

    @property
    def complete(self) -> list[Run]:
        """The runs whose checkpoints are there (in a dry run: all, as they would be)."""
        return [o.run for o in self.outcomes if o.error is None] if self.outcomes else list(self.runs)

    @property
    def paths(self) -> list[Path]:
        """The checkpoints of the complete runs."""
        return [run.checkpoint for run in self.complete]

    def check(self) -> None:
        """Raise Interrupted, UsageError or RunError when any run did not complete."""
        raise_failures(self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """The ``dcr.train/1`` document."""
        first, seeds = self.runs[0], [run.seed for run in self.complete]
        common = {"model": first.model, "dataset": first.dataset, "seed": first.seed, "seeds": seeds}
        return document("train", **common, paths=[str(path) for path in self.paths])

    def __fspath__(self) -> str:
        """The checkpoint of a single run, so that the result can stand where a path can."""
        if len(self.paths) != 1:
            raise UsageError(f"{len(self.paths)} models were trained; take one of the paths")
        return str(self.paths[0])

    def __repr__(self) -> str:
        return f"Trained({', '.join(map(str, self.paths)) or 'nothing'})"


def train(
    model: str = "infogan-cr",
    dataset: str | None = None,
    *,
    preset: str | None = None,
    iterations: int | None = None,
    seed: int | None = None,
    seeds: str | Iterable[int] | None = None,
    sweep: Mapping[str, Iterable[Any]] | Sequence[str] = (),
    settings: Settings | None = None,
    config: str | Path | None = None,
    init_from: str | Path | None = None,
    out: str | Path = "ckpts",
    name: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    time_limit: float | str | None = None,
    device: str = "auto",
    precision: str = "auto",
    compile: bool = False,
    jobs: int | None = None,
    stack: bool = False,
    executor: str = "local",
    dry_run: bool = False,
    watch: str | Path | None = None,
    check: bool = True,
) -> Trained:
    """Train one model, a pool of seeds, or a sweep, as ``dcr train`` does.

    Args:
        model: a registered model.
        dataset: a data set's name, a file or a folder; None: what ``config`` names, else ``dsprites``.
        preset: named settings (those for the data set, where it has its own); None: ``fast``, and
            on a GPU ``paper`` for InfoGAN and InfoGAN-CR.
        iterations: the length, to which the whole schedule is scaled.
        seed: of everything random; None: what ``config`` names, else 0.
        seeds: one run for each: numbers, or a text such as ``"0-9"``.
        sweep: one run for each combination: ``{"info.weight": [0.05, 0.5]}``.
        settings: over preset and ``config``: dotted keys or nested dictionaries, or texts as ``--set`` has.
        config: a YAML file of settings over the preset.
        init_from: a checkpoint of the same networks, whose weights each run begins with.
        out: the folder for checkpoints.
        name: the stem of the outputs; None: ``<model>_<dataset>_seed-<S>``.
        resume: go on with an unfinished run.
        overwrite: replace what is there.
        time_limit: after which all runs stop and are saved: seconds, or a text such as ``"30m"``.
        device: ``auto``, ``cpu`` or ``cuda``.
        precision: ``auto``, ``fp32`` or ``bf16``.
        compile: whether networks and losses are compiled first.
        jobs: runs at once; None: one per core.
        stack: train the seeds as one computation.
        executor: where runs are trained: ``local``, ``dask``, ``dask=ADDRESS``, ``ray`` or ``ray=ADDRESS``.
        dry_run: check that the runs can start, and train nothing.
        watch: a page (.html) with curves and the newest traversals, kept up to date while runs are trained.
            Each draws 20 traversals at least.
        check: raise when a run does not complete; otherwise ``outcomes`` tells.

    Raises:
        UsageError: unknown names or values that do not fit.
        RunError: a training diverged or its output is in use.
        Interrupted: a signal or the time limit stopped it; its state is saved.
    """
    if seed is not None and seeds is not None:
        raise UsageError("give --seed or --seeds, not both")
    if name is not None and (Path(name).name != name or name.startswith(".")):
        raise UsageError(f"--name {name!r} must be a plain file name")
    if stack:
        check_stacked_here(executor)
    check_places(dataset, executor)
    file = None if config is None else Path(config)
    page = None if watch is None else Path(watch)
    if page is not None:
        check_page(page)
    earlier = from_earlier(file)
    first_seed = earlier.get("seed", 0) if seed is None else seed
    limit = seconds_of(time_limit)
    deadline = None if limit is None else time.time() + limit
    data = dataset or earlier.get("dataset") or DEFAULT_DATASET
    given, texts = split(settings)
    preset = chosen_preset(model, data, preset, file, device, executor)
    runs: list[Run] = []
    combinations = parse_sweeps(_sweep_texts(sweep))
    all_seeds = [first_seed] if seeds is None else _numbers(seeds)
    if (count := len(combinations) * len(all_seeds)) > RUNS.most:
        raise UsageError(f"--seeds and --sweep: {count:,} runs are too many: {RUNS}")
    for chosen in combinations:
        configured = configure(model, preset, iterations, [*texts, *chosen], file, given)
        for one in all_seeds:
            run = Run(
                model, configured, data, one, Path(out), name, resume, overwrite, deadline, device, precision,
                compile, None if init_from is None else Path(init_from), preset,
            )  # fmt: skip
            suffix = [assignment.replace("=", "-").replace("/", "-") for assignment in chosen]
            if name is not None and seeds is not None:
                suffix.append(f"seed-{one}")
            runs.append(replace(run, name="_".join([run.stem, *suffix])) if suffix else run)
    if stack:
        check_stackable(runs[0])
    if dry_run:
        check_distinct(runs)
        prepared = prepare_all(runs)
        if split_spec(executor)[0] == "local":
            announce_here([run for run, _ in prepared], prepared[0][1], jobs, stack)
        for run, opened in prepared:
            output.log(foresee(run, opened))
        return Trained(runs, [])
    if page is None:
        trained = Trained(runs, train_pool(runs, jobs, executor, stack))
    else:
        runs = [with_pictures(run) for run in runs]
        with watching(page, runs) as watched:
            trained = Trained(runs, train_pool(runs, jobs, executor, stack))
            watched.ended(trained.outcomes)
    if check:
        trained.check()
    return trained


def check_places(dataset: str | None, executor: str) -> None:
    """Refuse a data set or an executor that there is not, also where nothing is trained.

    Raises:
        UsageError: names it.
    """
    check_executor(executor)
    if dataset is not None:
        check_known(dataset)


def _numbers(seeds: str | Iterable[int]) -> list[int]:
    return parse_seeds(seeds if isinstance(seeds, str) else ",".join(map(str, seeds)))


def _sweep_texts(sweep: Mapping[str, Iterable[Any]] | Sequence[str]) -> Sequence[str]:
    if not isinstance(sweep, Mapping):
        return sweep
    return [f"{key}={','.join(map(written, values))}" for key, values in sweep.items()]


def seconds_of(limit: float | str | None) -> float | None:
    """``90``, ``"90s"``, ``"30m"``, ``"2h"`` in seconds.

    Raises:
        UsageError: not of that form, or not positive.
    """
    if limit is None:
        return None
    text = str(limit)
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1.0)
    seconds = (read_number(number) or 0.0) * unit
    if not 0 < seconds < 1e9:
        raise UsageError(f"--time-limit {text!r}: write it like 90s, 30m or 2h")
    return seconds

"""What is told before a training begins: what is trained, on what, and how long that may take."""

import time
from collections.abc import Sequence

import torch

from disentangle_cli import output
from disentangle_cli.datasets import Dataset
from disentangle_cli.devices import pick_device, use_bf16
from disentangle_cli.modelling.engines import engine_for
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.progress import Pace, duration
from disentangle_cli.training.feed import Feed
from disentangle_cli.training.spec import Run

MEASURED, SECONDS, PART = 5, 1.0, 10
"""Iterations that are timed at most, for how long, and of how many one is: short runs are not made longer."""


def announce(
    runs: Sequence[Run], dataset: Dataset, at_once: int, threads: int, *, stacked: int = 1, where: str = ""
) -> None:
    """Tell about runs of which the first is like the others, but for seeds and what is swept.

    Args:
        runs: prepared, with networks and batches that fit the data.
        dataset: of the first.
        at_once: how many processes are under way side by side.
        threads: those that each may use.
        stacked: how many runs each process trains as one computation.
        where: the executor, if it is not this machine. Nobody knows then how long it takes.
    """
    if not output.speaking():
        return
    first, config = runs[0], runs[0].config
    channels, height, width = dataset.image_shape
    colours = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
    labels = f", {len(dataset.factors)} factors" if dataset.factors else ""
    rows = {
        "model": first.model
        + (f", {len(runs)} runs, {at_once * stacked} at a time" if len(runs) > 1 else ""),
        "data": f"{dataset.name}: {len(dataset):,} images of {height}x{width}, {colours}{labels}",
        "preset": first.preset or "the default",
        "length": f"{config.iterations:,} iterations{' each' if len(runs) > 1 else ''}, "
        f"batches of {config.batch_size}",
    }
    if where:
        rows["on"] = where
    else:
        device = pick_device(first.device)
        with output.kept_warnings():
            precision = "bf16" if use_bf16(first.precision, device) else "fp32"
        shared = f", {threads} thread{'s' * (threads > 1)}{' each' if at_once > 1 else ''}"
        rows["on"] = f"{device.type}, {precision}{shared if device.type == 'cpu' else ''}"
        # on a GPU the first iterations say nothing of those that follow
        if device.type == "cpu" and config.iterations >= PART:
            rows["expected"] = _expected(expected_seconds(first, dataset, threads), len(runs), at_once)
    rows["to"] = str(first.checkpoint if len(runs) == 1 else first.out)
    output.block(rows.items())


def _expected(each: float, runs: int, at_once: int) -> str:
    one = f"about {duration(each)}"
    if runs == 1:
        return f"{one}, and what scores and pictures on the way take"
    whole = each * -(-runs // at_once)
    return f"{one} a run, {duration(whole)} in all, and what scores and pictures on the way take"


def expected_seconds(run: Run, dataset: Dataset, threads: int) -> float:
    """Seconds of a whole run on this machine's CPU, from a few iterations of a model that is then dropped.

    The run has ten iterations at least.
    """
    kind, device = MODELS.get(run.model), torch.device("cpu")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with output.kept_warnings():
            bf16 = use_bf16(run.precision, device)
        model = kind(run.config, dataset.image_shape, run.seed, device, bf16)
        feed = Feed(dataset, run.config.batch_size, run.seed, device)
        engine = engine_for([model], False)

        def step(iteration: int) -> None:
            images = feed.images(model.choose(feed.rows(iteration), iteration))
            engine.step(images[None], iteration)

        step(0)  # the first takes longer
        pace = Pace(run.config.iterations, 0, kind.phases(run.config), 0.0)
        begun = time.monotonic()
        for done in range(1, min(MEASURED, run.config.iterations // PART) + 1):
            step(done)
            if (gone := time.monotonic() - begun) > SECONDS:
                break
        pace.at(done, gone)
        return gone + (pace.left(gone) or 0.0)
    finally:
        torch.set_num_threads(before)

"""One training run, from its request to the finished checkpoint."""

import contextlib
from pathlib import Path

import torch

from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.devices import pick_device, use_bf16
from disentangle_cli.files import locked
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.tasks.signals import caught_signals
from disentangle_cli.training.feed import Feed
from disentangle_cli.training.session import Session
from disentangle_cli.training.spec import LOCK, Run, check_shape


def train(run: Run, stop: list[str] | None = None, *, wait: bool = False) -> Path:
    """Train a model and return the path of its checkpoint.

    A finished run with ``resume`` is left alone; an unfinished one goes on from its resume state. SIGINT and
    SIGTERM are caught unless the caller does so and passes the ``stop`` list that fills when one comes. With
    ``wait`` another process that works on the same output is waited for.

    Raises:
        UsageError: the data do not fit the configuration, or outputs of another configuration (or of an
            unfinished run, without ``resume``) are in the way.
        RunError: a loss is not finite, or another process works on the same output.
        Interrupted: a signal or the deadline stopped the run; its state is saved.
    """
    dataset = prepare(run)
    threads = torch.get_num_threads()
    signals = caught_signals() if stop is None else contextlib.nullcontext(stop)
    with locked(run.folder / LOCK, busy(run), wait), signals as caught:
        try:
            return Session(run, dataset, caught).execute()
        finally:
            torch.set_num_threads(threads)


def busy(run: Run) -> str:
    """What is said when another process holds the lock of a run."""
    return f"{run.folder}: another process is training there; wait for it, or choose another --name or --out"


def prepare(run: Run) -> Dataset:
    """Open the data of a run and check, before anything is written, that the run can start.

    Raises:
        UsageError: data, device, precision, architecture or batch size do not fit.
    """
    data = run.config.data
    dataset = open_dataset(run.dataset, size=data.size, channels=data.channels)
    check_shape(run, dataset)
    device = pick_device(run.device)
    bf16 = use_bf16(run.precision, device)
    Feed(dataset, run.config.batch_size, run.seed, device)
    MODELS.get(run.model)(run.config, dataset.image_shape, run.seed, device, bf16)
    return dataset

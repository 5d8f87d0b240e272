"""A classifier of a data set's unordered factor, trained once and kept in the cache folder."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from disentangle_cli.arraytypes import Ints
from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import RunError, UsageError
from disentangle_cli.files import cache_dir, clear_cached, locked
from disentangle_cli.output import detail, progress, warn
from disentangle_cli.reading import explained
from disentangle_cli.serialization import read_tensors, unseal, write_sealed

BATCH = 64
CHANNELS = (32, 32, 64, 64)
TRAIN_IMAGES = 100_000
"""One to two minutes on one core; the InfoGAN-CR code makes five passes over all of dSprites."""
HELD_OUT = 10_000
"""Images set aside to judge the classifier, at most a tenth of the data set."""


def class_factor(dataset: Dataset) -> int | None:
    """Column of the first factor whose values are names, with 2 to 100 classes; None without one."""
    fitting = (k for k, f in enumerate(dataset.factors) if not f.continuous and 2 <= f.size <= 100)
    return next(fitting, None)


class Classifier(nn.Module):
    """Four strided convolutions and two linear layers (fewer for images below 32 pixels).

    The shape classifier of the InfoGAN-CR code: leaky ReLU, then batch normalisation, after every layer.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        layers: list[nn.Module] = []
        for out in CHANNELS[: max(min(int(math.log2(min(height, width))) - 1, 4), 1)]:
            layers += [nn.Conv2d(channels, out, 4, 2, 1), nn.LeakyReLU(0.2), nn.BatchNorm2d(out)]
            channels, height, width = out, height // 2, width // 2
        flat = channels * height * width
        layers += [nn.Flatten(), nn.Linear(flat, 128), nn.LeakyReLU(0.2), nn.BatchNorm1d(128)]
        self.net = nn.Sequential(*layers, nn.Linear(128, classes))

    def forward(self, images: Tensor) -> Tensor:
        """(n, C, H, W) in [0, 1] -> (n, classes) logits."""
        logits: Tensor = self.net(images)
        return logits


@dataclass(frozen=True, eq=False)
class Judge:
    """A trained classifier.

    Attributes:
        net: in evaluation mode, on the device asked for.
        factor: name of the factor whose classes it tells apart.
        held_out: images it was not trained on, at most ``HELD_OUT``; 0 for data sets of fewer than ten.
        accuracy: share of these that it gets right; None without any.
    """

    net: Classifier
    factor: str
    held_out: int
    accuracy: float | None

    @property
    def words(self) -> str:
        """How good it is."""
        if self.accuracy is None:
            return f"the classifier of {self.factor} was not tested: the data set is too small"
        return f"classifier of {self.factor}: {self.accuracy:.2%} of {self.held_out} held-out images right"


def classifier_for(dataset: Dataset, device: str | torch.device = "cpu", images: int = TRAIN_IMAGES) -> Judge:
    """The classifier of ``dataset``, from the cache or trained on ``images`` random images (seed 0).

    A damaged file in the cache is replaced; where the cache cannot be written, nothing is kept.

    Raises:
        UsageError: no factor of the data set has classes to tell apart.
    """
    factor = class_factor(dataset)
    if factor is None:
        raise UsageError(f"data set {dataset.name} has no unordered factor that a classifier could learn")
    identity = f"{dataset.fingerprint} {dataset.label_digest} {dataset.factors[factor].name} {images} 4"
    key = hashlib.sha256(identity.encode()).hexdigest()
    path = cache_dir() / f"classifier-{key[:16]}.pt"
    try:
        with locked(path.with_suffix(".lock"), f"{path} is being written by another process", wait=True):
            if (found := _read(path, key, dataset, factor)) is None:
                found = _train(dataset, factor, images, device)
                _keep(path, key, found)
    except RunError as error:
        warn(f"the classifier will not be kept: {error}")
        found = _train(dataset, factor, images, device)
    found.net.to(device).eval()
    return found


def _new(dataset: Dataset, factor: int) -> Classifier:
    with torch.random.fork_rng(devices=[]):  # layers draw their first weights from the global stream
        torch.manual_seed(0)
        return Classifier(dataset.image_shape, dataset.factors[factor].size)


def _read(path: Path, key: str, dataset: Dataset, factor: int) -> Judge | None:
    """A kept classifier; None when there is none, or it is not what was kept (with a warning)."""
    if not path.exists():
        return None
    net = _new(dataset, factor)
    try:
        kept = read_tensors(path, "classifier")
        with explained(path, "not a classifier of dcr"):
            if not unseal(path, kept) or kept["key"] != key:
                raise UsageError(f"{path}: it is another classifier, or has no digest")
            net.load_state_dict(kept["weights"])
            return Judge(net, dataset.factors[factor].name, kept["held_out"], kept["accuracy"])
    except UsageError as error:
        warn(f"{error}; training the classifier again")
        return None


def _keep(path: Path, key: str, judge: Judge) -> None:
    weights = {name: value.cpu() for name, value in judge.net.state_dict().items()}
    kept = {"key": key, "weights": weights, "held_out": judge.held_out, "accuracy": judge.accuracy}
    try:
        clear_cached(path)
        write_sealed(path, kept)
    except RunError as error:
        warn(f"the classifier is not kept: {error}")
    else:
        detail(f"kept the classifier in {path}")


def _train(dataset: Dataset, factor: int, images: int, device: str | torch.device) -> Judge:
    """Fit a classifier, then judge it on images set aside before."""
    net = _new(dataset, factor).to(device)
    rng = np.random.default_rng(0)
    aside = rng.choice(len(dataset), min(len(dataset) // 10, HELD_OUT), replace=False)
    unseen = np.zeros(len(dataset), bool)
    unseen[aside] = True
    steps = max(images // BATCH, 1)
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.01, total_iters=steps)
    net.train()
    with progress(total=steps, desc=f"training a classifier of {dataset.factors[factor].name}") as bar:
        for _ in range(steps):
            rows = dataset.draw(rng, BATCH)
            pixels, truth = _batch(net, dataset, factor, rows[~unseen[rows]])
            loss = nn.functional.cross_entropy(net(pixels), truth)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            bar.update(1)
    accuracy = _accuracy(net.eval(), dataset, factor, aside)
    return Judge(net, dataset.factors[factor].name, len(aside), accuracy)


@torch.no_grad()
def _accuracy(net: Classifier, dataset: Dataset, factor: int, rows: Ints) -> float | None:
    right = 0
    for start in range(0, len(rows), 4 * BATCH):
        pixels, truth = _batch(net, dataset, factor, rows[start : start + 4 * BATCH])
        right += int((net(pixels).argmax(dim=1) == truth).sum())
    return right / len(rows) if len(rows) else None


def _batch(net: Classifier, dataset: Dataset, factor: int, rows: Ints) -> tuple[Tensor, Tensor]:
    """Images (n, C, H, W) in [0, 1] and their classes (n,)."""
    device = next(net.parameters()).device
    pixels = dataset.tensors(rows, device)
    return pixels, torch.from_numpy(dataset.classes(rows)[:, factor]).to(device)

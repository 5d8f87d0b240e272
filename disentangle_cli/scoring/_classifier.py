"""A classifier of a data set's unordered factor, trained once and kept in the cache folder."""

import hashlib
import math

import numpy as np
import torch
from torch import Tensor, nn

from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.files import atomic, cache_dir, locked
from disentangle_cli.output import detail, progress

BATCH = 64
CHANNELS = (32, 32, 64, 64)
TRAIN_IMAGES = 100_000
"""About a minute on one core; the InfoGAN-CR code makes five passes over all of dSprites."""


def class_factor(dataset: Dataset) -> int | None:
    """Column of the first factor whose values are names, with 2 to 100 classes; None without one."""
    fitting = [k for k, f in enumerate(dataset.factors) if not f.continuous and 2 <= f.size <= 100]
    return fitting[0] if fitting else None


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


def classifier_for(dataset: Dataset, device: str = "cpu", images: int = TRAIN_IMAGES) -> Classifier:
    """The classifier of ``dataset``, from the cache or trained on ``images`` random images (seed 0).

    Raises:
        UsageError: no factor of the data set has classes to tell apart.
    """
    factor = class_factor(dataset)
    if factor is None:
        raise UsageError(f"data set {dataset.name} has no unordered factor that a classifier could learn")
    name = dataset.factors[factor].name
    key = hashlib.sha256(f"{dataset.fingerprint} {name} {images} 1".encode()).hexdigest()[:16]
    path = cache_dir() / f"classifier-{key}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):  # layers draw their first weights from the global stream
        torch.manual_seed(0)
        net = Classifier(dataset.image_shape, dataset.factors[factor].size)
    with locked(path.with_suffix(".lock"), f"{path} is being written by another process", wait=True):
        if path.is_file():
            net.load_state_dict(torch.load(path, weights_only=True))
        else:
            _train(net.to(device), dataset, factor, images)
            with atomic(path) as temporary:
                torch.save(net.cpu().state_dict(), temporary)
            detail(f"kept the classifier of {name} in {path}")
    return net.to(device).eval()


def _train(net: Classifier, dataset: Dataset, factor: int, images: int) -> None:
    rng = np.random.default_rng(0)
    steps = max(images // BATCH, 1)
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.01, total_iters=steps)
    device = next(net.parameters()).device
    net.train()
    with progress(total=steps, desc=f"training a classifier of {dataset.factors[factor].name}") as bar:
        for _ in range(steps):
            rows = dataset.draw(rng, BATCH)
            pixels = torch.from_numpy(dataset.images(rows)).to(device).float().div_(255)
            truth = torch.from_numpy(dataset.classes(rows)[:, factor]).to(device)
            loss = nn.functional.cross_entropy(net(pixels), truth)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            bar.update(1)

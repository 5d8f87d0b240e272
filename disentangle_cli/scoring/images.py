"""Arrays that come from images a model makes: reconstructions, class probabilities, features."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentangle_cli.datasets import Dataset
from disentangle_cli.errors import UsageError
from disentangle_cli.models import Model
from disentangle_cli.output import progress
from disentangle_cli.scoring._classifier import Classifier, class_factor, classifier_for
from disentangle_cli.scoring.features import MISSING, features, load_extractor
from disentangle_cli.scoring.plan import FAMILIES, Plan

BATCH = 256


def image_arrays(
    model: Model, dataset: Dataset, plan: Plan, wanted: set[str], seed: int, repeat: int
) -> dict[str, Any]:
    """Those of ``wanted`` that need images; what cannot be had is named in ``missing`` with the reason.

    ``remarks`` holds what to know about those that are there.
    """
    arrays: dict[str, Any] = {}
    missing: dict[str, str] = {}
    remarks: dict[str, str] = {}
    if "squared_errors" in wanted:
        arrays["squared_errors"] = squared_errors(model, dataset, plan.reconstructions, seed, repeat)
    if "class_probabilities" in wanted:
        if class_factor(dataset) is None:
            missing["class_probabilities"] = f"data set {dataset.name} has no unordered factor"
        else:
            judge = classifier_for(dataset, model.device)
            remarks["class_probabilities"] = judge.words
            images = _generated(model, plan.generated, seed, repeat)
            arrays["class_probabilities"] = _probabilities(judge.net, images, model.device)
    if "generated_features" in wanted:
        try:
            arrays |= _features(model, dataset, plan.generated, seed, repeat)
        except UsageError as error:
            missing |= dict.fromkeys(("real_features", "generated_features"), str(error))
    return arrays | {"missing": missing, "remarks": remarks}


def feature_problem() -> str | None:
    """Why ``fid`` and ``kid`` cannot be had at all, or None."""
    import importlib.util

    return None if importlib.util.find_spec("torch_fidelity") else MISSING


@torch.no_grad()
def squared_errors(model: Model, dataset: Dataset, count: int, seed: int, repeat: int) -> Any:
    """(n,) float64: squared error of each image's reconstruction, summed over pixels and channels.

    Codes come from the encoder; latents that are no codes (a GAN's noise) are drawn from their prior.
    """
    family = FAMILIES.index("reconstructions")
    rows = dataset.draw(np.random.default_rng([seed, repeat, family]), count)
    rng = torch.Generator().manual_seed(seed * 1_000_003 + repeat)
    columns = model.latents.code_columns
    errors = []
    with progress(total=count, desc="reconstructing", unit="images") as bar:
        for start in range(0, count, BATCH):
            images = dataset.tensors(rows[start : start + BATCH]).to(model.device)
            latents = model.latents.sample(len(images), rng).to(images.device)
            latents[:, columns] = model.encode(images).float()
            made = model.generate(latents).to(images.device)
            errors.append((made - images).double().square().sum(dim=(1, 2, 3)).cpu().numpy())
            bar.update(len(images))
    return np.concatenate(errors)


@torch.no_grad()
def _probabilities(net: Classifier, batches: Iterable[Tensor], device: torch.device) -> Any:
    """(n, C, H, W) images in [0, 1], a batch at a time -> (N, classes) float32."""
    return np.concatenate([net(batch.to(device)).softmax(dim=1).cpu().numpy() for batch in batches])


def _features(model: Model, dataset: Dataset, count: int, seed: int, repeat: int) -> dict[str, Any]:
    device = str(model.device)
    extract = load_extractor(device)
    rows = dataset.draw(np.random.default_rng([seed, repeat, FAMILIES.index("generated")]), count)
    real = (dataset.tensors(rows[start : start + BATCH]) for start in range(0, count, BATCH))
    return {
        "real_features": features(extract, real, device),
        "generated_features": features(extract, _generated(model, count, seed, repeat), device),
    }


def _generated(model: Model, count: int, seed: int, repeat: int) -> Iterator[Tensor]:
    """``count`` images from the prior, (n, C, H, W) at a time."""
    rng = torch.Generator().manual_seed(seed * 1_000_003 + repeat)
    with progress(total=count, desc="generating", unit="images") as bar:
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            with torch.no_grad():
                yield model.generate(model.sample_latents(size, rng)).float()
            bar.update(size)

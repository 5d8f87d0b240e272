"""What is looked at during training: traversal pictures and a quick score."""

from pathlib import Path

import torch

from disentangle_cli.checkpoint import Checkpoint
from disentangle_cli.datasets import Dataset
from disentangle_cli.models import LoadedModel


def quick_score(checkpoint: Checkpoint, dataset: Dataset, device: torch.device) -> float:
    """FactorVAE score (infogan-cr protocol, 200 groups of 50 images); its error is about 0.03."""
    from disentangle_cli.scoring import factor_vae_quick

    score = factor_vae_quick(LoadedModel(checkpoint, device), dataset)["score"]
    return float("nan") if score is None else float(score)


def save_traversal(checkpoint: Checkpoint, path: Path, device: torch.device) -> None:
    """A traversal of all codes from one prior sample, as ``dcr traverse`` draws it."""
    from disentangle_cli import rendering
    from disentangle_cli.traversal import traverse

    rendering.save_traversal(traverse(LoadedModel(checkpoint, device)), path)

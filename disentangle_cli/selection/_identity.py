"""What makes two models the same: a hash of what they compute, never of where or when they were made."""

import hashlib
import json

import torch

from disentangle_cli.models import Model

_PROBES = 16


def identity(model: Model) -> str:
    """Hex SHA-256 of a model's content.

    A loaded checkpoint brings its own (``content_hash``: architecture, latents, image shape and weights).
    Any other object is told by its behaviour: its images of a few fixed prior samples and their codes.
    """
    known = getattr(model, "content_hash", None)
    if isinstance(known, str):
        return known
    latents = model.sample_latents(_PROBES, torch.Generator().manual_seed(0))
    images = model.generate(latents)
    seen = [latents, images, model.encode(images), *(model.posterior(images) or ())]
    digest = hashlib.sha256(json.dumps(model.latents.to_json()).encode())
    for tensor in seen:
        array = tensor.detach().cpu().contiguous()
        digest.update(f"{array.dtype}{tuple(array.shape)}".encode())
        digest.update(array.numpy().tobytes())
    return digest.hexdigest()

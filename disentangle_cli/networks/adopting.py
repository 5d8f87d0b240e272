"""Networks that take over the weights of a trained model."""

from collections.abc import Collection

import torch
from torch import Tensor, nn

from disentangle_cli.errors import UsageError
from disentangle_cli.networks.layers import settle


def adopt(net: nn.Module, weights: dict[str, Tensor], fresh: Collection[str] = ()) -> None:
    """Set the tensors of ``net`` to ``weights``.

    The vectors of spectral norm, which a checkpoint does not hold, are found anew by power iteration. What is
    in the parts of ``net`` named by ``fresh`` stays.

    Raises:
        UsageError: a tensor is missing or left over, or has another shape.
    """
    state = {
        key: value
        for key, value in net.state_dict().items()
        if not key.endswith(".u") and key.partition(".")[0] not in fresh
    }
    if others := sorted(state.keys() ^ weights.keys()):
        raise UsageError(f"its networks are others: {others[0]} is in one of them only")
    for key, value in state.items():
        if value.shape != weights[key].shape:
            shapes = f"{tuple(weights[key].shape)} and {tuple(value.shape)}"
            raise UsageError(f"its networks are others: {key} has the shapes {shapes}")
    with torch.no_grad():
        for key, value in state.items():
            value.copy_(weights[key])
    settle(net)

"""4x4 convolutions of stride 2 and padding 1 as matrix products, for GPUs and stacks of seeds.

cuDNN takes many times as long as that for one or two channels on the large side.
"""

import torch.nn.functional as F
from torch import Tensor

CORNERS = ([0, 1, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0], [1, 0, 1, 0])
"""How far a grid is moved, as F.pad wants it: columns before and behind, then rows."""


def conv_by_product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """All patches times the kernel: (n, I, H, W) and weight (O, I, 4, 4) -> (n, O, H/2, W/2)."""
    n, _, height, width = x.shape
    padded = F.pad(x.permute(0, 2, 3, 1), [0, 0, 1, 1, 1, 1])
    patches = padded.unfold(1, 4, 2).unfold(2, 4, 2).reshape(n * (height // 2) * (width // 2), -1)
    y = F.linear(patches, weight.flatten(1), bias)
    return y.reshape(n, height // 2, width // 2, -1).permute(0, 3, 1, 2)


def transposed_by_product(x: Tensor, weight: Tensor) -> Tensor:
    """What each place adds to the patch around it: (n, I, H, W) and weight (I, O, 4, 4) -> (n, O, 2H, 2W).

    The image, with a border of one pixel, in blocks of 2x2: a place adds to the block at its own index and to
    the next, in rows and in columns.
    """
    (n, inputs, height, width), outputs = x.shape, weight.shape[1]
    kernel = weight.reshape(inputs, outputs, 2, 2, 2, 2)  # block and pixel in it by rows, then by columns
    matrix = kernel.permute(0, 2, 4, 3, 5, 1).reshape(inputs, -1)
    spread = x.permute(0, 2, 3, 1).reshape(-1, inputs) @ matrix
    parts = spread.reshape(n, height, width, 4, -1).unbind(3)
    first, *others = (F.pad(part, [0, 0, *sides]) for part, sides in zip(parts, CORNERS, strict=True))
    for part in others:
        first = first + part
    blocks = first.reshape(n, height + 1, width + 1, 2, 2, outputs).transpose(2, 3)
    image = blocks.reshape(n, 2 * (height + 1), 2 * (width + 1), outputs)
    return image[:, 1:-1, 1:-1].permute(0, 3, 1, 2)

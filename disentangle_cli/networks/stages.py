"""One family of sizes: convolutional networks for 64x64 images, extended up and down by whole stages.

A stage halves an image or, in a generator, doubles it. The smallest feature map, with 3, 4 or 7 pixels a
side, is what is left of the size after all halvings that come out even. Counted from there, two stages each
have 64, 32 and 16 channels. The networks for 64x64, those of the paper and of the study, have the first four
of these.
"""

SIDES = (28, 32, 48, 64, 96, 128, 256)
"""Sides of the images that the family is made for."""


def smallest(size: int) -> int:
    """Side of the smallest feature map for images of ``size``: 64 -> 4, 28 -> 7, 96 -> 3."""
    while size > 4 and size % 2 == 0:
        size //= 2
    return size


def inward(size: int) -> list[int]:
    """Channels of the feature maps from the image inwards, one for each stage: 64 -> [32, 32, 64, 64]."""
    stages = (size // smallest(size)).bit_length() - 1
    return [64 >> stage // 2 for stage in reversed(range(stages))]


def features(size: int) -> int:
    """Numbers in the smallest feature map: 64 -> 1024."""
    return 64 * smallest(size) ** 2

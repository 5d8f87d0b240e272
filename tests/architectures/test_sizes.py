"""Networks for every size, and those for 64x64 as they always were."""

import hashlib
from typing import Any

import pytest
import torch
from torch import nn

from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.networks.architecture import GanArchitecture, in_words
from disentangle_cli.networks.layers import initialise
from disentangle_cli.networks.stages import SIDES

FAMILIES = ["infogan", "ib-gan", "study"]  # with a member for 64x64
GAN = ["b5ebe9e9a68122bc", "e9ca5ea14edbd110", "c62d7e01b3d5b020"]
"""D and Q, and H with either norm."""
DRAWN = {
    "infogan-64": ["377fd771da34279d", "ec39496a7c035681", *GAN],
    "ib-gan-64": ["377fd771da34279d", "abf3acaa56285160", *GAN],
    "study-64": ["025ec2c54f3183f1", "9740867811d2e13d"],
    "factor-vae-64": ["a7ce2ad26f5e1bcd", "192d156c4a125b03"],
}
"""Names, shapes and weights of seed 0, from before there were other sizes: generator and encoder first."""


def made(name: str, size: int, channels: int = 1) -> list[nn.Module]:
    """With 10 latents, 20 encoder outputs and 5 codes."""
    nets: Any = ARCHITECTURES.get(name)()
    parts = [nets.generator(10, channels, size), nets.encoder(20, channels, size)]
    if isinstance(nets, GanArchitecture):
        parts.append(nets.discriminator(5, channels, size))
        parts += [nets.contrastive(5, channels, size, norm) for norm in ("spectral", "batch")]
    for net in parts:
        draw = initialise if isinstance(nets, GanArchitecture) else nets.initialise
        draw(net, torch.Generator().manual_seed(0))
    return parts


def digest(net: nn.Module) -> str:
    found = hashlib.sha256()
    for key, value in net.state_dict().items():
        found.update(f"{key} {tuple(value.shape)}".encode())
        found.update(value.numpy().tobytes())
    return found.hexdigest()[:16]


@pytest.mark.parametrize("name", DRAWN)
def test_weights_for_64x64_are_bit_identical(name: str) -> None:
    assert [digest(net) for net in made(name, 64)] == DRAWN[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_at_64x64_is_the_network_of_that_name(name: str) -> None:
    assert [digest(net) for net in made(name, 64)] == DRAWN[f"{name}-64"]
    assert ARCHITECTURES.get(f"{name}-64")().sizes == (64,)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIDES)
@pytest.mark.parametrize("name", [*FAMILIES, "infogan-apart"])
def test_networks_for_every_size(name: str, size: int, channels: int) -> None:
    generator, encoder, *others = (net.eval() for net in made(name, size, channels))
    images = generator(torch.rand(2, 10))
    assert images.shape == (2, channels, size, size)
    assert encoder(images.sigmoid()).shape == (2, 20)
    if others:
        discriminator, *contrastive = others
        assert discriminator.realness(discriminator.trunk(images)).shape == (2,)
        for net in contrastive:
            assert net(images.repeat(1, 2, 1, 1)).shape == (2, 5)


@pytest.mark.parametrize(
    ("name", "size", "counts"),
    [
        # G: those for 64x64, 252,419, where 32 -> 3 (1,539) becomes 32 -> 16 (8,208 + 32) and 16 -> 3 (771)
        ("infogan", 128, (259_891, 272_213)),
        # G: 1,408 + 256 + 404,544 + 6,272 + 65,600 + 128 + 3,075; encoder: 3,136 + 65,600 + 401,536 + 17,157
        ("infogan", 28, (481_283, 487_429)),
        # decoder: 382,339 - 1,539 + 8,208 + 771; encoder: 310,228 - 1,568 + 784 + 8,224
        ("study", 128, (389_779, 317_668)),
    ],
)
def test_parameter_counts(name: str, size: int, counts: tuple[int, int]) -> None:
    nets: Any = ARCHITECTURES.get(name)()
    parts = nets.generator(10, 3, size), nets.encoder(5 if name == "infogan" else 20, 3, size)
    assert tuple(sum(p.numel() for p in net.parameters()) for net in parts) == counts


def test_sizes_in_words() -> None:
    assert in_words((64,)) == "64x64"
    assert in_words((64, 32)) == "32x32 or 64x64"
    assert in_words((32, 64, 28)) == "28x28, 32x32 or 64x64"
    assert in_words(()) == "square images"

"""What every registered architecture must keep; a new one is tested by being there."""

import pytest
import torch
from torch import nn

from disentangle_cli.architectures import ARCHITECTURES, Architecture
from disentangle_cli.checkpoint import Checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models import LoadedModel
from disentangle_cli.networks.architecture import GanArchitecture
from disentangle_cli.networks.gan import Discriminator, GaussianEncoder

LATENTS = Latents([Block("codes", "normal", 3, True), Block("noise", "normal", 2, False)])


@pytest.fixture(params=ARCHITECTURES.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def architecture(name: str) -> Architecture:
    made = ARCHITECTURES.get(name)()
    try:
        made.generator(5, 1, side(made))
    except UsageError as error:
        pytest.skip(f"it is not made without options: {error}")
    return made


def side(architecture: Architecture) -> int:
    return min(architecture.sizes, default=8)


def both(architecture: Architecture, channels: int) -> tuple[nn.Module, nn.Module]:
    size = side(architecture)
    return architecture.generator(5, channels, size), architecture.encoder(3, channels, size)


@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_of_any_number_of_rows(architecture: Architecture, channels: int) -> None:
    generator, encoder = (net.eval() for net in both(architecture, channels))
    for count in (1, 4):
        images = generator(torch.randn(count, 5))
        assert images.shape == (count, channels, side(architecture), side(architecture))
        assert encoder(images.sigmoid()).shape == (count, 3)


def test_weights_depend_on_the_generator_alone(architecture: Architecture) -> None:
    drawn = []
    for seed in (0, 0, 1):
        nets = both(architecture, 1)
        rng = torch.Generator().manual_seed(seed)
        before = torch.get_rng_state()
        for net in nets:
            architecture.initialise(net, rng)
        assert torch.equal(torch.get_rng_state(), before)
        drawn.append(torch.cat([p.flatten() for net in nets for p in net.parameters()]))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert all(part.isfinite().all() for part in drawn)


def test_checkpoints_give_the_same_networks(name: str, architecture: Architecture) -> None:
    nets = [net.eval() for net in both(architecture, 1)]
    for net in nets:
        architecture.initialise(net, torch.Generator().manual_seed(3))
    config = {"architecture": {"name": name}, "generator_output": "logits", "encoder_output": "codes"}
    size = side(architecture)
    model = LoadedModel(
        Checkpoint("mine", config, (1, size, size), LATENTS, *(net.state_dict() for net in nets))
    )
    latents, images = torch.randn(4, 5), torch.rand(4, 1, size, size)
    with torch.no_grad():
        assert torch.allclose(model.generate(latents), nets[0](latents).sigmoid(), atol=1e-5)
        assert torch.allclose(model.encode(images), nets[1](images), atol=1e-5)


def test_networks_of_a_gan(architecture: Architecture) -> None:
    if not isinstance(architecture, GanArchitecture):
        pytest.skip("no GAN")
    size = side(architecture)
    discriminator = architecture.discriminator(3, 1, size).eval()
    images = torch.rand(4, 1, size, size)
    features = discriminator.trunk(images)
    assert discriminator.realness(features).shape == (4,)
    if isinstance(discriminator, Discriminator):
        assert discriminator.codes(features).shape == (4, 3)
    else:
        encoder = architecture.encoder(3, 1, size).eval()
        assert isinstance(encoder, GaussianEncoder)
        assert encoder.gaussian(images).shape == (4, 6)
    for norm in ("spectral", "batch"):
        assert architecture.contrastive(3, 1, size, norm).eval()(images.repeat(1, 2, 1, 1)).shape == (4, 3)

import pytest
import torch
import torch.nn.functional as F

from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.networks.architecture import GanArchitecture
from disentangle_cli.networks.layers import (
    BatchNorm1d,
    BatchNorm2d,
    Conv,
    Linear,
    TransposedConv,
    commit,
    fold_spectral_norm,
    freeze,
    initialise,
    unfreeze,
)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_spectral_norm_by_hand() -> None:
    layer = Linear(3, 2, spectral=True)
    layer.weight.data = torch.tensor([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]])
    layer.u.copy_(torch.tensor([1.0, 0.0]))
    sigma = layer.weight / layer.effective()
    assert sigma.flatten().tolist() == pytest.approx([9.503383] * 6, rel=1e-6)
    commit(layer)
    assert layer.u.tolist() == pytest.approx([0.622524, 0.782601], abs=1e-6)
    for _ in range(20):
        commit(layer)
    assert float((layer.weight / layer.effective()).detach()[0, 0]) == pytest.approx(9.5255, abs=1e-4)


def test_spectral_norm_gradient_is_not_detached() -> None:
    layer = Linear(4, 3, spectral=True).double()
    initialise(layer, rng())
    probe = torch.randn(3, 4, generator=rng(1), dtype=torch.float64)

    def value(weight: torch.Tensor) -> torch.Tensor:
        layer.weight.data = weight
        return (layer.effective() * probe).sum()

    start = layer.weight.data.clone()
    value(start).backward()
    numeric = torch.zeros_like(start)
    for i in range(start.numel()):
        step = torch.zeros_like(start).flatten()
        step[i] = 1e-6
        step = step.view_as(start)
        numeric.view(-1)[i] = (value(start + step) - value(start - step)) / 2e-6
    layer.weight.data = start
    torch.testing.assert_close(layer.weight.grad, numeric.detach(), rtol=1e-6, atol=1e-6)


def test_a_frozen_layer_gives_the_same_output_and_no_gradient() -> None:
    layer = Conv(2, 3, spectral=True)
    initialise(layer, rng())
    x = torch.rand(2, 2, 8, 8, requires_grad=True)
    y = layer(x)
    freeze(layer)
    assert torch.allclose(layer(x), y)
    layer(x).sum().backward()
    assert x.grad is not None
    assert layer.weight.grad is None
    assert layer.bias.grad is None
    unfreeze(layer)
    layer(x).sum().backward()
    assert layer.weight.grad is not None


@pytest.mark.parametrize("kernel", [4, 5])
def test_same_padding_convolution(kernel: int) -> None:
    layer = Conv(2, 3, kernel).double()
    x = torch.rand(2, 2, 8, 8, dtype=torch.float64)
    before = (kernel - 2) // 2
    padded = F.pad(x, (before, kernel - 2 - before, before, kernel - 2 - before))
    expected = F.conv2d(padded, layer.weight, layer.bias, stride=2)
    assert expected.shape == (2, 3, 4, 4)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("outputs", [1, 3])
def test_transposed_convolution_is_the_adjoint_of_same_padding(kernel: int, outputs: int) -> None:
    """<conv(x), y> = <x, tconv(y)> for one weight, which fixes crop and padding; gradients as autograd's."""
    transposed = TransposedConv(4, outputs, kernel).double()
    torch.nn.init.zeros_(transposed.bias)
    conv = Conv(outputs, 4, kernel).double()
    conv.weight.data = transposed.weight.data
    torch.nn.init.zeros_(conv.bias)
    x = torch.rand(2, outputs, 16, 16, dtype=torch.float64)
    y = torch.rand(2, 4, 8, 8, dtype=torch.float64)
    assert (conv(x) * y).sum().item() == pytest.approx((x * transposed(y)).sum().item(), rel=1e-12)
    assert transposed(y).shape == (2, outputs, 16, 16)
    y.requires_grad_()
    assert torch.autograd.gradcheck(lambda v: transposed(v), (y[:1, :, :4, :4].detach().requires_grad_(),))
    weighted = (transposed(y) * x).sum()
    ours = torch.autograd.grad(weighted, (y, transposed.weight, transposed.bias))
    stock = F.conv_transpose2d(y, transposed.weight, transposed.bias, stride=2, padding=(kernel - 2) // 2)
    stock = stock[..., :16, :16]
    expected = torch.autograd.grad((stock * x).sum(), (y, transposed.weight, transposed.bias))
    for found, wanted in zip(ours, expected, strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_convolution_gradients_are_the_stock_ones(channels: int) -> None:
    layer = Conv(channels, 5).double()
    x = torch.rand(2, channels, 16, 16, dtype=torch.float64, requires_grad=True)
    probe = torch.rand(2, 5, 8, 8, dtype=torch.float64)
    inputs = (x, layer.weight, layer.bias)
    ours = torch.autograd.grad((layer(x) * probe).sum(), inputs)
    stock = F.conv2d(x, layer.weight, layer.bias, stride=2, padding=1)
    for found, wanted in zip(ours, torch.autograd.grad((stock * probe).sum(), inputs), strict=True):
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("kind", [Conv, TransposedConv])
def test_mapped_convolutions_are_the_stock_ones(kind: type[torch.nn.Module], channels: int) -> None:
    """Over three seeds at once: values, gradients, and in bf16 what autocast makes of them."""
    seeds, plain = 3, kind is Conv
    sides = (channels, 5) if plain else (5, channels)
    layer = kind(*sides).double()
    shape = (seeds, 2, sides[0], 16, 12)
    x = torch.rand(shape, dtype=torch.float64, generator=rng(), requires_grad=True)
    weight = torch.rand(seeds, *layer.weight.shape, dtype=torch.float64, generator=rng(1), requires_grad=True)
    bias = torch.rand(seeds, sides[1], dtype=torch.float64, generator=rng(2), requires_grad=True)
    stock = F.conv2d if plain else F.conv_transpose2d

    def mapped(weight: torch.Tensor, bias: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))
        return result

    ours = torch.vmap(mapped)(weight, bias, x)
    theirs = torch.stack([stock(*one, stride=2, padding=1) for one in zip(x, weight, bias, strict=True)])
    torch.testing.assert_close(ours, theirs)
    probe = torch.rand(theirs.shape, dtype=torch.float64, generator=rng(3))
    inputs = (x, weight, bias)
    found, wanted = (torch.autograd.grad((y * probe).sum(), inputs) for y in (ours, theirs))
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b)
    with torch.autocast("cpu", torch.bfloat16):
        rough = torch.vmap(mapped)(weight.float(), bias.float(), x.float())
    assert rough.dtype is torch.bfloat16
    torch.testing.assert_close(rough.double(), theirs, rtol=0.02, atol=0.02 * theirs.abs().max().item())


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2, 2)])
@pytest.mark.parametrize("training", [True, False])
def test_mapped_batch_norm_is_the_stock_one(shape: tuple[int, ...], training: bool) -> None:
    """With the moving statistics of each seed."""
    kind = BatchNorm1d if len(shape) == 2 else BatchNorm2d
    lone = [kind(3).double().train(training) for _ in range(2)]
    for i, layer in enumerate(lone):
        for tensor in layer.state_dict().values():
            tensor.copy_(torch.rand(tensor.shape, generator=rng(i)) + 0.5)
    tensors = {k: torch.stack([layer.state_dict()[k] for layer in lone]) for k in lone[0].state_dict()}
    x = torch.rand(2, *shape, dtype=torch.float64, generator=rng(5))
    model = kind(3).double().train(training)
    ours = torch.vmap(lambda t, x: torch.func.functional_call(model, t, (x,)))(tensors, x)
    torch.testing.assert_close(ours, torch.stack([layer(y) for layer, y in zip(lone, x, strict=True)]))
    for key, value in tensors.items():
        torch.testing.assert_close(value, torch.stack([layer.state_dict()[key] for layer in lone]))


def parameters(net: torch.nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize(
    ("name", "latent_dim", "codes", "channels", "norm", "counts"),
    [
        ("infogan-64", 10, 5, 1, "spectral", (251393, 263878, 247749)),
        ("infogan-64", 7, 2, 1, "spectral", (251009, 263491, 247362)),
        ("infogan-64", 10, 5, 3, "batch", (252419, 264902, 250373)),
        ("infogan-32", 105, 5, 3, "batch", (5346563, 4318854, 4323397)),
    ],
)
def test_parameter_counts_of_the_paper(
    name: str, latent_dim: int, codes: int, channels: int, norm: str, counts: tuple[int, int, int]
) -> None:
    nets = ARCHITECTURES.get(name)()
    assert isinstance(nets, GanArchitecture)
    size = nets.sizes[0]
    found = (
        parameters(nets.generator(latent_dim, channels, size)),
        parameters(nets.discriminator(codes, channels, size)),
        parameters(nets.contrastive(codes, channels, size, norm)),
    )
    assert found == counts


@pytest.mark.parametrize("name", ["infogan-64", "infogan-32"])
def test_a_discriminator_with_folded_norm_is_the_encoder(name: str) -> None:
    nets = ARCHITECTURES.get(name)()
    assert isinstance(nets, GanArchitecture)
    size = nets.sizes[0]
    discriminator = nets.discriminator(3, 1, size)
    initialise(discriminator, rng())
    encoder = nets.encoder(3, 1, size)
    encoder.load_state_dict(
        {k: v for k, v in fold_spectral_norm(discriminator).items() if not k.startswith("real.")}
    )
    images = torch.rand(2, 1, size, size)
    torch.testing.assert_close(encoder(images), discriminator(images))


def test_a_leaky_relu_has_slope_one_at_zero_where_that_is_wanted() -> None:
    """Gradients of D on black images, whose pre-activations are 0 in every layer of the trunk."""
    nets = ARCHITECTURES.get("infogan-64")()
    assert isinstance(nets, GanArchitecture)
    wanted, plain, tensorflow = (nets.discriminator(5, 1, 64) for _ in range(3))
    initialise(wanted, rng(), slope_at_zero=True)
    for net in (plain, tensorflow):
        initialise(net, rng())
    replace_leaky(tensorflow)
    black = torch.zeros(2, 1, 64, 64)
    outputs = [(net.realness(net.trunk(black)), net(black)) for net in (wanted, plain, tensorflow)]
    for realness, codes in outputs:
        assert max(float(x.detach().abs().max()) for x in (realness, codes)) < 1e-18
        (realness.sum() + codes.sum()).backward()
    ours, stock, theirs = (net.get_parameter("trunk.0.bias").grad for net in (wanted, plain, tensorflow))
    torch.testing.assert_close(ours, theirs)
    assert not torch.allclose(stock, theirs, rtol=0.5)


class _Maximum(torch.nn.Module):
    """max(x, 0.2 x), the first where both are the same."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.where(x >= 0, x, 0.2 * x)


def replace_leaky(net: torch.nn.Module) -> None:
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.LeakyReLU):
                setattr(module, name, _Maximum())


def test_initialisation() -> None:
    nets = ARCHITECTURES.get("infogan-64")()
    assert isinstance(nets, GanArchitecture)
    h = nets.contrastive(5, 1, 64, "spectral")
    initialise(h, rng())
    u = {k: v.clone() for k, v in h.state_dict().items() if k.endswith(".u")}
    weights = {k: v.clone() for k, v in h.state_dict().items() if k.endswith("weight")}
    conv = weights["0.4.weight"]
    assert conv.abs().max() <= 0.04
    assert float(conv.std()) == pytest.approx(0.0176, rel=0.02)
    assert float(weights["0.8.weight"].std()) == pytest.approx(0.02, rel=0.02)
    assert len(u) == 5  # every layer but the last
    initialise(h, rng(1), keep_u=True)
    assert all(torch.equal(h.state_dict()[k], v) for k, v in u.items())
    assert not any(torch.equal(h.state_dict()[k], v) for k, v in weights.items())

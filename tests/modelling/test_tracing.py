"""Programs give the images of the networks that they were traced from."""

import base64
import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from disentangle_cli.architectures import ARCHITECTURES, make_architecture
from disentangle_cli.modelling.program import FUNCTIONS, Program
from disentangle_cli.modelling.recorder import UntraceableError
from disentangle_cli.modelling.tracing import trace
from disentangle_cli.networks.layers import Conv, Linear, TransposedConv

LATENTS = 6
NETWORKS: list[tuple[str, dict[str, Any], int]] = [
    *((name, {}, make_architecture(name, {}).sizes[0]) for name in ARCHITECTURES.names() if name not in
      ("mlp", "onnx", "pythae")),
    ("infogan", {}, 28),
    ("study", {}, 48),
    ("burgess", {}, 64),
    ("mlp", {"hidden": [20, 12]}, 8),
    *(("pythae", {"decoder": decoder}, side) for decoder, side in (("mlp", 8), ("mnist", 28), ("cifar", 32))),
]  # fmt: skip


def filled(network: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights, and statistics of batch norm that are not those of an untrained network."""
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                wide = tensor.ndim > 1
                tensor.normal_(0, (tensor[0].numel() ** -0.5 if wide else 0.3), generator=rng)
                if name.endswith("running_var"):
                    tensor.abs_().add_(0.5)
    return network.eval()


def check(network: nn.Module, limit: float = 1e-4) -> Program:
    program = trace(network, LATENTS)
    latents = torch.randn(3, LATENTS, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = network(latents)
        found = torch.stack([program.run(latent) for latent in latents])
    assert wanted.std() > 1e-3
    torch.testing.assert_close(found, wanted, atol=limit, rtol=limit)
    return program


def test_every_architecture_is_tried() -> None:
    assert {name for name, _, _ in NETWORKS} | {"onnx"} == set(ARCHITECTURES.names())


@pytest.mark.parametrize(("name", "options", "side"), NETWORKS)
@pytest.mark.parametrize("channels", [1, 3])
def test_architectures(name: str, options: dict[str, Any], side: int, channels: int) -> None:
    network = make_architecture(name, options).generator(LATENTS, channels, side)
    program = check(filled(network))
    assert program.image_shape == (channels, side, side)
    assert {step.name for step in program.steps} <= {
        "linear", "convolution", "transposed", "affine", "gather", "relu", "leaky_relu", "tanh", "sigmoid",
    }  # fmt: skip


class Spectral(nn.Module):
    """A spectrally normalised generator of this package's layers."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = Linear(LATENTS, 4 * 16, spectral=True)
        self.conv = Conv(4, 8, spectral=True)
        self.up = TransposedConv(8, 3, kernel=5)

    def forward(self, latents: Tensor) -> Tensor:
        return self.up(self.conv(self.dense(latents).view(-1, 4, 4, 4)))  # type: ignore[no-any-return]


class Skips(nn.Module):
    """What is added, joined and cut, with constants of several shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(LATENTS, 3 * 16)
        self.start = nn.Parameter(torch.randn(1, 2, 4, 4))
        self.mix = nn.Conv2d(5, 5, 1)
        self.slope = nn.PReLU(5)

    def forward(self, latents: Tensor) -> Tensor:
        x = self.dense(latents).view(-1, 3, 4, 4)
        x = torch.cat([self.start.expand(len(x), -1, -1, -1), x], 1)
        y = self.slope(self.mix(x))
        y = y - 0.5 * x + x.mul(y) / (2 + x * x)
        first, rest = y.split([2, 3], 1)
        gate = torch.sigmoid(latents[:, :1])[:, :, None, None]
        image: Tensor = 1 - (torch.cat([rest, first], 1).flip(3) * gate + torch.arange(4.0)) / 4
        return image


class PixelNorm(nn.Module):
    """Feature vectors of length 1 at each pixel, and means of each map taken away."""

    def forward(self, x: Tensor) -> Tensor:
        x = x * torch.rsqrt((x**2).mean(1, keepdim=True) + 1e-8)
        return x - x.mean((2, 3))[:, :, None, None] + 0.1 * x.sum((-1,), keepdim=True)


def net(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(LATENTS, 4 * 16), nn.Unflatten(1, (4, 4, 4)), *layers)


@pytest.mark.parametrize(
    "network",
    [
        Spectral(),
        Skips(),
        net(PixelNorm()),
        net(nn.Upsample(scale_factor=2), nn.Conv2d(4, 3, 3, padding=1), nn.ReLU(inplace=True)),
        net(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(4, 1, 3, padding="same")),
        net(nn.Upsample(size=(7, 6), mode="bicubic", align_corners=True)),
        net(nn.Conv2d(4, 8, 3, groups=2, dilation=2, padding=2), nn.PixelShuffle(2)),
        net(nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1, groups=2, dilation=2, bias=False)),
        net(nn.ReflectionPad2d(2), nn.ReplicationPad2d(1), nn.ZeroPad2d((1, 0, 2, 0))),
        net(nn.ConstantPad2d(1, 0.5), nn.ZeroPad2d(1)),
        net(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True), nn.LayerNorm([4, 4, 4])),
        net(nn.ConvTranspose2d(4, 4, 4, 2, 1), nn.BatchNorm2d(4, affine=False), nn.Dropout(0.3)),
        *(net(layer) for layer in (
            nn.ELU(0.7), nn.SELU(), nn.SiLU(), nn.GELU(), nn.GELU("tanh"), nn.Softplus(2.0),
            nn.Hardtanh(-0.3, 0.4), nn.ReLU6(), nn.Hardswish(), nn.Hardsigmoid(), nn.Mish(), nn.Tanh(),
            nn.CELU(0.5),
        )),
    ],
)  # fmt: skip
def test_other_networks(network: nn.Module) -> None:
    check(filled(network))


def test_an_unused_branch_is_left_out() -> None:
    class Branch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = net(nn.Tanh()), nn.Linear(LATENTS, 1000)

        def forward(self, latents: Tensor) -> Tensor:
            self.unused(latents)
            image: Tensor = self.used(latents)
            return image

    program = check(filled(Branch()))
    assert [step.name for step in program.steps] == ["linear", "tanh"]
    assert sum(weight.numel() for weight in program.weights) == 64 * (LATENTS + 1)


class Attention(nn.Module):
    def forward(self, latents: Tensor) -> Tensor:
        return (latents[:, :, None] @ latents[:, None]).softmax(1)[:, None]


class Branching(nn.Module):
    def forward(self, latents: Tensor) -> Tensor:
        return (latents if latents.sum() > 0 else -latents)[:, :, None, None]


class Constant(nn.Module):
    def forward(self, latents: Tensor) -> Tensor:
        return torch.zeros(len(latents), 1, 4, 4)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Attention(), "does not know"),
        (Branching(), "cannot be traced"),
        (Constant(), "depend on the latents"),
        (nn.Sequential(nn.Linear(LATENTS, 4), nn.Unflatten(1, (1, 4)), nn.Conv1d(1, 1, 1)), "1 dimensions"),
        (nn.Linear(LATENTS, 4), "does not give images"),
    ],
)
def test_what_cannot_be_traced_is_said(network: nn.Module, reason: str) -> None:
    with pytest.raises(UntraceableError, match=reason) as told:
        trace(network, LATENTS)
    assert len(str(told.value).splitlines()) == 1


def test_weights_travel_as_bytes() -> None:
    network = filled(
        nn.Sequential(nn.Linear(LATENTS, 1024), nn.ReLU(), nn.Linear(1024, 16), nn.Unflatten(1, (1, 4, 4)))
    )
    program = trace(network, LATENTS)
    document = json.loads(json.dumps(program.to_json("float16")))
    data = base64.b64decode(document["bytes"])
    sizes = []
    for weight, (kind, start, count) in zip(
        program.rounded("float16").weights, document["weights"], strict=True
    ):
        found = np.frombuffer(data, f"<{kind}", count, start)
        np.testing.assert_array_equal(found.astype(np.float32), weight.flatten().numpy())
        sizes.append((kind, count))
    # biases and what is small keep their digits
    assert sizes == [("f2", 6144), ("f4", 1024), ("f2", 16384), ("f4", 16)]
    assert program.work == 6144 + 16384
    assert program.size("float16") == 2 * 6144 + 4 * 1024 + 2 * 16384 + 4 * 16


def test_tracing_leaves_the_network_alone() -> None:
    network = filled(net(nn.BatchNorm2d(4))).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    trace(network, LATENTS)
    assert network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_functions_are_all_tried() -> None:
    x = torch.linspace(0.1, 2, 5)
    for name, function in FUNCTIONS.items():
        constants = {"leaky_relu": 1, "elu": 3, "clamp": 2, "softplus": 2}.get(name, 0)
        assert function(x, *[1.0] * constants).shape == x.shape

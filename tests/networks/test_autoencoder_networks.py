import pytest
import torch

from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.networks.autoencoder import Head
from disentangle_cli.networks.tc_discriminator import tc_discriminator


def parameters(net: torch.nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize(
    ("name", "channels", "counts"),
    [
        # encoder: 544 + 16,416 + 8,256 + 16,448 + 262,400 + 5,140; decoder: 2,816 + 263,168 + ... + 513
        ("study-64", 1, (309_204, 381_313)),
        ("study-64", 3, (310_228, 382_339)),
        ("factor-vae-64", 1, (249_172, 248_833)),
        ("factor-vae-64", 3, (250_196, 249_859)),
    ],
)
def test_parameter_counts(name: str, channels: int, counts: tuple[int, int]) -> None:
    nets = ARCHITECTURES.get(name)()
    encoder, decoder = nets.encoder(20, channels, 64), nets.generator(10, channels, 64)
    assert (parameters(encoder), parameters(decoder)) == counts
    images = torch.rand(2, channels, 64, 64)
    assert encoder(images).shape == (2, 20)
    assert decoder(torch.randn(2, 10)).shape == images.shape


def test_discriminator_of_the_paper() -> None:
    assert parameters(tc_discriminator(10, hidden=5)) == 4_017_002
    assert tc_discriminator(10, hidden=6)(torch.randn(3, 10)).shape == (3, 2)


def test_head_computes_in_full_precision_under_autocast() -> None:
    head, x = Head(64, 4), torch.randn(3, 64)
    exact = head(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(head(x), exact)
        assert head(x.bfloat16()).dtype is torch.float32


def test_initialisation() -> None:
    rng = torch.Generator().manual_seed(0)
    study = ARCHITECTURES.get("study-64")()
    encoder = study.encoder(20, 1, 64)
    study.initialise(encoder, rng)
    weight = encoder.state_dict()["8.weight"]  # 1024 -> 256
    assert weight.abs().max() == pytest.approx((6 / 1280) ** 0.5, rel=1e-3)
    assert float(weight.std()) == pytest.approx((2 / 1280) ** 0.5, rel=0.01)
    assert not any(value.any() for key, value in encoder.state_dict().items() if key.endswith("bias"))
    paper = ARCHITECTURES.get("factor-vae-64")()
    decoder = paper.generator(10, 1, 64)
    paper.initialise(decoder, rng)
    assert float(decoder.state_dict()["2.weight"].std()) == pytest.approx(0.02, rel=0.02)

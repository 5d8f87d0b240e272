"""Run by a Python that has pythae: write models with its own ``save`` and what they compute.

python write_pythae_runs.py FOLDER
"""

import sys
from pathlib import Path
from typing import Any

import torch
from pythae import models
from pythae.models.nn.benchmarks import celeba, cifar, mnist

SMALL, MNIST, CIFAR, CELEBA = (1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64)


def write(folder: Path, model: Any, shape: tuple[int, int, int], own: bool = True) -> None:
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    model.eval()
    model.save(str(folder / "final_model"))
    expected: dict[str, Any] = {"own": own}
    if own:
        x, z = torch.rand(3, *shape), torch.randn(3, model.latent_dim)
        with torch.no_grad():
            coded = model.encoder(x)
            expected |= {
                "x": x,
                "z": z,
                "mean": coded["embedding"],
                "images": model.decoder(z)["reconstruction"],
            }
            if "log_covariance" in coded:
                expected["logvar"] = coded["log_covariance"]
    torch.save(expected, folder / "expected.pt")


def main(out: Path) -> None:
    torch.manual_seed(0)
    small = {"input_dim": SMALL, "latent_dim": 4}
    write(out / "vae", models.VAE(models.VAEConfig(**small)), SMALL)
    write(out / "beta", models.BetaVAE(models.BetaVAEConfig(beta=3.0, **small)), SMALL)
    write(out / "factor", models.FactorVAE(models.FactorVAEConfig(**small)), SMALL)
    write(out / "wae", models.WAE_MMD(models.WAE_MMD_Config(**small)), SMALL)
    write(out / "ae", models.AE(models.AEConfig(**small)), SMALL)
    write(out / "svae", models.SVAE(models.SVAEConfig(**small)), SMALL, own=False)
    for module, name, shape in ((mnist, "MNIST", MNIST), (cifar, "CIFAR", CIFAR), (celeba, "CELEBA", CELEBA)):
        config = models.VAEConfig(input_dim=shape, latent_dim=5)
        encoder = getattr(module, f"Encoder_Conv_VAE_{name}")(config)
        decoder = getattr(module, f"Decoder_Conv_AE_{name}")(config)
        write(out / f"vae_{name.lower()}", models.VAE(config, encoder, decoder), shape)
    config = models.VAEConfig(input_dim=MNIST, latent_dim=5)
    plain = models.AEConfig(input_dim=MNIST, latent_dim=5)
    decoder = mnist.Decoder_Conv_AE_MNIST(config)
    write(out / "ae_mnist", models.AE(plain, mnist.Encoder_Conv_AE_MNIST(plain), decoder), MNIST)
    write(out / "mixed", models.VAE(config, None, decoder), MNIST)

    class Mine(mnist.Encoder_Conv_VAE_MNIST):  # type: ignore[misc, name-defined]
        def forward(self, x: torch.Tensor) -> Any:
            return super().forward(2 * x)

    write(out / "subclass", models.VAE(config, Mine(config), decoder), MNIST, own=False)
    resnet = mnist.Encoder_ResNet_VAE_MNIST(config)
    write(out / "resnet", models.VAE(config, resnet, mnist.Decoder_ResNet_AE_MNIST(config)), MNIST, own=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

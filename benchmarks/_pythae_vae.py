"""Print the seconds of pythae's beta-VAE steps: python _pythae_vae.py ITERATIONS, where pythae is installed.

Forward pass, backward pass and step of Adam as its trainer makes them, on the network of ``_plain_vae``.
"""

import sys

import torch
from _plain_vae import decoder, encoder
from _timing import print_times
from pythae.models import BetaVAE, BetaVAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from torch import Tensor

CODES = 10


class Encoder(BaseEncoder):
    """The network in pythae's terms."""

    def __init__(self) -> None:
        super().__init__()
        self.net = encoder(CODES)

    def forward(self, x: Tensor) -> ModelOutput:
        """Mean and log-variance."""
        mean, logvar = self.net(x).chunk(2, 1)
        return ModelOutput(embedding=mean, log_covariance=logvar)


class Decoder(BaseDecoder):
    """The network in pythae's terms."""

    def __init__(self) -> None:
        super().__init__()
        self.net = decoder(CODES)

    def forward(self, z: Tensor) -> ModelOutput:
        """The reconstruction."""
        return ModelOutput(reconstruction=self.net(z))


def main() -> None:
    """Train on one batch."""
    torch.manual_seed(0)
    config = BetaVAEConfig(input_dim=(1, 64, 64), latent_dim=CODES, beta=4.0, reconstruction_loss="bce")
    model = BetaVAE(config, Encoder(), Decoder())
    optimiser = torch.optim.Adam(model.parameters(), 5e-4)

    def step(images: Tensor) -> float:
        loss = model({"data": images}).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss)

    print_times(step, int(sys.argv[1]))


if __name__ == "__main__":
    main()

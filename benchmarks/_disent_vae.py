"""Print the seconds of disent's beta-VAE steps: python _disent_vae.py ITERATIONS, where disent is installed.

Its training step, backward pass and its Adam, without the Lightning trainer around them and without logging,
on the network of ``_plain_vae``.
"""

import sys

import torch
from _plain_vae import decoder, encoder
from _timing import print_times
from disent.frameworks.vae import BetaVae
from disent.model import AutoEncoder, DisentDecoder, DisentEncoder
from torch import Tensor

CODES = 10
SHAPE = (1, 64, 64)


class Encoder(DisentEncoder):
    """The network in disent's terms."""

    def __init__(self) -> None:
        super().__init__(x_shape=SHAPE, z_size=CODES, z_multiplier=2)
        self.net = encoder(CODES)

    def encode(self, x: Tensor) -> Tensor:
        """Means, then log-variances."""
        moments: Tensor = self.net(x)
        return moments


class Decoder(DisentDecoder):
    """The network in disent's terms, whose last sigmoid is in the loss."""

    def __init__(self) -> None:
        super().__init__(x_shape=SHAPE, z_size=CODES)
        self.net = decoder(CODES)[:-1]

    def decode(self, z: Tensor) -> Tensor:
        """Logits of the reconstruction."""
        logits: Tensor = self.net(z)
        return logits


def main() -> None:
    """Train on one batch."""
    torch.manual_seed(0)
    config = BetaVae.cfg(optimizer_kwargs={"lr": 5e-4}, recon_loss="bce", loss_reduction="mean_sum", beta=4.0)
    model = BetaVae(AutoEncoder(Encoder(), Decoder()), config)
    model.log_dict = lambda *args, **kwargs: None  # there is no trainer to log to
    optimiser = model.configure_optimizers()

    def step(images: Tensor) -> float:
        loss = model.do_training_step({"x_targ": (images,)}, 0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss)

    print_times(step, int(sys.argv[1]))


if __name__ == "__main__":
    main()

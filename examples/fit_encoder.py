"""Fit the encoder of a GAN to images of its own generator, which stays as it is.

    python examples/fit_encoder.py ckpts/infogan-cr_dsprites_seed-0.pt fitted.pt

Adam on the squared error of the codes of fresh images, with a rate that falls to 0. In training the encoder
follows a generator that moves; here it can settle. What that is worth: docs/trials.md.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track

import disentangle_cli as dcr
from disentangle_cli.models import LoadedModel


def fit(model: LoadedModel, iterations: int, rate: float, batch_size: int, seed: int) -> list[float]:
    """Move the weights of ``model.encoder``; the mean squared error before each step."""
    encoder = model.encoder.requires_grad_(True)
    optimiser = torch.optim.Adam(encoder.parameters(), lr=rate)
    falling = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, iterations)
    rng = torch.Generator().manual_seed(seed)
    errors = []
    for _ in track(range(iterations), "fitting", console=Console(stderr=True)):
        latents = model.sample_latents(batch_size, rng)
        found = encoder(model.generate(latents))
        error = (found - latents[:, model.latents.code_columns]).square().mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        falling.step()
        errors.append(float(error))
    return errors


def main() -> None:
    """Load, fit, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path, help="checkpoint of a GAN")
    parser.add_argument("out", type=Path, help="checkpoint to write")
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=1e-3, help="of Adam")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model = dcr.load(options.model)
    if model.config["encoder_output"] != "codes":
        parser.error(f"{options.model}: its encoder gives a posterior, not codes")
    if options.iterations < 1:
        parser.error("--iterations must be at least 1")
    errors = fit(model, options.iterations, options.rate, options.batch_size, options.seed)
    print(
        f"mean squared error of the codes: {errors[0]:.4f} at first, {errors[-1]:.4f} at last",
        file=sys.stderr,
    )
    weights = {name: weight.detach() for name, weight in model.encoder.state_dict().items()}
    told = model.provenance | {"encoder_fitted": options.iterations}
    print(dcr.save(options.out, replace(model.checkpoint, encoder=weights, provenance=told)))


if __name__ == "__main__":
    main()

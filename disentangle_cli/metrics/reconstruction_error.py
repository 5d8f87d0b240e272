"""Reconstruction error."""

from disentangle_cli.arraytypes import Floats
from disentangle_cli.measurement.metric import Result, metric


@metric(
    parts={"worst": "number"}, bounds=(0.0, float("inf")), higher_is_better=False, cost="encoding, decoding"
)
def reconstruction_error(squared_errors: Floats) -> Result:
    """How far images are from what the model makes of their codes.

    Mean over images of the squared error summed over pixels and channels, pixels in [0, 1]: from
    ``squared_errors`` (n,). From 0. The usual Gaussian reconstruction term of a VAE (Kingma and Welling 2014)
    without its constants. Codes are means; a GAN's noise is drawn from its prior with the seed, so its error
    says how well codes and noise together keep an image. Part: ``worst`` (largest of all images).

    Known biases: grows with image size; blur costs little, a shifted edge much.
    """
    return {"score": float(squared_errors.mean()), "worst": float(squared_errors.max())}

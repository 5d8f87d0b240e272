"""QL-AE: an autoencoder with quantised latents (after QLAE, Hsu et al., NeurIPS 2023, section 3).

Every code is rounded to the nearest of a few grid values before it reaches the decoder; the gradient passes
the rounding unchanged ("straight-through"), and a commitment term keeps codes near their values:

    z = e + stopgrad(nearest(e) - e)
    L = reconstruction + w mean over the batch of sum_j (e_j - nearest(e_j))^2

Few values and strong weight decay favour codes that each mean one thing. QLAE learns the values, its own for
each latent; here the grid is fixed and common, as in finite scalar quantisation (Mentzer et al. 2024).

The checkpoint's encoder gives e, before rounding, which keeps ties out of the scores; ``generate`` rounds, so
that ``generate(encode(x))`` is the reconstruction.
"""

from typing import ClassVar

from pydantic import Field, model_validator
from torch import Tensor

from disentangle_cli.config import TrainConfig
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.autoencoder import Autoencoder, AutoencoderConfig, Penalty
from disentangle_cli.modelling.engine import Engine
from disentangle_cli.modelling.trainable import MODELS


class QlAeConfig(AutoencoderConfig):
    """Configuration of a QL-AE's run."""

    commitment: float = Field(default=1.0, ge=0)
    """w, the weight of the commitment term."""

    @model_validator(mode="after")
    def _grid(self) -> "QlAeConfig":
        if self.latents.codes.kind != "grid":
            raise UsageError("latents.codes: the codes of ql-ae are of kind grid, with a list of values")
        return self


@MODELS.register("ql-ae")
class QlAe(Autoencoder[QlAeConfig]):
    """Encoder and decoder with rounding in between."""

    Config: ClassVar[type[TrainConfig]] = QlAeConfig
    outputs_per_code = 1

    def bottleneck(self, encoded: Tensor, schedule: None, engine: Engine) -> tuple[Tensor, Penalty]:
        """Round straight through; the penalty is the commitment term."""
        nearest = self.latents.nearest(encoded.detach())
        distance = (encoded - nearest).square().sum(1).mean()
        rounded = encoded + (nearest - encoded.detach())
        return rounded, Penalty(self.config.commitment * distance, {"commitment": distance})

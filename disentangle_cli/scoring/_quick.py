"""A small FactorVAE score to watch during training."""

from disentangle_cli.datasets import Dataset
from disentangle_cli.measurement.evaluate import required_arrays
from disentangle_cli.metrics import Result, evaluate
from disentangle_cli.models import Model
from disentangle_cli.scoring.codes import CodeCache
from disentangle_cli.scoring.collect import collect
from disentangle_cli.scoring.plan import plan_for
from disentangle_cli.scoring.restrict import restrict_dataset


def factor_vae_quick(
    model: Model,
    dataset: Dataset,
    *,
    groups: int = 200,
    size: int = 50,
    reference: int = 5_000,
) -> Result:
    """The ``infogan-cr`` FactorVAE metric from ``groups`` groups of ``size`` images and ``reference`` images.

    Encodes at most ``groups * size + reference`` images (15,000). With fewer groups the score is a little
    more optimistic and noisier than the full one. ``model`` needs ``image_shape``, ``latents.num_codes``,
    ``encode`` and ``posterior``; posterior samples are taken. The seed of all draws is 0.

    Raises:
        UsageError: the data set has no factors, or another image shape than the model.
    """
    dataset = restrict_dataset(dataset)
    counts = {"groups": groups, "group_size": size, "reference": min(reference, len(dataset))}
    plan = plan_for("infogan-cr", len(dataset), counts)
    wanted = required_arrays("factor_vae", "infogan-cr")
    arrays = collect(CodeCache(model, dataset, sample=True), dataset, plan, wanted, seed=0)
    return evaluate(["factor_vae"], arrays, seed=0)["factor_vae"]

"""Whether a run can start."""

from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.devices import pick_device, use_bf16
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training.feed import Feed
from disentangle_cli.training.initial import start_from
from disentangle_cli.training.spec import Run, check_shape


def busy(run: Run) -> str:
    """What is said when another process holds the lock of a run."""
    return f"{run.folder}: another process is training there; wait for it, or choose another --name or --out"


def prepare(run: Run) -> Dataset:
    """Open the data of a run and check, before anything is written, that the run can start.

    Raises:
        UsageError: data, device, precision, architecture, batch size or initial weights do not fit.
    """
    data = run.config.data
    dataset = open_dataset(run.dataset, size=data.size, channels=data.channels)
    check_shape(run, dataset)
    device = pick_device(run.device)
    bf16 = use_bf16(run.precision, device)
    Feed(dataset, run.config.batch_size, run.seed, device)
    model = MODELS.get(run.model)(run.config, dataset.image_shape, run.seed, device, bf16)
    if run.init_from is not None:
        start_from(run.init_from, model, run.config.architecture)
    return dataset

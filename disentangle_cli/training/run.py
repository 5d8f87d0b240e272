"""Whether a run can start."""

from collections.abc import Sequence
from dataclasses import replace

from disentangle_cli import output
from disentangle_cli.datasets import Dataset, open_dataset
from disentangle_cli.devices import pick_device, use_bf16
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.training.feed import Feed
from disentangle_cli.training.initial import start_from
from disentangle_cli.training.loggers import check_loggers
from disentangle_cli.training.spec import Run


def busy(run: Run) -> str:
    """What is said when another process holds the lock of a run."""
    return f"{run.folder}: another process is training there; wait for it, or choose another --name or --out"


def prepare(run: Run) -> tuple[Run, Dataset]:
    """Open the data of a run and check, before anything is written, that the run can start.

    The run comes back with the networks that its data want and the batch size that they allow.

    Raises:
        UsageError: data, device, precision, architecture or initial weights do not fit.
    """
    check_loggers(run.config.log.loggers)
    if (size := run.config.data.size) is not None:  # before many pictures are made that large for nothing
        _with_networks(run, size, size, f"--set data.size={size}")
    dataset = open_dataset(run.dataset, **run.config.data.model_dump())
    run = _with_batches(_with_networks(run, *dataset.image_shape[1:], run.dataset), dataset)
    device = pick_device(run.device)
    bf16 = use_bf16(run.precision, device)
    Feed(dataset, run.config.batch_size, run.seed, device)
    model = MODELS.get(run.model)(run.config, dataset.image_shape, run.seed, device, bf16)
    if run.init_from is not None:
        start_from(run.init_from, model)
    return run, dataset


def prepare_all(runs: Sequence[Run]) -> list[tuple[Run, Dataset]]:
    """As :func:`prepare`, each configuration once; it also makes a data set's cache only once."""
    found: dict[tuple[str, str], tuple[Run, Dataset]] = {}
    prepared = []
    for run in runs:
        key = run.dataset, run.config.model_dump_json()
        if key not in found:
            found[key] = prepare(run)
        first, dataset = found[key]
        prepared.append((replace(run, config=first.config), dataset))
    return prepared


def _with_networks(run: Run, height: int, width: int, what: str) -> Run:
    """The run with the name of its networks for images of a size.

    Raises:
        UsageError: it has none; ``what`` has such images.
    """
    try:
        return replace(run, config=MODELS.get(run.model).fitted(run.config, height, width))
    except UsageError as error:
        raise UsageError(f"{what}: {error}; --set data.size=... resizes pictures, not arrays") from None


def _with_batches(run: Run, dataset: Dataset) -> Run:
    """The run with batches of all images, where they are fewer than a batch.

    Raises:
        UsageError: there is one image only.
    """
    count, wanted = len(dataset), run.config.batch_size
    if count >= wanted:
        return run
    if count < 2:
        raise UsageError(f"{run.dataset} has {count} image; training needs two at least")
    output.log(f"{dataset.name} has {count} images: batches have {count}, not {wanted} (batch_size)")
    return replace(run, config=run.config.model_copy(update={"batch_size": count}))

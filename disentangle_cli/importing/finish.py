"""From what a source gave to a checkpoint file: prior, provenance, a smoke run, and the writing."""

import re
from pathlib import Path
from typing import Any

import torch

from disentangle_cli.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from disentangle_cli.datasets import DATASETS, Dataset, open_dataset
from disentangle_cli.documents import jsonable, versions
from disentangle_cli.errors import UsageError
from disentangle_cli.files import free_name, holds_something, sha256_file
from disentangle_cli.importing._prior import IMAGES, fit_gaussian
from disentangle_cli.importing.source import Imported, naming
from disentangle_cli.models import LoadedModel


def complete(
    found: Imported, source: str, trained_on: str | None = None, seed: int = 0, device: str = "cpu"
) -> Checkpoint:
    """The checkpoint with its provenance, tried out once; notes are added to ``found``.

    ``trained_on`` is the name or path of the data set; it wins over what the source says.

    Raises:
        UsageError: the weights do not fit, the model does not work, or it has no prior and no images to fit
            one to.
    """
    checkpoint = found.checkpoint
    spec = trained_on or found.dataset
    # what a source says is a name only; it must not open a folder that happens to be called so
    path_allowed = trained_on is not None
    dataset = _open(spec, checkpoint.image_shape, found, path_allowed) if spec else None
    checkpoint.provenance = _provenance(found, source, spec, dataset)
    with naming(found.origin):
        model = LoadedModel(checkpoint, device)
        if not found.has_prior:
            if dataset is None:
                raise UsageError(
                    "an autoencoder without a prior needs images whose codes tell one: name its data set "
                    "with --trained-on"
                )
            checkpoint.latents = fit_gaussian(model, dataset, seed)
            used = min(IMAGES, len(dataset))
            checkpoint.provenance["prior"] = f"Gaussian fitted to the codes of {used} images, seed {seed}"
            found.notes.append(f"has no prior: a Gaussian was fitted to its codes of {used} images")
            model = LoadedModel(checkpoint, device)
        try_out(model)
    if spec is None:
        found.notes.append("does not say what it was trained on; --trained-on records it")
    return checkpoint


def try_out(model: LoadedModel) -> None:
    """Generate and encode a few images.

    Raises:
        UsageError: wrong shapes or numbers that are not finite.
    """
    latents = model.sample_latents(3, torch.Generator().manual_seed(0))
    images = model.generate(latents)
    codes = model.encode(images)
    wanted = {"images": (images, model.image_shape), "codes": (codes, (model.latents.num_codes,))}
    for what, (found, shape) in wanted.items():
        if tuple(found.shape) != (3, *shape) or not found.isfinite().all():
            raise UsageError(f"a trial run gave {what} that are not finite or of another shape")


def target_of(out: Path, stem: str, taken: set[Path]) -> Path:
    """Where the model called ``stem`` goes: ``out`` itself if that is a ``.pt`` file, else a name in it."""
    if out.suffix == ".pt" and not out.is_dir():
        return out
    return out / f"{free_name(stem, [path.stem for path in taken])}.pt"


def write(checkpoint: Checkpoint, target: Path, overwrite: bool) -> Path:
    """Write the checkpoint; a file of other content stays unless ``overwrite``.

    Raises:
        UsageError: ``target`` exists with other content.
        RunError: it cannot be written.
    """
    if holds_something(target) and not overwrite:
        try:
            same = load_checkpoint(target).content_hash() == checkpoint.content_hash()
        except UsageError:
            same = False
        if not same:
            raise UsageError(f"{target} exists and holds something else; use --overwrite or another --out")
    return save_checkpoint(target, checkpoint)


def _open(spec: str, shape: tuple[int, int, int], found: Imported, path_allowed: bool) -> Dataset | None:
    """The data set, if it is at hand and has such images; a mere name is kept as a name."""
    channels, height, _ = shape
    known = spec in DATASETS.names() or (path_allowed and Path(spec).expanduser().exists())
    if not known and path_allowed and ("/" in spec or spec.endswith(".npz")):
        raise UsageError(f"--trained-on {spec}: no such file or folder")
    if not known:
        found.notes.append(f"data set {spec!r} is not at hand; only its name is recorded")
        return None
    try:
        return open_dataset(spec, size=height, channels=channels)
    except UsageError as error:
        found.notes.append(f"only the name of its data set is recorded: {error}")
        return None


def _provenance(found: Imported, source: str, spec: str | None, dataset: Dataset | None) -> dict[str, Any]:
    details: dict[str, Any] = jsonable(found.details)
    seed = details.get("seed")
    facts: dict[str, Any] = {
        "source": "imported",
        "importer": source,
        "files": {path.name: sha256_file(path) for path in found.files},
        "details": details,
        "versions": versions(),
    }
    if spec:
        facts["dataset"] = dataset.name if dataset else re.sub(r"\.npz$", "", Path(spec).name)
    if dataset:
        facts["dataset_fingerprint"] = dataset.fingerprint
    if type(seed) is int:
        facts["seed"] = seed
    return facts

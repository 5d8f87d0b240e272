"""The models of a selection: loaded on demand, told apart by content, checked to fit each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from disentangle_cli.errors import RunError, UsageError
from disentangle_cli.latents import Latents
from disentangle_cli.modelling.origin import Origin, conflict
from disentangle_cli.models import AnyModel, Model, as_model, load_model
from disentangle_cli.output import log, progress, warn

KEPT = 32
"""Models from files that stay loaded; the others are read again when their turn comes."""


@dataclass
class Member:
    """One model of a pool.

    Attributes:
        name: what the user calls it: the path as given, or ``model 1`` and so on for objects.
        identity: hex SHA-256 of its content.
        image_shape: (C, H, W).
        latents: its latent specification.
        origin: the data set it was trained on, as far as it says.
        family: ``vae`` for an autoencoder, else ``gan``.
        open: makes the model, or hands it out; picklable.
    """

    name: str
    identity: str
    image_shape: tuple[int, int, int]
    latents: Latents
    origin: Origin
    family: str
    open: Callable[[], Model]

    @property
    def model(self) -> Model:
        """The model itself; one from a file is loaded on use, in every process anew."""
        return self.open()


@dataclass(frozen=True)
class Duplicate:
    """A model left out because its content stands in the pool already."""

    model: str
    same_as: str


@dataclass(frozen=True)
class Pool:
    """Distinct models that can be compared, in the order given; networks run on ``device``."""

    members: tuple[Member, ...]
    duplicates: tuple[Duplicate, ...]
    device: str

    def __len__(self) -> int:
        return len(self.members)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the members."""
        return tuple(member.name for member in self.members)


_kept: dict[tuple[str, str, str], Model] = {}
"""By path, identity and device, the one used last at the end."""


def _loaded(path: str, identity: str, device: str) -> Model:
    model = _kept.pop((path, identity, device), None) or load_model(path, device)
    if model.content_hash != identity:
        raise RunError(f"{path} was changed by another process meanwhile; run the command again")
    _keep(path, device, model)
    return model


def _keep(path: str, device: str, model: Model) -> None:
    _kept[path, model.content_hash, device] = model
    while len(_kept) > KEPT:
        _kept.pop(next(iter(_kept)))


def _given(model: Model) -> Model:
    return model


def load_pool(
    models: Sequence[str | Path | AnyModel],
    device: str = "cpu",
    force: bool = False,
    spare: Path | None = None,
) -> Pool:
    """Read checkpoints (paths) and take models (objects) into one pool.

    The same content twice is counted once, with a warning, under the name given first; the file ``spare``,
    which is about to be written, is named only if no other file holds its content.

    Raises:
        UsageError: a file is missing or broken, image sizes differ, fewer than two distinct models, or
            models trained on different data sets without ``force``.
    """
    members: dict[str, Member] = {}
    twins: list[tuple[str, str]] = []
    for number, entry in enumerate(progress(list(models), desc="reading models", unit="model"), start=1):
        member = _read(entry, number, device)
        first = members.get(member.identity)
        if first is not None:
            kept, twin = (member, first) if _is_file(first.name, spare) else (first, member)
            twins.append((twin.name, twin.identity))
            member = kept
        members[member.identity] = member
    duplicates = tuple(Duplicate(name, members[content].name) for name, content in twins)
    for twin_of in duplicates:
        warn(f"{twin_of.model} has the same content as {twin_of.same_as}; it is counted once")
    pool = Pool(tuple(members.values()), duplicates, device)
    _check(pool)
    _check_origins(pool, force)
    return pool


def _is_file(name: str, path: Path | None) -> bool:
    return path is not None and path.exists() and Path(name).exists() and path.samefile(name)


def _read(entry: str | Path | AnyModel, number: int, device: str) -> Member:
    if not isinstance(entry, str | Path):
        whole = as_model(entry)
        return _member(f"model {number}", whole, partial(_given, whole))
    path = str(entry)
    if any(sign in path for sign in "*?[") and not Path(path).exists():
        raise UsageError(f"no file matches {path}")
    model = load_model(path, device)
    place = str(Path(path).resolve())  # a worker of a cluster may stand in another folder
    _keep(place, device, model)
    return _member(path, model, partial(_loaded, place, model.content_hash, device))


def _member(name: str, model: Model, opener: Callable[[], Model]) -> Member:
    return Member(
        name, model.content_hash, model.image_shape, model.latents, model.origin, model.family, opener
    )


def _check(pool: Pool) -> None:
    if len(pool) < 2:
        given = 1 + len(pool.duplicates)
        found = "one model was given" if given == 1 else f"the {given} models given are all the same"
        raise UsageError(f"selection compares models, so it needs at least two distinct ones: {found}")
    first = pool.members[0]
    for member in pool.members[1:]:
        if member.image_shape != first.image_shape:
            raise UsageError(
                f"models of different image sizes cannot be compared: {first.name} makes {_size(first)}, "
                f"{member.name} makes {_size(member)}"
            )


def _check_origins(pool: Pool, force: bool) -> None:
    """Models that learnt other images cannot agree, however good they are; unknown ones are taken."""
    named = [(member.name, member.origin) for member in pool.members]
    if found := conflict(named):
        (first, one), (second, other) = found
        which = f"{first} was trained on {one.label}, {second} on {other.label}" + (
            " (same name, other content)" if one.label == other.label else ""
        )
        if not force:
            raise UsageError(f"models of different data sets cannot be ranked together: {which}; "
                             "leave some out, or rank them all the same with --force")  # fmt: skip
        warn(f"the pool mixes data sets: {which}")
    unknown = [name for name, origin in named if not origin.known]
    if unknown and len(unknown) < len(named):
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        log(f"{unknown[0]}{more}: data set unknown; taken to be that of the other models")


def _size(member: Member) -> str:
    channels, height, width = member.image_shape
    return f"{height}x{width} images with {channels} channel{'s' if channels > 1 else ''}"

"""Groups of ModelCentrality that are over when their vote is settled."""

from collections.abc import Callable

import numpy as np
import pytest

from disentangle_cli.arraytypes import Bools, Doubles
from disentangle_cli.executors import Control
from disentangle_cli.selection import Settings
from disentangle_cli.selection.evaluation import Job, evaluate
from disentangle_cli.selection.pool import load_pool
from disentangle_cli.selection.votes import Votes


def counted(save: Callable[..., str], full: bool, **options: object) -> tuple[list[Votes], float, int]:
    """The votes of two encoders on the first one's images; images told and encoded."""
    pool = load_pool([save(f"{i}.pt", angle=0.1 * i, **options) for i in range(2)])
    settings = Settings(groups_per_code=20, full_groups=full, encode="sample").resolved(["gan"])
    told = encoded = 0.0
    generator, encoders = pool.members[0], tuple(pool.members)
    for member in encoders:
        inner = member.model._encode

        def encode(images, inner=inner):  # type: ignore[no-untyped-def]
            nonlocal encoded
            encoded += len(images)
            return inner(images)

        member.model._encode = encode

    def advance(n: float) -> None:
        nonlocal told
        told += n

    job = Job(generator, encoders, generator.latents.code_columns, 0, settings)
    votes = evaluate(job, Control(advance=advance))
    assert told == job.images
    return votes, told, int(encoded)


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_fewer_images_give_the_same_votes(save: Callable[..., str], kind: str) -> None:
    whole, told, many = counted(save, full=True, kind=kind)
    early, told_early, few = counted(save, full=False, kind=kind)
    assert told == told_early
    for a, b in zip(whole, early, strict=True):
        np.testing.assert_array_equal(a.votes, b.votes)
    assert few < (0.5 if kind == "uniform" else 0.9) * many  # samples of a posterior blur its codes


def test_noise_of_a_posterior_does_not_depend_on_the_looks(
    save: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # all looks without a decision give the codes, and so the spreads, of full groups
    def undecided(codes: Doubles, size: int, *_: Doubles) -> Bools:
        return np.full(len(codes), codes.shape[1] == size)

    monkeypatch.setattr("disentangle_cli.selection.evaluation.settled", undecided)
    found = []
    for full in (True, False):
        votes, _, _ = counted(save, full=full, kind="normal")
        found.append([(one.votes.tolist(), one.scale_images) for one in votes])
    assert found[0] == found[1]

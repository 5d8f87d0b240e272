"""Every registered method on pools of GANs and VAEs: a new one is held to this by being there."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from disentangle_cli.api.rank import select
from disentangle_cli.documents import to_json
from disentangle_cli.selection import METHODS

Save = Callable[..., str]
SETTINGS = {
    "activity_pairs": 200,
    "permutations": 20,
    "images": 300,
    "images_from": "generated",
    "replicates": 20,
}
every_method = pytest.mark.parametrize("method", METHODS.names())


@every_method
def test_a_mixed_pool_is_ranked(save: Save, small: dict[str, int], method: str) -> None:
    gans = [save(f"gan{i}.pt", codes=3 + i, noise=1 + i, angle=0.2 * i) for i in range(3)]
    vaes = [
        save(f"vae{i}.pt", kind="normal", codes=4, dead=i, constant=0, noise=0, angle=0.3 * i)
        for i in range(3)
    ]
    pool = [*gans, *vaes]
    result = select(pool, method, 1, **SETTINGS, **small)
    assert (result.method, result.models, result.seed) == (method, tuple(pool), 1)
    assert result.matrix.shape == (6, 6)
    families = {ranked.model: ranked.family for ranked in result.ranking}
    assert families == dict.fromkeys(gans, "gan") | dict.fromkeys(vaes, "vae")
    # complete, best first, models without a score last
    assert [ranked.rank for ranked in result.ranking] == [1, 2, 3, 4, 5, 6]
    scores = [-np.inf if ranked.score is None else ranked.score for ranked in result.ranking]
    assert scores == sorted(scores, reverse=True)
    assert result.selected == result.ranking[0].model
    assert np.isfinite(scores[0])
    assert all(0 <= ranked.codes <= 5 for ranked in result.ranking)

    text = to_json(result.to_json())
    entry = json.loads(text)
    assert [line["model"] for line in entry["ranking"]] == [ranked.model for ranked in result.ranking]
    assert entry["selected"] == result.selected
    assert min(result.draw().size) > 6 * 64

    # the same seed, the same numbers; the order of the pool changes none
    assert to_json(select(pool, method, 1, cache=False, **SETTINGS, **small).to_json()) == text
    turned = select(pool[::-1], method, 1, **SETTINGS, **small)
    assert {ranked.model: ranked.score for ranked in turned.ranking} == pytest.approx(
        {ranked.model: ranked.score for ranked in result.ranking}, abs=1e-9
    )


@every_method
def test_a_minority_of_collapsed_models_comes_last(save: Save, small: dict[str, int], method: str) -> None:
    good = [
        save(f"good{i}.pt", kind="normal", codes=5 + 5 * (i == 1), dead=5 * (i == 1), constant=0, noise=0,
             angle=0.1 * i)
        for i in range(4)
    ]  # fmt: skip
    collapsed = [
        save(f"two{i}.pt", kind="normal", codes=5 + i, dead=3 + i, constant=0, noise=0, angle=0.02 * i)
        for i in range(3)
    ]
    result = select([*collapsed, *good], method, inactive="auto", **SETTINGS, **small)
    assert {r.model: r.codes for r in result.ranking} == dict.fromkeys(good, 5) | dict.fromkeys(collapsed, 2)
    assert {ranked.model for ranked in result.ranking[-3:]} == set(collapsed)

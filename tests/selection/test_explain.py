"""Code to code: permuted codes are found again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from disentangle_cli.checkpoint import save_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.methods.model_centrality import model_centrality
from disentangle_cli.selection import Selection
from disentangle_cli.selection.explain import explain, find_model
from disentangle_cli.selection.pool import Pool, load_pool
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.settings import Settings

ORDER = [2, 0, 3, 1]
Save = Callable[..., str]


@pytest.fixture
def found(
    save: Save, small: dict[str, int], linear: Callable[..., object], tmp_path: Path
) -> tuple[Pool, Selection]:
    permuted = linear(codes=4, noise=1)
    columns = [*ORDER, 4]
    permuted.generator["0.weight"] = permuted.generator["0.weight"][:, columns]
    for part in ("1.weight", "1.bias"):
        permuted.encoder[part] = permuted.encoder[part][ORDER]
    other = str(save_checkpoint(tmp_path / "permuted.pt", permuted))
    pool = load_pool([save("straight.pt", codes=4), other, save("three.pt", codes=4, dead=1, constant=0)])
    settings = Settings(**small, inactive="auto", activity_pairs=200, permutations=10)
    return pool, model_centrality(Task(pool, settings=settings))


def test_permuted_codes_are_found(found: tuple[Pool, Selection]) -> None:
    pool, selection = found
    told = explain(pool.names[0], selection, pool)
    permuted, three = told.matches
    assert (permuted.model, three.model) == (pool.names[1], pool.names[2])
    # code k of the permuted model is code ORDER[k] of the other
    expected = {(f"c{code + 1}", f"c{k + 1}") for k, code in enumerate(ORDER)}
    assert {(a, b) for a, b, _ in permuted.pairs} == expected
    assert all(share == 1 for _, _, share in permuted.pairs)
    np.testing.assert_array_equal(permuted.shares, np.eye(4)[:, ORDER])
    assert permuted.score == pytest.approx(selection.similarity[0, 1])
    assert {(a, b) for a, b, _ in three.pairs} == {("c1", "c1"), ("c2", "c2"), ("c3", "c3")}
    assert three.shares.shape == (4, 3)
    assert told.to_json()["others"][0]["pairs"][0]["share"] == 1


def test_names(found: tuple[Pool, Selection], save: Save) -> None:
    pool, _ = found
    for text in (pool.names[1], "permuted.pt", "permuted"):
        assert find_model(text, pool) == pool.names[1]
    with pytest.raises(UsageError, match="--explain other: is no model of the pool"):
        find_model("other", pool)


def test_models_that_take_no_part(save: Save, small: dict[str, int]) -> None:
    pool = load_pool([save("a.pt"), save("b.pt", noise=1), save("one.pt", dead=2)])
    settings = Settings(**small, inactive="auto", activity_pairs=100, permutations=5)
    selection = model_centrality(Task(pool, settings=settings))
    assert len(explain(pool.names[0], selection, pool).matches) == 1
    with pytest.raises(UsageError, match="fewer than two active codes"):
        explain(pool.names[2], selection, pool)


def test_picture(found: tuple[Pool, Selection]) -> None:
    pool, selection = found
    picture = explain(pool.names[0], selection, pool).draw()
    dark = sum(count for count, colour in picture.getcolors(1 << 24) if sum(colour) < 160)
    assert dark > 7 * 400  # seven matches, each a dark cell


def test_the_matrix_as_a_picture(found: tuple[Pool, Selection]) -> None:
    _, selection = found
    picture = selection.draw()
    plain = replace(selection, corrected=None)
    assert picture.tobytes() != plain.draw().tobytes()  # corrected scores are drawn where there are some
    # models stand in the order of the ranking, whatever their order in the pool
    turned = replace(selection, models=selection.models[::-1], corrected=selection.corrected[::-1, ::-1])
    assert turned.draw().tobytes() == picture.tobytes()

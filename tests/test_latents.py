import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models.infogan_cr import draw_pair

finite = st.floats(-10, 10).map(lambda x: round(x, 3))


@st.composite
def blocks(draw: st.DrawFn, code: bool | None = None) -> Block:
    kind = draw(st.sampled_from(["uniform", "normal", "grid"]))
    common = {
        "name": draw(st.text(min_size=1, max_size=5)),
        "kind": kind,
        "dim": draw(st.integers(1, 6)),
        "code": draw(st.booleans()) if code is None else code,
    }
    if kind == "uniform":
        low = draw(finite)
        return Block(**common, low=low, high=low + draw(st.floats(0.1, 5)))
    if kind == "normal":
        return Block(**common, mean=draw(finite), std=draw(st.floats(0.1, 5)))
    values = sorted(set(draw(st.lists(finite, min_size=2, max_size=8, unique=True))))
    return Block(**common, values=tuple(values))


@st.composite
def specifications(draw: st.DrawFn) -> Latents:
    others = draw(st.lists(blocks(), max_size=3))
    return Latents(draw(st.permutations([draw(blocks(code=True)), *others])))


@given(specifications())
def test_json_round_trip(latents: Latents) -> None:
    assert Latents.from_json(latents.to_json()) == latents


@given(specifications(), st.integers(0, 2**31))
@settings(deadline=None)
def test_samples_lie_in_the_support_and_names_fit(latents: Latents, seed: int) -> None:
    drawn = latents.sample(50, torch.Generator().manual_seed(seed))
    assert drawn.shape == (50, latents.dim)
    assert drawn.dtype == torch.float32
    assert torch.equal(drawn, latents.sample(50, torch.Generator().manual_seed(seed)))
    codes = [name for name in latents.names if name.startswith("c")]
    assert codes == [f"c{i + 1}" for i in range(latents.num_codes)]
    assert [latents.names[i] for i in latents.code_columns] == codes
    for column, block in enumerate(latents.columns):
        values = drawn[:, column]
        assert values.isfinite().all()
        if block.kind == "uniform":
            assert (values >= block.low - 1e-5).all()
            assert (values <= block.high + 1e-5).all()
        if block.kind == "grid":
            assert torch.isin(values, torch.tensor(block.values)).all()


def test_priors_have_their_moments() -> None:
    latents = Latents(
        [
            Block("u", "uniform", 1, True, low=-1, high=3),
            Block("n", "normal", 1, True, mean=2, std=0.5),
            Block("g", "grid", 1, True, values=(-1.0, 0.0, 4.0)),
        ]
    )
    drawn = latents.sample(200_000, torch.Generator().manual_seed(0)).double()
    wanted_std = (4 / math.sqrt(12), 0.5, math.sqrt((1 + 0 + 16) / 3 - 1))
    assert drawn.mean(0).tolist() == pytest.approx([1.0, 2.0, 1.0], abs=0.02)
    assert drawn.std(0).tolist() == pytest.approx(wanted_std, rel=0.01)
    assert latents.centre().tolist() == [1.0, 2.0, 0.0]
    assert [block.range for block in latents.columns] == [(-1, 3), (1.0, 3.0), (-1.0, 4.0)]


@given(st.integers(1, 6), st.floats(0, 1.9), st.integers(0, 2**31))
@settings(deadline=None)
def test_pairs_share_noise_and_one_code(codes: int, gap: float, seed: int) -> None:
    latents = Latents([Block("codes", "uniform", 6, True), Block("noise", "uniform", 3, False)])
    first, second, label = draw_pair(latents, 64, gap, codes, torch.Generator().manual_seed(seed))
    for member in (first, second):
        assert member.abs().max() <= 1 + 1e-5
    assert torch.equal(first[:, 6:], second[:, 6:])
    assert label.min() >= 0
    assert label.max() < codes
    difference = (first - second).abs()[:, :6]
    shared = difference.gather(1, label[:, None])
    assert (shared == 0).all()
    others = difference.clone()
    others.scatter_(1, label[:, None], 9.0)
    assert others.min() >= gap - 1e-5


def test_pair_values_are_uniform_without_a_gap() -> None:
    latents = Latents([Block("codes", "uniform", 4, True)])
    first, second, label = draw_pair(latents, 100_000, 0.0, 4, torch.Generator().manual_seed(0))
    for member in (first, second):
        assert member.mean(0).abs().max() < 0.02
        assert member.std(0).tolist() == pytest.approx([1 / math.sqrt(3)] * 4, rel=0.01)
    assert torch.bincount(label).float().tolist() == pytest.approx([25_000] * 4, rel=0.05)
    independent = label != 0
    assert torch.corrcoef(torch.stack([first[independent, 0], second[independent, 0]]))[0, 1].abs() < 0.02


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([], "non-empty"),
        ("codes", "non-empty"),
        ([{"name": "c", "kind": "beta", "dim": 1, "code": True}], "kind"),
        ([{"name": "c", "kind": "uniform", "dim": 0, "code": True}], "dim"),
        ([{"name": "c", "kind": "uniform", "dim": 1, "code": False}], "no code"),
        ([{"name": "c", "kind": "uniform", "dim": 1, "code": True, "low": 2}], "low"),
        ([{"name": "c", "kind": "uniform", "dim": 1, "code": True, "widht": 2}], "widht"),
        ([{"name": "c", "kind": "normal", "dim": 1, "code": True, "std": "wide"}], "finite number"),
        ([{"name": "c", "kind": "normal", "dim": 1, "code": True, "std": 0}], "std must be positive"),
        ([{"name": "c", "kind": "normal", "dim": 1, "code": True, "std": -1.0}], "std must be positive"),
        ([{"name": "c", "kind": "grid", "dim": 1, "code": True, "values": [1.0]}], "two"),
        ([{"name": "c", "kind": "grid", "dim": 1, "code": True, "values": [1.0, 0.0]}], "ascending"),
        ([{"name": "c", "kind": "grid", "dim": 1, "code": True, "values": [1.0, 1.0]}], "ascending"),
        ([{"name": "c", "kind": "uniform", "dim": True, "code": True}], "dim"),
        ([{"name": "c", "kind": "uniform", "dim": 1, "code": True, "high": 1e7}], "finite number"),
    ],
)
def test_malformed_specifications_are_refused(blocks: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Latents.from_json(blocks)


def test_a_prior_is_held_to_its_own_numbers_only() -> None:
    assert Block("u", "uniform", 1, True, std=0).range == (-1, 1)
    assert Block("n", "normal", 1, True, low=1, high=1).range == (-2, 2)


@pytest.mark.parametrize(
    "values", [1.0, {0.0: 1, 1.0: 1}, "01", [0, "1"], [False, True], [0, math.inf], [0, 2e6]]
)
def test_values_of_a_grid_are_a_list_of_finite_numbers(values: object) -> None:
    block = {"name": "c", "kind": "grid", "dim": 1, "code": True, "values": values}
    with pytest.raises(UsageError, match="latent block 'c': values must be finite numbers"):
        Latents.from_json([block])


@pytest.mark.parametrize("high", [2e6, math.inf, math.nan])
def test_a_block_that_no_file_may_hold_is_refused(high: float) -> None:
    with pytest.raises(UsageError, match="numbers must be from -1e\\+06 to 1e\\+06"):
        Block("codes", "uniform", 1, True, high=high)


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_the_ends_of_the_unit_interval_give_finite_numbers(kind: str) -> None:
    drawn = Block("codes", kind, 1, True).from_uniform(torch.tensor([0.0, 2.0**-30, 1 - 2.0**-24, 1.0]))
    assert drawn.isfinite().all()
    assert (drawn.diff() >= 0).all()


def test_unknown_dimension_is_named() -> None:
    latents = Latents([Block("codes", "uniform", 2, True)])
    assert latents.column("c2") == 1
    with pytest.raises(UsageError, match="c1, c2"):
        latents.column("c3")

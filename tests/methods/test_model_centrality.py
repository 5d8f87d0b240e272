"""ModelCentrality against a plain loop, and the properties its numbers must have."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from disentangle_cli.api.rank import select
from disentangle_cli.checkpoint import Checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.models import LoadedModel, Model, load_model
from disentangle_cli.progress import Progress
from disentangle_cli.selection import cross, draws

# how far each generator, and each encoder, turns the first two codes
TURNS = ((0.0, 0.3), (0.3, 0.6), (0.2, -0.2), (0.9, 0.8))
Save = Callable[..., str]


@pytest.fixture
def pool(save: Save) -> list[str]:
    return [save(f"m{i}.pt", angle=angle, read=read) for i, (angle, read) in enumerate(TURNS)]


def plain_score(encoder: Model, generator: Model, name: str, counts: dict[str, int]) -> float:
    """The FactorVAE score as the paper's code computes it: nothing streamed, nothing shared."""
    columns = generator.latents.code_columns
    prior = torch.cat(list(draws.prior_latents(generator, name, counts["scale_images"])))
    scale = encoder.encode(generator.generate(prior)).double().numpy().std(axis=0)
    table = np.zeros((encoder.latents.num_codes, len(columns)))
    groups = counts["groups_per_code"] * len(columns)
    for i in range(groups):
        label = i % len(columns)
        group = draws.Group(label, columns[label], i // len(columns))
        latents = draws.group_latents(generator, name, group, counts["group_size"])
        codes = encoder.encode(generator.generate(latents)).double().numpy()
        table[np.argmin((codes / scale).std(axis=0)), label] += 1
    return table.max(axis=1).sum() / groups


def test_matrix_equals_plain_loop(pool: list[str], small: dict[str, int]) -> None:
    result = select(pool, seed=3, **small)
    models = [load_model(path) for path in pool]
    expected = [
        [plain_score(encoder, generator, f"3/{generator.content_hash}", small) for generator in models]
        for encoder in models
    ]
    np.testing.assert_array_equal(result.matrix, expected)
    assert result.matrix.std() > 0.02  # the pool has something to tell apart
    assert not np.array_equal(result.matrix, result.matrix.T)


def test_open_scale_stays_with_the_official_counts(linear: Callable[..., Checkpoint]) -> None:
    turns = ((0, 0.3), (0.6, -0.2), (0.75, 0.9), (-0.7, 0.1), (0.9, 0.78))
    pool = [LoadedModel(linear(angle=angle, read=read, codes=5, noise=3)) for angle, read in turns]
    counts = {"groups_per_code": 100, "group_size": 12, "precision": "fp32", "cache": False}
    official, open_ = (select(pool, scale_images=scale, **counts) for scale in (73_728, None))
    assert {votes.scale_images for votes in official.votes.values()} == {73_728}
    taken = [votes.scale_images for votes in open_.votes.values()]
    assert min(taken) == 1024  # clear votes ask for little, near ties for more
    assert max(taken) > 2048
    assert sum(taken) < 0.3 * 25 * 73_728
    assert official.matrix.std() > 0.01
    expected = {ranked.model: ranked.score for ranked in official.ranking}
    assert {r.model: r.score for r in open_.ranking} == pytest.approx(expected, abs=0.002)


def test_bf16_is_close_and_said(pool: list[str], small: dict[str, int]) -> None:
    plain = select(pool, cache=False, **small)
    fast = select(pool, cache=False, **{**small, "precision": "bf16"})
    assert (plain.settings["precision"], fast.settings["precision"]) == ("fp32", "bf16")
    assert np.abs(plain.matrix - fast.matrix).max() <= 4 / 36
    scores = [{r.model: r.score for r in found.ranking} for found in (plain, fast)]
    assert scores[1] == pytest.approx(scores[0], abs=0.03)


@pytest.mark.parametrize(("precision", "computed"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_encoders_alone_run_in_bf16(
    counting: Callable[..., Any], small: dict[str, int], precision: str, computed: torch.dtype
) -> None:
    """Looks at products, whose type is that of the computation: votes may come out the same in both."""
    types: set[tuple[str, torch.dtype]] = set()

    def watched(name: str, plain: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        types.add((name, (x @ x.mT).dtype))
        return plain(x)

    models = [counting(angle=angle) for angle in (0.0, 0.3)]
    for model in models:
        for name in ("encode", "generate"):
            setattr(model, name, partial(watched, name, getattr(model, name)))
    select(models, cache=False, **{**small, "precision": precision})
    assert types == {("encode", computed), ("generate", torch.float32)}


def test_scores_are_means_of_the_symmetrised_matrix(pool: list[str], small: dict[str, int]) -> None:
    result = select(pool, **small)
    similarity = (result.matrix + result.matrix.T) / 2
    n = len(pool)
    for ranked in result.ranking:
        i = result.models.index(ranked.model)
        others = [similarity[i, j] for j in range(n) if j != i]
        assert ranked.score == pytest.approx(np.mean(others), abs=1e-15)
    scores = [ranked.score for ranked in result.ranking]
    assert scores == sorted(scores, reverse=True)
    assert [ranked.rank for ranked in result.ranking] == [1, 2, 3, 4]
    assert result.selected == result.ranking[0].model
    assert result.ranking[-1].model == pool[-1]  # its codes are mixtures of everybody else's


def test_perfect_models_agree_perfectly(save: Save, small: dict[str, int]) -> None:
    # same function up to the noise they draw: other noise dimensions make other content
    pool = [save(f"{noise}.pt", noise=noise) for noise in (1, 2, 3)]
    np.testing.assert_array_equal(select(pool, **small).matrix, np.ones((3, 3)))


def test_entries_depend_on_neither_pool_nor_order(pool: list[str], small: dict[str, int]) -> None:
    whole = select(pool, cache=False, **small)
    part = select([pool[3], pool[1]], cache=False, **small)
    np.testing.assert_array_equal(part.matrix, whole.matrix[np.ix_([3, 1], [3, 1])])
    turned = select(pool[::-1], cache=False, **small)
    assert {r.model: r.score for r in turned.ranking} == {r.model: r.score for r in whole.ranking}


def test_seed_decides(pool: list[str], small: dict[str, int]) -> None:
    first, again = (select(pool, seed=1, cache=False, **small) for _ in range(2))
    np.testing.assert_array_equal(first.matrix, again.matrix)
    assert not np.array_equal(first.matrix, select(pool, seed=2, cache=False, **small).matrix)


def test_processes_give_the_same_numbers(pool: list[str], small: dict[str, int]) -> None:
    alone = select(pool, cache=False, **small)
    together = select(pool, jobs=2, cache=False, **small)
    np.testing.assert_array_equal(alone.matrix, together.matrix)
    assert alone.ranking == together.ranking


@pytest.mark.filterwarnings("error")
def test_dead_codes_take_no_vote(save: Save, small: dict[str, int]) -> None:
    # two of four codes of the second model are constant: its encoder can still name two fixed codes,
    # and on its own data the groups of a dead code look like no code in particular
    pool = [save("full.pt", codes=4, noise=1), save("dead.pt", codes=4, noise=1, dead=2)]
    result = select(pool, **small)
    assert result.matrix[0, 0] == 1
    assert result.matrix[1, 0] == pytest.approx(0.5, abs=0.2)
    assert 0.4 <= result.matrix[1, 1] <= 0.9
    assert np.isfinite(result.matrix).all()
    assert [ranked.codes for ranked in result.ranking] == [4, 4]


def test_autoencoders_encode_samples_under_the_official_rule(save: Save, small: dict[str, int]) -> None:
    pool = [save(f"{a}.pt", angle=a, codes=4, noise=0, kind="normal") for a in (0.0, 0.3)]
    sampled = select(pool, **small)
    assert sampled.settings["encode"] == "sample"
    assert sampled.settings["inactive"] == "keep"
    assert 0.4 < sampled.matrix[0, 0] < 1
    again = select(pool, cache=False, **small)
    np.testing.assert_array_equal(sampled.matrix, again.matrix)
    means = select(pool, encode="mean", **small)
    assert means.matrix[0, 0] == 1


def test_objects_and_paths_mix(pool: list[str], small: dict[str, int]) -> None:
    by_path = select(pool, **small)
    mixed = select([load_model(pool[0]), *pool[1:]], cache=False, **small)
    assert mixed.models == ("model 1", *pool[1:])
    np.testing.assert_array_equal(mixed.matrix, by_path.matrix)


@pytest.mark.parametrize("scale_images", [1500, None])
def test_progress_ends_at_its_total(
    linear: Callable[..., Checkpoint], small: dict[str, Any], scale_images: int | None
) -> None:
    """Where the number of images for the scale is open, they are not counted."""
    pool = [LoadedModel(linear(angle=angle)) for angle in (0.0, 0.3)]
    shown: list[tuple[float, float | None]] = []

    class Shown(Progress):
        def __exit__(self, *error: Any) -> None:
            shown.append((self.count, self.total))
            super().__exit__(*error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross, "progress", Shown)
        select(pool, cache=False, **small | {"scale_images": scale_images})
    crossing = [pair for pair in shown if pair[1] and pair[1] > 100]
    assert crossing
    assert all(done == total for done, total in crossing)


def test_corrected_scores_of_known_models(save: Save, small: dict[str, int]) -> None:
    # the second model lacks one of four codes: what it can say is right, but it says less
    pool = [save("full.pt", codes=4), save("three.pt", codes=4, dead=1)]
    result = select(pool, inactive="auto", activity_pairs=200, **small)
    assert result.corrected is not None
    assert [ranked.codes for ranked in sorted(result.ranking, key=lambda r: r.model)] == [4, 3]
    # its encoder cannot see the fourth code; on its own generator nothing is missing
    assert result.matrix[1, 1] == 1
    assert result.corrected[1, 1] == 1
    assert result.matrix[0, 1] == 1
    assert result.corrected[0, 1] == pytest.approx(3 / 4)
    assert result.corrected[1, 0] < 3 / 4
    assert result.complete


def test_padding_keeps_and_collapse_loses_the_rank(save: Save, small: dict[str, int]) -> None:
    good = [save(f"good{i}.pt", codes=5, noise=i + 1, angle=0.1 * i) for i in range(3)]
    padded = save("padded.pt", codes=10, dead=5, noise=2)
    collapsed = [save(f"collapsed{i}.pt", codes=5, dead=3, noise=i + 1) for i in range(2)]
    result = select([*collapsed, *good, padded], inactive="auto", activity_pairs=200, **small)
    order = [ranked.model for ranked in result.ranking]
    assert set(order[-2:]) == set(collapsed)
    scores = {ranked.model: ranked.score for ranked in result.ranking}
    assert scores[padded] == pytest.approx(scores[good[0]], abs=0.05)


def test_fewer_than_two_active_codes_give_no_score(save: Save, small: dict[str, int]) -> None:
    pool = [save("one.pt", codes=4, dead=3), save("a.pt", codes=4), save("b.pt", codes=4, angle=0.2)]
    result = select(pool, inactive="auto", activity_pairs=200, **small)
    last = result.ranking[-1]
    assert (last.model, last.score, last.codes) == (pool[0], None, 1)
    assert np.isnan(result.matrix[0]).all()
    assert np.isnan(result.matrix[:, 0]).all()
    assert not result.complete
    assert all(ranked.score is not None for ranked in result.ranking[:2])
    with pytest.raises(UsageError, match="fewer than two models have two active codes"):
        select(pool[:2], inactive="auto", activity_pairs=200, **small)
    with pytest.raises(UsageError, match="groups_per_code must be at least 2"):
        select(pool, inactive="auto", **{**small, "groups_per_code": 1})


def test_families_mix(save: Save, small: dict[str, int]) -> None:
    pool = [save("gan.pt"), save("vae.pt", kind="normal", codes=6, dead=3, noise=0), save("c.pt", angle=0.3)]
    result = select(pool, activity_pairs=200, **small)
    assert result.settings["inactive"] == "auto"
    assert result.settings["encode"] == "mean"
    assert result.corrected is not None
    # the prior of the autoencoder is wider, its codes are the same
    assert result.corrected[0, 1] == 1
    assert result.corrected[1, 0] == 1


def test_numbers_of_codes_differ(save: Save, small: dict[str, int], speaking: None, capsys: Any) -> None:
    pool = [
        save(f"{codes}.pt", kind="normal", codes=codes, noise=0, angle=0.2 * codes) for codes in (2, 2, 5, 6)
    ]
    result = select(pool, activity_pairs=200, **small)
    assert result.settings["inactive"] == "auto"
    assert result.corrected is not None
    assert "models have 2 to 6 codes: scores are corrected for it" in capsys.readouterr().err
    kept = select(pool, inactive="keep", **small)
    assert kept.corrected is None
    assert "--inactive keep favour those with few" in capsys.readouterr().err
    alike = select([save("a.pt", codes=3), save("b.pt", codes=3, angle=0.3)], **small)
    assert alike.settings["inactive"] == "keep"


def test_budget_searches_among_those_that_take_part(save: Save, small: dict[str, int]) -> None:
    pool = [save(f"{i}.pt", codes=4, noise=i % 3, angle=0.08 * i) for i in range(1, 13)]
    pool += [save(f"vae{i}.pt", kind="normal", codes=6, dead=2, noise=0, angle=0.1 * i) for i in range(3)]
    pool.insert(0, save("one.pt", codes=4, dead=3))
    options = {"activity_pairs": 200, "permutations": 5, **small}
    result = select(pool, budget=0.9, **options)
    assert result.settings["inactive"] == "auto"
    assert result.corrected is not None
    assert not result.complete
    assert result.ranking[-1].model == pool[0]
    assert result.ranking[-1].score is None
    assert result.details["evaluations"]["of"] == 15**2
    known = np.isfinite(result.matrix)
    np.testing.assert_array_equal(known, np.isfinite(result.corrected))
    assert not known[0].any()
    # the winner is among the best of the whole matrix
    exact = select(pool, budget="exact", **options)
    scores = {ranked.model: ranked.score for ranked in exact.ranking}
    assert exact.ranking[0].score - scores[result.selected] < 0.02


def test_the_majority_family_is_told(save: Save, small: dict[str, int]) -> None:
    # five turned autoencoders agree with each other; the GANs and one autoencoder are straight
    turned = [
        save(f"v{i}.pt", kind="normal", codes=3 + i, dead=i, constant=0, noise=0, angle=0.75)
        for i in range(5)
    ]
    gans = [save(f"g{noise}.pt", noise=noise) for noise in (1, 2)]
    straight = save("straight.pt", kind="normal", codes=3, noise=0)
    pool = [*turned, *gans, straight]
    result = select(pool, inactive="auto", activity_pairs=200, permutations=20, **small)
    assert result.selected in turned
    assert result.balanced not in turned
    entry = result.to_json()
    assert entry["family_balanced"] == {"selected": result.balanced, "agrees": False}
    balanced = {r["model"]: r["family_balanced"] for r in entry["ranking"]}
    plain = {r["model"]: r["score"] for r in entry["ranking"]}
    assert all(balanced[name] > plain[name] for name in gans)

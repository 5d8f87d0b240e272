"""Which pools are taken, and the one line that says why not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from disentangle_cli.api.rank import select
from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models import LoadedModel, load_model
from disentangle_cli.selection.pool import load_pool

Save = Callable[..., str]


def copy_with_other_provenance(path: str, target: Path) -> str:
    checkpoint = replace(load_checkpoint(path), provenance={"seed": 99}, metrics={"mig": 1.0})
    return str(save_checkpoint(target, checkpoint))


def test_same_content_counts_once(save: Save, tmp_path: Path) -> None:
    first, other = save("a.pt"), save("b.pt", angle=0.3)
    copy = copy_with_other_provenance(first, tmp_path / "best.pt")
    pool = load_pool([first, other, copy, first])
    assert pool.names == (first, other)
    assert [(d.model, d.same_as) for d in pool.duplicates] == [(copy, first), (first, first)]


def test_one_distinct_model_is_refused(save: Save, tmp_path: Path) -> None:
    first = save("a.pt")
    with pytest.raises(UsageError, match="at least two distinct ones: one model was given"):
        load_pool([first])
    with pytest.raises(UsageError, match="the 2 models given are all the same"):
        load_pool([first, copy_with_other_provenance(first, tmp_path / "b.pt")])


def test_image_sizes_must_agree(save: Save) -> None:
    small, large = save("small.pt"), save("large.pt", side=16)
    with pytest.raises(UsageError) as error:
        load_pool([small, large])
    assert small in str(error.value)
    assert large in str(error.value)
    assert "8x8" in str(error.value)
    assert "16x16" in str(error.value)


def test_broken_files_are_named(save: Save, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"not a checkpoint")
    for path in (broken, tmp_path / "absent.pt", tmp_path):
        with pytest.raises(UsageError) as error:
            load_pool([save("a.pt"), str(path)])
        assert str(path) in str(error.value)
    with pytest.raises(UsageError, match=r"no file matches .*\*\.pt"):
        load_pool([str(tmp_path / "none" / "*.pt")])


def test_objects_are_told_apart_by_what_they_do(counting: Callable[..., object]) -> None:
    models = [counting(angle=a) for a in (0.0, 0.3, 0.0)]
    for model in models:
        del model.content_hash
    pool = load_pool(models)
    assert pool.names == ("model 1", "model 2")
    assert [d.model for d in pool.duplicates] == ["model 3"]


def test_family(save: Save) -> None:
    pool = load_pool([save("gan.pt"), save("vae.pt", kind="normal", noise=0)])
    assert [member.family for member in pool.members] == ["gan", "vae"]


def test_unknown_method(save: Save) -> None:
    with pytest.raises(UsageError, match="unknown selection method 'best'"):
        select([save("a.pt"), save("b.pt", angle=0.1)], method="best")


def test_autoencoders_without_a_posterior_are_told_by_their_latents(save: Save) -> None:
    pool = load_pool([save("ae.pt", noise=0), save("gan.pt"), save("vae.pt", kind="normal", noise=0)])
    assert [member.family for member in pool.members] == ["vae", "gan", "vae"]


def test_a_gan_without_noise_is_known_by_its_networks() -> None:
    nets = ARCHITECTURES.get("infogan-64")()
    latents = Latents([Block("codes", "uniform", 5, True)])
    config = {
        "architecture": {"name": "infogan-64"}, "generator_output": "images", "encoder_output": "codes",
    }  # fmt: skip
    made = [
        LoadedModel(
            Checkpoint(
                "ib-gan", config, (1, 64, 64), latents,
                initialised(nets.generator(5, 1, 64), seed), initialised(nets.encoder(5, 1, 64), seed), {},
            )
        )
        for seed in range(2)
    ]  # fmt: skip
    assert [member.family for member in load_pool(made).members] == ["gan", "gan"]


def initialised(net: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return {
        name: torch.rand(value.shape, generator=rng) if value.is_floating_point() else value
        for name, value in net.state_dict().items()
    }


def test_models_of_other_data_sets_are_refused(save: Save) -> None:
    sprites = {"dataset": "dsprites", "dataset_fingerprint": "1"}
    pool = [save("a.pt", provenance=sprites), save("b.pt", angle=0.1, provenance=sprites)]
    pots = save("c.pt", noise=1, provenance={"dataset": "teapots", "dataset_fingerprint": "2"})
    with pytest.raises(UsageError) as error:
        load_pool([*pool, pots])
    for part in (pool[0], "dsprites", pots, "teapots", "--force"):
        assert part in str(error.value)
    assert len(load_pool([*pool, pots], force=True)) == 3
    # a fingerprint decides: one data set under two names, and two under one name
    renamed = save("d.pt", noise=3, provenance={"dataset": "copy", "dataset_fingerprint": "1"})
    assert len(load_pool([*pool, renamed])) == 3
    other = save("e.pt", noise=4, provenance={"dataset": "dsprites", "dataset_fingerprint": "9"})
    with pytest.raises(UsageError, match="same name, other content"):
        load_pool([*pool, other])
    # unknown data sets, wholly or in part, are taken
    named = save("f.pt", noise=5, provenance={"dataset": "dsprites"})
    odd = save("g.pt", noise=6, provenance={"dataset": {"name": "dsprites"}})
    assert len(load_pool([*pool, named, odd, save("h.pt", noise=7)])) == 5


def test_a_spare_file_is_named_only_if_it_stands_alone(save: Save, tmp_path: Path) -> None:
    best, kept, other = save("best.pt"), save("model.pt"), save("other.pt", angle=0.2)
    pool = load_pool([best, kept, other], spare=Path(best))
    assert pool.names == (kept, other)
    assert [(d.model, d.same_as) for d in pool.duplicates] == [(best, kept)]
    assert load_pool([best, other], spare=Path(best)).names == (best, other)


def test_a_file_is_read_once(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def load(path: str, device: str) -> LoadedModel:
        read.append(path)
        return load_model(path, device)

    monkeypatch.setattr("disentangle_cli.selection.pool.load_model", load)
    files = [save(f"{i}.pt", angle=0.1 * i) for i in range(3)]
    pool = load_pool(files)
    assert [member.model.content_hash for member in pool.members] == [m.identity for m in pool.members]
    assert read == files


def test_few_models_stay_in_memory(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("disentangle_cli.selection.pool.KEPT", 2)
    kept: dict[object, object] = {}
    monkeypatch.setattr("disentangle_cli.selection.pool._kept", kept)
    pool = load_pool([save(f"{i}.pt", angle=0.1 * i) for i in range(4)])
    for member in [*pool.members, *pool.members]:
        assert member.model.content_hash == member.identity
        assert len(kept) == 2

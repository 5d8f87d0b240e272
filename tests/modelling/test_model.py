"""What any object needs to stand beside models of dcr: :mod:`disentangle_cli.modelling.model`."""

import pickle
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor

import disentangle_cli as dcr
from disentangle_cli.latents import Latents
from disentangle_cli.modelling.origin import Origin
from disentangle_cli.models import LoadedModel, Model, as_model, load_model
from tests.conftest import VAE_LATENTS, WriteModel
from tests.scoring.test_run import SMALL, Bars


class Least:
    """The documented minimum around a loaded model, and no more."""

    def __init__(self, inner: LoadedModel) -> None:
        self.inner = inner
        self.image_shape = inner.image_shape
        self.latents: Latents = inner.latents

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        return self.inner.sample_latents(n, rng)

    def generate(self, latents: Tensor) -> Tensor:
        return self.inner.generate(latents)

    def encode(self, images: Tensor) -> Tensor:
        return self.inner.encode(images)

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor] | None:
        return self.inner.posterior(images)


class More(Least):
    device = "cpu"
    content_hash = "mine"
    provenance: ClassVar = {"dataset": "bars"}
    path = 7


@pytest.fixture
def inner(write_model: WriteModel) -> LoadedModel:
    return load_model(write_model(side=4))


def test_a_whole_model_stays_as_it_is(inner: LoadedModel) -> None:
    assert as_model(inner) is inner


def test_the_least(inner: LoadedModel) -> None:
    found = as_model(Least(inner))
    assert isinstance(found, Model)
    assert (found.path, found.name, found.provenance) == (None, "model", {})
    assert (found.device, found.origin) == (torch.device("cpu"), Origin())
    latents = found.sample_latents(3, torch.Generator().manual_seed(1))
    assert torch.equal(found.encode(found.generate(latents)), inner.encode(inner.generate(latents)))
    again = pickle.loads(pickle.dumps(found))
    assert again.content_hash == found.content_hash == as_model(Least(inner)).content_hash


def test_what_more_it_has_counts(inner: LoadedModel) -> None:
    found = as_model(More(inner))
    assert found.content_hash == "mine"
    assert found.origin == Origin(name="bars")
    assert found.path is None, "a number is no path"


@pytest.mark.parametrize("dataset", ["bars", {"name": "bars", "images": 8}])
def test_the_data_set_is_told_by_a_name_or_an_object_with_one(dataset: object) -> None:
    origin = Origin.of({"dataset": dataset, "dataset_fingerprint": "sha256:0"})
    assert origin == Origin(name="bars", fingerprint="sha256:0")
    assert origin.spec == "bars"
    assert not Origin.of({"dataset": {"images": 8}}).known


def test_content_is_told_by_behaviour(write_model: WriteModel) -> None:
    hashes = [as_model(Least(load_model(write_model(seed=seed)))).content_hash for seed in (0, 1)]
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("posterior", [False, True])
def test_family(write_model: WriteModel, posterior: bool) -> None:
    """Noise and no posterior: a GAN; codes only: an autoencoder, even without a posterior."""
    gan = load_model(write_model("gan.pt", posterior=posterior))
    assert gan.family == as_model(Least(gan)).family == ("vae" if posterior else "gan")
    vae = load_model(write_model("vae.pt", blocks=VAE_LATENTS, posterior=posterior))
    assert vae.family == as_model(Least(vae)).family == "vae"


def test_the_least_is_scored_and_ranked(write_model: WriteModel, empty_cache: Path) -> None:
    loaded = [load_model(write_model(f"{k}.pt", side=4, seed=k)) for k in range(2)]
    least = [Least(model) for model in loaded]
    options = {"metrics": "factor_vae", "settings": SMALL}
    assert (
        dcr.score(least[0], Bars(), **options)["metrics"]
        == dcr.score(loaded[0], Bars(), **options)["metrics"]
    )
    ranked = dcr.select(least, groups_per_code=4, group_size=4, scale_images=100)
    assert {entry.model for entry in ranked.ranking} == {"model 1", "model 2"}

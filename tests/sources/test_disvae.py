import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from disentangle_cli.data.dsprites_render import render_pose
from disentangle_cli.errors import UsageError
from disentangle_cli.importing import SOURCES
from disentangle_cli.importing.finish import complete
from disentangle_cli.models import LoadedModel

Folder = Callable[..., tuple[Path, Any]]


def read(folder: Path) -> LoadedModel:
    return LoadedModel(complete(SOURCES.get("disvae")(folder), "disvae"))


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_same_numbers_as_the_original_networks(disvae_folder: Folder, size: int, channels: int) -> None:
    folder, nets = disvae_folder(size=size, channels=channels, legacy=size == 64)
    model = read(folder)
    assert (model.name, model.image_shape, model.latents.num_codes) == (
        "beta-tcvae",
        (channels, size, size),
        3,
    )
    images, codes = torch.rand(5, channels, size, size), torch.randn(5, 3)
    with torch.no_grad():
        mean, logvar = nets.encoder(images)
        posterior = model.posterior(images)
        assert posterior
        torch.testing.assert_close(posterior[0], mean)
        torch.testing.assert_close(posterior[1], logvar)
        torch.testing.assert_close(model.encode(images), mean)
        torch.testing.assert_close(model.generate(codes), nets.decoder(codes))


def test_provenance(disvae_folder: Folder) -> None:
    folder, _ = disvae_folder()
    found = SOURCES.get("disvae")(folder)
    provenance = complete(found, "disvae").provenance
    assert provenance["source"] == "imported"
    assert provenance["importer"] == "disvae"
    assert (provenance["dataset"], provenance["seed"]) == ("toy", 7)
    assert provenance["details"]["loss"] == "btcvae"
    assert provenance["files"].keys() == {"model.pt", "specs.json"}
    assert any("toy" in note for note in found.notes)


def test_a_named_data_set_is_recorded_with_its_fingerprint(disvae_folder: Folder) -> None:
    folder, _ = disvae_folder(size=64)
    found = SOURCES.get("disvae")(folder)
    provenance = complete(found, "disvae", trained_on="dsprites").provenance
    assert provenance["dataset"] == "dsprites"
    assert provenance["dataset_fingerprint"].startswith("sha256:")
    assert not found.notes
    small, _ = disvae_folder("small", size=32)
    found = SOURCES.get("disvae")(small)
    provenance = complete(found, "disvae", trained_on="dsprites").provenance
    assert provenance["dataset"] == "dsprites"
    assert "dataset_fingerprint" not in provenance
    assert "64x64, not 32x32" in found.notes[0]
    with pytest.raises(UsageError, match="no such file"):
        complete(found, "disvae", trained_on="there/none.npz")


def test_what_a_source_says_opens_no_folder(
    disvae_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy").mkdir()
    monkeypatch.chdir(tmp_path)
    folder, _ = disvae_folder()
    provenance = complete(SOURCES.get("disvae")(folder), "disvae").provenance
    assert provenance["dataset"] == "toy"
    assert "dataset_fingerprint" not in provenance


SPECS: list[tuple[dict[str, Any], str]] = [
    ({"img_size": [1, 48, 48]}, "32x32 or 64x64"),
    ({"img_size": [4, 32, 32]}, "1 or 3 channels"),
    ({"img_size": [1, 32, 64]}, "32x32 or 64x64"),
    ({"img_size": "1"}, "img_size"),
    ({"latent_dim": "10"}, "latent_dim"),
    ({"latent_dim": 10**9}, "dim must be"),
    ({"latent_dim": 4}, r"decoder.lin1.weight has shape \(256, 3\), expected \(256, 4\)"),
    ({"img_size": [1, 64, 64]}, "_64.weight is missing"),
    ({"model_type": "Mine"}, "'Mine' is not known"),
]  # fmt: skip


@pytest.mark.parametrize(("specs", "message"), SPECS, ids=[str(s) for s, _ in SPECS])
def test_specs_that_do_not_fit(disvae_folder: Folder, specs: dict[str, Any], message: str) -> None:
    folder, _ = disvae_folder(**specs)
    with pytest.raises(UsageError, match=message) as raised:
        SOURCES.get("disvae")(folder)
    assert str(folder) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_files(disvae_folder: Folder, tmp_path: Path) -> None:
    folder, _ = disvae_folder()
    for name in ("model.pt", "specs.json"):
        (folder / name).unlink()
        with pytest.raises(UsageError, match=f"{name}: No such file"):
            SOURCES.get("disvae")(folder)
    with pytest.raises(UsageError, match="not a folder"):
        SOURCES.get("disvae")(tmp_path / "none")


@pytest.fixture(scope="module")
def dsprites() -> torch.Tensor:
    """2,000 images (n, 1, 64, 64) spread over all shapes and scales, other factors random."""
    rng = np.random.default_rng(0)
    packed = []
    for shape, scale, _ in itertools.product(range(3), range(6), range(10)):
        rows = render_pose(shape, scale, int(rng.integers(40)))
        packed.append(rows[rng.choice(len(rows), 12, replace=False)])
    rows = rng.permutation(np.concatenate(packed))[:2000]
    return torch.from_numpy(np.unpackbits(rows, axis=1).reshape(-1, 1, 64, 64)).float()


@pytest.mark.parametrize(
    ("name", "model", "nats"), [("VAE_dsprites", "vae", 12.8), ("betaH_dsprites", "beta-vae", 23.0)]
)
def test_models_of_other_people_reconstruct_dsprites(
    test_data: Path, dsprites: torch.Tensor, name: str, model: str, nats: float
) -> None:
    loaded = read(test_data / "external_vaes" / name)
    specs = json.loads((test_data / "external_vaes" / name / "specs.json").read_text())
    assert loaded.name == model
    assert loaded.provenance["dataset"] == "dsprites"
    assert loaded.provenance["seed"] == specs["seed"]
    reconstructed = loaded.generate(loaded.encode(dsprites)).double().clamp(1e-12, 1 - 1e-12)
    error = F.binary_cross_entropy(reconstructed, dsprites.double(), reduction="sum") / len(dsprites)
    # over 2,000 images drawn at random the standard error is 0.15
    assert float(error) == pytest.approx(nats, abs=0.5)

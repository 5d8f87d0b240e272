import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import Result

from disentangle_cli.errors import UsageError
from disentangle_cli.importing import SOURCES
from disentangle_cli.importing.finish import complete
from disentangle_cli.models import LoadedModel

Folder = Callable[..., tuple[Path, Any]]


def read(folder: Path) -> LoadedModel:
    return LoadedModel(SOURCES.get("pythae")(folder).checkpoint)


@pytest.mark.parametrize(
    ("kind", "name", "posterior"),
    [
        ("VAEConfig", "vae", True),
        ("BetaTCVAEConfig", "beta-tcvae", True),
        ("WAE_MMD_Config", "wae-mmd", False),
    ],
)
def test_stock_networks(pythae_folder: Folder, kind: str, name: str, posterior: bool) -> None:
    folder, nets = pythae_folder(kind=kind)
    model = read(folder / "final_model")
    assert (model.name, model.image_shape) == (name, (1, 8, 8))
    images, codes = torch.rand(5, 1, 8, 8), torch.randn(5, 4)
    with torch.no_grad():
        expected = nets.encoder(images)
        torch.testing.assert_close(model.encode(images), expected[0])
        torch.testing.assert_close(model.generate(codes).flatten(1), nets.decoder(codes))
        found = model.posterior(images)
        assert (found is not None) == posterior
        if found is not None:
            torch.testing.assert_close(found[1], expected[1])


def test_a_deterministic_posterior_has_no_variances(pythae_folder: Folder) -> None:
    folder, nets = pythae_folder(kind="Adversarial_AE_Config", deterministic_posterior=True)
    model = read(folder / "final_model")
    images = torch.rand(5, 1, 8, 8)
    assert model.posterior(images) is None
    with torch.no_grad():
        torch.testing.assert_close(model.encode(images), nets.encoder(images)[0])


def test_an_autoencoder_gets_a_gaussian_fitted_to_its_codes(pythae_folder: Folder, tmp_path: Path) -> None:
    folder, nets = pythae_folder(kind="AEConfig")
    pixels = np.random.default_rng(0).integers(0, 256, (300, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "toy.npz", imgs=pixels)
    found = SOURCES.get("pythae")(folder / "final_model")
    checkpoint = complete(found, "pythae", trained_on=str(tmp_path / "toy.npz"))
    with torch.no_grad():
        (codes,) = nets.encoder(torch.from_numpy(pixels).float()[:, None] / 255)
    assert [block.mean for block in checkpoint.latents] == pytest.approx(codes.mean(0).tolist(), abs=1e-5)
    stds = codes.std(0, correction=0).tolist()
    assert [block.std for block in checkpoint.latents] == pytest.approx(stds, rel=1e-4)
    assert any("Gaussian was fitted" in note for note in found.notes)
    assert "300 images" in checkpoint.provenance["prior"]
    with pytest.raises(UsageError, match=r"final_model: .*without a prior.*--trained-on"):
        complete(SOURCES.get("pythae")(folder / "final_model"), "pythae")


def block(net: nn.Module) -> nn.Module:
    return nn.Sequential(net, nn.BatchNorm2d(net.out_channels), nn.ReLU())


@pytest.fixture(scope="module")
def mnist() -> nn.ModuleDict:
    """The benchmark's networks for MNIST, with batch norm that is not the identity."""
    torch.manual_seed(0)
    widths = [1, 128, 256, 512, 1024]
    convs = [block(nn.Conv2d(a, b, 4, 2, 1)) for a, b in itertools.pairwise(widths)]
    encoder = nn.ModuleDict({"layers": nn.ModuleList(convs)})
    encoder.update({"embedding": nn.Linear(1024, 5), "log_var": nn.Linear(1024, 5)})
    ups = [
        nn.Linear(5, 1024 * 16),
        block(nn.ConvTranspose2d(1024, 512, 3, 2, 1)),
        block(nn.ConvTranspose2d(512, 256, 3, 2, 1, output_padding=1)),
        nn.Sequential(nn.ConvTranspose2d(256, 1, 3, 2, 1, output_padding=1), nn.Sigmoid()),
    ]
    nets = nn.ModuleDict({"encoder": encoder, "decoder": nn.ModuleDict({"layers": nn.ModuleList(ups)})})
    for layer in nets.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    return nets.eval()


def write_mnist(folder: Path, nets: nn.ModuleDict, pickled: str | None) -> Path:
    folder.mkdir()
    described = {"name": "VAEConfig", "input_dim": [1, 28, 28], "latent_dim": 5}
    described |= {"uses_default_encoder": False, "uses_default_decoder": False}
    (folder / "model_config.json").write_text(json.dumps(described))
    torch.save({"model_state_dict": nets.state_dict()}, folder / "model.pt")
    if pickled is not None:
        module = "pythae.models.nn.benchmarks.mnist.convnets"
        # opcodes that name a class; loading one of these would import the module and fail
        (folder / "encoder.pkl").write_bytes(f"c{module}\n{pickled}\n)R.".encode())
        (folder / "decoder.pkl").write_bytes(f"c{module}\nDecoder_Conv_AE_MNIST\n)R.".encode())
    return folder


@pytest.mark.parametrize("pickled", ["Encoder_Conv_VAE_MNIST", None])
def test_benchmark_networks_are_told_by_their_weights(
    tmp_path: Path, mnist: nn.ModuleDict, pickled: str | None
) -> None:
    model = read(write_mnist(tmp_path / "run", mnist, pickled))
    images, codes = torch.rand(3, 1, 28, 28), torch.randn(3, 5)
    encoder: Any = mnist["encoder"]
    decoder: Any = mnist["decoder"]
    with torch.no_grad():
        x = images
        for layer in encoder["layers"]:
            x = layer(x)
        torch.testing.assert_close(model.encode(images), encoder["embedding"](x.flatten(1)))
        y = decoder["layers"][0](codes).reshape(-1, 1024, 4, 4)
        for layer in decoder["layers"][1:]:
            y = layer(y)
        torch.testing.assert_close(model.generate(codes), y, atol=1e-5, rtol=1e-4)


def test_code_of_other_authors_is_refused(tmp_path: Path, mnist: nn.ModuleDict) -> None:
    folder = write_mnist(tmp_path / "run", mnist, "Mine")
    with pytest.raises(UsageError, match=r"class Mine of encoder\.pkl.*never runs.*dcr import onnx"):
        SOURCES.get("pythae")(folder)


def test_unknown_layers_are_refused(pythae_folder: Folder) -> None:
    folder, _ = pythae_folder(final=False)
    path = folder / "model.pt"
    whole = torch.load(path, weights_only=True)["model_state_dict"]
    for change, message in [
        ({"encoder.extra.weight": torch.zeros(2)}, "extra.weight is new"),
        ({"decoder.layers.1.0.weight": torch.zeros(2, 2)}, r"decoder is none of pythae's own"),
        ({"encoder.embedding.weight": torch.zeros(3, 512)}, r"no fitting embedding and log_var"),
        ({"encoder.layers.0.0.weight": torch.zeros(2, 2, 2, 2)}, "dcr import onnx"),
    ]:
        torch.save({"model_state_dict": whole | change}, path)
        with pytest.raises(UsageError, match=message) as raised:
            SOURCES.get("pythae")(folder)
        assert str(folder) in str(raised.value)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"kind": "SVAEConfig"}, "not independent Gaussians"),
        ({"kind": "VQVAEConfig"}, "not independent Gaussians"),
        ({"input_dim": [784]}, "square images"),
        ({"input_dim": [1, 8, 9]}, "square images"),
        ({"input_dim": None}, "input_dim"),
        ({"latent_dim": 3}, "decoder is none of"),
        ({"latent_dim": 10**8}, "dim must be|none of"),
        ({"latent_dim": None}, "latent_dim"),
    ],
)
def test_configurations_that_are_not_taken(
    pythae_folder: Folder, described: dict[str, Any], message: str
) -> None:
    folder, _ = pythae_folder(final=False, **described)
    with pytest.raises(UsageError, match=message):
        SOURCES.get("pythae")(folder)


def test_folders_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        SOURCES.get("pythae")(tmp_path / "none")
    with pytest.raises(UsageError, match="no model folder of pythae"):
        SOURCES.get("pythae")(tmp_path)
    (tmp_path / "checkpoint_epoch_3").mkdir()
    with pytest.raises(UsageError, match="did not finish"):
        SOURCES.get("pythae")(tmp_path)


WRITER = Path(__file__).with_name("write_pythae_runs.py")


@pytest.mark.slow
def test_folders_that_pythae_itself_wrote(tmp_path: Path) -> None:
    python = os.environ.get("DCR_PYTHAE_PYTHON", sys.executable)
    probe = subprocess.run([python, "-c", "import pythae.models"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("pythae is not installed (DCR_PYTHAE_PYTHON names a Python that has it)")
    subprocess.run([python, str(WRITER), str(tmp_path)], check=True, capture_output=True)
    taken = set()
    for run in sorted(tmp_path.iterdir()):
        expected = torch.load(run / "expected.pt", weights_only=True)
        if not expected["own"]:
            with pytest.raises(UsageError, match=r"dcr import onnx|not independent Gaussians"):
                SOURCES.get("pythae")(run / "final_model")
            continue
        model = read(run / "final_model")
        torch.testing.assert_close(model.encode(expected["x"]), expected["mean"], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(model.generate(expected["z"]), expected["images"], atol=1e-5, rtol=1e-4)
        posterior = model.posterior(expected["x"])
        assert (posterior is None) == ("logvar" not in expected)
        if posterior is not None:
            torch.testing.assert_close(posterior[1], expected["logvar"], atol=1e-5, rtol=1e-4)
        taken.add(run.name)
    assert taken == {
        "vae", "beta", "factor", "wae", "ae", "vae_mnist", "vae_cifar", "vae_celeba", "ae_mnist", "mixed",
    }  # fmt: skip


@pytest.mark.parametrize("depth", [1, 2])
def test_a_parent_folder_points_at_the_runs_inside(
    pythae_folder: Folder, tmp_path: Path, depth: int, cli: Callable[..., Result]
) -> None:
    above = tmp_path / "my runs" / "/".join("abc"[: depth - 1])
    above.mkdir(parents=True)
    for name in "12345":
        shutil.copytree(pythae_folder()[0] if name == "1" else above / "1", above / name)
    result = cli("import", "pythae", tmp_path / "my runs", "--out", tmp_path / "o")
    assert result.exit_code == 2
    first = shlex.quote(str(above / "1"))
    assert "5 models are in folders inside: dcr import pythae " + first in result.stderr
    assert "and 2 more" in result.stderr
    named = shlex.split(result.stderr.partition("dcr import pythae ")[2].partition(" and 2")[0])
    assert len(named) == 3
    assert cli("import", "pythae", *named, "--out", tmp_path / "o").exit_code == 0

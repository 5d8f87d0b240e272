"""Every architecture in every format, and an exported model imported again."""

from pathlib import Path

import pytest
import torch

from disentangle_cli.api.export import export
from disentangle_cli.architectures import ARCHITECTURES, make_architecture
from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.exporting import EXPORTS
from disentangle_cli.importing import SOURCES
from disentangle_cli.importing.finish import complete
from disentangle_cli.latents import Latents
from disentangle_cli.models import LoadedModel, load_model
from tests.conftest import GAN_LATENTS, VAE_LATENTS

pytest.importorskip("onnxscript")
pytest.importorskip("safetensors")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def write(path: Path, name: str, channels: int) -> Path:
    """A model of the architecture with the weights that it is made with."""
    torch.manual_seed(0)
    architecture = make_architecture(name, {})
    posterior = channels == 3
    latents = Latents(VAE_LATENTS if posterior else GAN_LATENTS)
    side = max(architecture.sizes or (32,), key=lambda size: -abs(size - 64))
    outputs = latents.num_codes * (2 if posterior else 1)
    nets = architecture.generator(latents.dim, channels, side), architecture.encoder(outputs, channels, side)
    config = {
        "architecture": {"name": name},
        "generator_output": "logits",
        "encoder_output": "mean-logvar" if posterior else "codes",
    }
    weights = [{key: value.detach() for key, value in net.state_dict().items()} for net in nets]
    shape = (channels, side, side)
    return save_checkpoint(path, Checkpoint("some", config, shape, latents, weights[0], weights[1]))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", sorted(set(ARCHITECTURES.names()) - {"onnx", "pythae"}))
def test_every_architecture_in_every_format(tmp_path: Path, name: str, channels: int) -> None:
    path = write(tmp_path / "a.pt", name, channels)
    for to in EXPORTS.names():
        exported = export(path, to, tmp_path / to)
        assert exported.deviation.images <= exported.deviation.tolerance
        assert exported.deviation.codes <= exported.deviation.tolerance


def test_an_export_to_onnx_can_be_imported(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pt", "burgess", 3)
    decoder, encoder = export(path, "onnx", tmp_path / "out").paths
    found = SOURCES.get("onnx")(encoder, decoder, "normal:4")
    model, again = load_model(path), LoadedModel(complete(found, "onnx"))
    latents = model.sample_latents(5, torch.Generator().manual_seed(0))
    images = model.generate(latents)
    torch.testing.assert_close(again.generate(latents), images, atol=1e-4, rtol=0)
    for one, other in zip(again.posterior(images) or (), model.posterior(images) or (), strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-4)

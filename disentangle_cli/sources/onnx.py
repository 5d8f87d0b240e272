"""A pair of ONNX files: an encoder and a decoder of any framework, run by onnxruntime."""

from pathlib import Path

import torch
from torch import Tensor

from disentangle_cli.architectures.onnx import OnnxNet
from disentangle_cli.checkpoint import Checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.importing.onnx_outputs import choose_outputs
from disentangle_cli.importing.onnx_probe import (
    ImageForm,
    check_range,
    image_form,
    open_net,
    probe_decoder,
    probe_encoder,
)
from disentangle_cli.importing.source import SOURCES, Imported, naming, network_config
from disentangle_cli.importing.specs import parse_latents, parse_range
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.networks.onnx_file import MAX_BYTES
from disentangle_cli.reading import explained, read_whole

OUTPUTS = ("probs", "logits", "tanh")


@SOURCES.register("onnx")
def read_onnx(
    encoder: Path,
    decoder: Path,
    latents: str,
    input_range: str = "0:1",
    gives: str = "probs",
    encoder_outputs: list[str] | None = None,
) -> Imported:
    """An encoder (images to codes) and a decoder (latents to images), tried out together.

    Args:
        encoder: an ONNX file; its bytes become the weights of the checkpoint's encoder.
        decoder: likewise, the generator's.
        latents: the decoder's input, e.g. ``normal:10``; see :func:`parse_latents`.
        input_range: the values that the encoder takes for black and white, ``0:1`` or ``-1:1``.
        gives: what the decoder gives: ``probs`` in [0, 1], ``logits``, or ``tanh`` in [-1, 1].
        encoder_outputs: the outputs that hold means and spreads, ``["mu", "sigma:std"]``, if their names do
            not tell; see :func:`~disentangle_cli.importing.onnx_outputs.choose_outputs`.

    Raises:
        UsageError: a file is refused, or they do not fit each other, the latents or the ranges.
    """
    if gives not in OUTPUTS:
        meant = did_you_mean(gives, list(OUTPUTS))
        raise UsageError(f"output {gives!r} is not one of {', '.join(OUTPUTS)}{meant}")
    blocks, (low, high) = parse_latents(latents), parse_range(input_range)
    paths = {"encoder": encoder, "decoder": decoder}
    files = {part: read_whole(path, "not an ONNX model", MAX_BYTES) for part, path in paths.items()}
    problem = "cannot be tried out"
    with explained(decoder, problem), naming(decoder):
        decoder_net = open_net(files["decoder"])
        images = probe_decoder(decoder_net, blocks)
        ranges = check_range(images, gives)
    with explained(encoder, problem), naming(encoder):
        encoder_net = open_net(files["encoder"])
        outputs = choose_outputs([one.name for one in encoder_net.session.get_outputs()], encoder_outputs)
        encoder_net.outputs = outputs.names
        taken, given = _forms(encoder_net, images)
        noise = _as_input(images, taken, low, high)
        posterior, note = probe_encoder(encoder_net, noise, blocks.num_codes, outputs)
    architecture = {
        "name": "onnx",
        "generator_bytes": len(files["decoder"]),
        "encoder_bytes": len(files["encoder"]),
        "gives": gives,
        "generator_layout": given.layout,
        "encoder_layout": taken.layout,
        "input_low": low,
        "input_high": high,
        "encoder_outputs": outputs.names,
    }
    if posterior and outputs.spread != "logvar":
        architecture["encoder_spread"] = outputs.spread
    config = network_config(architecture, logits=gives == "logits", posterior=posterior)
    weights = [{"onnx": net.onnx} for net in (decoder_net, encoder_net)]
    checkpoint = Checkpoint("onnx", config, given.shape, blocks, weights[0], weights[1])
    notes = [f"{decoder}: {ranges}"] if ranges else []
    notes += [note] if note else []
    return Imported(checkpoint, origin=str(encoder), files=[encoder, decoder], notes=notes)


def _forms(encoder: OnnxNet, images: Tensor) -> tuple[ImageForm, ImageForm]:
    """How the encoder takes images and the decoder gives them; one of both must tell the size."""
    takes, gives = list(encoder.session.get_inputs()[0].shape[1:]), list(images.shape[1:])
    given = image_form(gives, None)
    taken = image_form(takes, given)
    given = given or image_form(gives, taken)
    # an open size is that of the other network, and so is the layout
    taken = taken or given
    if taken is None or given is None:
        raise UsageError("neither network says the size of the images: export one of them with CxHxW fixed")
    if taken.shape != given.shape:
        sizes = ["x".join(map(str, form.shape)) for form in (taken, given)]
        raise UsageError(
            f"takes images of {sizes[0]} (channels, height, width), the decoder gives {sizes[1]}"
        )
    return taken, given


def _as_input(images: Tensor, form: ImageForm, low: float, high: float) -> Tensor:
    """Grey noise of the decoder's size in the encoder's form and range: (3, ...)."""
    channels, height, width = form.shape
    noise = torch.rand(len(images), channels, height, width, generator=torch.Generator().manual_seed(0))
    scaled = noise * (high - low) + low
    return scaled.permute(0, 2, 3, 1) if form.layout == "nhwc" else scaled

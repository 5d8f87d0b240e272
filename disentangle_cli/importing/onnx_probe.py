"""Finding out by trial what an encoder and a decoder in ONNX take and give."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from disentangle_cli.architectures.onnx import OnnxNet, to_logvar
from disentangle_cli.errors import UsageError
from disentangle_cli.importing.onnx_outputs import Outputs
from disentangle_cli.importing.specs import parse_image
from disentangle_cli.latents import Latents

CHANNELS = (1, 3, 4)
ROWS = 3
TOLERANCE = 1e-3
SATURATED = 30.0
"""A logit that stands for white beyond any doubt."""


@dataclass(frozen=True)
class ImageForm:
    """How a network writes an image: ``shape`` (C, H, W) and ``layout`` nchw or nhwc."""

    shape: tuple[int, int, int]
    layout: str


def open_net(data: bytes, outputs: list[str] | None = None) -> OnnxNet:
    """The network of an ONNX file's bytes, checked.

    Raises:
        UsageError: see :func:`disentangle_cli.networks.onnx_file.open_session`.
    """
    if not data:
        raise UsageError("not an ONNX model (the file is empty)")
    net = OnnxNet(len(data), outputs)
    net.load_state_dict({"onnx": torch.frombuffer(bytearray(data), dtype=torch.uint8)}, assign=True)
    return net


def probe_decoder(net: OnnxNet, latents: Latents) -> Tensor:
    """What the decoder gives for a few draws from the prior: (3, ...) finite.

    Raises:
        UsageError: it does not take such latents, has several outputs or gives no finite numbers.
    """
    (taken,) = net.session.get_inputs()
    wanted = [side for side in taken.shape[1:] if isinstance(side, int)]
    if len(wanted) == len(taken.shape) - 1 and math.prod(wanted) != latents.dim:
        raise UsageError(
            f"takes rows of {_sides(wanted)} numbers, but the latents have {latents.dim} (--latents)"
        )
    if len(outputs := net.session.get_outputs()) != 1:
        names = ", ".join(output.name for output in outputs)
        raise UsageError(f"a decoder has one output, the images; this has {len(outputs)} ({names})")
    return _steady(net, latents.sample(ROWS, torch.Generator().manual_seed(0)))[0]


def image_form(found: list[Any], flat: ImageForm | None) -> ImageForm | None:
    """The form of images of shape ``found`` (without rows; text stands for an open size), None if open.

    ``flat`` is the form of the other network, for one that writes images as flat rows.

    Raises:
        UsageError: no image has such a shape.
    """
    if len(found) == 3 and all(isinstance(side, int) for side in found):
        if found[0] in CHANNELS and found[1] == found[2]:
            return ImageForm(parse_image(found), "nchw")
        if found[2] in CHANNELS and found[0] == found[1]:
            return ImageForm(parse_image([found[2], found[0], found[1]]), "nhwc")
        raise UsageError(
            f"images of {_sides(found)} are neither CxHxW nor HxWxC, square, with 1, 3 or 4 channels"
        )
    if len(found) == 1 and isinstance(found[0], int) and flat is not None:
        if found[0] != math.prod(flat.shape):
            raise UsageError(f"rows of {found[0]} numbers are no images of {_sides(list(flat.shape))}")
        return flat
    if len(found) in (1, 3):
        return None
    raise UsageError(f"takes or gives {_sides(found)} per row, which is no image")


def check_range(values: Tensor, gives: str) -> str | None:
    """A note if ``gives`` (logits, probs or tanh) looks wrong for the decoder's output ``values``.

    Raises:
        UsageError: it cannot be.
    """
    low, high = float(values.min()), float(values.max())
    least = {"probs": 0.0, "tanh": -1.0}.get(gives, -math.inf)
    most = math.inf if gives == "logits" else 1.0
    far = max(1 + TOLERANCE, SATURATED if gives == "logits" else 0.0)
    if high > far and low > -high / 10:
        raise UsageError(
            f"gives values from {low:.3g} to {high:.3g}, like pixels from 0 to 255: divide them in the graph "
            "(by 255) and export it again, so that images are from 0 to 1"
        )
    if low < least - TOLERANCE or high > most + TOLERANCE:
        others = [kind for kind in ("logits", "tanh") if kind != gives]
        raise UsageError(
            f"gives values from {low:.3g} to {high:.3g}, which are not {gives}: "
            f"say --output {' or '.join(others)}"
        )
    if gives == "logits" and low >= 0 and high <= 1:
        return (
            f"its values lie between {low:.3g} and {high:.3g}: probabilities rather than logits (--output)?"
        )
    return None


def probe_encoder(net: OnnxNet, rows: Tensor, codes: int, chosen: Outputs) -> tuple[bool, str | None]:
    """Whether the encoder gives the spread of each code beside means, tried on ``rows`` in its own form.

    With a note where it cannot well be what ``chosen`` says.

    Raises:
        UsageError: it does not take such images, or gives other numbers than K or 2K or an impossible spread.
    """
    outputs = _steady(net, rows)
    found = [list(output.shape[1:]) for output in outputs]
    widths = [math.prod(shape) for shape in found]
    if all(width == shape[0] for width, shape in zip(widths, found, strict=True) if shape):
        if widths == [codes] and chosen.told:
            raise UsageError(
                f"gives {codes} numbers per image for {codes} codes, so no {chosen.spread}; if these "
                f"are the means, say --encoder-outputs {chosen.names[0]}:mean"
            )
        if widths == [codes]:
            return False, None
        if widths in ([2 * codes], [codes, codes]):
            return True, _spread_note(torch.cat(outputs, 1)[:, codes:], chosen.spread)
    given = " and ".join(_sides(shape) for shape in found)
    if any(len(shape) > 1 and width != shape[0] for width, shape in zip(widths, found, strict=True)):
        total = sum(widths)
        fits = total in (codes, 2 * codes)
        also = "" if fits else f", with --latents for as many codes as its means ({codes} now)"
        raise UsageError(
            f"gives {given} numbers per image, not rows of codes: flatten them to {total} in the graph "
            f"(torch.nn.Flatten(), the decoder unflattens them) and export both networks again{also}"
        )
    raise UsageError(
        f"gives {given} numbers per image, but there are {codes} codes (--latents): expected {codes} means, "
        f"or {codes} means and then {codes} log-variances, in one output or two"
    )


def _spread_note(values: Tensor, spread: str) -> str | None:
    to_logvar(values, spread)
    low, high = float(values.min()), float(values.max())
    if spread in ("var", "std") or low < 0:
        return None
    alike = {"logvar": "std or var", "logstd": "std"}[spread]
    return (
        f"every {spread} of a trial is positive ({low:.3g} to {high:.3g}), as deviations are; if they are, "
        f"name both outputs with --encoder-outputs and say {alike} in place of {spread}"
    )


def _steady(net: OnnxNet, rows: Tensor) -> list[Tensor]:
    """Run twice, and row by row: the same numbers must come, and finite ones."""
    try:
        outputs, again = net.run(rows), net.run(rows)
        alone = [net.run(row[None]) for row in rows]
    except UsageError as error:
        raise UsageError(f"{error} (was it exported with a dynamic batch dimension?)") from None
    for i, output in enumerate(outputs):
        if not output.isfinite().all():
            raise UsageError("gives numbers that are not finite")
        if not torch.equal(output, again[i]):
            raise UsageError("gives other numbers each time: it samples; export the mean instead")
        single = torch.cat([one[i] for one in alone])
        if not torch.allclose(single, output, rtol=1e-3, atol=1e-3):
            raise UsageError("a row's numbers depend on the other rows: export it in evaluation mode")
    return outputs


def _sides(sides: list[Any]) -> str:
    return "x".join(str(side) for side in sides) or "no"

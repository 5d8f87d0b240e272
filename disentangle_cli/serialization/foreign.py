"""Files of models that are none of tensors: what one is, and which way leads from it into dcr."""

import os
from dataclasses import dataclass
from typing import BinaryIO

_TAIL = 2**16
"""Bytes: where the directory of a zip archive stands."""
_HEAD = 64

EXPORT = (
    "export its encoder and its decoder to ONNX (torch.onnx.export) and take both with `dcr import onnx`, "
    "or save its weights alone (torch.save(model.state_dict(), ...)) for `dcr import state-dict`"
)
_KERAS = (
    "export its encoder and its decoder to ONNX (tf2onnx, or model.export of Keras 3) and take both with "
    "`dcr import onnx`"
)
_SAFE = (
    "write its weights anew with torch.save(safetensors.torch.load_file(...), ...) and take them with "
    "`dcr import state-dict`"
)


@dataclass(frozen=True)
class Foreign:
    """``kind`` in words, and the ``way`` to a checkpoint."""

    kind: str
    way: str


def recognise(file: BinaryIO) -> Foreign | None:
    """What the content of an open file looks like; None where it is nothing that is known here.

    A guess for a message: a few bytes are looked at, and nothing is parsed.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    if head.startswith(b"PK"):
        if b"/constants.pkl" in tail and b"/code/" in tail:
            return Foreign("a TorchScript program, which dcr never runs", EXPORT)
        if b"archive_format" in tail and b"models/" in tail:
            return Foreign("a program of torch.export, which dcr never runs", EXPORT)
        if b"model.weights.h5" in tail:
            return Foreign("a model of Keras", _KERAS)
        return None
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return Foreign("an HDF5 file, as Keras writes models", _KERAS)
    if head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") < size:
        return Foreign("a safetensors file", _SAFE)
    if head[:1] == b"\x80" and tail.endswith(b"."):
        return Foreign("a pickled Python object, which dcr never opens", EXPORT)
    if head[:1] == b"\x08" and (b"onnx" in head or b"pytorch" in head or b"keras" in head):
        return Foreign("an ONNX graph", "take it and its counterpart with `dcr import onnx`")
    return None

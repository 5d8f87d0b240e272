"""Models in files of another kind are refused with the way into dcr."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import Result

from disentangle_cli.errors import UsageError
from disentangle_cli.importing.weights import read_weights
from disentangle_cli.serialization import read_tensors

Cli = Callable[..., Result]
ONNX = "with `dcr import onnx`"


def script(path: Path) -> None:
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), path)


def exported(path: Path) -> None:
    torch.export.save(torch.export.export(nn.Linear(2, 2), (torch.zeros(1, 2),)), path)


def keras(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            archive.writestr(name, "{}")


def safetensors(path: Path) -> None:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))


FILES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "script.pt": (script, "a TorchScript program", ONNX),
    "program.pt2": (exported, "a program of torch.export", ONNX),
    "whole.pt": (lambda path: torch.save(nn.Linear(2, 2), path), "Python objects", ONNX),
    "theirs.pkl": (lambda path: path.write_bytes(pickle.dumps(nn.Linear(2, 2))), "pickled Python", ONNX),
    "theirs.keras": (keras, "a model of Keras", ONNX),
    "theirs.h5": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)), "an HDF5 file", ONNX),
    "theirs.safetensors": (safetensors, "a safetensors file", "safetensors.torch.load_file"),
    "theirs.onnx": (lambda path: path.write_bytes(b"\x08\x07\x12\x07pytorch"), "an ONNX graph", ONNX),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", FILES)
def test_the_way_is_named(cli: Cli, tmp_path: Path, name: str) -> None:
    write, kind, way = FILES[name]
    path = tmp_path / name
    write(path)
    with pytest.raises(UsageError, match=kind) as raised:
        read_weights(path, "state dict")
    result = cli("info", path)
    assert result.exit_code == 2
    for line in (str(raised.value), result.stderr):
        assert str(path) in line
        assert way in line
    with pytest.raises(UsageError) as told:  # what is no model's file is not sent there
        read_tensors(path, "resume state")
    assert way not in str(told.value)


def test_a_damaged_file_is_only_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"w": torch.zeros(3)}, path)
    for data in (path.read_bytes()[:-40], b"", b"text", bytes(200)):
        path.write_bytes(data)
        with pytest.raises(UsageError, match="or damaged"):
            read_weights(path, "state dict")

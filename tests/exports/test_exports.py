"""Exports: read back equal, with lines of Python that load them, and nothing written where they differ."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import Result

from disentangle_cli.api.export import export, from_safetensors
from disentangle_cli.checkpoint import load_checkpoint, save_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.exporting import EXPORTS
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models import load_model
from tests.conftest import GAN_LATENTS, VAE_LATENTS, WriteModel

Cli = Callable[..., Result]
GRID = (
    Block("codes", "grid", 3, True, values=(-1.0, 0.25, 2.0)),
    Block("noise", "normal", 2, False, mean=1.0),
)
KINDS: dict[str, dict[str, Any]] = {
    "gan": {"blocks": GAN_LATENTS},
    "vae": {"blocks": VAE_LATENTS, "posterior": True, "channels": 3},
    "grid": {"blocks": GRID},
}
FORMATS = ["torchscript", "safetensors", "onnx"]
EXTRAS = {"onnx": ["onnx", "onnxruntime", "onnxscript"], "safetensors": ["safetensors"]}


def skip_without(to: str) -> None:
    for module in EXTRAS.get(to, []):
        pytest.importorskip(module)


def run_lines(code: str) -> dict[str, Any]:
    """What the names of the lines stand for, as arrays, once they have run."""
    names: dict[str, Any] = {}
    exec(compile(code, "lines", "exec"), names)
    return {
        name: np.asarray(names[name].detach() if isinstance(names[name], torch.Tensor) else names[name])
        for name in ("latents", "images", "codes", "logvar")
        if name in names
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("to", "kind"),
    [(to, kind) for to in FORMATS[:2] for kind in KINDS] + [("onnx", "grid")],
)
def test_the_lines_load_what_the_model_gives(
    cli: Cli, write_model: WriteModel, tmp_path: Path, to: str, kind: str
) -> None:
    skip_without(to)
    path = write_model(**KINDS[kind])
    out = tmp_path / "out" / to
    result = cli("export", path, "--to", to, "--out", out, "--format", "json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    files = [out / name for name in EXPORTS.get(to).files]
    assert document["paths"] == list(map(str, files))
    assert sorted(out.iterdir()) == sorted(files)
    assert document["deviation"]["images"] <= document["deviation"]["tolerance"] <= 1e-4
    model = load_model(path)
    found = run_lines(document["code"])
    assert found["latents"].shape == (8, model.latents.dim)
    np.testing.assert_allclose(found["images"], model.generate(found["latents"]), atol=1e-4)
    np.testing.assert_allclose(found["codes"], model.encode(found["images"]), rtol=1e-4, atol=1e-3)
    assert ("logvar" in found) == model.has_posterior
    told = "\n".join(result.stderr.splitlines())
    assert "read back: images differ by at most" in told
    assert document["code"].splitlines()[-1].split("  #")[0] in told
    about = EXPORTS.get(to)(model).open(out).about
    assert (about["codes"], about["image"]["height"]) == (model.latents.num_codes, 8)
    assert Latents.from_json(about["latents"]) == model.latents


def test_a_model_comes_back_from_safetensors(write_model: WriteModel, tmp_path: Path) -> None:
    skip_without("safetensors")
    path = write_model(**KINDS["vae"])
    (file,) = export(path, "safetensors", tmp_path / "out").paths
    model = from_safetensors(file)
    assert model.content_hash == load_model(path).content_hash
    again = save_checkpoint(tmp_path / "again.pt", model.checkpoint)
    assert load_checkpoint(again).provenance["dataset"] == "toy"


def test_a_damaged_safetensors_file_is_refused(write_model: WriteModel, tmp_path: Path) -> None:
    skip_without("safetensors")
    (file,) = export(write_model(), "safetensors", tmp_path / "out").paths
    whole = file.read_bytes()
    changed = bytearray(whole)
    changed[-5] ^= 1
    from safetensors.numpy import save

    for data in (whole[:-3], bytes(changed), b"", b"text", save({"generator.w": np.zeros(3)})):
        file.write_bytes(data)
        with pytest.raises(UsageError, match=r"model\.safetensors: .*dcr export"):
            from_safetensors(file)
    with pytest.raises(UsageError, match=r"none\.safetensors: No such file"):
        from_safetensors(tmp_path / "none.safetensors")


def test_what_differs_is_not_written(
    cli: Cli, write_model: WriteModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from disentangle_cli.exporting import networks

    class Other(networks.ExportedEncoder):
        def forward(self, images: torch.Tensor) -> Any:
            return super().forward(images) + 0.01

    monkeypatch.setattr(networks, "ExportedEncoder", Other)
    out = tmp_path / "out"
    result = cli("export", write_model(), "--to", "torchscript", "--out", out)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "read back, a code differs by 0.00" in result.stderr
    assert not out.exists()


def test_files_that_are_there_stay(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    out, model = tmp_path / "out", write_model()
    out.mkdir()
    mine = out / "encoder.torchscript"
    mine.write_text("mine")
    command = ("export", model, "--to", "torchscript", "--out", out)
    result = cli(*command)
    assert (result.exit_code, mine.read_text()) == (2, "mine")
    assert f"{mine} exists; --overwrite" in result.stderr
    assert cli(*command, "--overwrite").exit_code == 0
    result = cli("export", model, "--to", "torchscript", "--out", mine)
    assert result.exit_code == 2
    assert "is a file; name a folder" in result.stderr


def test_the_default_folder_is_named_after_the_model(
    cli: Cli, write_model: WriteModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    result = cli("export", write_model("a.pt"), "--to", "torchscript")
    assert result.stdout == "a-torchscript/generator.torchscript\na-torchscript/encoder.torchscript\n"


@pytest.mark.parametrize(("to", "package"), [(to, name) for to, names in EXTRAS.items() for name in names])
def test_a_missing_extra_is_named(
    cli: Cli, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch, to: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    result = cli("export", write_model(), "--to", to)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f'pip install "disentangle-cli[{to}]"' in result.stderr


def test_an_unknown_format_is_told_which_was_meant(cli: Cli, write_model: WriteModel) -> None:
    result = cli("export", write_model(), "--to", "safetensor")
    assert result.exit_code == 2
    assert "safetensors" in result.stderr


def write_graphs(folder: Path) -> tuple[Path, Path]:
    """A decoder of 4x4 images in [-1, 1], channels last, and an encoder that takes such from 0 to 255."""
    from onnx import TensorProto, helper, numpy_helper, save

    rng = np.random.default_rng(0)
    value = helper.make_tensor_value_info
    paths = []
    for name, takes, gives, nodes, weight in (
        ("decoder", ["n", 3], ["n", 4, 4, 1], [("MatMul", "x w", "row"), ("Tanh", "row", "t")], (3, 16)),
        ("encoder", ["n", 4, 4, 1], ["n", 3], [("Reshape", "x s", "row"), ("MatMul", "row w", "y")], (16, 3)),
    ):
        made = [helper.make_node(kind, into.split(), out.split()) for kind, into, out in nodes]
        shape = [-1, 4, 4, 1] if name == "decoder" else [-1, 16]
        if name == "decoder":
            made.append(helper.make_node("Reshape", ["t", "s"], ["y"]))
        arrays = {"w": rng.normal(0, 0.5, weight).astype(np.float32), "s": np.array(shape)}
        graph = helper.make_graph(
            made, "g", [value("x", TensorProto.FLOAT, takes)], [value("y", TensorProto.FLOAT, gives)],
            [numpy_helper.from_array(array, key) for key, array in arrays.items()],
        )  # fmt: skip
        paths.append(folder / f"{name}.onnx")
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), paths[-1])
    return paths[0], paths[1]


def test_graphs_from_elsewhere_come_back(cli: Cli, tmp_path: Path) -> None:
    skip_without("onnx")
    decoder, encoder = write_graphs(tmp_path)
    model = tmp_path / "theirs.pt"
    result = cli(
        "import", "onnx", "--encoder", encoder, "--decoder", decoder, "--latents", "normal:3",
        "--output", "tanh", "--input-range", "0:255", "--out", model,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    exported = export(model, "onnx", tmp_path / "out")
    found = run_lines(exported.code)
    loaded = load_model(model)
    assert found["images"].shape == (8, 1, 4, 4)
    np.testing.assert_allclose(found["images"], loaded.generate(found["latents"]), atol=1e-6)
    np.testing.assert_allclose(found["codes"], loaded.encode(found["images"]), rtol=1e-4, atol=1e-3)
    refused = cli("export", model, "--to", "torchscript", "--out", tmp_path / "ts")
    assert refused.exit_code == 2
    assert f"{model}: --to torchscript: this model holds ONNX graphs" in refused.stderr
    again = tmp_path / "again.pt"
    result = cli(
        "import", "onnx", "--encoder", exported.paths[1], "--decoder", exported.paths[0],
        "--latents", "normal:3", "--output", "tanh", "--input-range", "0:255", "--out", again,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr

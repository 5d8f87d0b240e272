"""ONNX files made to do harm, or to give something else than networks do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import Result

from disentangle_cli.errors import UsageError
from disentangle_cli.models import load_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from tests.sources.test_onnx import pair, read  # noqa: E402

__all__ = ["pair"]  # a fixture of those tests

Cli = Callable[..., Result]


def external(path: Path) -> None:
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, size_threshold=0, location="weights.bin")


def external_constant(path: Path) -> None:
    model = onnx.load(path)
    tensor = TensorProto(name="c", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["c"], value=tensor))
    onnx.save(model, path)


def custom(path: Path) -> None:
    model = onnx.load(path)
    model.graph.node.append(helper.make_node("Steal", ["x"], ["stolen"], domain="com.evil"))
    model.opset_import.append(helper.make_opsetid("com.evil", 1))
    onnx.save(model, path)


def hidden_custom(path: Path) -> None:
    model = onnx.load(path)
    steal = helper.make_node("Steal", [], ["y"], domain="com.evil")
    body = helper.make_graph([steal], "b", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])])
    on = helper.make_tensor("on", TensorProto.BOOL, [1], [True])
    model.graph.node.append(helper.make_node("Constant", [], ["on"], value=on))
    model.graph.node.append(helper.make_node("If", ["on"], ["z"], then_branch=body, else_branch=body))
    onnx.save(model, path)


def in_a_function(attribute: Any) -> Callable[[Path], None]:
    """Hide ``attribute`` as the default of an attribute of a function that the graph calls."""

    def damage(path: Path) -> None:
        model = onnx.load(path)
        node = helper.make_node("Identity", ["x"], ["y"])
        function = helper.make_function("own", "F", ["x"], ["y"], [node], [helper.make_opsetid("", 18)])
        function.attribute_proto.append(attribute)
        model.functions.append(function)
        model.opset_import.append(helper.make_opsetid("own", 1))
        model.graph.node.append(helper.make_node("F", [model.graph.input[0].name], ["z"], domain="own"))
        onnx.save(model, path)

    return damage


def default_graph() -> Any:
    steal = helper.make_node("Steal", [], ["y"], domain="com.evil")
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    return helper.make_attribute("body", helper.make_graph([steal], "b", [], [output]))


def default_tensor() -> Any:
    tensor = TensorProto(name="c", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    return helper.make_attribute("value", tensor)


def memory_bomb(path: Path) -> None:
    """Add 10^15 zeros, summed up, to the input."""
    model = onnx.load(path)
    for user in model.graph.node:
        user.input[:] = ["with_bomb" if name == "x" else name for name in user.input]
    huge = numpy_helper.from_array(torch.tensor([10**15]).numpy(), "huge")
    model.graph.initializer.append(huge)
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["huge"], ["bomb"]))
    model.graph.node.insert(1, helper.make_node("ReduceSum", ["bomb"], ["sum"], keepdims=0))
    model.graph.node.insert(2, helper.make_node("Add", ["x", "sum"], ["with_bomb"]))
    onnx.save(model, path)


HOSTILE: list[tuple[Callable[[Path], Any], str]] = [
    (external, "external data"),
    (external_constant, "external data"),
    (custom, r"com\.evil\.Steal"),
    (hidden_custom, r"com\.evil\.Steal"),
    (in_a_function(default_graph()), r"com\.evil\.Steal"),
    (in_a_function(default_tensor()), "external data"),
    (memory_bomb, "onnxruntime"),
    (lambda path: path.write_bytes(b""), "not an ONNX model"),
    (lambda path: path.write_bytes(b"hello"), "not an ONNX model"),
    (lambda path: path.write_bytes(path.read_bytes()[:-20]), "not an ONNX model|onnxruntime"),
    (lambda path: path.write_bytes(b"\x12\x08abORTM12"), "not an ONNX model"),
    (lambda path: torch.save({"a": torch.zeros(1)}, path), "not an ONNX model"),
]


@pytest.mark.parametrize(("damage", "message"), HOSTILE)
def test_hostile_files_are_refused(
    cli: Cli, tmp_path: Path, pair: tuple[Path, Path], damage: Callable[[Path], Any], message: str
) -> None:
    for broken in pair:
        whole = broken.read_bytes()
        damage(broken)
        found = pytest.raises(UsageError, match=message)
        with found as raised:
            read(*pair)
        assert str(broken) in str(raised.value)
        arguments = ["--encoder", pair[0], "--decoder", pair[1], "--latents", "normal:3"]
        result = cli("import", "onnx", *arguments, "--out", tmp_path / "out.pt")
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
        assert not (tmp_path / "out.pt").exists()
        broken.write_bytes(whole)


def test_a_checkpoint_with_hostile_bytes_is_refused(
    cli: Cli, tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    out = tmp_path / "out.pt"
    arguments = ["--encoder", pair[0], "--decoder", pair[1], "--latents", "normal:3", "--out", out]
    assert cli("import", "onnx", *arguments).exit_code == 0
    custom(pair[1])
    document = torch.load(out, weights_only=True)
    del document["digest"]
    data = torch.frombuffer(bytearray(pair[1].read_bytes()), dtype=torch.uint8)
    document["weights"]["generator"]["onnx"] = data
    document["config"]["architecture"]["generator_bytes"] = len(data)
    torch.save(document, out)
    with pytest.raises(UsageError, match=r"out\.pt: operator com\.evil\.Steal"):
        load_model(out)


def text(path: Path) -> None:
    """An output of texts, as many as rows."""
    model = onnx.load(path)
    del model.graph.node[:]
    first = model.graph.input[0].name
    model.graph.node.append(helper.make_node("ReduceSum", [first], ["sum"], keepdims=0))
    model.graph.node.append(helper.make_node("Cast", ["sum"], ["y"], to=TensorProto.STRING))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.STRING, None))
    onnx.save(model, path)


def narrow(path: Path) -> None:
    """One number a row."""
    model = onnx.load(path)
    del model.graph.node[:]
    model.graph.initializer.append(numpy_helper.from_array(torch.tensor([1]).numpy(), "axis"))
    first = model.graph.input[0].name
    model.graph.node.append(helper.make_node("Flatten", [first], ["flat"]))
    model.graph.node.append(helper.make_node("ReduceSum", ["flat", "axis"], ["y"]))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    onnx.save(model, path)


@pytest.mark.parametrize(
    ("damage", "message"), [(text, "holds no numbers"), (narrow, "gives 1 numbers a row")]
)
def test_a_checkpoint_whose_networks_give_something_else(
    cli: Cli, tmp_path: Path, pair: tuple[Path, Path], damage: Callable[[Path], None], message: str
) -> None:
    out = tmp_path / "out.pt"
    arguments = ["--encoder", pair[0], "--decoder", pair[1], "--latents", "normal:3", "--out", out]
    assert cli("import", "onnx", *arguments).exit_code == 0
    document = torch.load(out, weights_only=True)
    del document["digest"]
    for part, path in zip(("encoder", "generator"), pair, strict=True):
        damage(path)
        data = torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8)
        document["weights"][part]["onnx"] = data
        document["config"]["architecture"][f"{part}_bytes"] = len(data)
        document["config"]["architecture"].pop("encoder_outputs", None)
    torch.save(document, out)
    model = load_model(out)
    with pytest.raises(UsageError, match=message):
        model.generate(model.sample_latents(2))
    with pytest.raises(UsageError, match=message):
        model.encode(torch.zeros(2, *model.image_shape))


@pytest.mark.parametrize("side", [0])
def test_rows_that_hold_nothing_are_refused(
    cli: Cli, tmp_path: Path, pair: tuple[Path, Path], side: int
) -> None:
    model = onnx.load(pair[1])
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = side
    onnx.save(model, pair[1])
    arguments = ["--encoder", pair[0], "--decoder", pair[1], "--latents", "normal:3"]
    result = cli("import", "onnx", *arguments, "--out", tmp_path / "out.pt")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "internal" not in result.stderr


def test_a_loop_that_never_ends_is_stopped(
    cli: Cli, tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disentangle_cli.architectures.onnx.PATIENCE", -2.0)
    model = onnx.load(pair[1])
    taken = model.graph.input[0].name
    values = [("i", TensorProto.INT64, []), ("go", TensorProto.BOOL, []), ("rows", TensorProto.FLOAT, None)]
    inside = [helper.make_tensor_value_info(*value) for value in values]
    outside = [helper.make_tensor_value_info(f"{name}_on", kind, shape) for name, kind, shape in values[1:]]
    steps = [helper.make_node("Identity", [name], [f"{name}_on"]) for name in ("go", "rows")]
    body = helper.make_graph(steps, "body", inside, outside)
    for node in model.graph.node:
        node.input[:] = ["looped" if name == taken else name for name in node.input]
    model.graph.node.insert(0, helper.make_node("Loop", ["many", "always", taken], ["looped"], body=body))
    numbers = {"many": torch.tensor(2**60), "always": torch.tensor(True)}
    model.graph.initializer.extend(numpy_helper.from_array(n.numpy(), name) for name, n in numbers.items())
    onnx.save(model, pair[1])
    arguments = ["--encoder", pair[0], "--decoder", pair[1], "--latents", "normal:3"]
    result = cli("import", "onnx", *arguments, "--out", tmp_path / "out.pt")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "stopped after 1 seconds" in result.stderr

import copy
import math
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from typer.testing import Result

from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.importing import SOURCES
from disentangle_cli.importing.finish import complete
from disentangle_cli.latents import Latents
from disentangle_cli.models import LoadedModel, load_model
from tests.conftest import VAE_LATENTS

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

Cli = Callable[..., Result]
SIDE, CODES = 4, 3
PIXELS = SIDE * SIDE
OPSET = [helper.make_opsetid("", 17)]


def matrices() -> tuple[Tensor, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(0)
    shapes = (PIXELS, CODES), (PIXELS, CODES), (CODES, PIXELS)
    mean, logvar, out = (torch.randn(shape, generator=rng) for shape in shapes)
    return mean, logvar, out


def save(
    path: Path, nodes: list[Any], takes: list[Any], gives: dict[str, list[Any]], **weights: Tensor
) -> Path:
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [info("x", TensorProto.FLOAT, takes)],
        [info(name, TensorProto.FLOAT, shape) for name, shape in gives.items()],
        [numpy_helper.from_array(tensor.numpy(), name) for name, tensor in weights.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=OPSET, ir_version=8), path)
    return path


def node(kind: str, takes: str, gives: str, **attributes: Any) -> Any:
    return helper.make_node(kind, takes.split(), gives.split(), **attributes)


def write_encoder(
    path: Path,
    takes: list[Any] | None = None,
    outputs: tuple[str, ...] = ("mean", "logvar"),
    order: tuple[str, ...] = ("mean", "logvar"),
    before: Any = None,
    positive: bool = False,
) -> Path:
    """Two products of the flat image; ``outputs`` are the names in the file of those in ``order``."""
    mean, logvar, _ = matrices()
    logvar = logvar.abs() if positive else logvar
    names = dict(zip(order, outputs, strict=False))
    nodes = [before] if before else []
    nodes += [node("Flatten", "seen" if before else "x", "flat", axis=1)]
    nodes += [node("MatMul", f"flat w_{kind}", name) for kind, name in names.items()]
    weights = {f"w_{kind}": {"mean": mean, "logvar": logvar}[kind] for kind in names}
    gives: dict[str, list[Any]] = {name: ["n", CODES] for name in outputs}
    return save(path, nodes, takes or ["n", 1, SIDE, SIDE], gives, **weights)


def write_decoder(path: Path, end: str = "Sigmoid", shape: tuple[int, ...] = (-1, 1, SIDE, SIDE)) -> Path:
    nodes = [node("MatMul", "x w", "rows"), node(end, "rows", "y"), node("Reshape", "y shape", "images")]
    return save(
        path, nodes, ["n", CODES], {"images": ["n", *shape[1:]]}, w=matrices()[2], shape=torch.tensor(shape)
    )


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return write_encoder(tmp_path / "e.onnx"), write_decoder(tmp_path / "d.onnx")


def read(encoder: Path, decoder: Path, latents: str = "normal:3", **options: Any) -> LoadedModel:
    return LoadedModel(complete(SOURCES.get("onnx")(encoder, decoder, latents, **options), "onnx"))


IMAGES = torch.rand(5, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
LATENTS = torch.randn(5, CODES, generator=torch.Generator().manual_seed(2))


def test_an_encoder_and_a_decoder(pair: tuple[Path, Path]) -> None:
    mean, logvar, out = matrices()
    model = read(*pair)
    assert model.image_shape == (1, SIDE, SIDE)
    torch.testing.assert_close(model.encode(IMAGES), IMAGES.flatten(1) @ mean, atol=1e-4, rtol=1e-4)
    posterior = model.posterior(IMAGES)
    assert posterior
    torch.testing.assert_close(posterior[1], IMAGES.flatten(1) @ logvar, atol=1e-4, rtol=1e-4)
    expected = (LATENTS @ out).sigmoid().reshape(-1, 1, SIDE, SIDE)
    torch.testing.assert_close(model.generate(LATENTS), expected, atol=1e-5, rtol=1e-4)
    assert model.encode(IMAGES[:0]).shape == (0, CODES)
    assert model.encode(IMAGES.repeat(30, 1, 1, 1)).shape == (150, CODES)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert torch.equal(twin.encode(IMAGES), model.encode(IMAGES))


def test_outputs_are_told_by_their_names(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    mean = read(*pair).encode(IMAGES)
    reversed_order = write_encoder(tmp_path / "r.onnx", outputs=("log_var", "mu"), order=("logvar", "mean"))
    torch.testing.assert_close(read(reversed_order, pair[1]).encode(IMAGES), mean)
    nameless = write_encoder(tmp_path / "n.onnx", outputs=("a", "b"))
    with pytest.raises(UsageError, match=r"a, b, do not tell .* --encoder-outputs MEAN,NAME:KIND"):
        read(nameless, pair[1])
    with pytest.raises(UsageError, match="the name a does not tell which kind of spread it is"):
        read(nameless, pair[1], encoder_outputs=["b", "a"])
    chosen = read(nameless, pair[1], encoder_outputs=["b", "a:logvar"]).posterior(IMAGES)
    assert chosen
    torch.testing.assert_close(chosen[1], mean)
    single = write_encoder(tmp_path / "s.onnx", outputs=("codes",))
    assert read(single, pair[1]).posterior(IMAGES) is None
    with pytest.raises(UsageError, match=r"it has a, b"):
        read(nameless, pair[1], encoder_outputs=["c"])


@pytest.mark.parametrize(
    ("name", "asked", "to_logvar"),
    [
        ("sigma", None, lambda x: 2 * x.log()),
        ("z_var", None, torch.log),
        ("log_sigma", None, lambda x: 2 * x),
        ("log_var", None, lambda x: x),
        ("b", ["mean", "b:var"], torch.log),
        ("b", ["mean", "b:std"], lambda x: 2 * x.log()),
    ],
)
def test_spreads_become_log_variances(
    tmp_path: Path, pair: tuple[Path, Path], name: str, asked: list[str] | None, to_logvar: Any
) -> None:
    spread = IMAGES.flatten(1) @ matrices()[1].abs()
    encoder = write_encoder(tmp_path / "e1.onnx", outputs=("mean", name), positive=True)
    for order in (
        encoder,
        write_encoder(tmp_path / "e2.onnx", outputs=(name, "mean"), order=("logvar", "mean"), positive=True),
    ):
        model = read(order, pair[1], encoder_outputs=asked)
        torch.testing.assert_close(
            model.encode(IMAGES), IMAGES.flatten(1) @ matrices()[0], atol=1e-4, rtol=1e-4
        )
        posterior = pickle.loads(pickle.dumps(model)).posterior(IMAGES)
        assert posterior
        torch.testing.assert_close(posterior[1], to_logvar(spread), atol=1e-4, rtol=1e-4)


def test_means_alone_have_no_spread(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    single = write_encoder(tmp_path / "s.onnx", outputs=("mu_sigma",))
    with pytest.raises(UsageError, match=r"no std; .* say --encoder-outputs mu_sigma:mean"):
        read(single, pair[1])
    assert read(single, pair[1], encoder_outputs=["mu_sigma:mean"]).posterior(IMAGES) is None


def test_log_variances_that_look_like_deviations_are_noted(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    positive = write_encoder(tmp_path / "p.onnx", positive=True)
    (note,) = SOURCES.get("onnx")(positive, pair[1], "normal:3").notes
    assert "every logvar of a trial is positive" in note
    assert not SOURCES.get("onnx")(*pair, "normal:3").notes
    signed = write_encoder(tmp_path / "s.onnx", outputs=("mean", "sigma"))
    with pytest.raises(UsageError, match=r"its std is -.* which cannot be"):
        read(signed, pair[1])


@pytest.mark.parametrize("batch", [1, 2])
def test_a_fixed_number_of_rows(tmp_path: Path, pair: tuple[Path, Path], batch: int) -> None:
    fixed = write_encoder(tmp_path / "f.onnx", takes=[batch, 1, SIDE, SIDE])
    torch.testing.assert_close(read(fixed, pair[1]).encode(IMAGES), read(*pair).encode(IMAGES))


def test_image_forms(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    mean, _, out = matrices()
    images = torch.rand(2, 3, SIDE, SIDE)
    latents = torch.randn(2, CODES)
    # channels last, as TensorFlow writes it; the encoder sees one channel's mean
    reduce = node("ReduceMean", "x", "seen", axes=[3], keepdims=0)
    encoder = write_encoder(tmp_path / "e3.onnx", takes=["n", SIDE, SIDE, 3], before=reduce)
    nodes = [node("MatMul", "x w", "r"), node("Sigmoid", "r", "y"), node("Reshape", "y shape", "images")]
    wide = torch.cat([out, 2 * out, 3 * out], 1)
    shape = torch.tensor([-1, SIDE, SIDE, 3])
    decoder = save(
        tmp_path / "d3.onnx", nodes, ["n", CODES], {"images": ["n", SIDE, SIDE, 3]}, w=wide, shape=shape
    )
    model = read(encoder, decoder)
    assert model.image_shape == (3, SIDE, SIDE)
    expected = (latents @ wide).sigmoid().reshape(2, SIDE, SIDE, 3).permute(0, 3, 1, 2)
    torch.testing.assert_close(model.generate(latents), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(model.encode(images), images.mean(1).flatten(1) @ mean, atol=1e-4, rtol=1e-4)
    # flat rows on one side, and an encoder that leaves the size open
    flat = write_encoder(tmp_path / "flat.onnx", takes=["n", PIXELS])
    torch.testing.assert_close(read(flat, pair[1]).encode(IMAGES), read(*pair).encode(IMAGES))
    rows = write_decoder(tmp_path / "rows.onnx", shape=(-1, PIXELS))
    torch.testing.assert_close(read(pair[0], rows).generate(LATENTS), read(*pair).generate(LATENTS))
    open_size = write_encoder(tmp_path / "open.onnx", takes=["n", 1, "h", "w"])
    torch.testing.assert_close(read(open_size, pair[1]).encode(IMAGES), read(*pair).encode(IMAGES))
    with pytest.raises(UsageError, match="neither network says the size"):
        read(flat, rows)


def test_ranges(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    mean, _, out = matrices()
    coded = read(*pair, input_range="-1:1").encode(IMAGES)
    torch.testing.assert_close(coded, (2 * IMAGES - 1).flatten(1) @ mean, atol=1e-4, rtol=1e-4)
    logits = (LATENTS @ out).reshape(-1, 1, SIDE, SIDE)
    raw, tanh = write_decoder(tmp_path / "raw.onnx", "Identity"), write_decoder(tmp_path / "t.onnx", "Tanh")
    made = read(pair[0], raw, gives="logits").generate(LATENTS)
    torch.testing.assert_close(made, logits.sigmoid(), atol=1e-5, rtol=1e-4)
    made = read(pair[0], tanh, gives="tanh").generate(LATENTS)
    torch.testing.assert_close(made, (logits.tanh() + 1) / 2, atol=1e-5, rtol=1e-4)
    for decoder, gives in ((raw, "probs"), (raw, "tanh"), (tanh, "probs")):
        with pytest.raises(UsageError, match=f"{decoder.name}: gives values from -.*not {gives}.*--output"):
            read(pair[0], decoder, gives=gives)
    bytes_of = save(
        tmp_path / "b.onnx",
        [
            node("MatMul", "x w", "r"),
            node("Sigmoid", "r", "s"),
            node("Mul", "s c", "y"),
            node("Reshape", "y shape", "images"),
        ],
        ["n", CODES],
        {"images": ["n", 1, SIDE, SIDE]},
        w=out,
        c=torch.tensor(255.0),
        shape=torch.tensor((-1, 1, SIDE, SIDE)),
    )
    for gives in ("probs", "tanh", "logits"):
        with pytest.raises(UsageError, match="like pixels from 0 to 255: divide them") as told:
            read(pair[0], bytes_of, gives=gives)
        assert "logits" not in str(told.value)
    found = SOURCES.get("onnx")(pair[0], pair[1], "normal:3", gives="logits")
    assert "probabilities rather than logits" in found.notes[0]


def test_mismatches_are_explained(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    other = write_encoder(tmp_path / "o.onnx", takes=["n", 1, SIDE // 2, 2 * SIDE])
    pool = node("AveragePool", "x", "seen", kernel_shape=[2, 2], strides=[2, 2])
    big = write_encoder(tmp_path / "b.onnx", takes=["n", 1, 8, 8], before=pool)
    two = write_encoder(tmp_path / "two.onnx", outputs=("mean",))
    random = write_encoder(tmp_path / "rnd.onnx", before=node("Dropout", "x ratio on", "seen"))
    graph = onnx.load(random)
    graph.graph.initializer.append(numpy_helper.from_array(torch.tensor(0.5).numpy(), "ratio"))
    graph.graph.initializer.append(numpy_helper.from_array(torch.tensor(True).numpy(), "on"))
    onnx.save(graph, random)
    cases: list[tuple[Path, Path, str, str]] = [
        (*pair, "normal:4", r"d\.onnx: takes rows of 3 numbers, but the latents have 4"),
        (*pair, "normal:2,normal:1:noise", r"e\.onnx: gives 3 and 3 numbers .* there are 2 codes"),
        (other, pair[1], "normal:3", "neither CxHxW nor HxWxC"),
        (big, pair[1], "normal:3", "takes images of 1x8x8 .*, the decoder gives 1x4x4"),
        (two, pair[1], "normal:2,normal:1:noise", "gives 3 numbers per image"),
        (random, pair[1], "normal:3", "it samples; export the mean"),
        (*pair, "normal", "expected normal:DIM"),
        (*pair, "cauchy:3", "expected normal:DIM"),
        (*pair, "normal:3:noise", "no code"),
        (pair[1], pair[1], "normal:3", r"d\.onnx: "),
        (tmp_path / "none", pair[1], "normal:3", "none: No such file"),
    ]
    for encoder, decoder, latents, message in cases:
        with pytest.raises(UsageError, match=message) as raised:
            read(encoder, decoder, latents)
        assert "\n" not in str(raised.value)
    with pytest.raises(UsageError, match="--input-range"):
        read(*pair, input_range="1")


def test_without_the_extra(
    cli: Cli, tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("onnx", "onnxruntime"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            arguments = ["--encoder", pair[0], "--decoder", pair[1], "--latents", "normal:3"]
            result = cli("import", "onnx", *arguments, "--out", tmp_path / "out.pt")
        assert result.exit_code == 2
        assert "pip install 'disentangle-cli[onnx]'" in result.stderr


def write_linear(path: Path, angle: float) -> Path:
    """A VAE whose four codes are recovered nearly exactly; two pairs of them are rotated by ``angle``."""
    pictures = 0.5 * torch.linalg.qr(torch.randn(64, 4, generator=torch.Generator().manual_seed(0)))[0]
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    made = pictures @ torch.block_diag(turn, turn)  # (64, 4)
    signs = torch.cat([torch.eye(4), -torch.eye(4)])  # a linear map through ReLU
    inverse = 4 * torch.linalg.pinv(made)
    encoder = {
        "1.weight": signs @ inverse, "1.bias": -(signs @ inverse).sum(1) / 2,
        "3.weight": torch.cat([signs.T, torch.zeros(4, 8)]), "3.bias": torch.tensor([0.0] * 4 + [-9.0] * 4),
    }  # fmt: skip
    generator = {
        "0.weight": signs, "0.bias": torch.zeros(8), "2.weight": made @ signs.T, "2.bias": torch.zeros(64)
    }  # fmt: skip
    config = {
        "architecture": {"name": "mlp", "hidden": [8]},
        "generator_output": "logits",
        "encoder_output": "mean-logvar",
    }
    latents = Latents(VAE_LATENTS)
    return save_checkpoint(path, Checkpoint("vae", config, (1, 8, 8), latents, generator, encoder))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("dynamo", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_dcr_vae_exported_by_torch(cli: Cli, tmp_path: Path, dynamo: bool) -> None:
    if dynamo:
        pytest.importorskip("onnxscript")
    # the one between two that are rotated to either side
    originals = [write_linear(tmp_path / f"{i}.pt", angle) for i, angle in enumerate((0.0, 0.4, -0.4))]
    model = load_model(originals[0])
    encoder, decoder, copied = tmp_path / "e.onnx", tmp_path / "d.onnx", tmp_path / "copy.pt"
    for net, path, rows in (
        (model.encoder, encoder, torch.rand(2, 1, 8, 8)),
        (model.generator, decoder, torch.randn(2, 4)),
    ):
        options: dict[str, Any] = (
            {"dynamo": True, "dynamic_shapes": ({0: torch.export.Dim("n")},), "external_data": False}
            if dynamo
            else {"dynamo": False, "dynamic_axes": {"x": {0: "n"}}}
        )
        torch.onnx.export(net, (rows,), str(path), input_names=["x"], **options)
    arguments = ["--encoder", encoder, "--decoder", decoder, "--latents", "normal:4", "--output", "logits"]
    result = cli("import", "onnx", *arguments, "--out", copied)
    assert (result.exit_code, result.stdout) == (0, f"{copied}\n"), result.stderr
    encoder.unlink()
    decoder.unlink()
    foreign = load_model(copied)
    images, latents = torch.rand(70, 1, 8, 8), torch.randn(70, 4)
    torch.testing.assert_close(foreign.encode(images), model.encode(images), atol=1e-4, rtol=0)
    torch.testing.assert_close(foreign.generate(latents), model.generate(latents), atol=1e-4, rtol=0)

    assert cli("info", copied).exit_code == 0
    assert cli("generate", copied, "--num", 4, "--out", tmp_path / "g.npz").exit_code == 0
    assert cli("traverse", copied, "--out", tmp_path / "t.png").exit_code == 0
    scores = []
    for first in (originals[0], copied):
        small = ["--groups-per-code", 50, "--group-size", 10, "--scale-images", 200, "--no-cache"]
        result = cli("centrality", first, *originals[1:], *small, "--encode", "mean", "--format", "csv")
        assert result.exit_code == 0, result.stderr
        rows_of = [line.split(",") for line in result.stdout.splitlines()]
        scores.append({row[2]: (row[1], float(row[3])) for row in rows_of[1:]})
    assert scores[0][str(originals[0])][0] == scores[1][str(copied)][0] == "1", scores
    # the same votes up to their random draws
    assert scores[0][str(originals[0])][1] == pytest.approx(scores[1][str(copied)][1], abs=0.08)


@pytest.mark.parametrize(("shape", "way"), [([3, 2, 2], "--latents for as many codes"), ([3, 1, 1], None)])
def test_codes_that_are_maps_are_to_be_flattened(
    cli: Cli, tmp_path: Path, shape: list[int], way: str | None
) -> None:
    size = math.prod(shape)
    weight = torch.randn(PIXELS, size)
    nodes = [node("Flatten", "x", "flat", axis=1), node("MatMul", "flat w", "row")]
    nodes.append(node("Reshape", "row s", "codes"))
    rows: list[Any] = ["n"]
    encoder = save(
        tmp_path / "e.onnx", nodes, [*rows, 1, SIDE, SIDE], {"codes": [*rows, *shape]},
        w=weight, s=torch.tensor([-1, *shape]),
    )  # fmt: skip
    decoder = write_decoder(tmp_path / "d.onnx")
    result = cli(
        "import", "onnx", "--encoder", encoder, "--decoder", decoder, "--latents", f"normal:{CODES}",
        "--out", tmp_path / "o.pt",
    )  # fmt: skip
    if way is None:
        assert result.exit_code == 0, result.stderr
    else:
        assert result.exit_code == 2
        assert f"{encoder}: gives 3x2x2 numbers per image, not rows of codes: flatten" in result.stderr
        assert way in result.stderr

"""Checkpoints, and models of other projects, held against what they were and what torch reads."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from disentangle_cli.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from disentangle_cli.latents import Latents
from disentangle_cli.networks.architecture import ARCHITECTURES
from tests.conftest import GAN_LATENTS
from tests.fuzz.kinds import KINDS, Kind, dcr
from tests.fuzz.mutate import BYTES, PICKLE, TEXT, ZIP
from tests.sources.conftest import DisvaeDecoder, DisvaeEncoder, Pair

TRUTH: dict[str, Any] = {}
"""What the files held before they were damaged, by name."""


def filled(net: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return {name: torch.randn(value.shape, generator=rng) for name, value in net.state_dict().items()}


def make_checkpoint() -> None:
    latents, net = Latents(GAN_LATENTS), ARCHITECTURES.get("mlp")([8])
    parts = filled(net.generator(latents.dim, 1, 8)), filled(net.encoder(latents.num_codes, 1, 8))
    config = {
        "architecture": {"name": "mlp", "hidden": [8]}, "generator_output": "logits",
        "encoder_output": "codes",
    }  # fmt: skip
    facts = {"source": "imported", "dataset": "toy", "seed": 7}
    save_checkpoint("m.pt", Checkpoint("infogan", config, (1, 8, 8), latents, *parts, facts, {"mig": 0.25}))
    TRUTH["m.pt"] = told(load_checkpoint("m.pt"))


def told(checkpoint: Checkpoint) -> tuple[Any, ...]:
    """All that a checkpoint says."""
    facts = (checkpoint.config, checkpoint.provenance, checkpoint.metrics)
    return checkpoint.content_hash(), checkpoint.model, json.dumps(facts, sort_keys=True)


def check_checkpoint(path: Path) -> None:
    """Nothing in it can change unseen, by damage or by making the archive anew with right check sums."""
    assert told(load_checkpoint(path)) == TRUTH["m.pt"], "content"


KINDS["checkpoint"] = Kind(
    make_checkpoint, {"m.pt": ZIP}, lambda path: dcr("info", path, "--format", "json"), check_checkpoint
)


def make_disvae() -> None:
    specs = {
        "img_size": [1, 32, 32], "latent_dim": 2, "model_type": "Burgess", "loss": "btcvae", "dataset": "toy",
        "seed": 7,
    }  # fmt: skip
    for folder, zipped in (("legacy", False), ("zipped", True)):
        Path(folder).mkdir()
        Path(folder, "specs.json").write_text(json.dumps(specs))
        state = {
            name: value.half()
            for name, value in Pair(DisvaeEncoder(1, 32, 2), DisvaeDecoder(1, 32, 2)).state_dict().items()
        }
        torch.save(state, Path(folder, "model.pt"), _use_new_zipfile_serialization=zipped)


def check_weights(path: Path, rename: Callable[[dict[str, Tensor]], Tensor]) -> None:
    """One weight of the import is what torch reads: names say the rest."""
    kept = load_checkpoint("out.pt")
    found = torch.load(path, weights_only=True)
    theirs = rename(found.get("model_state_dict", found)).float()
    assert any(torch.equal(theirs, mine) for mine in kept.generator.values()), "weights"


def import_disvae(path: Path) -> None:
    dcr("import", "disvae", path.parent, "--out", "out.pt")


KINDS["disvae"] = Kind(
    make_disvae,
    {"legacy/model.pt": PICKLE, "legacy/specs.json": TEXT, "zipped/model.pt": ZIP, "zipped/specs.json": TEXT},
    import_disvae,
    lambda path: check_weights(path.parent / "model.pt", lambda found: found["decoder.lin2.weight"]),
)


def make_pythae() -> None:
    layers = {
        "encoder.layers.0.0": (512, 16), "encoder.embedding": (2, 512), "encoder.log_var": (2, 512),
        "decoder.layers.0.0": (512, 2), "decoder.layers.1.0": (16, 512),
    }  # fmt: skip
    rng = torch.Generator().manual_seed(0)
    state = {}
    for name, (rows, columns) in layers.items():
        state[f"{name}.weight"] = torch.randn(rows, columns, generator=rng).half()
        state[f"{name}.bias"] = torch.randn(rows, generator=rng).half()
    config = {
        "name": "VAEConfig", "input_dim": [1, 4, 4], "latent_dim": 2, "uses_default_encoder": False,
        "uses_default_decoder": True,
    }  # fmt: skip
    Path("run").mkdir()
    Path("run/model_config.json").write_text(json.dumps(config))
    name = b"cpythae.models.nn.default_architectures\nEncoder_VAE_MLP\n"
    Path("run/encoder.pkl").write_bytes(
        b"\x80\x02" + name + b")\x81}(" + pickle.dumps({"a": 1}, 2)[2:-1] + b"ub."
    )
    torch.save({"model_state_dict": state}, "run/model.pt")


KINDS["pythae"] = Kind(
    make_pythae,
    {"run/model.pt": ZIP, "run/model_config.json": TEXT, "run/encoder.pkl": PICKLE},
    lambda _: dcr("import", "pythae", "run", "--out", "out.pt", "--trained-on", "toy"),
    lambda _: check_weights(Path("run/model.pt"), lambda found: found["decoder.layers.1.0.weight"]),
)


def make_state_dict() -> None:
    net = ARCHITECTURES.get("mlp")([8])
    generator, encoder = filled(net.generator(2, 1, 8)), filled(net.encoder(2, 1, 8))
    state = {f"g.{name}": value for name, value in generator.items()}
    torch.save(state | {f"e.{name}": value for name, value in encoder.items()}, "w.pt")
    Path("map.yaml").write_text(
        "model: beta-vae\noptions: {hidden: [8]}\nimage: 1x8x8\nlatents: normal:2\ngenerator_output: logits\n"
        "encoder_output: codes\ngenerator:\n  '*': 'g.*'\nencoder:\n  '*': 'e.*'\n"
    )


KINDS["state dict"] = Kind(
    make_state_dict,
    {"w.pt": ZIP, "map.yaml": TEXT},
    lambda _: dcr("import", "state-dict", "w.pt", "--arch", "mlp", "--map", "map.yaml", "--out", "out.pt"),
    lambda _: check_weights(Path("w.pt"), lambda found: next(iter(found.values()))),
)


def make_onnx() -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = torch.Generator().manual_seed(0)
    for path, takes, gives, product in (("d.onnx", 2, [1, 4, 4], 16), ("e.onnx", [1, 4, 4], 2, 2)):
        flat = takes if isinstance(takes, int) else 16
        matrix = torch.randn(flat, product, generator=rng)
        nodes = [
            helper.make_node("Flatten", ["x"], ["rows"]),
            helper.make_node("MatMul", ["rows", "w"], ["raw"]),
            helper.make_node("Sigmoid" if product == 16 else "Identity", ["raw"], ["bounded"]),
            helper.make_node("Reshape", ["bounded", "shape"], ["y"]),
        ]
        shape = torch.tensor([-1, *(gives if isinstance(gives, list) else [gives])])
        sides = [["n", *(side if isinstance(side, list) else [side])] for side in (takes, gives)]
        info = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, side)
            for name, side in zip("xy", sides, strict=True)
        ]
        weights = [
            numpy_helper.from_array(matrix.numpy(), "w"),
            numpy_helper.from_array(shape.numpy(), "shape"),
        ]
        graph = helper.make_graph(nodes, "g", info[:1], info[1:], weights)
        opset = [helper.make_opsetid("", 17)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def check_onnx(_: Path) -> None:
    kept = load_checkpoint("out.pt")
    for path, weights in (("d.onnx", kept.generator), ("e.onnx", kept.encoder)):
        assert weights["onnx"].numpy().tobytes() == Path(path).read_bytes(), path


KINDS["onnx"] = Kind(
    make_onnx,
    {"d.onnx": BYTES, "e.onnx": BYTES},
    lambda _: dcr(
        "import",
        "onnx",
        "--encoder",
        "e.onnx",
        "--decoder",
        "d.onnx",
        "--latents",
        "normal:2",
        "--out",
        "out.pt",
    ),
    check_onnx,
)

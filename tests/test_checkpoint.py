import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from disentangle_cli.architectures.mlp import Mlp
from disentangle_cli.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.files import sha256_file
from disentangle_cli.latents import Block, Latents
from disentangle_cli.models import Model, load_model
from tests.serialization.archives import rewrite


def example(seed: int = 0, config: dict[str, Any] | None = None, **changes: Any) -> Checkpoint:
    torch.manual_seed(seed)
    latents = Latents([Block("codes", "uniform", 3, True), Block("noise", "normal", 2, False)])
    fields: dict[str, Any] = {
        "model": "infogan",
        "config": {
            "architecture": {"name": "mlp", "hidden": [8]},
            "generator_output": "logits",
            "encoder_output": "codes",
        }
        | (config or {}),
        "image_shape": (1, 8, 8),
        "latents": latents,
        "generator": Mlp([8]).generator(5, 1, 8).state_dict(),
        "encoder": Mlp([8]).encoder(3, 1, 8).state_dict(),
        "provenance": {"source": "trained", "dataset": "toy"},
    }
    return Checkpoint(**fields | changes)


def document(path: Path) -> dict[str, Any]:
    """What a program that is not dcr would write: the digest is optional."""
    found = dict(torch.load(path, weights_only=True))
    del found["digest"]
    return found


def test_round_trip(tmp_path: Path) -> None:
    checkpoint = example(metrics={"mig": {"score": 0.5}})
    path = save_checkpoint(tmp_path / "a.pt", checkpoint)
    back = load_checkpoint(path)
    assert back.latents == checkpoint.latents
    assert (back.model, back.config, back.image_shape) == ("infogan", checkpoint.config, (1, 8, 8))
    assert (back.provenance, back.metrics) == (checkpoint.provenance, {"mig": {"score": 0.5}})
    for part in ("generator", "encoder"):
        for key, value in getattr(checkpoint, part).items():
            assert torch.equal(getattr(back, part)[key], value)
    assert back.content_hash() == checkpoint.content_hash()


numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
@settings(deadline=None, max_examples=25)
def test_any_json_provenance_survives(tmp_path_factory: pytest.TempPathFactory, provenance: Any) -> None:
    path = tmp_path_factory.mktemp("c") / "a.pt"
    assert load_checkpoint(save_checkpoint(path, example(provenance=provenance))).provenance == provenance


def test_same_content_same_bytes_and_hash_of_content_only(tmp_path: Path) -> None:
    first = save_checkpoint(tmp_path / "a.pt", example())
    second = save_checkpoint(tmp_path / "b.pt", example())
    assert sha256_file(first) == sha256_file(second)
    renamed = example(provenance={"source": "imported"}, model="other")
    assert renamed.content_hash() == example().content_hash()
    assert example(seed=1).content_hash() != example().content_hash()
    wider = Latents([Block("codes", "uniform", 3, True, low=-2), Block("noise", "normal", 2, False)])
    assert example(latents=wider).content_hash() != example().content_hash()


def test_loaded_model_follows_the_protocol(tmp_path: Path) -> None:
    model = load_model(save_checkpoint(tmp_path / "a.pt", example()))
    assert isinstance(model, Model)
    latents = model.sample_latents(1_000, torch.Generator().manual_seed(0))
    images = model.generate(latents)
    assert images.shape == (1_000, 1, 8, 8)
    assert images.min() >= 0
    assert images.max() <= 1
    assert model.encode(images).shape == (1_000, 3)
    assert model.posterior(images) is None
    assert model.generate(latents[:0]).shape == (0, 1, 8, 8)
    with pytest.raises(ValueError, match="latents"):
        model.generate(latents[:, :4])
    with pytest.raises(ValueError, match="images"):
        model.encode(images[..., :4])


def test_half_precision_halves_a_file_and_keeps_three_digits(tmp_path: Path) -> None:
    whole = example()
    model = load_model(save_checkpoint(tmp_path / "whole.pt", whole))
    half = load_model(save_checkpoint(tmp_path / "half.pt", whole.halved()))
    stored = load_checkpoint(tmp_path / "half.pt").generator.values()
    assert {tensor.dtype for tensor in stored if tensor.is_floating_point()} == {torch.float16}
    assert all(p.dtype is torch.float32 for p in half.generator.parameters())
    latents = model.sample_latents(50, torch.Generator().manual_seed(0))
    images = model.generate(latents)
    torch.testing.assert_close(half.generate(latents), images, atol=2e-3, rtol=0)
    torch.testing.assert_close(half.encode(images), model.encode(images), atol=5e-3, rtol=5e-3)
    assert half.content_hash != model.content_hash


def shared(levels: int) -> list[Any]:
    """Ten times a list of ten times a list ...: little in a pickle, 10^levels values written out."""
    found: list[Any] = [0]
    for _ in range(levels):
        found = [found] * 10
    return found


class Hostile:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (Path("owned"),)


def change(key: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda found: found | {key: value}


def reweigh(part: str, **weights: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda found: found | {"weights": found["weights"] | {part: found["weights"][part] | weights}}


BROKEN: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("other dict", lambda found: {"state_dict": {}}, "not a dcr checkpoint"),
    ("a list", lambda found: [1, 2], "not a dcr checkpoint"),
    ("version", change("version", 2), "version 2"),
    ("missing part", lambda found: {k: v for k, v in found.items() if k != "latents"}, "latents missing"),
    ("unknown part", change("code", "x"), "unknown key"),
    ("hostile pickle", change("config", Hostile()), "carries Python objects"),
    ("numpy", change("config", {"x": torch.zeros(1)}), "config must hold JSON types"),
    ("not a number", change("provenance", {"x": float("nan")}), "provenance must hold JSON types"),
    ("image", change("image", {"channels": 1, "height": 0, "width": 8}), "image sizes"),
    ("image side", change("image", {"channels": 1, "height": 8, "width": 10**9}), "image sizes"),
    ("latents", change("latents", [{"name": "c", "kind": "uniform", "dim": 10**9, "code": True}]), "dim"),
    ("no tensors", change("weights", {"generator": {"a": 1}, "encoder": {"a": 1}}), "no tensor"),
    ("nan weights", reweigh("encoder", **{"1.bias": torch.full((8,), torch.nan)}), "not finite"),
    ("meta", reweigh("encoder", **{"1.bias": torch.zeros(8, device="meta")}), "_rebuild_meta_tensor"),
    ("float8", reweigh("encoder", **{"1.bias": torch.zeros(8).to(torch.float8_e5m2)}), "tensor_v3"),
    ("shared parts", change("config", {"x": shared(25)}), "stands for far more than it holds"),
    ("shared text", change("provenance", {"x": ["y" * 100_000] * 100}), "stands for far more than it holds"),
    ("huge number", change("provenance", {"x": 2**65}), "provenance must hold JSON types"),
    ("escape", change("model", "a\x1b[2J"), "model must be a name"),
    ("surrogate", change("model", "a\udc80"), "model must be a name"),
    ("tensor version", change("version", torch.ones(2)), "version of type Tensor"),
    ("huge view", reweigh("encoder", **{"1.bias": torch.zeros(1).expand(10**12)}), "claims more"),
]


@pytest.mark.parametrize(("name", "breaks", "message"), BROKEN, ids=[case[0] for case in BROKEN])
def test_malformed_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, breaks: Any, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = save_checkpoint(tmp_path / "a.pt", example())
    torch.save(breaks(document(path)), path)
    with pytest.raises(UsageError, match=message) as raised:
        load_checkpoint(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not Path("owned").exists()


MISFITS: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("shape", reweigh("encoder", **{"1.bias": torch.zeros(9)}), "1.bias has shape"),
    ("type", reweigh("encoder", **{"1.bias": torch.zeros(8, dtype=torch.float64)}), "float64"),
    ("extra", reweigh("generator", extra=torch.zeros(1)), "extra is not part"),
    ("latents", lambda d: d | {"latents": d["latents"][:1]}, "do not fit the latents"),
    ("size", change("image", {"channels": 1, "height": 16, "width": 16}), "latents and image size"),
    ("oblong", change("image", {"channels": 1, "height": 8, "width": 16}), "8x16"),
    ("architecture", lambda d: d | {"config": d["config"] | {"architecture": {"name": "x"}}}, "unknown arch"),
    ("option", lambda d: d | {"config": d["config"] | {"architecture": {"name": "mlp", "deep": 1}}}, "deep"),
    (
        "width",
        lambda d: d | {"config": d["config"] | {"architecture": {"name": "mlp", "hidden": [9**9]}}},
        "from 1 to 100000",
    ),
    (
        "depth",
        lambda d: d | {"config": d["config"] | {"architecture": {"name": "mlp", "hidden": [1] * 101}}},
        "at most 100",
    ),
    ("output", lambda d: d | {"config": d["config"] | {"encoder_output": "x"}}, "encoder_output"),
]


@pytest.mark.parametrize(("name", "breaks", "message"), MISFITS, ids=[case[0] for case in MISFITS])
def test_models_that_do_not_fit_are_refused(tmp_path: Path, name: str, breaks: Any, message: str) -> None:
    path = save_checkpoint(tmp_path / "a.pt", example())
    torch.save(breaks(document(path)), path)
    with pytest.raises(UsageError, match=message) as raised:
        load_model(path)
    assert str(path) in str(raised.value)


def test_files_that_are_no_archives_are_refused(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "a.pt", example())
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:size])
        with pytest.raises(UsageError, match=r"a\.pt: not a dcr checkpoint"):
            load_checkpoint(path)
    path.write_bytes(pickle.dumps({"format": "dcr-checkpoint"}))
    with pytest.raises(UsageError, match="not a dcr checkpoint"):
        load_checkpoint(path)
    with pytest.raises(UsageError, match="No such file"):
        load_checkpoint(tmp_path / "none.pt")
    with pytest.raises(UsageError, match="is a folder"):
        load_checkpoint(tmp_path)


def test_records_shorter_than_their_tensors_are_refused(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "a.pt", example())
    rewrite(path, lambda name, data: data[:4] if name == "data/0" else data)
    with pytest.raises(UsageError, match=r"a\.pt: (damaged|not a dcr checkpoint)"):
        load_checkpoint(path)


@pytest.mark.parametrize("program", [b"\x80\x02J\x01", b"\x80\x02K\x01Q.", b"\x80\x02."])
def test_damaged_pickles_are_refused(tmp_path: Path, program: bytes) -> None:
    path = save_checkpoint(tmp_path / "a.pt", example())
    rewrite(path, lambda name, data: program if name == "data.pkl" else data)
    with pytest.raises(UsageError, match=r"a\.pt: "):
        load_checkpoint(path)


def test_other_records_than_tensors_are_refused(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "a.pt", example())
    rewrite(path, lambda name, data: data, **{"data/999": b"12345678"})
    with pytest.raises(UsageError, match="other records than its tensors"):
        load_checkpoint(path)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_bombs_and_programs_are_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.pt"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(50_000_000))
    with pytest.raises(UsageError, match=r"bomb\.pt: not a dcr checkpoint, or damaged"):
        load_checkpoint(bomb)
    program = tmp_path / "program.pt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), program)
    with pytest.raises(
        UsageError, match=r"TorchScript program, which dcr never runs; export .* `dcr import onnx`"
    ):
        load_checkpoint(program)
    flipped = save_checkpoint(tmp_path / "flipped.pt", example())
    data = bytearray(flipped.read_bytes())
    data[len(data) // 2] ^= 0xFF
    flipped.write_bytes(data)
    with pytest.raises(UsageError, match=r"flipped\.pt: (damaged|not a dcr checkpoint)"):
        load_checkpoint(flipped)


def test_what_is_saved_can_be_loaded_with_shared_weights(tmp_path: Path) -> None:
    one = torch.zeros(8, 8)
    path = save_checkpoint(tmp_path / "a.pt", example(encoder={"a": one, "b": one, "c": one[:0]}))
    assert load_checkpoint(path).encoder.keys() == {"a", "b", "c"}


def test_save_refuses_what_load_would(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not finite"):
        save_checkpoint(tmp_path / "a.pt", example(encoder={"w": torch.tensor(float("inf"))}))
    assert not list(tmp_path.iterdir())

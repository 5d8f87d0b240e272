"""Real malicious files: each is refused with exit code 2, in one line, and nothing in it runs."""

import io
import json
import pickle
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import Result

from tests.serialization.archives import write_archive
from tests.test_config import alias_bomb

Cli = Callable[..., Result]
Folder = Callable[..., tuple[Path, Any]]


class Hostile:
    """Unpickled, it makes a file."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (Path("owned"),)


def legacy(payload: bytes, storages: bytes = b"") -> bytes:
    """A file in the format that torch wrote before 1.6: magic number, protocol, system, object, keys."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}]
    return b"".join(pickle.dumps(part, 2) for part in head) + payload + storages


def archived(payload: bytes) -> bytes:
    """An archive as torch writes it, around a pickle of any kind."""
    buffer = io.BytesIO()
    write_archive(buffer, [("data.pkl", payload), ("byteorder", b"little")])
    return buffer.getvalue()


def zipped(payload: bytes, **more: bytes) -> bytes:
    """A compressed archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data.pkl", payload)
        archive.writestr("m/version", b"3\n")
        archive.writestr("m/byteorder", b"little")
        for name, data in more.items():
            archive.writestr(f"m/{name}", data)
    return buffer.getvalue()


def huge_legacy() -> bytes:
    """A float tensor that claims 10^15 numbers of a file that holds four."""
    many = struct.pack("<q", 10**15)[:7]
    pickled = (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
        b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpu\x8a\x07" + many + b"NtQK\x00\x8a\x07"
        + many + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR."
    )  # fmt: skip
    pickled = b"\x80\x02}X\x01\x00\x00\x00w" + pickled[2:-1] + b"s."
    return legacy(pickled, pickle.dumps(["0"], 2) + struct.pack("<q4f", 4, 0, 0, 0, 0))


def script() -> bytes:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), buffer)
    return buffer.getvalue()


def view_bomb() -> bytes:
    buffer = io.BytesIO()
    torch.save({"encoder.conv1.weight": torch.zeros(1).expand(10**12)}, buffer)
    return buffer.getvalue()


def saved(tensor: torch.Tensor) -> bytes:
    buffer = io.BytesIO()
    torch.save({"encoder.conv1.weight": tensor}, buffer)
    return buffer.getvalue()


def module() -> bytes:
    buffer = io.BytesIO()
    torch.save(torch.nn.Linear(2, 2), buffer)
    return buffer.getvalue()


def nested() -> bytes:
    return legacy(b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".")


FILES: list[tuple[str, Callable[[], bytes]]] = [
    ("hostile legacy pickle", lambda: legacy(pickle.dumps(Hostile(), 2))),
    ("hostile value of a state dict", lambda: legacy(pickle.dumps({"encoder.conv1.weight": Hostile()}, 2))),
    ("hostile magic number", lambda: pickle.dumps(Hostile(), 2)),
    ("hostile zip pickle", lambda: archived(pickle.dumps({"w": Hostile()}, 2))),
    ("pickled module", module),
    ("TorchScript", script),
    ("zip bomb", lambda: zipped(bytes(50_000_000))),
    ("bomb beside the pickle", lambda: zipped(pickle.dumps({}, 2), data=bytes(10**7))),
    ("storage larger than the file", huge_legacy),
    ("view larger than its storage", view_bomb),
    ("no data", lambda: saved(torch.zeros(3, device="meta"))),
    ("quantised", lambda: saved(torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8))),
    ("deep nesting", nested),
    ("nothing", lambda: b""),
    ("text", lambda: b"hello"),
    ("archive of nothing", lambda: archived(b"\x80\x02}.")),
    ("bytes out of nothing", lambda: archived(b"\x80\x02c__builtin__\nbytearray\n\x8a\x05\0\0\0\0\2\x85R.")),
    ("codecs", lambda: archived(b"\x80\x02c_codecs\nencode\nX\1\0\0\0aX\6\0\0\0latin1\x86R.")),
    ("a list in itself", lambda: archived(b"\x80\x02]q\0h\0a.")),
    ("many lists", lambda: archived(b"\x80\x02](" + b"]" * 10**6 + b"e.")),
    ("something behind the pickle", lambda: archived(b"\x80\x02}.}.")),
    ("no tensors", lambda: legacy(pickle.dumps({"encoder.conv1.weight": 3}, 2))),
    ("a list", lambda: legacy(pickle.dumps([1, 2], 2) + pickle.dumps([], 2))),
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("make", [f for _, f in FILES], ids=[name for name, _ in FILES])
def test_hostile_weights_are_refused(
    cli: Cli,
    disvae_folder: Folder,
    pythae_folder: Folder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], bytes],
) -> None:
    monkeypatch.chdir(tmp_path)
    data = make()
    disvae, _ = disvae_folder()
    pythae, _ = pythae_folder(final=False)
    (tmp_path / "map.yaml").write_text(
        "{image: 1x8x8, latents: 'normal:4', generator_output: logits, encoder_output: codes, "
        "generator: {'*': '*'}, encoder: {'*': '*'}}"
    )
    (tmp_path / "weights.pt").write_bytes(data)
    commands: list[tuple[Path, list[object]]] = [
        (disvae / "model.pt", ["disvae", disvae]),
        (pythae / "model.pt", ["pythae", pythae]),
        (
            tmp_path / "weights.pt",
            ["state-dict", tmp_path / "weights.pt", "--arch", "mlp", "--map", "map.yaml"],
        ),
    ]
    for path, command in commands:
        path.write_bytes(data)
        result = cli("import", *command, "--out", tmp_path / "out.pt")
        assert (result.exit_code, result.stdout) == (2, ""), result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert str(path) in result.stderr
    assert not (tmp_path / "owned").exists()
    assert not (tmp_path / "out.pt").exists()


def test_the_hostile_object_would_do_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Hostile(), 2))
    assert (tmp_path / "owned").exists()


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_pickled_networks_are_never_unpickled(
    cli: Cli, pythae_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder, _ = pythae_folder(final=False, **{f"uses_default_{part}": False})
    (folder / f"{part}.pkl").write_bytes(pickle.dumps(Hostile()))
    result = cli("import", "pythae", folder, "--out", "out.pt")
    assert result.exit_code == 2
    assert f"{part}.pkl, which dcr never runs" in result.stderr
    assert not (tmp_path / "owned").exists()
    # beside networks that are the stock ones it is of no interest
    other, _ = pythae_folder("other", final=False)
    (other / f"{part}.pkl").write_bytes(pickle.dumps(Hostile()))
    assert cli("import", "pythae", other, "--out", "out.pt").exit_code == 0
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "nonsense", "[" * 100_000, "1" * 6_000, " " * (1 << 21), "\xff", '{"img_size": NaN}']
)
def test_hostile_descriptions_are_refused(
    cli: Cli, disvae_folder: Folder, pythae_folder: Folder, tmp_path: Path, text: str
) -> None:
    for kind, write, name in (
        ("disvae", disvae_folder, "specs.json"),
        ("pythae", pythae_folder, "model_config.json"),
    ):
        folder, _ = write(kind) if kind == "disvae" else write(kind, final=False)
        (folder / name).write_bytes(text.encode("latin-1"))
        result = cli("import", kind, folder, "--out", tmp_path / "out.pt")
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.stderr
        assert str(folder / name) in result.stderr


def test_specs_that_are_not_finite_do_not_break_the_checkpoint(
    cli: Cli, disvae_folder: Folder, tmp_path: Path
) -> None:
    folder, _ = disvae_folder()
    specs = json.loads((folder / "specs.json").read_text())
    (folder / "specs.json").write_text(json.dumps(specs | {"lr": float("nan")}))
    assert cli("import", "disvae", folder, "--out", tmp_path / "out.pt").exit_code == 0
    assert cli("info", tmp_path / "out.pt").exit_code == 0


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch owned']",
        "a: [",
        "- 1",
        "[" * 5_000,
        "\t",
        alias_bomb("image"),
    ],
)
def test_hostile_maps_are_refused(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("map.yaml").write_text(text)
    torch.save({"a": torch.zeros(1)}, "w.pt")
    result = cli("import", "state-dict", "w.pt", "--arch", "mlp", "--map", "map.yaml", "--out", "out.pt")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.stderr
    assert "map.yaml" in result.stderr
    assert not Path("owned").exists()


def test_pythae_is_not_needed(cli: Cli, pythae_folder: Folder, tmp_path: Path) -> None:
    folder, _ = pythae_folder()
    assert cli("import", "pythae", folder, "--out", tmp_path / "out.pt").exit_code == 0
    assert "pythae" not in sys.modules

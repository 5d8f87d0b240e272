"""The door: no file of any kind hangs, grows without bounds or ends in more than a line."""

import json
import os
import tokenize
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from disentangle_cli.data.csv_columns import read_columns
from disentangle_cli.data.export import MAX_INDICES
from disentangle_cli.data.image_files import decode
from disentangle_cli.data.npz_reader import NpzFile, read_npy
from disentangle_cli.errors import DcrError, GateError, UsageError
from disentangle_cli.importing.pickled_name import class_name
from disentangle_cli.plain import read_json, read_yaml
from disentangle_cli.reading import check_growth, explained, read_whole, reading
from disentangle_cli.scoring import read_baseline
from disentangle_cli.scoring.codes_file import read_codes
from disentangle_cli.scoring.parquet import read_parquet
from disentangle_cli.scoring.run import is_codes_file

Cli = Callable[..., Result]
READERS: dict[str, Callable[[Path], object]] = {
    "npz": NpzFile,
    "npy": lambda path: read_npy(path, "no indices", MAX_INDICES),
    "csv": read_columns,
    "parquet": read_parquet,
    "json": read_json,
    "yaml": read_yaml,
    "baseline": read_baseline,
    "picture": lambda path: decode(path, 8, 1),
    "codes": read_codes,
    "class name": class_name,
    "whole": lambda path: read_whole(path, "no such thing", 100),
}


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "missing"])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_is_no_regular_file_is_refused(
    read: Callable[[Path], object], kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "it.npz"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(UsageError) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert not is_codes_file(str(path.rename(tmp_path / "it") if kind != "missing" else path.with_suffix("")))


@pytest.mark.parametrize("read", [read_json, read_yaml, read_columns, read_baseline, READERS["whole"]])
def test_what_is_too_large_is_refused_unread(read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2**36)
    with pytest.raises(UsageError, match="too large"):
        read(path)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("two\nlines"),
        KeyError("zz"),
        tokenize.TokenError("EOF in multi-line statement", (2, 0)),
        OverflowError("too big"),
        zlib.error("incorrect header check"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        RecursionError("maximum recursion depth exceeded"),
        AttributeError(),
        OSError(5, "Input/output error"),
        ValueError("x" * 10_000),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_parser_raises_is_one_line(error: Exception) -> None:
    with pytest.raises(UsageError) as raised, explained("a.npz", "no npz file"):
        raise error
    message = str(raised.value)
    assert message.startswith("a.npz: no npz file (")
    assert message.isprintable()
    assert 22 < len(message) < 300


@pytest.mark.parametrize("error", [UsageError("so it is"), GateError("missed")])
def test_errors_of_dcr_pass(error: DcrError) -> None:
    with pytest.raises(type(error)) as raised, explained("a.npz", "no npz file"):
        raise error
    assert raised.value is error


def test_warnings_of_parsers_are_silent(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    (tmp_path / "a").touch()
    with reading(tmp_path / "a", "nothing"):
        warnings.warn("look here", stacklevel=1)
    assert not recwarn.list


def test_streams_that_dcr_was_given_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    with (tmp_path / "a.json").open() as file:
        assert read_json(f"/dev/fd/{file.fileno()}") == {"a": 1}
    source, sink = os.pipe()
    os.write(sink, b'{"b": 2}')
    os.close(sink)
    assert read_json(f"/dev/fd/{source}", streams=True) == {"b": 2}
    os.close(source)
    with Path("/dev/zero").open("rb") as endless, pytest.raises(UsageError, match="too large"):
        read_json(f"/dev/fd/{endless.fileno()}", streams=True)


def test_growth_is_bounded_by_the_file() -> None:
    check_growth("a", "it", 90 * 2**20, 1)
    check_growth("a", "it", 10**9, 10**7)
    with pytest.raises(UsageError, match="over 100 times"):
        check_growth("a", "it", 10**9 + 1, 10**7)


def test_images_of_a_dot_on_black_are_read(tmp_path: Path) -> None:
    images = np.zeros((30_000, 64, 64), np.uint8)
    images.reshape(-1)[np.random.default_rng(0).integers(0, 4096, 30_000) + np.arange(30_000) * 4096] = 1
    np.savez_compressed(tmp_path / "dots.npz", imgs=images)
    assert (tmp_path / "dots.npz").stat().st_size < images.nbytes / 500
    assert sum(len(block) for block in NpzFile(tmp_path / "dots.npz").blocks("imgs")) == len(images)


def test_arrays_that_grow_out_of_proportion_are_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "codes.npz", codes=np.zeros((2**24, 1)))
    np.savez_compressed(tmp_path / "images.npz", imgs=np.zeros((2**11, 256, 256), np.uint8))
    with pytest.raises(UsageError, match="over 100 times the size of the file"):
        NpzFile(tmp_path / "codes.npz").read("codes")
    with pytest.raises(UsageError, match="over 1000 times the size of the file"):
        next(NpzFile(tmp_path / "images.npz").blocks("imgs"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: !!bool zz", "its tag"),
        ("a: !!timestamp x", ""),
        ("a: [", "line 1"),
        ("a: \x00", ""),
        ("a: !!int 0x8", "no number"),
    ],
)
def test_any_yaml_error_is_one_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"a\.yaml: not a YAML file") as raised:
        read_yaml(tmp_path / "a.yaml")
    assert reason in str(raised.value)


def test_a_table_that_is_no_file_labels_nothing_in_silence(cli: Cli, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "factors.csv").symlink_to(tmp_path / "gone.csv")
    result = cli("data", "check", tmp_path)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "factors.csv" in result.stderr


def test_a_reason_does_not_name_the_object_that_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(UsageError, match=r"a\.png: cannot be read .*\(cannot identify image file\)$"):
        decode(tmp_path / "a.png", 8, 1)

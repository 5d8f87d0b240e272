"""What outputs may replace."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import Result

from disentangle_cli.command_line.outputs import check_outputs
from disentangle_cli.commands import app
from disentangle_cli.errors import UsageError
from tests.command_line.walking import commands_of
from tests.conftest import WriteModel

Cli = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "data.npz", imgs=images, factors=np.arange(20)[:, None] % 4)
    return tmp_path / "data.npz"


def test_what_is_read_is_not_replaced(cli: Cli, write_model: WriteModel, data: Path, tmp_path: Path) -> None:
    model, other, link = write_model("m.pt"), write_model("n.pt", seed=1), tmp_path / "link.npz"
    link.symlink_to(data)
    codes, photo = tmp_path / "codes.npz", tmp_path / "photo.png"
    assert cli("generate", model, "--encode", data, "--out", codes).exit_code == 0
    assert cli("generate", model, "--num", 1, "--out", photo).exit_code == 0
    for arguments in (
        ("generate", model, "--encode", data, "--out", data),
        ("generate", model, "--encode", data, "--out", link),
        ("data", "render", data, "--num", 2, "--out", link),
        ("traverse", model, "--anchor", photo, "--out", photo),
        ("score", codes, "--report", codes),
        ("score", model, "--dataset", data, "--report", data),
        ("centrality", model, other, "--report", model),
        ("centrality", model, other, "--labels-check", data, "--select", data),
    ):
        held = {path: path.read_bytes() for path in tmp_path.iterdir()}
        result = cli(*arguments)
        assert result.exit_code == 2, arguments
        assert "would replace" in result.stderr
        assert "which is read" in result.stderr
        assert {path: path.read_bytes() for path in tmp_path.iterdir()} == held


SIZES = ["--groups-per-code", 2, "--group-size", 2, "--scale-images", 8]


def test_what_is_there_stays_without_overwrite(
    cli: Cli, write_model: WriteModel, data: Path, tmp_path: Path
) -> None:
    model, other = write_model("m.pt"), write_model("n.pt", seed=1)
    folder = tmp_path / "folder"
    folder.mkdir()
    held = {
        name: tmp_path / name for name in ("x.npz", "x.png", "x.gif", "x.html", "x.pt", "folder/00001.png")
    }
    for path in held.values():
        path.write_bytes(b"mine")
    pair = ("centrality", model, other, *SIZES)
    drawn = ("--explain", model, "--explain-plot", tmp_path / "y.png", "--plot", tmp_path / "z.png")
    score = ("score", model, "--dataset", data, "--metrics", "mig")
    commands = {
        "x.npz": [
            ("generate", model, "--num", 3, "--out", held["x.npz"]),
            ("generate", model, "--encode", data, "--out", held["x.npz"]),
            ("data", "render", data, "--num", 2, "--out", held["x.npz"]),
        ],
        "x.png": [
            ("generate", model, "--num", 3, "--out", held["x.png"]),
            ("traverse", model, "--out", held["x.png"]),
            ("data", "check", data, "--sheet", held["x.png"]),
        ],
        "x.gif": [("traverse", model, "--steps", 2, "--out", held["x.gif"])],
        "x.html": [(*score, "--report", held["x.html"])],
        "x.pt": [(*pair, "--select", held["x.pt"], *drawn, "--report", tmp_path / "y.html")],
        "folder/00001.png": [("generate", model, "--num", 2, "--out", folder)],
    }
    for option in ("--plot", "--report", "--explain-plot"):
        result = cli(*pair, "--explain", model, option, held["x.png"])
        assert result.exit_code == 2
        assert f"{option}: {held['x.png']} exists" in result.stderr
    for name, listed in commands.items():
        for arguments in listed:
            result = cli(*arguments)
            assert result.exit_code == 2, arguments
            assert f"{held[name]} exists" in result.stderr, arguments
            assert "--overwrite replaces it" in result.stderr
            assert not result.stdout
            assert held[name].read_bytes() == b"mine"
            result = cli(*arguments, "--overwrite")
            assert result.exit_code == 0, (arguments, result.stderr)
            assert held[name].read_bytes() != b"mine"
            held[name].write_bytes(b"mine")


def test_a_file_is_replaced_where_nothing_is_lost(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    models = [write_model("m.pt"), write_model("n.pt", seed=1)]
    chosen = tmp_path / "made-by-mktemp"
    chosen.touch()
    for _ in range(2):  # an empty file, then a copy of a model of the pool: scripts run again
        result = cli("centrality", *models, *SIZES, "--select", chosen)
        assert result.exit_code == 0, result.stderr
    others = [write_model("o.pt", seed=2), write_model("p.pt", seed=3)]
    before = chosen.read_bytes()
    result = cli("centrality", *others, *SIZES, "--select", chosen)
    assert (result.exit_code, chosen.read_bytes()) == (2, before)
    assert "no copy of a model of the pool" in result.stderr
    assert cli("centrality", *others, *SIZES, "--select", chosen, "--overwrite").exit_code == 0
    for empty in ("e.npz", "e.png"):
        (tmp_path / empty).touch()
        assert cli("generate", models[0], "--num", 1, "--out", tmp_path / empty).exit_code == 0
    (tmp_path / "null.png").symlink_to(os.devnull)
    for _ in range(2):
        assert cli("traverse", models[0], "--out", tmp_path / "null.png").exit_code == 0


def test_a_name_of_a_stream_is_told_how_to_pipe(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    model = write_model()
    for command in (("generate", model), ("traverse", model), ("data", "render", "toy")):
        result = cli(*command, "--out", "-")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("error: ")
    assert "a link to /dev/stdout" in cli("generate", model, "--out", "-").stderr
    assert not Path("-").exists()


OUTPUTS = {"out", "report", "plot", "explain_plot", "select", "sheet", "watch"}
INPUTS = {"indices", "config", "init_from", "encoder", "decoder", "file", "map_file", "folders"}


def test_every_command_that_writes_a_file_takes_overwrite() -> None:
    """A new option that is a path is an input or an output: say which here."""
    found = {}
    for name, command in commands_of(typer.main.get_command(app)):
        paths = {p.name for p in command.params if p.type_descriptor.is_path}
        assert not paths - OUTPUTS - INPUTS, name
        if paths & OUTPUTS:
            found[name] = "overwrite" in {p.name for p in command.params}
    assert len(found) > 5
    assert all(found.values()), found


def test_one_file_for_two_outputs(tmp_path: Path) -> None:
    one = tmp_path / "a.png"
    with pytest.raises(UsageError, match="--plot and --explain-plot name the same file"):
        check_outputs({"--plot": one, "--explain-plot": tmp_path / "x" / ".." / "a.png"}, [])
    check_outputs({"--plot": Path(os.devnull), "--explain-plot": Path(os.devnull)}, [None, ""])
    with pytest.raises(UsageError, match="is a folder"):
        check_outputs({"--plot": tmp_path}, [])


def test_a_report_goes_through_a_fifo(cli: Cli, write_model: WriteModel, data: Path, tmp_path: Path) -> None:
    fifo, found = tmp_path / "page", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: found.append(fifo.read_bytes()))
    reader.start()
    model = write_model()
    result = cli("score", model, "--dataset", data, "--metrics", "mig", "--report", fifo)
    reader.join(60)
    assert result.exit_code == 0, result.stderr
    assert found[0].lower().startswith(b"<!doctype html")
    assert fifo.is_fifo()

"""What outputs may replace."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from disentangle_cli.command_line.outputs import check_outputs, check_report
from disentangle_cli.errors import UsageError
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


def test_a_file_of_another_kind_is_not_replaced(
    cli: Cli, write_model: WriteModel, data: Path, tmp_path: Path
) -> None:
    model, other, third = write_model("m.pt"), write_model("n.pt", seed=1), write_model("o.pt", seed=2)
    before = third.read_bytes()
    result = cli("centrality", model, other, "--report", third)
    assert (result.exit_code, third.read_bytes()) == (2, before)
    assert "exists and is no page" in result.stderr
    before = data.read_bytes()
    sizes = ["--groups-per-code", 2, "--group-size", 2, "--scale-images", 8]
    result = cli("centrality", model, other, *sizes, "--select", data)
    assert (result.exit_code, data.read_bytes()) == (2, before)
    assert "no sound checkpoint" in result.stderr
    (tmp_path / "made-by-mktemp").touch()
    result = cli("centrality", model, other, *sizes, "--select", tmp_path / "made-by-mktemp")
    assert result.exit_code == 0, result.stderr
    again = cli("centrality", model, other, *sizes, "--select", tmp_path / "made-by-mktemp")
    assert again.exit_code == 0, again.stderr


def test_one_file_for_two_outputs(tmp_path: Path) -> None:
    one = tmp_path / "a.png"
    with pytest.raises(UsageError, match="--plot and --explain-plot name the same file"):
        check_outputs({"--plot": one, "--explain-plot": tmp_path / "x" / ".." / "a.png"}, [])
    check_outputs({"--plot": Path(os.devnull), "--explain-plot": Path(os.devnull)}, [None, ""])
    with pytest.raises(UsageError, match="is a folder"):
        check_outputs({"--plot": tmp_path}, [])


def test_pages_replace_pages(tmp_path: Path) -> None:
    page = tmp_path / "page"
    for text in ("", "<!DOCTYPE html>", "  <html>"):
        page.write_text(text)
        check_report(page)
    page.write_text("notes")
    with pytest.raises(UsageError, match="no page"):
        check_report(page)
    check_report(tmp_path / "new.txt")
    check_report(Path(os.devnull))


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

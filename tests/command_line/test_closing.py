import shlex
import sys
from pathlib import Path

import pytest

from disentangle_cli import output
from disentangle_cli.command_line import closing


@pytest.fixture(autouse=True)
def _speaking(speaking: None) -> None:
    """Messages are printed."""


def test_the_end_has_the_time_and_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    closing.begin()
    closing.close({"score": "0.8"}, [["dcr", "traverse", "a b.pt"], ["dcr", "score", "a b.pt"]])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "done in  0s", "score    0.8", "next     dcr traverse 'a b.pt'", "         dcr score 'a b.pt'",
    ]  # fmt: skip
    output.configure(quiet=True)
    closing.close({}, [["dcr"]])
    closing.table(["run"], [["a"]])
    assert capsys.readouterr() == ("", "")


def test_a_long_command_stays_one_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "terminal_width", lambda stream: 40)
    command = ["dcr", "centrality", *(f"ckpts/model-{i}.pt" for i in range(5)), "--select", "best.pt"]
    closing.close({}, [command])
    lines = capsys.readouterr().err.splitlines()[1:]
    assert all(len(line) <= 40 for line in lines)
    typed = "\n".join(line[9:] for line in lines)
    assert shlex.split(typed.replace("\\\n", "")) == command


def test_many_paths_are_a_pattern_if_it_matches_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "my models"
    folder.mkdir()
    paths = [folder / f"a_seed-{i}.pt" for i in range(5)]
    for path in [*paths, folder / "other.pt"]:
        path.touch()
    assert closing.short(paths[:2]) == paths[:2]
    assert closing.short(paths) == [f"{folder}/a_seed-*.pt"]
    (folder / "a_seed-9.pt").touch()
    assert closing.short(paths) == paths
    assert closing.short([*paths[:4], tmp_path / "x.pt"]) == [*paths[:4], tmp_path / "x.pt"]


def test_the_same_command_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [str(tmp_path / f"m{i}.pt") for i in range(5)]
    for path in paths:
        Path(path).touch()
    monkeypatch.setattr(sys, "argv", ["dcr", "centrality", "--seed", "3", *paths, "--method", "all"])
    closing.close({}, [closing.again(paths, "--select", "best.pt")])
    said = f"dcr centrality --seed 3 {tmp_path}/m*.pt --method all --select best.pt"
    assert said in capsys.readouterr().err

"""``dcr score`` of codes in csv and parquet files."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands.test_score import good

Cli = Callable[..., Any]


def test_csv_pair(cli: Cli, tmp_path: Path) -> None:
    arrays = good()
    lines = [",".join(map(str, row)) for row in arrays["codes"].tolist()]
    (tmp_path / "codes.csv").write_text("\n".join(["c1,c2,c3", *lines]) + "\n")
    shapes = np.array(["square", "ellipse", "heart"])[arrays["factors"][:, 0]]
    rows = [f"{shape},{x / 2},{y}" for shape, (_, x, y) in zip(shapes, arrays["factors"], strict=True)]
    table = tmp_path / "factors.csv"
    table.write_text("\n".join(["shape,x,y", *rows]) + "\n")
    result = cli("score", tmp_path / "codes.csv", "--metrics", "mig", "--format", "json")
    assert result.exit_code == 0, result.stderr
    (entry,) = json.loads(result.stdout)["results"]
    assert entry["factors"] == ["shape", "x", "y"]
    assert entry["metrics"]["mig"]["score"] > 0.9
    part = cli("score", tmp_path / "codes.csv", "--metrics", "mig", "--factors", "y,x", "--format", "json")
    assert json.loads(part.stdout)["results"][0]["factors"] == ["y", "x"]
    wrong = cli("score", tmp_path / "codes.csv", "--factors", "size")
    assert wrong.exit_code == 2
    assert "has no 'size'; it has shape, x, y" in wrong.stderr
    for text, named in [
        ("shape,x,y\na,1\n", "line 2 has 2 fields"),
        ("shape,x,y\na,1,2\n", "has 1 rows, codes.csv 300"),
        ("shape,shape\na,1\n", "occur twice"),
        ("shape\n", "at least one row"),
        ("shape,x\na,\n", "empty field in line 2"),
        ("x\nnan\n", "not finite"),
    ]:
        table.write_text(text)
        refused = cli("score", tmp_path / "codes.csv")
        assert refused.exit_code == 2
        assert "factors.csv" in refused.stderr
        assert named in refused.stderr
    table.unlink()
    assert "codes.factors.csv" in cli("score", tmp_path / "codes.csv").stderr


def test_parquet_pair(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    arrays = good()
    path, labels = tmp_path / "codes.parquet", tmp_path / "codes.factors.parquet"
    columns = {f"c{k + 1}": column for k, column in enumerate(arrays["codes"].T)}
    index = {"__index_level_0__": np.arange(300)}  # as pandas writes it
    parquet.write_table(arrow.table(columns | index), path)
    words = np.array(["square", "ellipse", "heart"])[arrays["factors"][:, 0]]
    shapes = arrow.array(words).dictionary_encode()
    table = {"shape": shapes, "x": arrays["factors"][:, 1] / 2, "wide": arrays["factors"][:, 2] > 1}
    parquet.write_table(arrow.table(table), labels)
    result = cli("score", path, "--metrics", "mig", "--format", "json")
    assert result.exit_code == 0, result.stderr
    (entry,) = json.loads(result.stdout)["results"]
    assert entry["factors"] == ["shape", "x", "wide"]
    lines = [",".join(map(str, row)) for row in arrays["codes"].tolist()]
    (tmp_path / "same.csv").write_text("\n".join(["c1,c2,c3", *lines]) + "\n")
    rows = zip(shapes.to_pylist(), table["x"], table["wide"].astype(int), strict=True)
    rows_text = [",".join(map(str, row)) for row in rows]
    (tmp_path / "same.factors.csv").write_text("\n".join(["shape,x,wide", *rows_text]) + "\n")
    same = cli("score", tmp_path / "same.csv", "--metrics", "mig", "--format", "json")
    assert json.loads(same.stdout)["results"][0]["metrics"] == entry["metrics"]
    nothing = arrow.array([1.0, None])
    for wrong, named in [
        ({"shape": nothing}, "empty field in row 2"),
        ({"shape": arrow.array([[1], [2]])}, "of type list<"),
        ({"x": np.array([1.0, np.nan])}, "not finite"),
        ({"x": np.ones(7)}, "has 7 rows, codes.parquet 300"),
        (index, "at least one column"),
    ]:
        parquet.write_table(arrow.table(wrong), labels)
        refused = cli("score", path)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert named in refused.stderr
        assert "codes.factors.parquet" in refused.stderr
    labels.write_bytes(b"PAR1 not really")
    assert "cannot be read as parquet" in cli("score", path).stderr
    labels.unlink()
    assert "factors.parquet" in cli("score", path).stderr
    parquet.write_table(arrow.table(table), labels)
    monkeypatch.setattr("disentangle_cli.scoring.parquet.MAX_NUMBERS", 10)
    assert "codes.parquet: more than 10 numbers" in cli("score", path).stderr


def test_parquet_without_its_extra(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("codes.parquet", "factors.parquet"):
        (tmp_path / name).write_bytes(b"PAR1")
    for module in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    refused = cli("score", tmp_path / "codes.parquet")
    assert refused.exit_code == 2
    assert refused.stderr.strip().endswith("pip install 'disentangle-cli[parquet]'")

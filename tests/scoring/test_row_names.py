"""Columns that name rows: tables are joined by them, and they are neither codes nor factors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle_cli.errors import UsageError
from disentangle_cli.measurement.arrays import Arrays
from disentangle_cli.output import kept_warnings
from disentangle_cli.scoring import Options, read_codes, score_one

ROWS = 24
RNG = np.random.default_rng(0)
CODES = {"a": RNG.normal(size=ROWS).round(4), "b": RNG.normal(size=ROWS).round(4)}
SHAPE = [("disc", "heart", "cross")[k % 3] for k in range(ROWS)]
FACTORS = {"shape": SHAPE, "x": [k % 4 for k in range(ROWS)]}
FILES = [f"{k:03}.png" for k in range(ROWS)]
OTHER_ORDER = np.random.default_rng(1).permutation(ROWS)

Table = Mapping[str, Sequence[Any] | np.ndarray]


def in_order(table: Table, order: np.ndarray) -> Table:
    return {name: [column[k] for k in order] for name, column in table.items()}


class Pair:
    def __init__(self, folder: Path, suffix: str) -> None:
        self.folder, self.suffix = folder, suffix

    def write(self, name: str, table: Table) -> Path:
        path = self.folder / f"{name}{self.suffix}"
        if self.suffix == ".csv":
            lines = [",".join(map(str, row)) for row in zip(*table.values(), strict=True)]
            path.write_text("\n".join([",".join(table), *lines]) + "\n")
        else:
            import pyarrow.parquet

            pyarrow.parquet.write_table(pyarrow.table({k: list(v) for k, v in table.items()}), path)
        return path

    def read(self, codes: Table, factors: Table) -> tuple[Arrays, list[str]]:
        self.write("factors", factors)
        with kept_warnings() as warnings:
            return read_codes(self.write("codes", codes)), warnings


@pytest.fixture(params=[".csv", ".parquet"])
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Pair:
    if request.param == ".parquet":
        pytest.importorskip("pyarrow")
    return Pair(tmp_path, request.param)


def same(found: Arrays, expected: Arrays) -> None:
    for name in ("codes", "factors", "factor_values"):
        assert np.array_equal(found.get(name), expected.get(name))
    assert found.factor_names == expected.factor_names == ("shape", "x")


@pytest.mark.parametrize("key", ["file", "File", "filename", "path", "id", "index", "Unnamed: 0"])
def test_joined_by_name(pair: Pair, key: str) -> None:
    plain, _ = pair.read(CODES, FACTORS)
    names = FILES if key.lower() in ("file", "filename", "path") else list(range(100, 100 + ROWS))
    found, _ = pair.read(CODES | {key: names}, in_order({key: names} | FACTORS, OTHER_ORDER))
    same(found, plain)
    more = {key: [*names, names[0] if isinstance(names[0], int) else "other.png"], **FACTORS}
    more |= {name: [*column, column[0]] for name, column in FACTORS.items()}
    if isinstance(names[0], str):  # rows of labels without codes do no harm
        same(pair.read(CODES | {key: names}, more)[0], plain)


def test_paths_compare_as_in_a_folder(pair: Pair) -> None:
    plain, _ = pair.read(CODES, FACTORS)
    windows = [f".\\sub\\{name}" for name in FILES]
    found, _ = pair.read(CODES | {"file": [f"sub/{name}" for name in FILES]}, {"file": windows} | FACTORS)
    same(found, plain)


@pytest.mark.parametrize(
    ("codes", "factors", "named"),
    [
        ({}, {"file": FILES}, r"factors\.\w+: column file .* codes\.\w+ has no such column"),
        ({"file": FILES}, {}, r"codes\.\w+: column file .* factors\.\w+ has no such column"),
        ({}, {"id": OTHER_ORDER}, "column id"),
        ({"file": FILES}, {"file": ["x.png", *FILES[1:]]}, r"column file has no 000\.png"),
        ({"file": FILES}, {"file": [FILES[1], *FILES[1:]]}, "names a row twice"),
        ({}, {"photo": FILES}, "column photo has another text in every row"),
    ],
)
def test_refused(pair: Pair, codes: Table, factors: Table, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        pair.read(CODES | dict(codes), dict(factors) | FACTORS)


def test_nothing_but_names(pair: Pair) -> None:
    with pytest.raises(UsageError, match="has no factor"):
        pair.read(CODES, {"file": FILES})
    with pytest.raises(UsageError, match="has no code"):
        pair.read({"id": np.arange(ROWS)}, FACTORS)


@pytest.mark.parametrize("key", ["id", "ID", "index", "row"])
def test_left_out_with_a_warning(pair: Pair, key: str) -> None:
    plain, silent = pair.read(CODES, FACTORS)
    assert silent == []
    for codes, factors in [
        (dict(CODES) | {key: np.arange(ROWS)}, FACTORS),
        (CODES, {key: np.arange(7, 7 + ROWS)} | FACTORS),
    ]:
        found, warnings = pair.read(codes, factors)
        same(found, plain)
        assert len(warnings) == 1
        assert "numbers the rows" in warnings[0]


def test_what_counts_rows_by_another_name_is_warned_about(pair: Pair) -> None:
    found, _ = pair.read(CODES | {"n": np.arange(3, 3 + ROWS)}, FACTORS)
    with kept_warnings() as warnings:
        score_one(found, None, Options(metrics="mig"))
    assert warnings == ["arrays: code 3 counts the rows; if it is an id and no code, leave it out"]


def test_a_transposed_table(pair: Pair) -> None:
    codes = {f"r{k}": CODES["a"][:12] for k in range(20)}
    with pytest.raises(UsageError, match=r"codes\.\w+: 12 rows of 20 codes and 20 factors.*transposed"):
        pair.read(codes, {f"r{k}": np.arange(12) % 3 for k in range(20)})


def test_an_identity_is_a_factor(pair: Pair) -> None:
    found, warnings = pair.read(CODES, {"id": [k // 3 for k in range(ROWS)]} | FACTORS)
    assert (found.factor_names, warnings) == (("id", "shape", "x"), [])

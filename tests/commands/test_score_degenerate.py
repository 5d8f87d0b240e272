"""``dcr score`` on codes files that hold little to measure: a number or a reason, never a crash."""

import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle_cli.metrics import METRICS, PROTOCOLS

Cli = Callable[..., Any]
SIZES = (3, 4, 5)
CHEAP = ("--set", "dci.trees=2", "--set", "z_min_variance.votes=40", "--set", "z_min_variance.size=5")
FROM_IMAGES = {"fid", "kid", "inception_score", "class_confidence", "mode_kl", "reconstruction_error"}


def arrays(
    encode: Callable[[np.ndarray], np.ndarray], rows: int = 60, sizes: tuple[int, ...] = SIZES
) -> dict[str, np.ndarray]:
    """Every array a codes file may have, from ``encode``: (..., F) class ids and noise -> (..., K)."""
    rng = np.random.default_rng(0)

    def classes(*shape: int) -> np.ndarray:
        return np.stack([rng.integers(0, size, shape) for size in sizes], axis=-1)

    def fixed(count: int) -> tuple[np.ndarray, np.ndarray]:
        groups, labels = classes(count, 6), np.arange(count) % len(sizes)
        for group, label in zip(groups, labels, strict=True):
            group[:, label] = group[0, label]
        return groups, labels

    def codes(ids: np.ndarray) -> np.ndarray:
        return encode(ids + rng.normal(size=ids.shape) * 0.1)

    found = {"factors": classes(rows), "reference_codes": codes(classes(40))}
    found["codes"] = codes(found["factors"])
    for prefix in ("", "eval_"):
        groups, labels = fixed(12)
        found |= {f"{prefix}group_codes": codes(groups), f"{prefix}group_labels": labels}
        found |= {f"{prefix}pair_codes_{i}": codes(groups) for i in (1, 2)} | {f"{prefix}pair_labels": labels}
    return found


def sorted_halves(kept: int) -> dict[str, np.ndarray]:
    """Rows ordered by the last factor, so that one half lacks classes that the other has."""
    made = arrays(lambda f: f)
    order = np.argsort(made["factors"][:, 2], kind="stable")
    halves = np.array([0, kept]), np.array([kept, 60])
    if kept < 30:
        halves = halves[::-1]
    return made | {name: made[name][order] for name in ("codes", "factors")} | dict(
        zip(("train_rows", "test_rows"), halves, strict=True)
    )  # fmt: skip


def constant(f: np.ndarray) -> np.ndarray:
    return np.full_like(f, 0.3)


def one_dead(f: np.ndarray) -> np.ndarray:
    return np.concatenate([f[..., :2], constant(f[..., 2:])], axis=-1)


CASES: dict[str, Callable[[], dict[str, np.ndarray]]] = {
    "a constant code": lambda: arrays(one_dead),
    "all codes constant": lambda: arrays(constant),
    "a single-valued factor": lambda: arrays(lambda f: f, sizes=(3, 1, 5)),
    "only single-valued factors": lambda: arrays(lambda f: f, sizes=(1, 1)),
    "one factor": lambda: arrays(lambda f: np.concatenate([f, -f], axis=-1), sizes=(4,)),
    "fewer codes than factors": lambda: arrays(lambda f: f[..., :2]),
    "one code": lambda: arrays(lambda f: f[..., :1]),
    "one code that is constant": lambda: arrays(lambda f: constant(f[..., :1])),
    "the same code twice": lambda: arrays(lambda f: np.concatenate([f, f[..., :1]], axis=-1)),
    "whole numbers as codes": lambda: arrays(lambda f: np.round(f).astype(np.int8)),
    "half precision": lambda: arrays(lambda f: f.astype(np.float16)),
    "codes of tiny scale": lambda: arrays(lambda f: f * 1e-200),
    "codes beyond single precision": lambda: arrays(lambda f: f * 1e150),
    "classes missing in the test half": lambda: sorted_halves(45),
    "classes missing in the training half": lambda: sorted_halves(15),
    "fewer rows than bins": lambda: arrays(lambda f: f, rows=7),
    "three rows": lambda: arrays(lambda f: f, rows=3),
    "two rows": lambda: arrays(lambda f: f, rows=2),
    "one row": lambda: arrays(lambda f: f, rows=1),
}


def unexpected(stderr: str) -> list[str]:
    """Lines that are neither progress nor what a command says at its start and its end."""
    usual = ("scoring", "metrics ", "done in ", "next ")
    return [line for line in stderr.splitlines() if not line.startswith(usual)]


def check(metrics: dict[str, Any]) -> None:
    assert set(metrics) == set(METRICS.names())
    for name, result in metrics.items():
        low, high = METRICS.get(name).bounds
        if result["score"] is None:
            assert result["reason"], name
        else:
            assert low - 1e-9 <= result["score"] <= high + 1e-9, name


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", CASES)
def test_number_or_reason(cli: Cli, tmp_path: Path, case: str, protocol: str) -> None:
    path = tmp_path / "codes.npz"
    np.savez(path, **CASES[case]())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = cli("score", path, "--metrics", "all", "--protocol", protocol, *CHEAP, "--format", "json")
    assert result.exit_code == 0, result.stderr
    assert unexpected(result.stderr) == []
    metrics = json.loads(result.stdout)["results"][0]["metrics"]
    check(metrics)
    assert {name for name in FROM_IMAGES if metrics[name]["score"] is not None} == set()
    table = cli("score", path, "--metrics", "mig,dci", "--protocol", protocol, *CHEAP[:2])
    assert table.exit_code == 0
    assert "nan" not in table.stdout.split()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["codes", "group_codes", "reference_codes"])
def test_numbers_that_are_none_are_refused(cli: Cli, tmp_path: Path, name: str, bad: float) -> None:
    made = arrays(lambda f: f)
    made[name].reshape(-1)[4] = bad
    path = tmp_path / "codes.npz"
    np.savez(path, **made)
    result = cli("score", path, "--metrics", "all", *CHEAP)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == (
        f"error: {path}: {name} holds NaN or infinite values; remove those rows"
    )


def test_a_process_of_its_own_says_nothing_else(tmp_path: Path) -> None:
    """Warnings at the filters that users have, which tests change."""
    path = tmp_path / "codes.npz"
    np.savez(path, **arrays(one_dead, rows=8, sizes=(3, 1, 5)))
    command = [sys.executable, "-m", "disentangle_cli", "score", str(path), "--metrics", "all", *CHEAP]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert unexpected(done.stderr) == []
    check(json.loads(done.stdout)["results"][0]["metrics"])


@pytest.mark.parametrize("files", [["bad.npz"], ["bad.npz", "good.npz"]])
def test_a_file_that_cannot_be_read_is_one_line(cli: Cli, tmp_path: Path, files: list[str]) -> None:
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    np.savez(tmp_path / "good.npz", **arrays(lambda factors: factors))
    result = cli("score", *(tmp_path / name for name in files), "--metrics", "mig")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [f"error: {tmp_path}/bad.npz: not an npz file, or a damaged one"]

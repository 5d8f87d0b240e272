"""What ``dcr doctor`` says of installations, sound and broken."""

import builtins
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from packaging.requirements import Requirement
from typer.testing import Result

from disentangle_cli.registry import Registry
from disentangle_cli.upkeep import checkup, speed
from disentangle_cli.upkeep.checkup import Finding, check_up

Cli = Callable[..., Result]
MEASURE = speed.bf16_and_fp32


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.setattr(speed, "bf16_and_fp32", lambda device: (1.0, 2.0))
    monkeypatch.setattr("disentangle_cli.devices.has_bf16", lambda device: True)


def found(name: str) -> Finding:
    return next(one for one in check_up() if one.name == name)


def test_a_sound_installation(cli: Cli) -> None:
    result = cli("doctor", "--format", "json")
    assert result.exit_code == 0, result.stdout
    document = json.loads(result.stdout)
    assert document["schema"] == "dcr.doctor/1"
    assert document["healthy"] is True
    checks = {one["name"]: one for one in document["checks"]}
    wanted = ["python", "dcr", "packages", "torch", "device", "bf16", "threads", "memory", "cache", "disk"]
    assert list(checks)[: len(wanted)] == wanted
    assert {"extra onnx", "extra ray"} <= checks.keys()
    assert "extra dev" not in checks
    assert checks["bf16"]["numbers"]["speedup"] == 2
    assert torch.__version__ in checks["torch"]["found"]
    assert all(one["advice"] for one in document["checks"] if one["state"] != "ok")
    table = cli("doctor")
    assert table.stdout.splitlines()[0].split() == ["check", "state", "found"]
    assert "nothing is broken" in table.stderr


def test_a_broken_one_exits_with_1_and_tells_all(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import_as_it_is = builtins.__import__

    def without_torch(name: str, *rest: Any, **more: Any) -> Any:
        if name == "torch":
            raise ImportError("libtorch_cpu.so: cannot open shared object file")
        return import_as_it_is(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    monkeypatch.setattr(
        checkup, "_requirements", lambda: [Requirement("numpy>=99"), Requirement("no-such-package")]
    )
    result = cli("doctor", "--format", "json")
    monkeypatch.undo()
    assert result.exit_code == 1
    checks = {one["name"]: one for one in json.loads(result.stdout)["checks"]}
    assert checks["torch"]["state"] == checks["device"]["state"] == "broken"
    assert checks["torch"]["found"].startswith("ImportError: libtorch_cpu.so")
    assert checks["torch"]["advice"] == "pip install --force-reinstall disentangle-cli"
    assert checks["packages"]["found"].endswith(">=99 is needed; no-such-package is missing")
    assert checks["python"]["state"] == "ok"
    assert "error: broken: packages, torch, device" in result.stderr


@pytest.mark.parametrize(
    ("times", "auto", "words", "advice"),
    [
        ((1.0, 2.0), True, "bf16 is 2.0 times as fast; --precision auto takes bf16", ""),
        ((1.0, 2.0), False, "bf16 is 2.0 times as fast; --precision auto takes fp32", "--precision bf16"),
        ((3.0, 2.0), False, "fp32 is 1.5 times as fast; --precision auto takes fp32", ""),
        ((3.0, 2.0), True, "fp32 is 1.5 times as fast; --precision auto takes bf16", "--precision fp32"),
        ((1.0, 1.1), True, "as fast as fp32; --precision auto takes bf16", ""),
    ],
)
def test_bf16_is_judged_by_the_clock(
    monkeypatch: pytest.MonkeyPatch, times: tuple[float, float], auto: bool, words: str, advice: str
) -> None:
    monkeypatch.setattr(speed, "bf16_and_fp32", lambda device: times)
    monkeypatch.setattr("disentangle_cli.devices.use_bf16", lambda precision, device: auto)
    state = "note" if advice else "ok"
    assert (found("bf16").state, found("bf16").advice) == (state, advice)
    assert found("bf16").found == f"in this hardware; {words}"
    assert found("bf16").numbers["speedup"] == times[1] / times[0]
    monkeypatch.setattr("disentangle_cli.devices.has_bf16", lambda device: False)
    assert found("bf16").found == "not in this hardware; --precision auto is fp32"


def test_the_measurement_measures() -> None:
    state = torch.get_rng_state()
    half, single = MEASURE(torch.device("cpu"))
    assert 0 < half < 60
    assert 0 < single < 60
    assert torch.equal(state, torch.get_rng_state())


def test_a_cache_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    assert found("cache").found == f"{empty_cache}, not made yet"
    assert not empty_cache.exists()
    (tmp_path / "file").touch()
    monkeypatch.setenv("DCR_CACHE", str(tmp_path / "file" / "cache"))
    assert found("cache").state == "broken"
    assert "is no folder" in found("cache").found
    monkeypatch.setenv("DCR_CACHE", str(tmp_path))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(checkup.tempfile, "TemporaryFile", refuse)
    assert found("cache").state == "broken"
    assert "cannot be written (Permission denied)" in found("cache").found


@pytest.mark.parametrize(("free", "state"), [(10**12, "ok"), (10**9, "note"), (10**7, "broken")])
def test_disk(monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda path: usage._replace(free=free))
    assert found("disk").state == state
    assert found("disk").numbers["here_bytes"] == free


@pytest.mark.parametrize(
    ("cores", "advice"),
    [(1, ""), (8, "OMP_NUM_THREADS=1 keeps torch from the others"), (0, "in each other's way")],
)
def test_threads(monkeypatch: pytest.MonkeyPatch, cores: int, advice: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(checkup, "cores", lambda: cores)
    assert advice in found("threads").advice
    assert found("threads").state == ("note" if advice else "ok")


def test_packages_that_bring_something(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one for one in check_up() if one.name == "plugins"] == []
    monkeypatch.setattr(Registry, "from_packages", lambda registry: ["nothing-of-that-name"])
    assert found("plugins").state == "broken"
    assert "nothing-of-that-name" in found("plugins").found

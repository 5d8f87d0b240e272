"""Where networks run."""

import ctypes
from types import SimpleNamespace

import pytest
import torch

from disentangle_cli import devices, output
from disentangle_cli.devices import keep_freed_memory, pick_device, use_bf16
from disentangle_cli.errors import UsageError

MMAP_THRESHOLD = -3


@pytest.mark.parametrize("available", [True, False])
def test_devices(monkeypatch: pytest.MonkeyPatch, available: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(available))
    assert str(pick_device("cpu")) == "cpu"
    assert str(pick_device("auto")) == ("cuda" if available else "cpu")
    if available:
        assert str(pick_device("cuda")) == "cuda"
    else:
        with pytest.raises(UsageError, match="--device cuda"):
            pick_device("cuda")


@pytest.mark.parametrize(
    ("limit", "kept"), [(2**31, 1 << 30), (32 << 20, 32 << 20)], ids=["new glibc", "old glibc"]
)
def test_the_largest_threshold_that_the_c_library_takes(
    monkeypatch: pytest.MonkeyPatch, limit: int, kept: int
) -> None:
    settings: dict[int, int] = {}

    def mallopt(parameter: int, value: int) -> int:
        if parameter == MMAP_THRESHOLD and value > limit:
            return 0
        settings[parameter] = value
        return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=mallopt))
    keep_freed_memory()
    assert settings[MMAP_THRESHOLD] == kept


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    keep_freed_memory()


@pytest.mark.parametrize(
    ("vendor", "amx", "faster"),
    [
        ("AuthenticAMD", False, True),
        ("GenuineIntel", True, True),
        ("GenuineIntel", False, False),
        ("", False, False),
    ],
)
def test_bfloat16_where_it_is_faster(
    monkeypatch: pytest.MonkeyPatch, vendor: str, amx: bool, faster: bool
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(devices, "_vendor", lambda: vendor)
    assert use_bf16("auto", torch.device("cpu")) is faster
    assert use_bf16("bf16", torch.device("cpu"))


@pytest.mark.parametrize(("capability", "warnings"), [("AVX2", 1), ("AVX512", 0)])
def test_slow_bfloat16_is_told_once(monkeypatch: pytest.MonkeyPatch, capability: str, warnings: int) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(devices, "_vendor", lambda: "AuthenticAMD")
    devices._warn_of_emulation.cache_clear()
    cpu = torch.device("cpu")
    with output.kept_warnings() as kept:
        assert use_bf16("auto", cpu) is (capability == "AVX512")
        assert not use_bf16("fp32", cpu)
        assert not kept
        assert use_bf16("bf16", cpu)
        assert use_bf16("bf16", cpu)
    assert len(kept) == warnings
    devices._warn_of_emulation.cache_clear()

"""Where networks run."""

import ctypes
from types import SimpleNamespace

import pytest

from disentangle_cli.devices import keep_freed_memory

MMAP_THRESHOLD = -3


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

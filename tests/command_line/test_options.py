import io
import sys

import pytest
import torch

from disentangle_cli.command_line.options import expand_paths, resolve_device
from disentangle_cli.errors import UsageError


def test_stdin_stands_where_the_dash_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("b.pt\n\n  c d.pt \n"))
    assert expand_paths(["a.pt", "-", "e.pt"]) == ["a.pt", "b.pt", "c d.pt", "e.pt"]
    with pytest.raises(UsageError, match="only once"):
        expand_paths(["-", "-"])
    with pytest.raises(UsageError, match="empty"):
        expand_paths(["-"])


@pytest.mark.parametrize("available", [True, False])
def test_devices(monkeypatch: pytest.MonkeyPatch, available: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(available))
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") == ("cuda" if available else "cpu")
    if available:
        assert resolve_device("cuda") == "cuda"
    else:
        with pytest.raises(UsageError, match="--device cuda"):
            resolve_device("cuda")

import io
import sys

import pytest
import torch

from disentangle_cli.command_line.options import expand_paths, parse_assignments, resolve_device
from disentangle_cli.errors import UsageError


def test_stdin_stands_where_the_dash_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("b.pt\n\n  c d.pt \n"))
    assert expand_paths(["a.pt", "-", "e.pt"]) == ["a.pt", "b.pt", "c d.pt", "e.pt"]
    with pytest.raises(UsageError, match="only once"):
        expand_paths(["-", "-"])
    with pytest.raises(UsageError, match="empty"):
        expand_paths(["-"])


def test_assignments() -> None:
    assert parse_assignments(["a.b=1", "c=x=y", "d="], "--set") == {"a.b": "1", "c": "x=y", "d": ""}
    assert parse_assignments(None, "--set") == {}
    for text in ("a", "=1"):
        with pytest.raises(UsageError, match=r"--set .*KEY=VALUE"):
            parse_assignments([text], "--set")
    with pytest.raises(UsageError, match="twice"):
        parse_assignments(["a=1", "a=2"], "--set")


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

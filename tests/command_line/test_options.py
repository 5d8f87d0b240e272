import io
import sys

import pytest

from disentangle_cli.command_line.options import expand_paths
from disentangle_cli.errors import UsageError


def test_stdin_stands_where_the_dash_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("b.pt\n\n  c d.pt \n"))
    assert expand_paths(["a.pt", "-", "e.pt"]) == ["a.pt", "b.pt", "c d.pt", "e.pt"]
    with pytest.raises(UsageError, match="only once"):
        expand_paths(["-", "-"])
    with pytest.raises(UsageError, match="empty"):
        expand_paths(["-"])

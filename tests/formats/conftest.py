"""What all formats must keep, in every test of one."""

import pytest

from disentangle_cli.data import formats, opening
from disentangle_cli.data.formats import FORMATS, Match
from disentangle_cli.data.given import Given


@pytest.fixture(autouse=True)
def _published_sets_are_not_mistaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two formats of published sets may claim the same file."""

    def recognise(given: Given) -> Match:
        found = {name: match for name, ask in FORMATS.working() if (match := ask(given))}
        assert sum(not match.general for match in found.values()) <= 1, found
        return formats.recognise(given)

    monkeypatch.setattr(opening, "recognise", recognise)

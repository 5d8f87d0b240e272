"""What is too much, and the reason that is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli import bounds
from disentangle_cli.bounds import AtMost, check_memory, whole_number
from disentangle_cli.errors import UsageError

NINE = AtMost(9, "ten are too many")


@given(st.integers() | st.text("0123456789_+-. e", max_size=5))
def test_only_whole_numbers_within_bounds_are_read(given: int | str) -> None:
    try:
        read = whole_number(2, NINE)(given)
    except ValueError:
        assert given not in range(2, 10)
    else:
        assert 2 <= read <= 9
        assert int(given) == read


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10", r"at most 9 \(ten are too many\)"),
        ("1_0", "no whole number from 2"),
        ("1", "no whole"),
        ("2.0", "no whole"),
    ],
)
def test_reasons_are_told(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        whole_number(2, NINE)(text)


def test_memory_is_that_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 10**6}.__getitem__)
    check_memory("this", 4e9, "take less")
    with pytest.raises(UsageError, match="this would take 5 TB of memory, this machine has 4 GB; take less"):
        check_memory("this", 5e12, "take less")
    with pytest.raises(UsageError, match="5,000,000 TB"):
        check_memory("this", 5e18, "take less")

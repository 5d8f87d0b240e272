"""Damaged files of every kind: two minutes of them here, a night of them with ``make fuzz N=10000``."""

import os
from collections.abc import Iterator

import pytest

from tests.fuzz.all_kinds import KINDS
from tests.fuzz.campaign import Child, spread
from tests.fuzz.child import Case
from tests.fuzz.kinds_planted import PLANTED

CASES = 1200


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    found = Child()
    yield found
    found.close()


@pytest.mark.slow
def test_no_damaged_file_does_harm(child: Child) -> None:
    seed = int(os.environ.get("DCR_FUZZ_SEED", "0"))
    wrong = [found for found in map(child.carry_out, spread(KINDS, CASES, seed)) if found.problem]
    assert not wrong, "\n".join(f"{found.case}: {found.problem}\n{found.said[:300]}" for found in wrong[:20])


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_whole_files_are_taken(child: Child, kind: str) -> None:
    found = child.carry_out(Case(kind, 0))
    assert (found.problem, found.code) == (None, 0), found.said


@pytest.mark.slow
def test_planted_faults_are_found() -> None:
    child = Child(patience=8)
    try:
        for name, (_, problem) in PLANTED.items():
            found = child.carry_out(Case(f"planted {name}", 1))
            assert (found.problem or "").startswith(problem), (name, found)
    finally:
        child.close()

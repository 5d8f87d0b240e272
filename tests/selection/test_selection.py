import numpy as np

from disentangle_cli.selection import Ranked, Selection
from disentangle_cli.selection.selection import DENSE_UP_TO


def selection(n: int) -> Selection:
    matrix = np.full((n, n), np.nan)
    matrix[1, 0] = matrix[0, 1] = 0.5
    names = tuple(map(str, range(n)))
    ranked = tuple(Ranked(name, 0.5, rank, 3) for rank, name in enumerate(names, start=1))
    return Selection("mine", names, ranked, "0", matrix, 0, {}, details={"more": 1})


def test_document_of_a_method() -> None:
    entry = selection(3).to_json(top=2)
    assert [line["model"] for line in entry["ranking"]] == ["0", "1"]
    assert entry["matrix"][1][0] == 0.5
    assert (entry["complete"], entry["family_balanced"], entry["more"]) == (False, None, 1)
    assert entry.keys().isdisjoint({"entries", "corrected"})


def test_large_matrices_are_lists_of_entries() -> None:
    entry = selection(DENSE_UP_TO + 1).to_json()
    assert entry["matrix"] is None
    assert entry["entries"] == [[0, 1, 0.5], [1, 0, 0.5]]

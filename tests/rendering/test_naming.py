from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.rendering.naming import LONGEST, told_apart

PATHS = st.lists(st.text("ab/.pt…é<", max_size=90), max_size=12, unique=True)


def test_the_file_is_enough_where_it_tells_models_apart() -> None:
    assert told_apart(["pool/a.pt", "pool/b.pt", "/other/c.onnx"]) == ["a", "b", "c"]


def test_folders_where_files_are_called_alike() -> None:
    assert told_apart(["x/one/m.pt", "x/two/m.pt", "x/n.pt"]) == ["one/m", "two/m", "n"]


def test_objects_and_files_without_endings() -> None:
    assert told_apart(["model 1", "model 2"]) == ["model 1", "model 2"]


@given(PATHS)
def test_no_two_are_the_same_and_none_is_long(names: list[str]) -> None:
    shown = told_apart(names)
    assert len(set(shown)) == len(names)
    assert all(len(text) <= LONGEST + len(" (12)") for text in shown)

"""What docs/concepts.md says of its pictures is what the script that draws them finds."""

import importlib.util
import sys
from types import ModuleType

import pytest

from tests.docs.pages import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def concepts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("concepts", ROOT / "examples" / "concepts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_shared_code_is_named_where_it_can_be_seen(concepts: ModuleType) -> None:
    halves = concepts.regulariser(concepts.pool()).subfigs
    assert ["86%" in halves[0].get_suptitle(), "62%" in halves[1].get_suptitle()] == [True, True]


def test_a_medoid_works_and_fails_as_it_is_told(concepts: ModuleType) -> None:
    titles = [axes.get_title() for axes in concepts.agreement(concepts.pool()).axes]
    assert titles == ["bad in different ways: the pick is good", "bad in the same way: the pick is bad"]

"""The notebook of ``examples/`` is small, and runs from top to bottom."""

import json
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
LARGEST = 100_000
"""Characters of one output."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_small_and_of_no_machine(path: Path) -> None:
    text = path.read_text()
    cells = json.loads(text)["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert outputs
    assert max(len(json.dumps(output)) for output in outputs) < LARGEST
    assert not any(output["output_type"] == "error" for output in outputs)
    assert "/home/" not in text
    assert "/root/" not in text


@pytest.mark.slow
@pytest.mark.usefixtures("with_dsprites")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbclient is absent: pip install '.[docs]'")
    client = pytest.importorskip("nbclient", reason="nbclient is absent: pip install '.[docs]'")
    pytest.importorskip("ipykernel", reason="ipykernel is absent: pip install '.[docs]'")
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(path.parent)}}
    client.NotebookClient(notebook, timeout=900, kernel_name="python3", resources=place).execute()

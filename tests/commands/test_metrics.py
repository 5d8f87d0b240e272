"""``dcr metrics``: one line about each, all about some."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from typer.testing import Result

from disentangle_cli.measurement.summary import summarise
from disentangle_cli.metrics import METRICS, PAPER

Cli = Callable[..., Result]


@pytest.mark.parametrize("name", METRICS.names())
def test_every_metric_tells_what_a_user_asks(name: str) -> None:
    found = summarise(name)
    assert all((found.question, found.costs, found.about, *found.needs.values()))
    same_arrays = len(set(map(tuple, found.needs.values()))) == 1
    assert found.same_under_all == (same_arrays and not any(found.changes.values()))
    for protocol, values in found.changes.items():
        assert values.items() <= found.settings[protocol].items()


def test_the_list(cli: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("metrics", "--format", "csv").stdout)))
    assert [row["metric"] for row in rows] == METRICS.names()
    assert {row["metric"] for row in rows if row["paper"] == "true"} == set(PAPER)
    found = {row["metric"]: row for row in rows}
    assert found["mig_sup"]["protocols"] == "differ"
    assert found["beta_vae"]["needs"] == "groups (infogan-cr); pairs (disentanglement-lib)"
    assert found["fid"]["range"] == "0 to any, low is good"


def test_some_in_full(cli: Cli) -> None:
    document = json.loads(cli("metrics", "dci,mig", "sap", "mig", "--format", "json").stdout)
    assert document["schema"] == "dcr.metrics/1"
    dci, mig, sap = document["metrics"]
    assert (dci["name"], mig["name"], sap["name"]) == ("dci", "mig", "sap")
    assert dci["range"] == {"low": 0, "high": 1}
    assert dci["settings"]["disentanglement-lib"]["regressor"] == "gbt"
    shown = cli("metrics", "dci", "mig").stdout
    assert "Eastwood and Williams 2018" in shown
    assert "Known biases: " in shown
    assert "rows=split, regressor=gbt, aggregate=disentanglement-lib" in shown
    assert "; did you mean dci?" in cli("metrics", "dcii").stderr

"""Settings of metrics: types, unknown keys, protocol defaults, and what a metric declares."""

import typing

import pytest

from disentangle_cli.errors import UsageError
from disentangle_cli.fields import choices_of
from disentangle_cli.measurement.arrays import ARRAYS
from disentangle_cli.measurement.evaluate import ABOUT, required_arrays
from disentangle_cli.measurement.metric import DERIVED
from disentangle_cli.measurement.settings import FORM, protocol_settings, read_settings, settings_of
from disentangle_cli.metrics import METRICS, PAPER, PROTOCOLS
from disentangle_cli.settings import assignments


def test_values_are_typed() -> None:
    found = read_settings(
        assignments(
            [
                "dci.regressor=lasso",
                "dci.alpha=0.1",
                "dci.trees=10",
                "dci.cv=none",
                "explicitness.standardise=true",
            ],
            FORM,
        ),
        PAPER,
    )
    assert found == {
        "dci": {"regressor": "lasso", "alpha": 0.1, "trees": 10, "cv": None},
        "explicitness": {"standardise": True},
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("dci", "metric.key=value"),
        ("dci.regressor", "metric.key=value"),
        ("nope.bins=3", "'nope'"),
        ("mig.bans=3", "bins, rows"),
        ("mig.bins=many", "int"),
        ("mig.bins=-3", "from 0"),
        ("mig.bin=3", r"it has bins, rows; did you mean bins\?"),
        ("mgi.bins=3", r"did you mean mig\?"),
        ("mig.bins=true", "int"),
        ("mig.bins=2.5", "int"),
        ("dci.alpha=.nan", "finite"),
        ("dci.regressor=svm", "lasso-cv"),
        ("explicitness.standardise=1", "true or false"),
    ],
)
def test_refusals(text: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        read_settings(assignments([text], FORM), PAPER)


@pytest.mark.parametrize("name", METRICS.names())
def test_every_metric_declares_itself(name: str) -> None:
    entry = METRICS.get(name)
    assert entry.__doc__
    assert "Known biases:" in entry.__doc__
    low, high = entry.bounds
    assert low < high
    known = settings_of(entry).model_fields
    for protocol in PROTOCOLS:
        assert required_arrays(name, protocol) <= set(ARRAYS)
        chosen = protocol_settings(name, protocol)
        assert chosen.keys() == known.keys()
        for key, value in chosen.items():
            assert not choices_of(known[key]) or value in choices_of(known[key])
    for key in known.values():
        assert key.annotation in (int, float, bool) or typing.get_args(key.annotation), "settings are typed"
        assert key.description, "settings say what they mean"


def test_inputs_exist() -> None:
    available = {*ARRAYS, *DERIVED.names(), *ABOUT}
    for name in METRICS.names():
        assert METRICS.get(name).inputs.keys() <= available
    for name in DERIVED.names():
        assert DERIVED.get(name).inputs.keys() <= available


def test_paper_metrics_are_registered() -> None:
    assert set(PAPER) <= set(METRICS.names())


def test_whole_numbers_may_have_an_exponent() -> None:
    chosen = read_settings(assignments(["dci.trees=1e2", "dci.alpha=1e0"], FORM), PAPER)
    assert chosen == {"dci": {"trees": 100, "alpha": 1.0}}
    assert [type(value) for value in chosen["dci"].values()] == [int, float]

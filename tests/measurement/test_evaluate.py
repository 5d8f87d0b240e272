"""What a result says of itself, and that shared parts are computed once."""

import functools
from typing import Any

import pytest

from disentangle_cli.metrics import evaluate
from tests.metrics.representations import arrays, identity


def test_result_names_variant_and_counts() -> None:
    found = evaluate(["mig", "factor_vae"], arrays(identity), settings={"mig": {"bins": 10}}, seed=3)
    assert found["mig"]["variant"] == "infogan-cr with bins=10"
    assert found["mig"]["samples"] == {"rows": 600}
    assert found["mig"]["seed"] == 3
    assert found["factor_vae"]["samples"] == {"reference": 600, "groups": 60, "group_size": 10}
    study = evaluate(["sap"], arrays(identity), protocol="disentanglement-lib")["sap"]
    assert study["samples"] == {"train_rows": 400, "test_rows": 200}


def test_shared_arrays_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from disentangle_cli.measurement.derived.mutual_information import mutual_information

    calls: list[Any] = []
    original = mutual_information.function

    @functools.wraps(original)
    def counted(*args: Any, **kw: Any) -> Any:
        calls.append(kw)
        return original(*args, **kw)

    monkeypatch.setattr(mutual_information, "function", counted)
    evaluate(["mig", "modularity"], arrays(identity))
    assert len(calls) == 1
    evaluate(["mig", "modularity"], arrays(identity), settings={"mig": {"bins": 10}})
    assert len(calls) == 3

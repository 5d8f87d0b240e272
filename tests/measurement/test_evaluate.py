"""What a result says of itself, and that shared parts are computed once."""

import functools
from typing import Any

import numpy as np
import pytest

from disentangle_cli.measurement.metric import DERIVED
from disentangle_cli.metrics import METRICS, evaluate
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


def raising(error: Exception) -> Any:
    def fail(**_: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("error", [ValueError("no\nclue"), MemoryError(), AssertionError("x")])
def test_a_failure_costs_one_metric_only(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    expected = evaluate(["sap"], arrays(identity))["sap"]
    monkeypatch.setattr(METRICS.get("mig"), "function", raising(error))
    found = evaluate(["mig", "sap"], arrays(identity))
    assert found["sap"] == expected
    assert found["mig"]["score"] is None
    assert found["mig"]["reason"].startswith("it failed: ")
    assert "\n" not in found["mig"]["reason"]


def test_a_failure_of_what_metrics_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DERIVED.get("mutual_information"), "function", raising(KeyError("x")))
    found = evaluate(["mig", "sap", "modularity"], arrays(identity))
    assert [found[name]["score"] is None for name in found] == [True, False, True]
    assert "KeyError" in found["modularity"]["reason"]


NAN, INF = float("nan"), float("inf")
GIVEN = [
    ({"score": np.float32(0.5)}, 0.5), ({"score": 1}, 1.0), ({"score": None}, None), ({"score": NAN}, None),
    ({"score": INF}, None), ({"score": "0.5"}, None), ({"points": 1}, None), (0.5, None), (None, None),
]  # fmt: skip


@pytest.mark.parametrize(("result", "score"), GIVEN)
def test_what_a_metric_gives_is_checked(monkeypatch: pytest.MonkeyPatch, result: Any, score: Any) -> None:
    monkeypatch.setattr(METRICS.get("mig"), "function", lambda **_: result)
    found = evaluate(["mig"], arrays(identity))["mig"]
    assert found["score"] == score
    assert isinstance(found["score"], float | None)
    assert (score is None) == bool(found.get("reason"))

"""Means, spreads and intervals over repeats and resamples."""

import numpy as np
import pytest

import disentangle_cli as dcr
from disentangle_cli.scoring.intervals import combine
from tests.scoring.bars import SMALL, Bars, Reader


@pytest.mark.parametrize("settings", [{"bootstrap": 5}, {"repeats": 3}])
def test_intervals(settings: dict[str, int]) -> None:
    result = dcr.score(Reader(1.0), Bars(), metrics="factor_vae,mig,irs", settings=SMALL, **settings)
    for name, metric in result["metrics"].items():
        low, high = metric["interval"]
        assert 0 <= low <= metric["score"] <= high <= 1, name
        assert metric["std"] > 0
        assert metric["needed"]["half_width"] == 0.01
    mig = result["metrics"]["mig"]
    counted = "rows" if "bootstrap" in settings else "repeats"
    count = mig["samples"]["rows"] if counted == "rows" else 1
    assert mig["needed"][counted] == pytest.approx((1.96 * mig["std"] / 0.01) ** 2 * count, rel=0.01, abs=1)
    again = dcr.score(Reader(1.0), Bars(), metrics="factor_vae,mig,irs", settings=SMALL, **settings)
    assert again == result


def test_repeats_give_mean_and_std() -> None:
    result = dcr.score(Reader(spread=1.5), Bars(), metrics="factor_vae,mig", settings=SMALL, repeats=4)
    mig = result["metrics"]["mig"]
    assert len(mig["repeats"]) == 4
    assert len(set(mig["repeats"])) == 4
    assert mig["score"] == pytest.approx(np.mean(mig["repeats"]))
    assert mig["std"] == pytest.approx(np.std(mig["repeats"], ddof=1))
    parts = result["metrics"]["factor_vae"]["parts"]["revised"]
    assert result["metrics"]["factor_vae"]["revised"] == parts["mean"]
    single = dcr.score(Reader(spread=1.5), Bars(), metrics="factor_vae,mig", settings=SMALL)
    assert single["metrics"]["mig"]["score"] == mig["repeats"][0]


def test_a_null_in_one_repeat_is_null() -> None:
    runs = [{"score": 0.5, "x": 1.0}, {"score": None, "reason": "why", "x": 2.0}]
    assert combine(runs) == {
        "score": None, "std": None, "interval": None, "needed": None, "repeats": [0.5, None], "x": 1.5,
        "reason": "why",
        "parts": {"x": {"mean": 1.5, "std": pytest.approx(np.std([1, 2], ddof=1)), "values": [1.0, 2.0],
                        "interval": pytest.approx([1.5 - 12.7062 / 2, 1.5 + 12.7062 / 2], abs=1e-4)}},
    }  # fmt: skip

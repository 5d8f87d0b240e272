"""Scoring from end to end: ``dcr.score``."""

from typing import Any

import numpy as np
import pytest
import torch

import disentangle_cli as dcr
from disentangle_cli.errors import UsageError
from disentangle_cli.metrics import Arrays
from disentangle_cli.scoring import Options, factor_vae_quick, resolve_metrics
from disentangle_cli.scoring.plan import read_plan_settings
from disentangle_cli.settings import assignments
from tests.scoring.bars import SMALL, Bars, Reader


@pytest.mark.parametrize("protocol", ["infogan-cr", "disentanglement-lib"])
def test_perfect_model(protocol: str) -> None:
    settings = (*SMALL, "dci.trees=3", "sap.factors_are=continuous")
    result = dcr.score(Reader(), Bars(), protocol=protocol, settings=settings)
    assert result["dataset"] == "bars"
    assert result["factors"] == ["kind", "fixed", "x", "y"]
    assert result["encode"] == "mean"
    assert result["protocol"] == protocol
    metrics = result["metrics"]
    assert list(metrics) == resolve_metrics("paper")
    for name in ("factor_vae", "mig", "sap"):
        assert metrics[name]["score"] > 0.95, name
    # the code of the single-valued factor is dead: the study counts it as 0
    assert metrics["modularity"]["score"] > (0.74 if protocol == "disentanglement-lib" else 0.95)
    assert metrics["dci"]["score"] > 0.9
    assert metrics["mig"]["left_out"] == [1]
    # the study's MIG looks at its training rows; that is its standard, not a change of it
    assert metrics["mig"]["settings"]["rows"] == ("split" if protocol == "disentanglement-lib" else "all")
    assert metrics["mig"]["variant"] == protocol
    assert metrics["factor_vae"]["active_codes"] == [0, 2, 3]


def test_same_seed_same_numbers_and_asking_for_less_changes_none() -> None:
    def run(metrics: str, seed: int) -> dict[str, Any]:
        model = Reader(spread=1.0)
        found: dict[str, Any] = dcr.score(model, Bars(), metrics=metrics, settings=SMALL, seed=seed)[
            "metrics"
        ]
        return found

    both = run("factor_vae,mig", 1)
    assert run("factor_vae,mig", 1) == both
    assert run("mig", 1)["mig"] == both["mig"]
    assert run("factor_vae", 1)["factor_vae"] == both["factor_vae"]
    assert run("mig", 2)["mig"]["score"] != both["mig"]["score"]


def test_quick_score_for_training() -> None:
    result = factor_vae_quick(Reader(), Bars(), groups=60, size=10, reference=50)
    assert result["score"] == 1.0
    assert result["samples"] == {"groups": 60, "group_size": 10, "reference": 50}


def test_arrays_are_scored_as_they_are() -> None:
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 4, (300, 2))
    result = dcr.score(Arrays(codes=factors * 1.0, factors=factors), metrics="mig,factor_vae")
    assert result["metrics"]["mig"]["score"] > 0.9
    assert result["metrics"]["factor_vae"]["score"] is None
    study = dcr.score(
        Arrays(codes=factors * 1.0, factors=factors), metrics="mig", protocol="disentanglement-lib"
    )
    assert study["metrics"]["mig"]["samples"] == {"rows": 300}  # of a file's rows, all
    assert result["encode"] is None


def test_a_model_whose_codes_are_not_finite() -> None:
    class Diverged(Reader):
        def encode(self, images: torch.Tensor) -> torch.Tensor:
            return super().encode(images) * torch.nan

    for metric in dcr.score(Diverged(), Bars(), settings=SMALL)["metrics"].values():
        assert metric["score"] is None
        assert "NaN" in metric["reason"]


def test_refusals() -> None:
    class Unlabelled(Bars):
        factors = ()

        def __len__(self) -> int:
            return 10

    class Wide(Bars):
        image_shape = (1, 4, 8)

    with pytest.raises(UsageError, match=r"no factor labels: .*factors\.csv"):
        dcr.score(Reader(), Unlabelled())
    with pytest.raises(UsageError, match=r"1x4x4.*1x4x8"):
        dcr.score(Reader(), Wide())
    with pytest.raises(UsageError, match="name one with dataset"):
        dcr.score(Reader())
    with pytest.raises(UsageError, match="protocol"):
        Options(protocol="other")
    with pytest.raises(UsageError, match="unknown metric 'mgi'"):
        Options(metrics="mgi")
    with pytest.raises(UsageError, match=r"settings data\.groups=0: write a whole number of at least 1"):
        dcr.score(Reader(), Bars(), settings={"data": {"groups": 0}})
    with pytest.raises(UsageError, match=r"data\.group_size.*; did you mean data\.groups\?"):
        read_plan_settings(assignments(["data.group=3"], ""))
    for text in ("data.groups=0", "data.group_size=1", "data.rows=x", "data.rows=1.5", "data.rows=-4"):
        with pytest.raises(UsageError, match="whole number"):
            read_plan_settings(assignments([text], ""))

"""Drawing, encoding once, evaluating, repeating, comparing: ``disentangle_cli.scoring``."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import disentangle_cli as dcr
from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.errors import GateError, UsageError
from disentangle_cli.latents import Block, Latents
from disentangle_cli.measurement.arrays import families_of
from disentangle_cli.measurement.evaluate import required_arrays
from disentangle_cli.measurement.families import Family
from disentangle_cli.metrics import Arrays
from disentangle_cli.models import Model
from disentangle_cli.scoring import (
    Options,
    check_baseline,
    check_gates,
    factor_vae_quick,
    parse_gates,
    resolve_metrics,
)
from disentangle_cli.scoring.codes import CodeCache
from disentangle_cli.scoring.collect import collect
from disentangle_cli.scoring.draws import draw
from disentangle_cli.scoring.intervals import combine
from disentangle_cli.scoring.plan import plan_for, read_plan_settings
from disentangle_cli.settings import assignments

SIZES = (3, 1, 5, 4)
SMALL = (
    "data.rows=200", "data.reference=50", "data.groups=40", "data.group_size=10", "data.test_rows=100",
    "data.eval_groups=20", "data.pairs=40", "data.eval_pairs=20", "data.pair_size=6",
)  # fmt: skip


class Bars(GridDataset):
    """Images whose first row holds the class ids; the second factor has one value."""

    name = "bars"
    fingerprint = "bars-1"
    image_shape = (1, 4, 4)
    factors = tuple(
        Factor(name, size, tuple(float(v) for v in range(size)), name != "kind")
        for name, size in zip(("kind", "fixed", "x", "y"), SIZES, strict=True)
    )

    def images(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        pictures = np.zeros((len(indices), 1, 4, 4), np.uint8)
        pictures[:, 0, 0] = self.classes(indices) * 50
        return pictures


class Reader(Model):
    """A model that reads the class ids off; with ``spread`` its posterior has that standard deviation."""

    image_shape = (1, 4, 4)
    latents = Latents([Block("c", "normal", 4, True)])

    def __init__(self, spread: float | None = None) -> None:
        self.spread = spread
        self.encoded = 0

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        self.encoded += len(images)
        assert 0 <= float(images.min()) <= float(images.max()) <= 1
        return images[:, 0, 0] * 255 / 50

    def posterior(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        if self.spread is None:
            return None
        mean = self.encode(images)
        return mean, torch.full_like(mean, 2 * float(np.log(self.spread)))

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> torch.Tensor:
        raise NotImplementedError

    def generate(self, latents: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


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


def test_each_image_is_encoded_once() -> None:
    model = Reader()
    dcr.score(model, Bars(), metrics="factor_vae,beta_vae,mig,sap", settings=SMALL, repeats=3)
    assert model.encoded <= len(Bars())


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


def test_samples_only_where_asked() -> None:
    def run(**options: Any) -> dict[str, Any]:
        found: dict[str, Any] = dcr.score(
            Reader(spread=2.0), Bars(), metrics="mig", settings=SMALL, **options
        )
        return found

    sampled, study = run(), run(protocol="disentanglement-lib")
    assert (sampled["encode"], study["encode"]) == ("sample", "mean")
    assert sampled["metrics"]["mig"]["score"] < 0.5 < study["metrics"]["mig"]["score"]
    assert run(encode="mean")["metrics"]["mig"]["score"] > 0.95
    assert run(encode="sample", protocol="disentanglement-lib")["metrics"]["mig"]["score"] < 0.5
    assert dcr.score(Reader(), Bars(), metrics="mig", settings=SMALL, encode="sample")["encode"] == "mean"


def test_samples_are_drawn_anew_for_every_draw_of_an_image() -> None:
    encoder = CodeCache(Reader(spread=1.0), Bars(), sample=True)
    indices = np.zeros((2, 500), np.int64)
    encoder.fill(indices)
    codes = encoder.codes(indices, np.random.default_rng(0))
    assert codes.shape == (2, 500, 4)
    assert codes.std(axis=(0, 1)) == pytest.approx(np.ones(4), abs=0.1)


def test_counts_of_the_protocols() -> None:
    official = plan_for("infogan-cr", 737_280)
    assert (official.rows, official.test_rows, official.reference) == (73_728, 0, 73_728)
    assert (official.groups, official.group_size) == (500, 100)
    study = plan_for("disentanglement-lib", 737_280)
    assert (study.rows, study.test_rows, study.reference) == (10_000, 5_000, 10_000)
    assert (study.groups, study.eval_groups, study.group_size) == (10_000, 5_000, 64)
    assert (study.pairs, study.eval_pairs, study.pair_size) == (10_000, 5_000, 64)
    small = plan_for("infogan-cr", 300)
    assert (small.rows, small.reference) == (10_000, 300)


def test_groups_share_their_factor() -> None:
    data, plan = Bars(), plan_for("infogan-cr", 60, {"groups": 30, "group_size": 8})
    found = draw(data, plan, Family.GROUPS, 0, 0)
    (indices,), (labels,) = found.images, found.given
    assert labels.tolist() == [(0, 2, 3)[i % 3] for i in range(30)]  # the single-valued one is skipped
    for label, group in zip(labels, indices, strict=True):
        classes = data.classes(group)
        assert np.ptp(classes[:, label]) == 0
        others = [k for k in (0, 2, 3) if k != label]
        assert all(np.ptp(classes[:, k]) > 0 for k in others)


def test_pairs_share_their_factor_and_factors_are_drawn() -> None:
    data, plan = Bars(), plan_for("disentanglement-lib", 60, {"pairs": 90, "pair_size": 5})
    found = draw(data, plan, Family.PAIRS, 0, 0)
    (labels,) = found.given
    assert [half.shape for half in found.images] == [(90, 5), (90, 5)]
    assert set(labels.tolist()) == {0, 2, 3}
    first, second = (data.classes(half.reshape(-1)).reshape(90, 5, 4) for half in found.images)
    for i, label in enumerate(labels):
        assert (first[i, :, label] == second[i, :, label]).all()
    assert (first != second).any()


def test_reference_images_are_distinct() -> None:
    (found,) = draw(Bars(), plan_for("infogan-cr", len(Bars())), Family.REFERENCE, 0, 0).images
    assert sorted(found.tolist()) == list(range(len(Bars())))


def test_only_what_is_needed_is_drawn() -> None:
    assert families_of(required_arrays("mig", "infogan-cr")) == [Family.ROWS]
    assert families_of(required_arrays("factor_vae", "infogan-cr")) == [Family.REFERENCE, Family.GROUPS]
    assert families_of(required_arrays("beta_vae", "disentanglement-lib")) == [
        Family.PAIRS,
        Family.EVAL_PAIRS,
    ]
    plan = plan_for("infogan-cr", 60, read_plan_settings(assignments(SMALL, "")))
    arrays = collect(CodeCache(Reader(), Bars(), False), Bars(), plan, {"codes"}, 0)
    assert arrays.group_codes is None
    assert arrays.codes is not None
    assert len(arrays.codes) == 300


def test_quick_score_for_training() -> None:
    result = factor_vae_quick(Reader(), Bars(), groups=60, size=10, reference=50)
    assert result["score"] == 1.0
    assert result["samples"] == {"groups": 60, "group_size": 10, "reference": 50}


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

    with pytest.raises(UsageError, match="no factor labels"):
        dcr.score(Reader(), Unlabelled())
    with pytest.raises(UsageError, match=r"1x4x4.*1x4x8"):
        dcr.score(Reader(), Wide())
    with pytest.raises(UsageError, match="name one with dataset"):
        dcr.score(Reader())
    with pytest.raises(UsageError, match="protocol"):
        Options(protocol="other")
    with pytest.raises(UsageError, match="unknown metric 'mgi'"):
        Options(metrics="mgi")
    with pytest.raises(UsageError, match=r"settings data\.groups=0: write a whole number from 1"):
        dcr.score(Reader(), Bars(), settings={"data": {"groups": 0}})
    with pytest.raises(UsageError, match=r"data\.group_size.*; did you mean data\.groups\?"):
        read_plan_settings(assignments(["data.group=3"], ""))
    for text in ("data.groups=0", "data.group_size=1", "data.rows=x", "data.rows=1.5", "data.rows=-4"):
        with pytest.raises(UsageError, match="whole number"):
            read_plan_settings(assignments([text], ""))


def entry(model: str = "a.pt", protocol: str = "infogan-cr", **metrics: Any) -> dict[str, Any]:
    return {"model": model, "protocol": protocol, "metrics": metrics}


def test_gates() -> None:
    result = entry(mig={"score": 0.4}, dci={"score": 0.6, "completeness": 0.3, "per_code": [0.1]})
    names = ["mig", "dci"]
    check_gates([result], parse_gates(["mig=0.4", "dci.completeness=0.3", "dci.score=0.5"], names))
    with pytest.raises(GateError, match=r"mig is 0.4000, 0.1 under 0.5; .*completeness is 0.3000, 0.2 under"):
        check_gates([result], parse_gates(["mig=0.5", "dci.completeness=0.5", "dci=0.1"], names))
    with pytest.raises(UsageError, match="no part 'complete' that can be gated; it has score, disentangle"):
        parse_gates(["dci.complete=0.5"], names)
    for text, named in [("dci.per_code=0.5", "per_code.0"), ("dci.completeness.1=0", "one number")]:
        with pytest.raises(UsageError, match=named):
            parse_gates([text], names)
    check_gates([result], parse_gates(["dci.per_code.0=0.1"], names))
    with pytest.raises(UsageError, match=r"no part 'per_code\.7'"):
        check_gates([result], parse_gates(["dci.per_code.7=0.1"], names))
    with pytest.raises(GateError, match=r"mig is null .*too few"):
        check_gates([entry(mig={"score": None, "reason": "too few"})], parse_gates(["mig=0"], names))
    for text in ("mig", "mig=", "mig=a", "mig=nan", "sap=0.5"):
        with pytest.raises(UsageError, match="--fail-under"):
            parse_gates([text], names)


def test_baseline() -> None:
    old = [entry("runs/a.pt", mig={"score": 0.5}, sap={"score": 0.2}), entry("b.pt", mig={"score": 0.9})]
    check_baseline([entry("runs/a.pt", mig={"score": 0.6}, sap={"score": 0.2})], old, "old.json")
    with pytest.raises(GateError, match=r"a.pt: mig fell by 0.1, from 0.5000 to 0.4000"):
        check_baseline([entry("elsewhere/a.pt", mig={"score": 0.4}, sap={"score": 0.3})], old, "old.json")
    with pytest.raises(GateError, match="to null"):
        check_baseline([entry("b.pt", mig={"score": None, "reason": "x"})], old, "old.json")
    with pytest.raises(UsageError, match=r"no result for c.pt"):
        check_baseline([entry("c.pt", mig={"score": 1.0})], old, "old.json")
    with pytest.raises(UsageError, match="protocol"):
        check_baseline([entry("b.pt", "disentanglement-lib", mig={"score": 1.0})], old, "old.json")
    check_baseline([entry("c.pt", mig={"score": 0.9})], [old[1]], "old.json")

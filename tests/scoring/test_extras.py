"""Intervals, chosen factors, finite labelled sets, and arrays made of a model's images."""

import importlib.util
import sys
import types
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import disentangle_cli as dcr
from disentangle_cli import output
from disentangle_cli.data.dataset import Dataset
from disentangle_cli.errors import GateError, UsageError
from disentangle_cli.latents import Block, Latents
from disentangle_cli.metrics import METRICS, Arrays
from disentangle_cli.scoring import (
    Options,
    _classifier,
    check_baseline,
    check_gates,
    parse_gates,
)
from disentangle_cli.scoring.bootstrap import resampled
from disentangle_cli.scoring.features import load_extractor
from disentangle_cli.scoring.restrict import FactorsOf, restrict_arrays
from tests.scoring.test_run import SMALL, Bars, Reader


class Artist(Reader):
    """Draws what it read; its images come from the prior as bars of random height."""

    latents = Latents([Block("c", "uniform", 4, True), Block("z", "normal", 1, False)])

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> torch.Tensor:
        return self.latents.sample(n, rng)

    def generate(self, latents: torch.Tensor) -> torch.Tensor:
        images = torch.zeros(len(latents), 1, 4, 4)
        images[:, 0, 0] = latents[:, :4].clamp(0, 5) * 50 / 255
        return images


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


def test_bootstrap_leaves_the_score_alone_and_halves_apart() -> None:
    plain = dcr.score(Reader(1.0), Bars(), metrics="mig", settings=SMALL)["metrics"]["mig"]["score"]
    more = dcr.score(Reader(1.0), Bars(), metrics="mig", settings=SMALL, bootstrap=3)["metrics"]["mig"]
    assert more["score"] == plain
    codes = np.arange(30.0)[:, None]
    data = Arrays(
        codes=codes,
        factors=np.zeros((30, 1), np.int64),
        group_codes=np.ones((4, 2, 1)),
        group_labels=np.array([0, 1, 1, 0]),
        train_rows=np.arange(20),
        test_rows=np.arange(20, 30),
    )
    drawn = resampled(data, np.random.default_rng(0), 0)
    assert drawn.codes is not None
    assert drawn.codes[drawn.train_rows].max() < 20 <= drawn.codes[drawn.test_rows].min()
    assert len(drawn.codes) == 30
    assert np.array_equal(drawn.group_labels, data.group_labels)


def test_spread_of_resamples_is_that_of_the_mean() -> None:
    """The bootstrap of a mean gives its standard error."""
    errors = np.random.default_rng(0).exponential(size=400)
    data = Arrays(squared_errors=errors)
    found = dcr.score(data, metrics="reconstruction_error", bootstrap=200)["metrics"]["reconstruction_error"]
    assert found["std"] == pytest.approx(errors.std() / 20, rel=0.2)
    assert found["interval"][1] - found["score"] == pytest.approx(1.96 * found["std"], rel=1e-3)


def test_factors_can_be_chosen() -> None:
    chosen = dcr.score(Reader(), Bars(), metrics="factor_vae,mig", settings=SMALL, factors=["y", "x"])
    assert chosen["factors"] == ["y", "x"]
    assert np.argmax(np.array(chosen["metrics"]["factor_vae"]["votes"]), axis=0).tolist() == [3, 2]
    with pytest.raises(UsageError, match="no 'z'; it has kind"):
        dcr.score(Reader(), Bars(), factors=["z"])
    with pytest.raises(UsageError, match="twice"):
        dcr.score(Reader(), Bars(), factors=["x", "x"])
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (60, 3))
    data = Arrays(codes=truth * 1.0, factors=truth, group_codes=rng.normal(size=(6, 4, 3)),
                  group_labels=np.arange(6) % 3, reference_codes=truth * 1.0)  # fmt: skip
    part = restrict_arrays(data, ["factor3", "factor1"], "arrays")
    assert part.factors is not None
    assert part.group_labels is not None
    assert np.array_equal(part.factors, truth[:, [2, 0]])
    assert part.group_labels.tolist() == [1, 0, 1, 0]  # of groups 0, 2, 3, 5


def test_reconstruction_and_classes_of_a_model(monkeypatch: pytest.MonkeyPatch, empty_cache: Any) -> None:
    monkeypatch.setattr(_classifier.classifier_for, "__defaults__", ("cpu", 12_800))
    settings = ("data.generated=300", "data.reconstructions=50")
    names = "reconstruction_error,inception_score,class_confidence,mode_kl"
    found = dcr.score(Artist(), Bars(), metrics=names, settings=settings)["metrics"]
    assert found["reconstruction_error"]["score"] == pytest.approx(0, abs=1e-9)
    assert 1 <= found["inception_score"]["score"] <= 3
    assert sum(found["mode_kl"]["counts"]) == 300
    assert "of 6 held-out images right" in found["mode_kl"]["note"]
    kept = list(empty_cache.glob("classifier-*.pt"))
    assert len(kept) == 1
    stamp = kept[0].stat().st_mtime_ns
    judge = _classifier.classifier_for(Bars())
    assert kept[0].stat().st_mtime_ns == stamp
    rows = np.arange(len(Bars()))
    guess = judge.net(torch.from_numpy(Bars().images(rows)).float() / 255).argmax(dim=1).numpy()
    assert np.mean(guess == Bars().classes(rows)[:, 0]) > 0.9  # kept weights know the classes
    assert judge.accuracy is not None
    assert judge.accuracy > 0.5
    kept[0].write_bytes(b"")  # what a full disk or a crash may leave
    again = _classifier.classifier_for(Bars())
    assert all(torch.equal(a, b) for a, b in zip(net_weights(judge), net_weights(again), strict=True))


def test_a_classifier_of_other_labels_is_another(empty_cache: Any) -> None:
    class Swapped(Bars):
        def classes(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
            return (super().classes(indices) + 1) % [factor.size for factor in self.factors]

    assert Bars().label_digest == Bars().label_digest != Swapped().label_digest


def test_a_classifier_that_cannot_be_kept_is_used(
    monkeypatch: pytest.MonkeyPatch, empty_cache: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = _classifier.classifier_for(Bars(), images=640)
    blocked = empty_cache / "file"
    blocked.touch()
    monkeypatch.setenv("DCR_CACHE", str(blocked))
    output.configure(quiet=False)
    try:
        other = _classifier.classifier_for(Bars(), images=640)
    finally:
        output.configure(quiet=True)
    assert "warning: the classifier will not be kept" in capsys.readouterr().err
    assert all(torch.equal(a, b) for a, b in zip(net_weights(kept), net_weights(other), strict=True))


def net_weights(judge: _classifier.Judge) -> list[torch.Tensor]:
    return list(judge.net.state_dict().values())


def test_features_come_from_an_extractor(monkeypatch: pytest.MonkeyPatch, empty_cache: Any) -> None:
    monkeypatch.setattr(_classifier.classifier_for, "__defaults__", ("cpu", 64))

    def extract(pixels: torch.Tensor) -> tuple[torch.Tensor]:
        assert pixels.dtype == torch.uint8
        assert pixels.shape[1] == 3
        return (pixels[:, 0, 0].float() / 50,)

    monkeypatch.setattr("disentangle_cli.scoring.images.load_extractor", lambda device: extract)
    few = ("data.generated=200", "data.reconstructions=5", "dci.trees=2", "kid.subsets=3")
    found = dcr.score(Artist(), Bars(), metrics="all", settings=(*SMALL, *few))["metrics"]
    assert found["fid"]["score"] > 1  # the prior is no class grid
    assert found["kid"]["score"] > 0
    assert set(found) == set(METRICS.names())


def test_without_torch_fidelity(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch_fidelity" else found(name)
    )
    monkeypatch.setattr("disentangle_cli.scoring.run.feature_problem", lambda: "it is not installed")
    with pytest.raises(UsageError, match="fid: it is not installed"):
        Options(metrics="mig,fid")
    assert "fid" in Options(metrics="all").names
    with pytest.raises(UsageError, match=r"disentangle-cli\[fidelity\]"):
        load_extractor("cpu")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "torch_fidelity", types.ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, "torch_fidelity.utils", None)
    with pytest.raises(UsageError, match="installed but does not load"):
        load_extractor("cpu")


def test_a_value_with_one_image() -> None:
    class Rare(Dataset):
        name, fingerprint, image_shape, factors = "rare", "rare-1", Bars.image_shape, Bars.factors
        rows = np.r_[np.arange(30), 59]

        def __len__(self) -> int:
            return len(self.rows)

        def images(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
            return Bars().images(self.rows[indices])

        def classes(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
            return Bars().classes(self.rows[indices])

    plain = FactorsOf(Rare(), [0, 2, 3])
    result = dcr.score(Reader(), plain, metrics="factor_vae,mig", settings=SMALL)["metrics"]
    assert "factor kind, e.g. 2" in result["factor_vae"]["reason"]
    assert "--factors" in result["factor_vae"]["reason"]
    assert result["mig"]["score"] is not None
    fine = dcr.score(Reader(), plain, metrics="factor_vae", settings=SMALL, factors=["x"])["metrics"]
    assert fine["factor_vae"]["score"] == 1.0


def test_baseline_and_gates_with_intervals() -> None:
    def entry(score: float, reach: float) -> dict[str, Any]:
        metric = {"score": score, "interval": [score - reach, score + reach]}
        return {"model": "a.pt", "protocol": "infogan-cr", "metrics": {"mig": metric}}

    check_baseline([entry(0.50, 0.03)], [entry(0.54, 0.03)], "old.json")  # 0.04 < 0.0424
    with pytest.raises(GateError, match=r"mig fell by 0\.05"):
        check_baseline([entry(0.49, 0.03)], [entry(0.54, 0.03)], "old.json")
    gates = parse_gates(["mig=0.48"], ["mig"], "--fail-under-ci")
    check_gates([entry(0.50, 0.01)], [], gates)
    check_gates([entry(0.50, 0.03)], gates)
    with pytest.raises(GateError, match=r"mig \(lower end\) is 0\.4700"):
        check_gates([entry(0.50, 0.03)], [], gates)
    bare = entry(0.5, 0.0)
    del bare["metrics"]["mig"]["interval"]
    with pytest.raises(UsageError, match="no interval"):
        check_gates([bare], [], gates)

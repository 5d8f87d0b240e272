"""Arrays made of a model's images."""

import importlib.util
import sys
import types
from typing import Any

import numpy as np
import pytest
import torch

import disentangle_cli as dcr
from disentangle_cli.errors import UsageError
from disentangle_cli.metrics import METRICS
from disentangle_cli.scoring import Options, classifier
from disentangle_cli.scoring.features import load_extractor
from tests.scoring.bars import SMALL, Artist, Bars, net_weights


def test_reconstruction_and_classes_of_a_model(monkeypatch: pytest.MonkeyPatch, empty_cache: Any) -> None:
    monkeypatch.setattr(classifier.classifier_for, "__defaults__", ("cpu", 12_800))
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
    judge = classifier.classifier_for(Bars())
    assert kept[0].stat().st_mtime_ns == stamp
    rows = np.arange(len(Bars()))
    guess = judge.net(torch.from_numpy(Bars().images(rows)).float() / 255).argmax(dim=1).numpy()
    assert np.mean(guess == Bars().classes(rows)[:, 0]) > 0.9  # kept weights know the classes
    assert judge.accuracy is not None
    assert judge.accuracy > 0.5
    kept[0].write_bytes(b"")  # what a full disk or a crash may leave
    again = classifier.classifier_for(Bars())
    assert all(torch.equal(a, b) for a, b in zip(net_weights(judge), net_weights(again), strict=True))


def test_features_come_from_an_extractor(monkeypatch: pytest.MonkeyPatch, empty_cache: Any) -> None:
    monkeypatch.setattr(classifier.classifier_for, "__defaults__", ("cpu", 64))

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

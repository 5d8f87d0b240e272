"""The classifier of a data set: kept, replaced, used where it cannot be kept."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from disentangle_cli import output
from disentangle_cli.scoring import classifier
from tests.scoring.bars import Bars, net_weights


def test_a_classifier_of_other_labels_is_another(empty_cache: Any) -> None:
    class Swapped(Bars):
        def classes(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
            return (super().classes(indices) + 1) % [factor.size for factor in self.factors]

    assert Bars().label_digest == Bars().label_digest != Swapped().label_digest


def test_a_classifier_that_cannot_be_kept_is_used(
    monkeypatch: pytest.MonkeyPatch, empty_cache: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = classifier.classifier_for(Bars(), images=640)
    blocked = empty_cache / "file"
    blocked.touch()
    monkeypatch.setenv("DCR_CACHE", str(blocked))
    output.configure(quiet=False)
    try:
        other = classifier.classifier_for(Bars(), images=640)
    finally:
        output.configure(quiet=True)
    assert "warning: the classifier will not be kept" in capsys.readouterr().err
    assert all(torch.equal(a, b) for a, b in zip(net_weights(kept), net_weights(other), strict=True))

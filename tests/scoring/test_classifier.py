"""The classifier of a data set: kept, replaced, used where it cannot be kept."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from disentangle_cli import output
from disentangle_cli.scoring import classifier
from disentangle_cli.serialization import write_sealed
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


@pytest.fixture
def kept(empty_cache: Path, speaking: None) -> tuple[classifier.Judge, Path]:
    judge = classifier.classifier_for(Bars(), images=640)
    (path,) = empty_cache.glob("classifier-*.pt")
    return judge, path


def flip(path: Path, whole: bytes) -> None:
    """Bits of the last layer's weights."""
    place = len(whole) // 2
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])


def without_digest(path: Path, whole: bytes) -> None:
    document = torch.load(path, weights_only=True)
    del document["digest"]
    torch.save(document, path)


def of_other_data(path: Path, whole: bytes) -> None:
    document = torch.load(path, weights_only=True)
    del document["digest"]
    write_sealed(path, document | {"key": "0" * 64})


def fifo(path: Path, whole: bytes) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "harm", [flip, without_digest, of_other_data, fifo, lambda path, whole: path.write_bytes(whole[:-1])]
)
def test_a_damaged_classifier_is_trained_again(
    kept: tuple[classifier.Judge, Path],
    harm: Callable[[Path, bytes], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    judge, path = kept
    whole = path.read_bytes()
    found = classifier.classifier_for(Bars(), images=640)
    assert all(torch.equal(a, b) for a, b in zip(net_weights(judge), net_weights(found), strict=True))
    assert "training the classifier again" not in capsys.readouterr().err
    harm(path, whole)
    again = classifier.classifier_for(Bars(), images=640)
    assert all(torch.equal(a, b) for a, b in zip(net_weights(judge), net_weights(again), strict=True))
    assert (again.held_out, again.accuracy) == (judge.held_out, judge.accuracy)
    told = capsys.readouterr().err
    assert f"warning: {path}: " in told
    assert "training the classifier again" in told
    assert path.read_bytes() == whole

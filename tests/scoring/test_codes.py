"""Each image is encoded once, and its posterior sampled for every draw."""

from typing import Any

import numpy as np
import pytest

import disentangle_cli as dcr
from disentangle_cli.scoring.codes import CodeCache
from tests.scoring.bars import SMALL, Bars, Reader


def test_each_image_is_encoded_once() -> None:
    model = Reader()
    dcr.score(model, Bars(), metrics="factor_vae,beta_vae,mig,sap", settings=SMALL, repeats=3)
    assert model.encoded <= len(Bars())


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

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from disentangle_cli.api.rank import select
from disentangle_cli.errors import UsageError

Save = Callable[..., str]


def test_images_of_a_data_set(save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pool = [save("a.pt"), save("b.pt", angle=0.3), save("c.pt", angle=-0.3)]
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", imgs=images)
    result = select(pool, "udr-spearman", images=30, images_from=str(tmp_path / "mine.npz"))
    assert result.details["images"]["source"] == "mine"
    assert result.details["images"]["count"] == 30
    np.savez(tmp_path / "large.npz", imgs=np.zeros((4, 16, 16), np.uint8))
    with pytest.raises(UsageError, match="16x16"):
        select(pool, "udr-spearman", images_from=str(tmp_path / "large.npz"))
    with pytest.raises(UsageError, match="no data set 'nowhere'"):
        select(pool, "udr-spearman", images_from="nowhere")


def test_images_default_to_what_the_models_were_trained_on(save: Save, tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", imgs=np.random.default_rng(0).integers(0, 256, (9, 8, 8), dtype=np.uint8))
    trained = {"dataset": "mine", "dataset_path": str(tmp_path / "mine.npz")}
    pool = [
        save("a.pt", provenance=trained),
        save("b.pt", angle=0.3, provenance=trained),
        save("c.pt", noise=1),
    ]
    assert select(pool, "udr-lasso", images=30).details["images"]["source"] == "mine"
    gone = {"dataset": "mine", "dataset_path": str(tmp_path / "gone.npz")}
    pool[:2] = [save("a.pt", provenance=gone), save("b.pt", angle=0.3, provenance=gone)]
    assert select(pool, "udr-lasso", images=30).details["images"]["source"] == "generated"

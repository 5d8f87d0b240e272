"""Only what metrics need is drawn, and what cannot be had is missing with a reason."""

import numpy as np
import pytest
from numpy.typing import NDArray

import disentangle_cli as dcr
from disentangle_cli.data.dataset import Dataset
from disentangle_cli.measurement.arrays import ARRAYS, arrays_of, families_of
from disentangle_cli.measurement.evaluate import required_arrays, sample_counts
from disentangle_cli.measurement.families import Family
from disentangle_cli.metrics import PROTOCOLS
from disentangle_cli.scoring.classifier import classifier_for
from disentangle_cli.scoring.codes import CodeCache
from disentangle_cli.scoring.collect import collect
from disentangle_cli.scoring.draws import DRAWS
from disentangle_cli.scoring.early import early_scale
from disentangle_cli.scoring.images import MADE
from disentangle_cli.scoring.plan import Counts, plan_for, read_plan_settings
from disentangle_cli.scoring.restrict import FactorsOf
from disentangle_cli.settings import assignments
from tests.scoring.bars import SMALL, Artist, Bars, Reader


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


def test_every_family_is_drawn_or_made_and_has_its_own_stream() -> None:
    assert sorted([*DRAWS, *MADE]) == sorted(Family)
    assert [family.value for family in Family] == [0, 1, 2, 3, 4, 5, 6, 8, 7]  # parts of seeds: never others
    assert all(arrays_of(family) for family in Family)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_array_that_is_asked_for_comes(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_for, "__defaults__", ("cpu", 64))
    monkeypatch.setattr(
        "disentangle_cli.scoring.images.load_extractor", lambda device: lambda p: (p[:, 0, 0],)
    )
    few = dict.fromkeys(Counts.model_fields, 12)
    plan = plan_for(protocol, 60, few)
    arrays = collect(CodeCache(Artist(), Bars(), False), Bars(), plan, set(ARRAYS), 0)
    # groups are whole, unless they may end early
    assert [name for name in ARRAYS if arrays.get(name) is None] == ["group_sizes", "eval_group_sizes"]
    early = early_scale(["factor_vae"], protocol, {})
    ended = collect(CodeCache(Artist(), Bars(), False), Bars(), plan, set(ARRAYS), 0, early=early)
    assert [name for name in ARRAYS if ended.get(name) is None] == []
    assert arrays.missing == {}
    assert sample_counts(arrays, ARRAYS, split=False) == {
        "class_probabilities": 12, "rows": 24, "eval_groups": 12, "eval_pairs": 12, "generated_features": 12,
        "groups": 12, "group_size": 12, "pairs": 12, "pair_size": 12, "real_features": 12, "reference": 12,
        "squared_errors": 12,
    }  # fmt: skip
    halves = sample_counts(arrays, ["codes", "train_rows", "test_rows"], split=True)
    assert halves == {"train_rows": 12, "test_rows": 12}

"""Groups of the FactorVAE metric that end when their vote is settled."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import disentangle_cli as dcr
from disentangle_cli.data.dataset import Factor
from disentangle_cli.data.grid import GridDataset
from disentangle_cli.errors import UsageError
from disentangle_cli.output import kept_warnings
from disentangle_cli.scoring import check_baseline, read_baseline
from disentangle_cli.scoring.codes import CodeCache
from disentangle_cli.scoring.collect import collect
from disentangle_cli.scoring.early import early_scale
from disentangle_cli.scoring.plan import plan_for
from tests.scoring.bars import Reader


class Points(GridDataset):
    """10,000 images whose first row holds the class ids of four factors."""

    name, fingerprint, image_shape = "points", "points-1", (1, 4, 4)
    factors = tuple(
        Factor(name, 10, tuple(float(v) for v in range(10)), True) for name in ("a", "b", "c", "d")
    )

    def images(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        pictures = np.zeros((len(indices), 1, 4, 4), np.uint8)
        pictures[:, 0, 0] = self.classes(indices) * 25
        return pictures


class Mixer(Reader):
    """Each code is a factor with a share of the next one, so votes may be near; posteriors of spread 0.5."""

    def __init__(self, share: float) -> None:
        super().__init__(spread=0.5)
        self.share = share

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        codes = super().encode(images)
        return codes + self.share * codes.roll(1, dims=1)


def scored(model: Reader, early: bool, **options: Any) -> dict[str, Any]:
    chosen = {"metrics": "factor_vae"} | options
    result = dcr.score(model, Points(), early_votes=early, settings={"data.reference": 1000}, **chosen)
    found: dict[str, Any] = result["metrics"]
    return found


@pytest.mark.parametrize("protocol", ["infogan-cr", "disentanglement-lib"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_votes_are_those_of_whole_groups(protocol: str, share: float) -> None:
    settings = {"data.reference": 1000, "data.groups": 1000, "data.eval_groups": 500}
    options: dict[str, Any] = {"metrics": "factor_vae", "protocol": protocol, "settings": settings}
    results = {}
    for early in (False, True):
        (entry,) = dcr.score(Mixer(share), Points(), early_votes=early, **options).results
        assert entry.get("early_votes", False) is early
        results[early] = entry["metrics"]["factor_vae"]
    whole, early_ = results[False], results[True]
    others = np.abs(np.array(whole["votes"]) - np.array(early_["votes"])).sum() / 2
    assert others <= 2
    assert abs(whole["score"] - early_["score"]) <= 0.003
    assert "images" not in whole
    assert 16 <= early_["images"] < 50  # a code that is constant in a group wants all of it


def test_fewer_images_are_encoded_and_what_is_encoded_is_the_same() -> None:
    plan = plan_for("infogan-cr", 10_000, {"reference": 1000, "groups": 60})
    wanted = {"reference_codes", "group_codes", "group_labels"}
    models = Mixer(0.5), Mixer(0.5)
    whole = collect(CodeCache(models[0], Points(), True), Points(), plan, wanted, 3)
    early = early_scale(["factor_vae"], "infogan-cr", {})
    part = collect(CodeCache(models[1], Points(), True), Points(), plan, wanted, 3, early=early)
    assert models[1].encoded < 0.7 * models[0].encoded
    assert whole.group_codes is not None
    assert whole.group_sizes is None
    assert part.group_codes is not None
    assert part.group_sizes is not None
    assert part.group_sizes.min() == 16
    for full, some, size in zip(whole.group_codes, part.group_codes, part.group_sizes, strict=True):
        assert np.array_equal(full[:size], some[:size])
        assert not some[size:].any()


def test_codes_that_do_not_vote_settle_none() -> None:
    scale = early_scale(["factor_vae"], "disentanglement-lib", {"factor_vae": {"threshold": 0.5}})
    assert scale is not None
    codes = np.random.default_rng(0).standard_normal((500, 3)) * [1, 0.4, 2] + [0, 0, 5]
    codes[:, 1] -= codes[:, 1].mean()
    assert np.flatnonzero(scale(codes)).tolist() == [0, 2]


def test_where_other_metrics_need_the_groups_they_stay_whole() -> None:
    asked = {"metrics": "beta_vae,factor_vae"}
    with kept_warnings() as told:
        assert scored(Reader(), True, **asked) == scored(Reader(), False, **asked)
        scored(Reader(), True, metrics="mig")
    groups, nothing = told
    assert groups == "--early-votes: beta_vae needs whole groups, so none ends early; leave it out"
    assert nothing == "--early-votes: factor_vae is not among the metrics, so nothing ends early"
    # under the other protocol beta_vae has pairs of its own
    both = scored(Mixer(0.2), True, protocol="disentanglement-lib", **asked)
    assert both["factor_vae"]["images"] < 40
    assert both["beta_vae"]["score"] is not None


def test_sizes_that_are_given_count() -> None:
    rng = np.random.default_rng(1)
    groups = rng.standard_normal((40, 10, 2))
    labels = np.arange(40) % 2
    groups[labels == 0, :4, 0] *= 0.01  # told by the first four images alone
    groups[labels == 1, :4, 1] *= 0.01
    given: dict[str, Any] = {
        "codes": rng.standard_normal((100, 2)), "factors": rng.integers(3, size=(100, 2)),
        "reference_codes": rng.standard_normal((100, 2)), "group_codes": groups, "group_labels": labels,
    }  # fmt: skip
    cut = given | {"group_sizes": np.full(40, 4)}
    metrics = {"metrics": "factor_vae,beta_vae"}
    found, whole = (dcr.score(arrays, **metrics)["metrics"] for arrays in (cut, given))
    assert found["factor_vae"]["score"] == 1.0
    assert found["factor_vae"]["images"] == 4
    assert whole["factor_vae"]["score"] < 1.0
    assert found["beta_vae"]["score"] is None
    assert "needs whole groups" in found["beta_vae"]["reason"]
    all_ = dcr.score(given | {"group_sizes": np.full(40, 10)}, **metrics)["metrics"]
    assert all_["beta_vae"] == whole["beta_vae"]
    assert all_["factor_vae"]["votes"] == whole["factor_vae"]["votes"]
    for wrong in (0, 11):
        with pytest.raises(UsageError, match="group_sizes must be from 1 to 10, the number of images"):
            dcr.score(given | {"group_sizes": np.full(40, wrong)}, **metrics)


def test_a_score_of_whole_groups_is_no_baseline(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    options: dict[str, Any] = {"metrics": "factor_vae", "settings": {"data.reference": 500}}
    whole, early = (dcr.score(Mixer(0.2), Points(), early_votes=flag, **options) for flag in (False, True))
    path.write_text(json.dumps(whole.to_json()))
    with pytest.raises(UsageError, match="early_votes was None and is True now"):
        check_baseline(early.results, read_baseline(path), str(path))
    check_baseline(whole.results, read_baseline(path), str(path))

"""Which images each family of samples holds."""

import numpy as np

from disentangle_cli.measurement.families import Family
from disentangle_cli.scoring.draws import draw
from disentangle_cli.scoring.plan import plan_for
from tests.scoring.bars import Bars


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

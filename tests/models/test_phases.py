"""What models say about the time that their iterations take."""

import pytest

from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.preset_files import preset_names
from disentangle_cli.training import configure

EVERY = [(model, preset) for model in MODELS.names() for preset in preset_names(model)]


@pytest.mark.parametrize(("model", "preset"), EVERY)
def test_phases_follow_each_other_from_the_start(model: str, preset: str) -> None:
    config = configure(model, preset)
    phases = MODELS.get(model).phases(config)
    starts = [phase.start for phase in phases]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] <= config.iterations
    assert all(phase.cost > 0 for phase in phases)


@pytest.mark.parametrize("preset", ["fast", "from-scratch", "paper", "demo"])
def test_the_regulariser_costs_more_from_where_it_begins(preset: str) -> None:
    config = configure("infogan-cr", preset)
    phases = MODELS.get("infogan-cr").phases(config)
    begins = vars(config)["contrastive"].weight.every
    before, after = [[p.cost for p in phases if (p.start >= begins) is late] for late in (False, True)]
    assert len(after) == 1
    assert after[0] > max(before)


def test_a_warm_start_costs_less_than_the_game() -> None:
    costs = [phase.cost for phase in MODELS.get("infogan").phases(configure("infogan", "fast"))]
    assert len(costs) == 4
    assert costs == sorted(costs)

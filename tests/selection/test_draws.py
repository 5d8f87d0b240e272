from collections.abc import Callable

import torch

from disentangle_cli.models import load_model
from disentangle_cli.selection import draws

Save = Callable[..., str]


def test_groups_fix_one_code_and_a_smaller_count_is_a_prefix(save: Save) -> None:
    model = load_model(save("a.pt"))
    groups = draws.groups(model.latents.code_columns, 4)
    assert [group.label for group in groups[:5]] == [0, 1, 2, 0, 1]
    assert groups[:6] == draws.groups(model.latents.code_columns, 2)
    latents = draws.group_latents(model, "name", groups[4], 50)
    spread = latents.std(dim=0)
    assert spread[1] == 0
    assert (spread[[0, 2, 3, 4]] > 0.4).all()  # noise is never fixed
    short = torch.cat(list(draws.prior_latents(model, "name", 1500)))
    long = torch.cat(list(draws.prior_latents(model, "name", 2500)))
    assert short.shape == (1500, 5)
    torch.testing.assert_close(long[:1500], short, rtol=0, atol=0)
    other = next(draws.prior_latents(model, "other", 1500))
    assert not torch.equal(other, short[:1024])

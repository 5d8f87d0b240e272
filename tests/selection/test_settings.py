from pathlib import Path

import pytest
from pydantic import ValidationError

from disentangle_cli.errors import UsageError
from disentangle_cli.selection import Settings


def test_settings_are_checked() -> None:
    with pytest.raises(UsageError, match="no selection setting is called 'group'"):
        Settings().with_options(group=3)
    with pytest.raises(UsageError, match=r"there are: groups_per_code, .*; did you mean group_size\?"):
        Settings(group_sise=3)
    with pytest.raises(UsageError, match="group_size must be a whole number of at least 2, not 1"):
        Settings(group_size=1)
    with pytest.raises(UsageError, match="scale_images must be a whole number of at least 2, not 'many'"):
        Settings(scale_images="many")
    with pytest.raises(UsageError, match="images must be a whole number of at least 2, not True"):
        Settings(images=True)
    with pytest.raises(UsageError, match="tolerance must be a number between 0 and 1, not 1"):
        Settings().with_options(tolerance=1)
    with pytest.raises(UsageError, match="budget must be auto, exact or a part"):
        Settings(budget="much")
    with pytest.raises(UsageError, match="encode must be one of mean, sample"):
        Settings(encode="mode")
    assert Settings(groups_per_code=20).with_options(groups_per_code=None).groups_per_code == 20
    assert repr(Settings(images_from=Path("a.npz"), budget=1).model_dump()["budget"]) == "1"
    with pytest.raises(ValidationError, match="frozen"):
        Settings().images = 3  # type: ignore[misc]


def test_open_rules_follow_the_families() -> None:
    pure, mixed = Settings().resolved(["gan", "gan"]), Settings().resolved(["gan", "vae"])
    assert (pure.inactive, pure.encode) == ("keep", "sample")
    assert (mixed.inactive, mixed.encode) == ("auto", "mean")
    assert Settings(inactive="keep").resolved(["gan", "vae"]).encode == "sample"
    alike, unlike = Settings().resolved(["vae"] * 2, [10, 10]), Settings().resolved(["vae"] * 2, [10, 2])
    assert (alike.inactive, alike.encode) == ("keep", "sample")
    assert (unlike.inactive, unlike.encode) == ("auto", "mean")
    assert Settings(inactive="keep").resolved(["vae"] * 2, [10, 2]).inactive == "keep"

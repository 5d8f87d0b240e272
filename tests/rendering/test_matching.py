import numpy as np
from PIL import Image

from disentangle_cli.rendering import figures
from disentangle_cli.rendering.matching import MOST, Match, draw_matchings
from disentangle_cli.rendering.palette import BEST, FAINT, RAMP


def matching(name: str) -> Match:
    return Match(name, 0.5, ("c1", "c2"), ("c1", "c2", "c3"), np.eye(2, 3), (("c1", "c1", 1.0),))


def picture_of(model: str, *others: str) -> Image.Image:
    return figures.picture(draw_matchings(model, [matching(name) for name in others]))


def test_shares_pairs_and_scale_are_seen() -> None:
    counts = {colour: count for count, colour in picture_of("a.pt", "b.pt").getcolors(1 << 24)}
    cells = 2 * 20**2  # two of six are full
    assert cells < counts[RAMP[-1]] < 2 * cells
    assert BEST in counts
    steps = {colour for colour in counts if colour[2] - colour[0] > 60}
    assert len(steps) > 60  # between the two colours of the cells: the scale


def test_the_words_above_end_within_the_picture() -> None:
    """However narrow it is: of one match of two codes as of many."""
    for others in (["b.pt"], [f"{i}.pt" for i in range(9)]):
        picture = picture_of("a.pt", *others)
        above = picture.crop((0, 0, picture.width, 90))
        words = above.point(lambda level: 255 * (level < 200)).convert("L").getbbox()
        assert words is not None
        assert 400 < words[2] < picture.width - 8
        faint = above.getcolors(1 << 24)
        assert FAINT in {colour for _, colour in faint}


def test_a_picture_holds_so_many_and_may_be_empty() -> None:
    full = draw_matchings("a.pt", [matching(f"{i}.pt") for i in range(MOST)]).get_size_inches()
    more = draw_matchings("a.pt", [matching(f"{i}.pt") for i in range(MOST + 9)]).get_size_inches()
    assert (full == more).all()
    assert min(picture_of("a.pt").size) > 100

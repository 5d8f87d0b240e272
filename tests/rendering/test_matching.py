import numpy as np

from disentangle_cli.rendering.matching import MOST, Match, draw_matchings
from disentangle_cli.rendering.palette import BEST, RAMP


def matching(name: str) -> Match:
    return Match(name, 0.5, ("c1", "c2"), ("c1", "c2", "c3"), np.eye(2, 3), (("c1", "c1", 1.0),))


def test_shares_and_pairs_are_seen() -> None:
    picture = draw_matchings("a.pt", [matching("b.pt")])
    counts = {colour: count for count, colour in picture.getcolors(1 << 24)}
    assert counts[RAMP[-1]] > counts[RAMP[0]] / 4 > 200  # two cells of six are full, one of them framed
    assert BEST in counts


def test_a_picture_holds_so_many_and_may_be_empty() -> None:
    full = draw_matchings("a.pt", [matching(f"{i}.pt") for i in range(MOST)])
    assert draw_matchings("a.pt", [matching(f"{i}.pt") for i in range(MOST + 9)]).size == full.size
    assert min(draw_matchings("a.pt", []).size) > 100

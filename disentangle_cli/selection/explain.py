"""Which models one model agrees with, and which code of one is which code of the other."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.errors import UsageError
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.rendering.figures import picture
from disentangle_cli.rendering.matching import Match, draw_matchings
from disentangle_cli.selection.pool import Member, Pool
from disentangle_cli.selection.selection import Selection

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Explanation:
    """What the votes of ModelCentrality say about one model; the best match comes first."""

    model: str
    matches: tuple[Match, ...]

    def draw(self) -> Image.Image:
        """The matchings as a picture, as :meth:`figure` has them."""
        return picture(self.figure())

    def figure(self) -> "Figure":
        """The matching of codes with each other model as a figure, the best match first."""
        return draw_matchings(self.model, self.matches)

    def to_json(self) -> dict[str, Any]:
        """The ``explain`` entry of the document."""
        return {
            "model": self.model,
            "others": [
                {
                    "model": match.model,
                    "score": match.score,
                    "codes": list(match.codes),
                    "other_codes": list(match.others),
                    "matching": match.shares.tolist(),
                    "pairs": [{"code": a, "other": b, "share": share} for a, b, share in match.pairs],
                }
                for match in self.matches
            ],
        }


def find_model(text: str, pool: Pool) -> str:
    """The member that ``text`` names: its name, the name of a copy, or its file's name or stem.

    Raises:
        UsageError: none or several fit.
    """
    twins = {duplicate.model: duplicate.same_as for duplicate in pool.duplicates}
    names = {**{name: name for name in pool.names}, **twins}
    if text in names:
        return names[text]
    found = sorted({kept for name, kept in names.items() if text in (Path(name).name, Path(name).stem)})
    if len(found) != 1:
        meant = did_you_mean(text, [Path(name).stem for name in names], dotted=False)
        problem = f"fits several models: {', '.join(found)}" if found else f"is no model of the pool{meant}"
        raise UsageError(f"--explain {text}: {problem}")
    return found[0]


def explain(model: str, selection: Selection, pool: Pool) -> Explanation:
    """Read the votes of a ModelCentrality selection for one member.

    Only codes that were held fixed count: all of them under ``keep``, the active ones under ``auto``. Under a
    budget only the models that this one was compared with are there.

    Raises:
        UsageError: the model took no part, as it has fewer than two active codes.
    """
    others = [other for other in pool.names if other != model]
    matches = [found for other in others if (found := match(model, other, selection, pool)) is not None]
    if not matches:
        raise UsageError(f"--explain {model}: it has fewer than two active codes, so nothing compares to it")
    return Explanation(model, tuple(sorted(matches, key=lambda found: -found.score)))


def match(model: str, other: str, selection: Selection, pool: Pool) -> Match | None:
    """Code to code of two members, from their votes on each other; None where there are none both ways."""
    assert selection.votes is not None
    assert selection.columns is not None
    votes, columns, members = selection.votes, selection.columns, pool.members
    i, j = pool.names.index(model), pool.names.index(other)
    if (i, j) not in votes or (j, i) not in votes:
        return None
    own, theirs = (_places(members[k], columns[k]) for k in (i, j))
    # rows: codes of the encoder, columns: codes held fixed, each column adding up to at most 1
    forward = votes[i, j].counts() / np.bincount(votes[i, j].labels)
    backward = votes[j, i].counts() / np.bincount(votes[j, i].labels)
    shares = (forward[own] + backward[theirs].T) / 2
    names = _names(members[i], columns[i]), _names(members[j], columns[j])
    source = selection.matrix if selection.corrected is None else selection.corrected
    score = float(source[i, j] + source[j, i]) / 2
    return Match(other, score, *names, shares, _assigned(shares, *names))


def _places(member: Member, columns: list[int]) -> list[int]:
    """Where the latent dimensions ``columns`` stand among the codes."""
    return [member.latents.code_columns.index(column) for column in columns]


def _names(member: Member, columns: list[int]) -> tuple[str, ...]:
    return tuple(member.latents.names[column] for column in columns)


def _assigned(
    shares: Doubles, codes: tuple[str, ...], others: tuple[str, ...]
) -> tuple[tuple[str, str, float], ...]:
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(shares, maximize=True)
    pairs = [(codes[a], others[b], float(shares[a, b])) for a, b in zip(rows, columns, strict=True)]
    return tuple(sorted(pairs, key=lambda pair: -pair[2]))

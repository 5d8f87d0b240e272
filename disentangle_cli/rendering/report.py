"""Tables and matrices of results, as they stand in a notebook and on pages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from disentangle_cli.rendering.pages import environment


@dataclass(frozen=True)
class Matrix:
    """A small heat map: every cell holds its number on a colour that tells its size; None stays empty."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]

    @property
    def high(self) -> float:
        """The end of the colour scale, which begins at 0: the largest number, 1 if none is above 0."""
        known = [value for row in self.values for value in row if value is not None and math.isfinite(value)]
        return max([0.0, *known]) or 1.0


@dataclass(frozen=True)
class Section:
    """A part of what is shown; everything but the title may be missing."""

    title: str
    notes: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    matrices: Sequence[Matrix] = ()


def fragment(section: Section) -> str:
    """One part as HTML, for a notebook."""
    return environment().get_template("fragment.html.j2").render(section=section)

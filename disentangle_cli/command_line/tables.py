"""Tables as text of any width, in which no number and no name is ever broken.

Where a terminal is narrow, text is wrapped between its words, then columns are left out that may be, and what
still does not fit becomes one block a row, a line for each value. A name that is longer than the terminal has
a line of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

GLUE = "\u00a0"
"""A blank where no line ends."""
GAP = 2
"""Blanks between two columns."""
READABLE = 24
"""Text is wrapped to columns of so many characters at least."""
INDENT = 2


@dataclass(frozen=True)
class Column:
    """A column of texts.

    Attributes:
        name: its head, plain words.
        cells: the texts, one a row.
        numeric: whether they stand to the right.
        prose: whether they may be wrapped between words. Of others only their heads are.
    """

    name: str
    cells: Sequence[str]
    numeric: bool = False
    prose: bool = False

    def words(self) -> list[list[str]]:
        """Of each cell: what must stay whole."""
        return [cell.split(" ") if self.prose else [cell.replace(" ", GLUE)] for cell in self.cells]

    @property
    def widest(self) -> int:
        """Characters of the longest cell."""
        return max(map(cell_len, self.cells), default=0)

    @property
    def least(self) -> int:
        """Characters that it takes at least."""
        words = (cell_len(word) for words in self.words() for word in words)
        return max([*words, *map(cell_len, self.name.split(" "))], default=0)


@dataclass(frozen=True)
class Laid:
    """A table as lines.

    Attributes:
        head: the lines of the column names; none where each row is a block.
        body: the lines below.
        left_out: the names of columns for which there was no room.
    """

    head: list[str]
    body: list[str]
    left_out: list[str]


def lay_out(columns: Sequence[Column], width: int | None, optional: Sequence[str] = ()) -> Laid:
    """A table of at most ``width`` characters a line (None: as many as it takes).

    ``optional`` names the columns that may be left out, in the order in which they are.
    """
    kept, left_out = list(columns), []
    for name in (None, *optional):
        if name is not None:
            kept = [column for column in kept if column.name != name]
            left_out = [column.name for column in columns if column not in kept]
        if (widths := _widths(kept, width)) is not None:
            rows = zip(
                *(_cells(column, room) for column, room in zip(kept, widths, strict=True)), strict=True
            )
            heads = [
                _wrapped(column.name.split(" "), room) for column, room in zip(kept, widths, strict=True)
            ]
            body = [line for row in rows for line in _side_by_side(kept, widths, row)]
            return Laid(_side_by_side(kept, widths, heads, at_bottom=True), body, left_out)
    room = width or 0
    if len(columns) == 2 and columns[1].prose and columns[0].least + GAP + READABLE <= room:
        return _pairs(columns[0], columns[1], room)
    return Laid([], _blocks(columns, room), [])


def _widths(columns: Sequence[Column], width: int | None) -> list[int] | None:
    """Characters of each column; None where they do not fit."""
    whole = [max(column.widest, cell_len(column.name)) for column in columns]
    room = None if width is None else width - GAP * (len(columns) - 1)
    if room is None or sum(whole) <= room:
        return whole
    widths = [max(column.widest, column.least) for column in columns]  # heads in several lines
    least = [
        max(column.least, min(size, READABLE)) if column.prose else size
        for column, size in zip(columns, widths, strict=True)
    ]
    if sum(least) > room:
        return None
    while sum(widths) > room:  # from what is longest, as it loses least
        longest = max(range(len(widths)), key=lambda i: widths[i] - least[i])
        widths[longest] -= 1
    for i, size in enumerate(whole):  # a head stays in one line where there is room
        if sum(widths) + size - widths[i] <= room:
            widths[i] = max(widths[i], size)
    return widths


def _cells(column: Column, width: int) -> list[list[str]]:
    return [_wrapped(words, width) for words in column.words()]


def _wrapped(words: Sequence[str], width: int) -> list[str]:
    """Lines of at most ``width`` characters, or of one word."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cell_len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _side_by_side(
    columns: Sequence[Column], widths: Sequence[int], row: Sequence[Sequence[str]], at_bottom: bool = False
) -> list[str]:
    """The lines of a row, each cell of which has one or more."""
    height = max(map(len, row), default=1)
    lines = []
    for number in range(height):
        texts = []
        for column, width, cell in zip(columns, widths, row, strict=True):
            place = number - (height - len(cell) if at_bottom else 0)
            text = cell[place] if 0 <= place < len(cell) else ""
            blanks = " " * (width - cell_len(text))
            texts.append(blanks + text if column.numeric else text + blanks)
        lines.append(_shown((" " * GAP).join(texts)))
    return lines


def _blocks(columns: Sequence[Column], width: int) -> list[str]:
    """A block for each row: the names of columns, and what is in them beside or below."""
    names = max((cell_len(column.name) for column in columns), default=0)
    least = max((cell_len(word) for column in columns for word in column.name.split(" ")), default=0)
    names = max(least, min(names, width // 3))
    lines: list[str] = []
    for number in range(len(columns[0].cells) if columns else 0):
        lines += [""] if number else []
        for column in columns:
            head, words = _wrapped(column.name.split(" "), names), column.words()[number]
            if max(map(cell_len, words)) <= width - names - GAP:
                pair = [replace(column, numeric=False), replace(column, numeric=False)]
                room = [names, width - names - GAP]
                lines += _side_by_side(pair, room, [head, _wrapped(words, room[1])])
            else:  # a word that is too long for the place beside it
                indent = " " * INDENT if max(map(cell_len, words)) + INDENT <= width else ""
                lines += [_shown(text) for text in head]
                lines += [_shown(indent + text) for text in _wrapped(words, width - len(indent))]
    return lines


def _pairs(names: Column, values: Column, width: int) -> Laid:
    """Names and what they mean; a word that is too long for the place beside its name stands below it."""
    widths = [max(names.widest, cell_len(names.name)), 0]
    widths[1] = width - widths[0] - GAP
    lines: list[str] = []
    for name, words in zip(names.cells, values.words(), strict=True):
        if max(map(cell_len, words)) <= widths[1]:
            lines += _side_by_side(
                [names, values], widths, [[name.replace(" ", GLUE)], _wrapped(words, widths[1])]
            )
        else:
            indent = " " * INDENT if max(map(cell_len, words)) + INDENT <= width else ""
            lines += [_shown(name), *(_shown(indent + text) for text in _wrapped(words, width - len(indent)))]
    return Laid([_shown(f"{names.name.ljust(widths[0] + GAP)}{values.name}")], lines, [])


def _shown(line: str) -> str:
    return line.replace(GLUE, " ").rstrip()


def wrapped(text: str, width: int | None) -> list[str]:
    """A sentence in lines of at most so many characters, or of one word."""
    return [text] if width is None else _wrapped(text.split(" "), width)

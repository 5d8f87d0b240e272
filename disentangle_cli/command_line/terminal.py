"""Progress on a terminal: a line for each bar that is open, with a clock of its own."""

import os
import sys
import textwrap
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from disentangle_cli import output
from disentangle_cli.progress import Progress, duration
from disentangle_cli.progress.bar import in_short

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

PER_SECOND = 2
"""How often what is shown is brought up to date."""
BRIEF = 0.5
"""Seconds that a bar is open before it is shown: what is done sooner does not flash by."""
LONGEST, SHORTEST = 40, 8
"""Characters of a bar's drawing; it is left out where there is no room for the shorter."""
NAME = 10
"""Characters of a name that has to be shortened, at least."""
GAP = 2
"""Blanks between columns."""


@contextmanager
def screen() -> Iterator[None]:
    """Inside, progress is drawn where stderr is a terminal that can be drawn on."""
    if not sys.stderr.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        yield
        return
    terminal = Terminal()
    try:
        with output.shown_by(terminal):
            yield
    finally:
        terminal.end()


class Terminal:
    """Draws the bars that are open below what was written; takes them away at the end."""

    def __init__(self) -> None:
        self._bars: list[Progress] = []
        self._live: Live | None = None
        self._lock = threading.RLock()

    def opened(self, bar: Progress) -> None:
        with self._lock:
            self._bars.append(bar)
            if self._live is None:
                self._live = self._drawing()
                self._live.start()

    def moved(self, bar: Progress) -> None:
        """The clock sees it."""

    def closed(self, bar: Progress) -> None:
        with self._lock:
            self._bars.remove(bar)
            if not self._bars:
                self.end()

    def write(self, line: str, indent: int = 0) -> None:
        from rich.console import Console
        from rich.text import Text

        with self._lock:
            console = Console(stderr=True) if self._live is None else self._live.console
            text = "\n".join(_between_words(line, console.width, indent))
            console.print(Text(text), soft_wrap=True, highlight=False)

    def end(self) -> None:
        """Take away what is drawn, also after an error which left bars open."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _drawing(self) -> "Live":
        from rich.console import Console
        from rich.live import Live

        class Plain(Console):
            """Never hides the cursor: a process that is killed could not show it again."""

            def show_cursor(self, show: bool = True) -> bool:
                return False

        console = Plain(stderr=True)
        return Live(
            get_renderable=lambda: self._drawn(console),
            console=console,
            refresh_per_second=PER_SECOND,
            transient=True,
            vertical_overflow="crop",
            redirect_stdout=False,  # it may go elsewhere
        )

    def _drawn(self, console: "Console") -> "Group":
        from rich.console import Group

        bars = [bar for bar in list(self._bars) if bar.elapsed >= BRIEF]
        bars = [*(bar for bar in bars if not bar.gathers), *(bar for bar in bars if bar.gathers)]
        room = max(1, console.height - 2)
        kept = bars if len(bars) <= room else [*bars[: room - 2], bars[-1]]
        lines = drawn(kept, console.width)
        if len(kept) < len(bars):
            lines.insert(-1, _Line(f"and {len(bars) - len(kept)} more"))
        return Group(*(line.rich() for line in lines))


@dataclass(frozen=True)
class _Line:
    """A line: text, a drawing of a part, text."""

    before: str
    part: float | None = None
    length: int = 0
    after: str = ""

    def rich(self) -> "Table | Text":
        """As rich prints it."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        if not self.length:
            return Text(self.before + self.after, no_wrap=True, overflow="ellipsis")
        line = Table.grid()
        for _ in range(3):
            line.add_column(no_wrap=True)
        bar = ProgressBar(total=1.0, completed=self.part or 0.0, width=self.length, pulse=self.part is None)
        line.add_row(Text(self.before), bar, Text(self.after))
        return line


def drawn(bars: Sequence[Progress], width: int) -> list[_Line]:
    """The lines of bars on a terminal of so many characters, their numbers one below the other.

    Where it is narrow the drawings get shorter, then the rate and the time gone by are left out; then names
    are shortened. No number is cut. What a lone bar has to say besides has a line of its own.
    """
    if not bars:
        return []
    width -= 1  # a full line makes some terminals begin another
    columns = [
        [_counted(bar) for bar in bars],
        [_left(bar) for bar in bars],
        [duration(bar.elapsed) for bar in bars],
        [f"{in_short(bar.rate)} {bar.unit}/s" if bar.rate is not None else "" for bar in bars],
    ]
    alone = len(bars) == 1
    said = 0 if alone else _width(bar.facts[0] for bar in bars if bar.facts)
    names = [bar.desc for bar in bars]
    while len(columns) > 2 and _width(names) + sum(map(_width, columns)) + said + SHORTEST > width:
        columns.pop()
    taken = sum(map(_width, columns))
    said = said if width - taken - said >= NAME else 0
    names = [_shortened(name, max(NAME, width - taken - said)) for name in names]
    room = width - (_width(names) - GAP) - taken
    facts = ["" if alone else _that_fit(bar, room - GAP) for bar in bars]
    length = min(LONGEST, room - _width(facts) - GAP)
    while length < SHORTEST and any(", " in text for text in facts):  # drawings before further facts
        facts = [text.rpartition(", ")[0] or text for text in facts]
        length = min(LONGEST, room - _width(facts) - GAP)
    length = length if length >= SHORTEST else 0
    lines = []
    for i, bar in enumerate(bars):
        before = names[i].ljust(_width(names) - (0 if length else GAP))
        cells = [texts[i].rjust(_width(texts) - GAP) for texts in columns if _width(texts)]
        after = "".join(" " * GAP + cell for cell in (*cells, facts[i]))
        lines.append(_Line(before, bar.fraction if bar.total else None, length, after.rstrip()))
    if alone and bars[0].facts:
        lines.append(_Line("  " + _that_fit(bars[0], width - 2)))
    return lines


def _width(texts: Iterable[str]) -> int:
    """Characters of a column, with the gap beside it; 0 for one without any text."""
    longest = max(map(len, texts), default=0)
    return longest + GAP if longest else 0


def _between_words(line: str, width: int, indent: int) -> list[str]:
    """The lines that a line becomes where it is too long; a longer word has one of its own."""
    return textwrap.wrap(
        line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def _counted(bar: Progress) -> str:
    of = f"/{bar.total:,.0f}" if bar.total else ""
    return f"{bar.count:,.0f}{of} {bar.unit}"


def _left(bar: Progress) -> str:
    left = bar.left
    return "" if left is None else f"{duration(left)} left"


def _that_fit(bar: Progress, width: int) -> str:
    """As many facts as there is room for, the first ones."""
    chosen = list(bar.facts)
    while chosen and len(", ".join(chosen)) > width:
        chosen.pop()
    return ", ".join(chosen)


def _shortened(name: str, width: int) -> str:
    """A name with its middle left out where it is too long: both ends tell models apart."""
    if len(name) <= width:
        return name
    tail = (width - 1) * 2 // 3
    return f"{name[: width - 1 - tail]}…{name[len(name) - tail :]}"

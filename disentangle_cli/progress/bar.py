"""What is counted, one bar for each piece of work that is under way, and what shows it."""

import operator
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from disentangle_cli.lines import one_line
from disentangle_cli.progress.pace import Pace, Phase, duration, time_of_all


@dataclass(frozen=True)
class Seen:
    """A bar as it stands: what one process tells another."""

    desc: str
    unit: str
    total: float | None
    initial: float
    count: float
    facts: tuple[str, ...]
    phases: tuple[Phase, ...]
    worth: float


class Display(Protocol):
    """Shows the bars that are open. It may look at their numbers whenever it likes."""

    def opened(self, bar: "Progress") -> None:
        """A bar begins."""

    def moved(self, bar: "Progress") -> None:
        """Some of its units are done. Called often."""

    def closed(self, bar: "Progress") -> None:
        """A bar ends, whether all is done or not."""

    def write(self, line: str, indent: int = 0) -> None:
        """Write a line of text, without tearing a bar; where it is wrapped, further lines are indented."""


class _Silent:
    """Shows nothing: what Python users see."""

    def opened(self, bar: "Progress") -> None:
        pass

    def moved(self, bar: "Progress") -> None:
        pass

    def closed(self, bar: "Progress") -> None:
        pass

    def write(self, line: str, indent: int = 0) -> None:
        pass


SILENT: Display = _Silent()
_shown_on: list[Display] = [SILENT]


def display() -> Display:
    """The display at present."""
    return _shown_on[0]


def show_on(chosen: Display) -> None:
    """Show all that begins from now on there."""
    _shown_on[0] = chosen


class Progress:
    """Counts work for a display. Iterate over it, or use it as a context manager and call ``update(n)``.

    Attributes:
        desc, unit: what is done, and the name of what is counted.
        total: how many there are; None where nobody knows.
        count: how many are done.
        facts: what else there is to say, most important first.
        gathers: whether its units are the bars that are opened in it, which may be under way side by side.
        parts: those of them that are open.
        worth: how many units of the bar that gathers it this one is.
        started: when, on :func:`time.monotonic`'s clock.
    """

    def __init__(
        self,
        iterable: Iterable[Any] | None = None,
        *,
        total: float | None = None,
        desc: str,
        unit: str = "it",
        initial: float = 0,
        phases: Sequence[Phase] = (),
        gathers: bool = False,
        worth: float = 1.0,
    ) -> None:
        """``initial`` units are done; ``phases`` say which of them take longer than others."""
        if total is None and iterable is not None:
            total = operator.length_hint(iterable) or None
        self._iterable = iterable
        self.desc = one_line(desc)
        self.unit = unit
        self.count = self.initial = float(initial)
        self.facts: tuple[str, ...] = ()
        self.gathers = gathers
        self.parts: list[Progress] = []
        self.worth = worth
        self.phases = tuple(phases)
        self.started = time.monotonic()
        self._pace = Pace(total, self.count, self.phases, self.started)
        self._display = display()
        self._parent = _open.bars[-1] if _open.bars and _open.bars[-1].gathers else None
        if self._parent is not None:
            self._parent.parts.append(self)
        self._longest = 0.0
        self._is_open = True
        self._display.opened(self)

    @property
    def total(self) -> float | None:
        """May be set anew when more is known."""
        return self._pace.total

    @total.setter
    def total(self, total: float | None) -> None:
        self._pace.total = total

    def update(self, n: float = 1) -> None:
        """Count ``n`` more units as done."""
        self.move_to(self.count + n)

    def move_to(self, count: float) -> None:
        """Count so many units as done."""
        self.count = count
        if self.total is not None and count > self.total:
            self.total = count
        self._pace.at(count, time.monotonic())
        self._display.moved(self)

    def tell(self, *facts: str) -> None:
        """What to show besides the numbers from now on, most important first."""
        self.facts = tuple(map(one_line, facts))

    @property
    def seen(self) -> Seen:
        """How it stands."""
        return Seen(
            self.desc, self.unit, self.total, self.initial, self.count, self.facts, self.phases, self.worth
        )

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.started

    @property
    def rate(self) -> float | None:
        """Units per second; None before the first, and for bars that gather others."""
        return None if self.gathers else self._pace.rate

    @property
    def fraction(self) -> float:
        """Which part is done, 0 to 1, by what the phases cost."""
        if not self.gathers:
            return self._pace.fraction
        under_way = sum(part.worth * part.fraction for part in list(self.parts))
        return (self.count + under_way) / self.total if self.total else 0.0

    @property
    def left(self) -> float | None:
        """Seconds to the end; None where that cannot be told yet."""
        return self._left_of_parts() if self.gathers else self._pace.left(time.monotonic())

    def _left_of_parts(self) -> float | None:
        parts = [(part, part.left) for part in list(self.parts)]
        known = [(part, left) for part, left in parts if left is not None]
        if self.total is None or not known:
            return None
        for part, left in known:
            if (done := part.fraction) > 0:
                self._longest = max(self._longest, part.elapsed / done if done >= 1 else left / (1 - done))
        begun = sum(part.worth for part, _ in parts)
        waiting = max(0, round((self.total - self.count - begun) * len(parts) / begun))
        return time_of_all([left for _, left in known], waiting, self._longest)

    @property
    def counted(self) -> str:
        """How many, of how many: ``10/100 (10%) it``."""
        if not self.total:
            return f"{self.count:,.0f} {self.unit}"
        part = self.fraction if self.gathers else self.count / self.total
        return f"{self.count:,.0f}/{self.total:,.0f} ({100 * part:.0f}%) {self.unit}"

    def close(self) -> None:
        """It is shown no longer."""
        if self._is_open:
            self._is_open = False
            if self._parent is not None:
                self._parent.parts.remove(self)
            self._display.closed(self)

    def __enter__(self) -> Self:
        _open.bars.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _open.bars.remove(self)
        self.close()

    def __iter__(self) -> Iterator[Any]:
        if self._iterable is None:
            raise TypeError("this progress display has nothing to iterate over; call update() instead")
        with self:
            for item in self._iterable:
                yield item
                self.update()

    def __str__(self) -> str:
        """Everything in one line."""
        texts = [f"{self.desc}: {self.counted}"]
        if (rate := self.rate) is not None:
            texts.append(f"{in_short(rate)} {self.unit}/s")
        if (left := self.left) is not None:
            texts.append(f"{duration(left)} left")
        return ", ".join([*texts, *self.facts])


class _Open(threading.local):
    """The bars that a thread uses as context managers, the innermost last; those of others are no parts."""

    def __init__(self) -> None:
        self.bars: list[Progress] = []


_open = _Open()


class Mirror:
    """The bar of another process, shown in this one."""

    def __init__(self) -> None:
        self._bar: Progress | None = None

    def show(self, seen: Seen | None) -> None:
        """Show how it stands; None: it has ended."""
        if self._bar is not None and (seen is None or seen.desc != self._bar.desc):
            self._bar.close()
            self._bar = None
        if seen is None:
            return
        if self._bar is None:
            self._bar = Progress(
                total=seen.total, desc=seen.desc, unit=seen.unit, initial=seen.initial, phases=seen.phases,
                worth=seen.worth,
            )  # fmt: skip
        self._bar.total = seen.total
        self._bar.tell(*seen.facts)
        if seen.count > self._bar.count:
            self._bar.move_to(seen.count)


def in_short(rate: float) -> str:
    """A rate with three digits that count: ``2,515``, ``18.2``, ``0.05``."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"

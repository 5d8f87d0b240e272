"""How fast work goes, and how long what is left will take."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Phase:
    """A part of some work whose units take alike.

    Attributes:
        start: its first unit, counted from 0.
        cost: what a unit takes, in any measure that all phases of the work share.
    """

    start: int
    cost: float


class Pace:
    """Measures each phase of some work; what one that has not begun will take is told by its cost."""

    def __init__(self, total: float | None, initial: float, phases: Sequence[Phase], now: float) -> None:
        """``initial`` units are done at the time ``now``; ``total`` is None where nobody knows."""
        self.total = total
        self._phases = phases or (Phase(0, 1.0),)
        self._initial = self._count = initial
        self._last = now
        self._units = [0.0] * len(self._phases)
        self._seconds = [0.0] * len(self._phases)

    def at(self, count: float, now: float) -> None:
        """Note that ``count`` units are done at the time ``now``."""
        phase = self._phase_of(max(count - 1, self._initial))
        self._units[phase] += count - self._count
        self._seconds[phase] += now - self._last
        self._count, self._last = count, now

    @property
    def rate(self) -> float | None:
        """Units per second in the phase that is under way; None before the first."""
        each = self._unit_seconds(self._phase_of(max(self._count - 1, self._initial)))
        return 1 / each if each else None

    def left(self, now: float) -> float | None:
        """Seconds to the end, as they go down between two units; None where that cannot be told yet."""
        if self.total is None or not any(self._units):
            return None
        left = self._between(
            self._count, self.total, [self._unit_seconds(i) for i in range(len(self._phases))]
        )
        return max(0.0, left - (now - self._last))

    @property
    def fraction(self) -> float:
        """Which part of all the work is done, 0 to 1."""
        costs = [phase.cost for phase in self._phases]
        whole = self._between(0, self.total or 0, costs)
        return min(1.0, self._between(0, self._count, costs) / whole) if whole else 0.0

    def _unit_seconds(self, phase: int) -> float:
        """Seconds of a unit: measured, or by those of the last phase that was."""
        known = phase
        if not self._units[phase]:
            known = max((i for i, units in enumerate(self._units) if units), default=-1)
        if known < 0:
            return 0.0
        ratio = self._phases[phase].cost / self._phases[known].cost
        return self._seconds[known] / self._units[known] * ratio

    def _phase_of(self, unit: float) -> int:
        return max((i for i, phase in enumerate(self._phases) if phase.start <= unit), default=0)

    def _between(self, start: float, end: float, each: Sequence[float]) -> float:
        """The sum over the units from ``start`` to ``end``, where each of phase i has ``each[i]``."""
        ends = [*(float(phase.start) for phase in self._phases[1:]), float("inf")]
        parts = zip(self._phases, ends, each, strict=True)
        return sum(max(0.0, min(end, last) - max(start, phase.start)) * one for phase, last, one in parts)


def time_of_all(under_way: Sequence[float], waiting: int, each: float) -> float:
    """Seconds until all is done, where what waits begins as soon as something under way has ended.

    Args:
        under_way: what is left of each that has begun, in seconds.
        waiting: how many have not.
        each: what one of those takes.
    """
    places = sorted(under_way)
    for _ in range(waiting if places else 0):
        places[0] += each
        places.sort()
    return max(places, default=0.0)


def duration(seconds: float) -> str:
    """Seconds as people read them: ``42s``, ``3m05s``, ``2h10m``, ``3d04h``."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 48 * 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"

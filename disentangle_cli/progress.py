"""Progress on stderr: a tqdm bar on a terminal, sparse plain lines on a pipe."""

import operator
import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, ClassVar, Self

from disentangle_cli.lines import message, one_line

LINE_EVERY = 10.0  # seconds between plain lines


class Progress:
    """A progress display on stderr: a bar on a terminal, else a plain line at most every 10 seconds.

    Iterate over it, or use it as a context manager and call ``update(n)``; ``initial`` units are done.
    """

    quiet: ClassVar[bool] = True
    """Whether nothing is shown: until the command line says otherwise, so that Python users see no output."""
    bars: ClassVar[list[Any]] = []  # open tqdm bars: messages must be written around them

    def __init__(
        self,
        iterable: Iterable[Any] | None = None,
        *,
        total: float | None = None,
        desc: str,
        unit: str = "it",
        initial: float = 0,
    ) -> None:
        if total is None and iterable is not None:
            total = operator.length_hint(iterable) or None
        self._iterable = iterable
        self._total = total
        self._desc = desc = one_line(desc)
        self._unit = unit
        self._bar: Any = None
        self._count = self._initial = float(initial)
        self._postfix = ""
        self._start = self._last = time.monotonic()
        if not self.quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=total,
                desc=desc,
                unit=unit,
                initial=initial,
                file=sys.stderr,
                dynamic_ncols=True,
                leave=False,
            )
            Progress.bars.append(self._bar)

    def update(self, n: float = 1) -> None:
        """Count ``n`` more units as done."""
        self._count += n
        if self._bar is not None:
            self._bar.update(n)
        elif not self.quiet and time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            sys.stderr.write(self._line() + "\n")
            sys.stderr.flush()

    def set_postfix_str(self, text: str) -> None:
        """Show ``text`` behind the numbers from now on."""
        self._postfix = text = one_line(text)
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)

    def close(self) -> None:
        """Remove the bar (nothing to do on a pipe)."""
        if self._bar is not None:
            self._bar.close()
            Progress.bars.remove(self._bar)
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        if self._iterable is None:
            raise TypeError("this progress display has nothing to iterate over; call update() instead")
        with self:
            for item in self._iterable:
                yield item
                self.update()

    def _line(self) -> str:
        elapsed = max(self._last - self._start, 1e-9)
        rate = (self._count - self._initial) / elapsed
        of = f"/{self._total:,.0f} ({100 * self._count / self._total:.0f}%)" if self._total else ""
        speed = f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"
        parts = [f"{self._desc}: {self._count:,.0f}{of} {self._unit}", f"{speed} {self._unit}/s"]
        if self._total and rate > 0:
            parts.append(f"{duration((self._total - self._count) / rate)} left")
        if self._postfix:
            parts.append(self._postfix)
        return ", ".join(parts)

    @classmethod
    def write(cls, text: str) -> None:
        """Write a line to stderr, unless all is quiet, without tearing an open bar."""
        if cls.quiet:
            return
        text = message(text)
        if cls.bars:
            cls.bars[-1].write(text, file=sys.stderr)
        else:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def duration(seconds: float) -> str:
    """Seconds as people read them: ``42s``, ``3m05s``, ``2h10m``."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"

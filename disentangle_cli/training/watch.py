"""A page about runs, written anew while they are trained and once more when they have ended.

It is made from the files that runs write, by a thread of the process that was asked to train: so it is the
same for one run and for a pool, and no run knows of it. What goes wrong with it never stops a run.
"""

import base64
import contextlib
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from disentangle_cli import output
from disentangle_cli.errors import UsageError
from disentangle_cli.files import holds_something, write_atomic
from disentangle_cli.progress import duration
from disentangle_cli.rendering.curves import Chart
from disentangle_cli.rendering.curves_page import Live, Shown, Underway, draw_curves_page
from disentangle_cli.reporting import describe
from disentangle_cli.training.curves import chart_of, choose_columns, group_runs
from disentangle_cli.training.outcome import Outcome
from disentangle_cli.training.records import LOG, Record, read_run
from disentangle_cli.training.spec import Run
from disentangle_cli.training.summary import last_numbers

ENDINGS = (".html", ".htm")
MARK = b'data-live="state"'
"""What every page of this kind holds, and hardly another file."""
MOST_HEAD = 2**20
"""Bytes of a page in which it is looked for."""
LOOK_EVERY = 5
"""Seconds between two looks at the files of the runs, and of the page at itself."""
SHARE = 0.05
"""Of the time of a core that drawing may take."""
PICTURES = 20
"""Traversals in the course of a run, at least."""
MOST_PICTURES = 12
"""Runs whose traversal is shown: those with the newest."""
MOST_BYTES = 4 * 2**20
"""Of a traversal on the page."""
CLOCK = 0.05
"""Seconds by which the clock of a file system may be late."""


def check_page(path: Path) -> None:
    """Refuse a page that would replace something else than an earlier page about runs.

    Raises:
        UsageError: it would, or the name does not end like that of a page.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"--watch {path}: a page is written; let its name end in .html")
    if path.is_dir():
        raise UsageError(f"--watch {path} is a folder; name a file in it")
    if holds_something(path):
        try:
            with path.open("rb") as file:
                found = MARK in file.read(MOST_HEAD)
        except OSError as error:
            raise UsageError(f"--watch {path}: cannot be read ({error.strerror})") from error
        if not found:
            raise UsageError(f"--watch {path} exists and is no page of a training; choose another name")


def with_pictures(run: Run) -> Run:
    """The run with :data:`PICTURES` traversals in its course, if it has fewer."""
    log = run.config.log
    every = max(1, run.config.iterations // PICTURES)
    if 0 < log.images_every <= every:
        return run
    log = log.model_copy(update={"images_every": every})
    return replace(run, config=run.config.model_copy(update={"log": log}))


@contextlib.contextmanager
def watching(path: Path, runs: Sequence[Run]) -> Iterator["Watch"]:
    """Keep a page about ``runs`` in this block, which tells the watch how they ended.

    Raises:
        RunError: the page cannot be written at the beginning.
    """
    watch = Watch(path, runs)
    watch.write()
    watch.start()
    try:
        yield watch
    except BaseException as error:
        watch.stop(describe(error)[1])
        raise
    watch.stop(None)


class Watch:
    """Writes a page."""

    def __init__(self, path: Path, runs: Sequence[Run]) -> None:
        self._path = path
        self._runs = runs
        self._begun = time.time()
        self._outcomes: dict[Path, Outcome] = {}
        self._failure: str | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._drawn: list[tuple[str, float, int]] = []

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Tell how the runs ended."""
        self._outcomes = {outcome.run.checkpoint: outcome for outcome in outcomes}

    def start(self) -> None:
        """Begin to look at the files of the runs."""
        self._thread.start()

    def stop(self, failure: str | None) -> None:
        """Write the last state of the page; ``failure`` is why nothing was trained to its end."""
        self._over.set()
        self._thread.join()
        self._failure = failure
        with self._given_up():
            self.write(finished=True)

    def write(self, finished: bool = False) -> None:
        """Write the page as the runs are now."""
        records = [self._record(run) for run in self._runs]
        there = [record for record in records if record is not None and record.last()]
        first, count = self._runs[0], len(self._runs)
        title = first.stem if count == 1 else f"{count} runs in {first.out}"
        chart, tables = Chart([], [], title=title), []
        if there:
            groups = group_runs(there)
            columns = choose_columns(there)
            chart = chart_of(groups, columns, title=title, whole=not finished)
            tables = [last_numbers(groups, columns)]
        now = time.time()
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        live = Live(
            self._state(finished),
            f"{clock}, {duration(now - self._begun)} after the start",
            LOOK_EVERY,
            finished,
            trouble=self._failure is not None or any(outcome.error for outcome in self._outcomes.values()),
        )
        underway = [self._underway(run, record) for run, record in zip(self._runs, records, strict=True)]
        page = draw_curves_page(chart, [], tables, live=live, runs=underway, pictures=self._pictures())
        write_atomic(self._path, page)

    def _keep(self) -> None:
        with self._given_up():
            pause = float(LOOK_EVERY)
            while not self._over.wait(pause):
                seen = self._seen()
                pause = LOOK_EVERY
                if seen != self._drawn:
                    begun = time.thread_time()
                    self.write()
                    self._drawn = seen
                    pause = max(pause, (time.thread_time() - begun) / SHARE)

    @contextlib.contextmanager
    def _given_up(self) -> Iterator[None]:
        """No more pages after an error, whatever it is."""
        try:
            yield
        except Exception as error:
            output.warn(f"--watch {self._path}: no more pages ({describe(error)[1]})")
            self._over.set()

    def _seen(self) -> list[tuple[str, float, int]]:
        """The state of all files that the page shows."""
        found = []
        for run in self._runs:
            for path in (run.folder / LOG, run.checkpoint, *self._traversals(run)):
                with contextlib.suppress(OSError):
                    status = path.stat()
                    found.append((str(path), status.st_mtime, status.st_size))
        return found

    def _is_new(self, run: Run, path: Path) -> bool:
        """Whether a file is of this training, not of one that it replaces."""
        with contextlib.suppress(OSError):
            return run.resume or path.stat().st_mtime >= self._begun - CLOCK
        return False

    def _record(self, run: Run) -> Record | None:
        """What a run has left so far; None where it has not begun, or where its log cannot be read."""
        if self._is_new(run, run.folder / LOG):
            with contextlib.suppress(UsageError):
                return read_run(run.folder)
        return None

    def _underway(self, run: Run, record: Record | None) -> Underway:
        done = 0 if record is None else record.done
        length = run.config.iterations
        outcome = self._outcomes.get(run.checkpoint)
        if outcome is not None and outcome.error is not None:
            words = str(outcome.error)
        elif outcome is not None or (run.checkpoint.exists() and self._is_new(run, run.checkpoint)):
            done, words = length, "complete"
        else:
            words = f"iteration {done:,} of {length:,}" if record is not None else "waiting"
        return Underway(run.stem, done, length, words)

    def _state(self, finished: bool) -> str:
        count = len(self._runs)
        runs = "The run" if count == 1 else f"{count} runs"
        if not finished:
            return "Training is under way."
        if self._failure is not None:
            return f"Ended: {self._failure}"
        failed = [outcome for outcome in self._outcomes.values() if outcome.error is not None]
        if not failed:
            where = self._runs[0].checkpoint if count == 1 else self._runs[0].out
            return f"Done: {runs} {'is' if count == 1 else 'are'} complete, in {where}."
        said = (
            f"{len(failed)} of {runs} are not complete; the first" if count > 1 else "The run is not complete"
        )
        return f"Ended: {said}: {failed[0].error}"

    def _traversals(self, run: Run) -> list[Path]:
        """The newest traversal of a run, if there is one."""
        found = [path for path in run.folder.glob("traversal-*.png") if self._is_new(run, path)]
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))[-1:]

    def _pictures(self) -> list[Shown]:
        newest: list[tuple[int, Run, Path]] = []
        for run in self._runs:
            with contextlib.suppress(OSError):
                newest += [(path.stat().st_mtime_ns, run, path) for path in self._traversals(run)]
        newest.sort(key=lambda one: -one[0])
        shown = []
        for _, run, path in sorted(newest[:MOST_PICTURES], key=lambda one: self._runs.index(one[1])):
            with contextlib.suppress(OSError):
                if path.stat().st_size <= MOST_BYTES:
                    url = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
                    shown.append(Shown(url, run.stem, when_of(path)))
        return shown


def when_of(path: Path) -> str:
    """When a traversal is of, from its name."""
    if at := re.fullmatch(r"traversal-([0-9]+)", path.stem):
        return f"after {int(at[1]):,} iterations"
    if at := re.fullmatch(r"traversal-switch-([0-9]+)", path.stem):
        return f"when the regulariser was switched on, after {int(at[1]):,} iterations"
    return "at the end" if path.stem == "traversal-final" else path.stem

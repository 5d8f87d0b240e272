"""A process of this machine that carries out one task after another.

It is a program of its own, no child of :mod:`multiprocessing`, which would import the caller's script again.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from disentangle_cli import output
from disentangle_cli.progress import Mirror, show_on
from disentangle_cli.tasks.ended import Ended, Function, Lost, attempt_apart
from disentangle_cli.tasks.signals import SIGNALS, blocked, caught_signals
from disentangle_cli.tasks.teller import Teller, Told

THREAD_LIMITS = tuple(f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR"))
IDLE_SECONDS = 300


class Worker:
    """The process as its parent has it; ``threads`` are those that each of its tasks may use."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.connection, there = Pipe()
        self._bar = Mirror()
        self._advance: Callable[[int], object] | None = None
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        limits = dict.fromkeys(THREAD_LIMITS, str(threads))
        program = [sys.executable, "-P", "-m", "disentangle_cli.tasks.worker"]
        # signals wait until it can catch them; those of a terminal are for the parent, which passes them on
        with there, blocked(*SIGNALS):
            self._process = subprocess.Popen(
                [*program, str(there.fileno()), str(threads)],
                env=os.environ | limits | {"PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                pass_fds=[there.fileno()],
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it takes another task."""
        return not self.connection.closed and self._process.poll() is None

    def give(self, function: Function, task: Any, advance: Callable[[int], object]) -> None:
        """Have it carry out a task; ``connection`` is ready when there is something to :meth:`take`."""
        self._advance = advance
        message = _packed((function, task, output.debugging(), output.speaking()))
        with contextlib.suppress(OSError):  # it has died; that shows when its answer is read
            self.connection.send_bytes(message)

    def take(self) -> Ended | None:
        """How the task ended; None where it only told how far it is, which is shown."""
        try:
            message = pickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            message = None, True
        if isinstance(message, Told):
            self._bar.show(message.bar)
            if self._advance is not None and message.advanced:
                self._advance(message.advanced)
            return None
        self._bar.show(None)
        ended, last = message
        if last:
            self._process.wait()
            self.connection.close()
        return ended or Lost("its process died (killed, or out of memory)", self._process.returncode)

    def stop(self) -> None:
        """Tell its task to save and end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it, whatever it does."""
        self._bar.show(None)
        self._process.kill()
        self._process.wait()
        self.connection.close()


def _packed(message: Any) -> bytes:
    """Also what the caller's script defines, which the worker has not imported."""
    from joblib.externals.loky.backend.reduction import dumps

    return bytes(dumps(message))


def main() -> None:
    """Carry out tasks until there are no more; one that was told to stop is the last."""
    connection, threads = Connection(int(sys.argv[1])), int(sys.argv[2])
    os.set_inheritable(connection.fileno(), False)
    with caught_signals(patient=True) as stop, contextlib.suppress(EOFError, BrokenPipeError):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        while not stop and connection.poll(IDLE_SECONDS):
            function, task, debug, shown = pickle.loads(connection.recv_bytes())
            output.configure(quiet=True, debug=debug)
            teller = Teller(lambda told: connection.send_bytes(_packed(told))) if shown else None
            if teller is not None:
                show_on(teller)
            # the environment limits what is imported later; an earlier task may have set torch otherwise
            if torch := sys.modules.get("torch"):
                torch.set_num_threads(threads)
            ended = attempt_apart(function, task, stop, None if teller is None else teller.advance)
            if teller is not None:
                teller.finish()
            connection.send_bytes(_packed((ended, bool(stop))))


if __name__ == "__main__":
    main()

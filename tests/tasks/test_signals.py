"""Signals before, between and after the work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from disentangle_cli.tasks.signals import SIGNALS, caught_signals

BEGIN = """
from disentangle_cli.tasks.signals import unwind_on_signals
unwind_on_signals()  # as main() does it first of all; before that no code of dcr runs
print("begun", flush=True)
from disentangle_cli.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("number", "seconds"),
    [(signal.SIGINT, 0.05), (signal.SIGTERM, 0.2), (signal.SIGHUP, 0.4), (signal.SIGINT, 0.8)],
)
def test_in_the_first_second(number: signal.Signals, seconds: float) -> None:
    pipe = subprocess.PIPE
    for_stdin, writing = os.pipe()
    command = [sys.executable, "-c", BEGIN, "info", "-"]
    with subprocess.Popen(command, stdin=for_stdin, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        time.sleep(seconds)
        process.send_signal(number)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()  # where it has not ended
    os.close(for_stdin)
    os.close(writing)
    assert (process.returncode, err) == (130, "interrupted\n")


LOST = """
import os, signal, time
from disentangle_cli.tasks.signals import unwind_on_signals
unwind_on_signals()

class Told:
    def __del__(self):
        {inside}
        time.sleep(0.1)  # the signal is heard here, where an exception is lost

try:
    told = Told()
    del told
    print("went on", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    print("unwound")
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_where_an_exception_is_lost_it_is_raised_again(number: signal.Signals) -> None:
    script = LOST.format(inside=f"os.kill(os.getpid(), {int(number)})")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\nunwound\n", "")


def test_other_lost_exceptions_are_told() -> None:
    script = LOST.format(inside="raise ValueError('lost')")
    with subprocess.Popen([sys.executable, "-c", script], stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "went on\n"
        process.terminate()
        out, err = process.communicate(timeout=20)
    assert out == "unwound\n"
    assert "ValueError: lost" in err


IMPORT = """
import contextlib, time
from pathlib import Path
from disentangle_cli.tasks.signals import unwind_on_signals
from disentangle_cli.temporaries import temporary
unwind_on_signals()
try:
    with {writing}:
        import slow
        assert slow.done
        time.sleep(30)
except KeyboardInterrupt:
    print("unwound")
"""


@pytest.mark.parametrize(
    ("writing", "ends"),
    [("contextlib.nullcontext()", (130, "", "interrupted\n")), ("temporary(Path())", (0, "unwound\n", ""))],
)
def test_in_an_import(tmp_path: Path, writing: str, ends: tuple[int, str, str]) -> None:
    """At once, or if a file is being written when the import is over."""
    slow = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\ndone = True\n"
    (tmp_path / "slow.py").write_text(slow)
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT.format(writing=writing)],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == ends
    assert not list(tmp_path.glob(".dcr-*"))


def test_all_are_caught_and_given_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    for number in SIGNALS:
        with caught_signals() as stop:
            os.kill(os.getpid(), number)
            assert stop == [number.name]
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_hang_up_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with caught_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop == []
    finally:
        signal.signal(signal.SIGHUP, before)

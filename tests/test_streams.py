"""Streams that are closed, full or without a reader, as processes have them."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import WriteModel

needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
CLOSED = "error: stdout is closed or cannot be written; send it to a file or to /dev/null\n"


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which ``dcr`` is this one."""
    dcr = f'dcr() {{ {shlex.quote(sys.executable)} -m disentangle_cli "$@"; }}; '
    command = ["bash", "-c", dcr + line]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=120)


def script(code: str, line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which ``it`` is some Python between settling the streams and leaving."""
    (folder / "it.py").write_text(
        "import os, sys\nfrom disentangle_cli import output, streams\n"
        "from disentangle_cli.command_line.exit_codes import exit_codes\n"
        "with exit_codes():\n    streams.settle()\n    output.configure(quiet=False)\n"
        + "".join(f"    {each}\n" for each in code.splitlines())
        + "open('end', 'w').write('reached')\n"
    )
    run = f"it() {{ {shlex.quote(sys.executable)} it.py; }}; "
    return subprocess.run(
        ["bash", "-c", run + line], capture_output=True, text=True, check=False, cwd=folder, timeout=120
    )


@pytest.mark.parametrize("closed", [">&-", "1</dev/null", ">&- 2>&-", "<&- >&-"])
def test_a_closed_stdout_is_one_error_before_the_work(closed: str, tmp_path: Path) -> None:
    ran = shell(f"dcr data render toy --num 2 --out o.npz {closed}", tmp_path)
    assert ran.returncode == 2
    assert ran.stderr == ("" if "2>" in closed else CLOSED)
    assert not list(tmp_path.iterdir())


def test_a_closed_stdin_is_empty_and_its_number_is_taken(tmp_path: Path) -> None:
    ran = shell("dcr info - <&-", tmp_path)
    assert ran.returncode == 2
    assert "the list from stdin is empty" in ran.stderr
    code = "print(sys.stdin.read() + str(open('it.py').fileno() > 2))"
    assert script(code, "it <&-", tmp_path).stdout == "True\n"


@pytest.mark.parametrize("to", ["2>&-", pytest.param("2>/dev/full", marks=needs_full), "2> >(true)"])
def test_nobody_hears_stderr_and_the_work_goes_on(to: str, tmp_path: Path) -> None:
    code = (
        "import time; time.sleep(0.2)\n"
        "for _ in range(3000): output.warn('x' * 100)\n"
        "print(open('it.py').fileno() > 2)"
    )
    ran = script(code, f"it {to}", tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "True\n")
    assert (tmp_path / "end").exists()


def test_a_reader_of_stdout_that_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    code = "for _ in range(20000): print('x' * 100)"
    ran = script(code, "it | head -n 1; echo ${PIPESTATUS[0]}", tmp_path)
    assert (ran.stdout, ran.stderr) == ("x" * 100 + "\n0\n", "")
    assert (tmp_path / "end").exists()
    ran = shell("dcr --help | true; echo ${PIPESTATUS[0]}", tmp_path)
    assert (ran.stdout, ran.stderr) == ("0\n", "")


@needs_full
def test_a_full_stdout_is_told_once_the_work_is_done(tmp_path: Path, write_model: WriteModel) -> None:
    write_model("m.pt")
    ran = shell("dcr generate m.pt --num 2 --out o.npz > /dev/full", tmp_path)
    assert (ran.returncode, ran.stderr) == (1, "error: cannot write to stdout: No space left on device\n")
    assert (tmp_path / "o.npz").exists()


def test_a_pipe_that_does_not_block_loses_nothing(tmp_path: Path) -> None:
    code = "os.set_blocking(1, False)\nfor _ in range(20000): print('x' * 100)"
    ran = script(code, "it | (sleep 0.3; wc -c)", tmp_path)
    assert (ran.stdout.strip(), ran.stderr) == (str(20000 * 101), "")


def test_a_stdin_that_never_ends(tmp_path: Path) -> None:
    ran = shell("dcr info - < /dev/zero", tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: stdin: ")
    assert ran.stderr.count("\n") == 1


def test_names_from_stdin_are_bytes(tmp_path: Path) -> None:
    ran = shell("printf 'a\\xff.pt\\n' | dcr info -", tmp_path)
    assert ran.returncode == 2
    assert "a\\udcff.pt" in ran.stderr or "a\ufffd.pt" in ran.stderr
    assert "internal" not in ran.stderr

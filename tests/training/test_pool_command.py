"""``dcr train`` with many runs: seeds, sweeps, failures, and how a pool stops."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from disentangle_cli.commands import app
from tests.training.conftest import Command, run, same_weights, wait_for


def test_pools_of_seeds_and_sweeps(command: Command, tmp_path: Path) -> None:
    done = run(command("--seeds", "0-1", "--sweep", "info.weight=0.1,0.2", "--jobs", "2", "--format", "json"))
    assert done.returncode == 0, done.stderr
    paths = json.loads(done.stdout)["paths"]
    assert len(paths) == 4
    assert all(Path(path).exists() for path in paths)
    assert sum("info.weight-0.1" in path for path in paths) == 2
    alone = run(command("--seed", "1", "--set", "info.weight=0.1", "--name", "alone"))
    assert alone.returncode == 0
    twin = next(Path(p) for p in paths if "seed-1" in p and "info.weight-0.1" in p)
    assert same_weights(tmp_path / "out" / "alone.pt", twin)


def test_a_failed_run_does_not_stop_the_pool(command: Command, tmp_path: Path) -> None:
    done = run(command("--sweep", "optim.generator=1e30,1e-3", "--iterations", "50"))
    assert done.returncode == 1
    assert "1 of 2 runs failed" in done.stderr
    assert len(list((tmp_path / "out").glob("*.pt"))) == 1


def test_a_pool_has_each_run_once(command: Command, tmp_path: Path) -> None:
    for more, said in [
        (("--sweep", "batch_size=4,04"), "the value 04 is there twice"),
        (("--sweep", "tv=1", "--sweep", "tv=2"), "'tv' is given twice"),
        (("--set", "info.weight=1", "--sweep", "info.weight=2,4"), "'info.weight' is given twice"),
        (("--set", "info.weight=1", "--set", "info.weight=1"), "'info.weight' is given twice"),
    ]:
        done = CliRunner().invoke(app, command("--dry-run", *more)[3:])
        assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    added = CliRunner().invoke(app, command("--dry-run", "--seeds", "0-1", "--seeds", "4")[3:])
    assert added.stdout.count(".pt\n") == 3


def children(process: subprocess.Popen[str]) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def start_pool(command: Command, tmp_path: Path) -> subprocess.Popen[str]:
    """Two endless runs side by side, both past their first resume state."""
    arguments = command("--iterations", "100000", "--seeds", "0-1", "--jobs", "2")
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for seed in (0, 1):
        wait_for(tmp_path / "out" / f"infogan-cr_squares_seed-{seed}" / "resume.pt", process)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_a_pool_saves_every_run(command: Command, tmp_path: Path, number: signal.Signals) -> None:
    process = start_pool(command, tmp_path)
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert out == ""
    assert errors.count("stopped by SIGTERM after iteration") == 2
    assert "2 of 2 runs are not complete; --resume goes on with them" in errors
    assert "Traceback" not in errors


def test_stopping_a_pool_that_is_still_starting(command: Command) -> None:
    arguments = command("--iterations", "100000", "--seeds", "0-1", "--jobs", "2")
    process = subprocess.Popen(
        arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not any("tasks.worker" in cmdline(pid) for pid in children(process)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of its processes
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert out == ""
    assert "--resume" in errors
    assert "Traceback" not in errors


def cmdline(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_a_killed_run_costs_only_itself(command: Command, tmp_path: Path) -> None:
    process = start_pool(command, tmp_path)
    out = tmp_path / "out"
    victim = next(
        pid for pid in children(process)
        if "tasks.worker" in Path(f"/proc/{pid}/cmdline").read_text()
    )  # fmt: skip
    os.kill(victim, signal.SIGKILL)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.count("its process died (exit code -9)") == 1
    assert errors.count("stopped by SIGTERM") == 1
    assert not list(out.glob("*.pt"))

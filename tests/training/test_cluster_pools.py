"""``dcr train`` on a real Dask and a real Ray of two workers: same weights, killed workers, stopping."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.conftest import same_weights

pytestmark = pytest.mark.slow
PATIENCE = 300  # seconds: starting a cluster takes long on a busy machine
STEMS = ["vae_dots_seed-0", "vae_dots_seed-1"]


@pytest.fixture(params=["dask", "ray"])
def executor(request: pytest.FixtureRequest) -> str:
    pytest.importorskip("distributed" if request.param == "dask" else "ray")
    return str(request.param)


def command(dots: str, out: Path, *arguments: str, iterations: int = 400) -> list[str]:
    """Two seeds of a tiny VAE, whose state is saved all the time."""
    head = [sys.executable, "-m", "disentangle_cli", "train", "--model", "vae", "--preset", "demo"]
    sets = [
        "architecture=mlp",
        "batch_size=12",
        "log.every=10",
        "log.state_seconds=0.001",
        "log.images_every=0",
    ]
    settings = [word for text in sets for word in ("--set", text)]
    fixed = ["--dataset", dots, "--seeds", "0-1", "--jobs", "2", "--precision", "fp32", "--out", str(out)]
    return [*head, *settings, *fixed, "--iterations", str(iterations), *arguments]


def holder(lock: Path) -> int | None:
    """The process that holds a lock, as the kernel lists it."""
    inode = str(lock.stat().st_ino) if lock.exists() else ""
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == inode:
            return int(fields[4])
    return None


@contextlib.contextmanager
def started(words: list[str]) -> Iterator[subprocess.Popen[str]]:
    """The command in a process group of its own, as at a terminal."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def finished(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr


def wait_until_saved(folders: list[Path], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not all((folder / "resume.pt").exists() for folder in folders):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def here(dots: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pool as this machine trains it."""
    out = tmp_path_factory.mktemp("here")
    finished(command(dots, out))
    return out


def test_a_killed_worker_changes_no_weight(executor: str, dots: str, here: Path, tmp_path: Path) -> None:
    with started(command(dots, tmp_path, "--executor", executor)) as process:
        wait_until_saved([tmp_path / STEMS[0]], process)
        victim = holder(tmp_path / STEMS[0] / ".lock")
        assert victim not in (None, process.pid)
        assert not (tmp_path / f"{STEMS[0]}.pt").exists()
        os.kill(int(victim or 0), signal.SIGKILL)
        out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert out.splitlines() == [str(tmp_path / f"{stem}.pt") for stem in STEMS]
    for stem in STEMS:
        assert same_weights(tmp_path / f"{stem}.pt", here / f"{stem}.pt")
        assert (tmp_path / stem / "log.csv").read_text() == (here / stem / "log.csv").read_text()
    assert not list(tmp_path.glob(".pool-*"))


def test_ctrl_c_saves_every_run(executor: str, dots: str, tmp_path: Path) -> None:
    with started(command(dots, tmp_path, "--executor", executor, iterations=1_000_000)) as process:
        wait_until_saved([tmp_path / stem for stem in STEMS], process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
        out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    assert out == ""
    assert "2 of 2 runs are not complete; --resume goes on with them" in errors
    assert errors.count("stopped by the end of the pool after iteration") == 2
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("*.pt"))
    assert not list(tmp_path.glob(".pool-*"))

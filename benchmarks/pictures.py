"""What it takes to read a folder of many small pictures for the first time, and again.

Makes ``--pictures`` JPEG files of 80x72 pixels (200 different ones) in a temporary folder and has `dcr data
check` read them at 64x64 into an empty cache folder, then once more. Memory is what the processes have for
themselves (anonymous), not the mapped file, sampled three times a second; it wants Linux.

    python benchmarks/pictures.py --pictures 100000 --markdown pictures.md
"""

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _report
import numpy as np
from PIL import Image

DIFFERENT, FOLDERS = 200, 100


def make(root: Path, count: int) -> None:
    """``count`` pictures in 100 folders."""
    rng = np.random.default_rng(0)
    contents = []
    for _ in range(DIFFERENT):
        blocks = rng.integers(0, 256, (9, 10, 3), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(np.kron(blocks, np.ones((8, 8, 1), np.uint8))).save(buffer, "JPEG", quality=85)
        contents.append(buffer.getvalue())
    for k in range(count):
        folder = root / f"{k % FOLDERS:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"{k:07}.jpg").write_bytes(contents[k % DIFFERENT])


def anonymous(process: int) -> int:
    """Bytes that a process and those that it started have for themselves."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in lines if line.startswith("Anonymous:")), 0)
    return 1024 * own + sum(anonymous(int(child)) for child in children)


def check(folder: Path) -> tuple[float, float, float]:
    """Seconds by the clock and of processors, and most MiB, of `dcr data check`."""
    before, start, most = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0
    command = [sys.executable, "-m", "disentangle_cli", "--quiet", "data", "check", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        while running.poll() is None:
            most = max(most, anonymous(running.pid))
            time.sleep(0.3)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - start, used, most / 2**20


def main() -> None:
    made = _report.parser(__doc__)
    made.add_argument("--pictures", type=int, default=20_000)
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "pictures"
        folder.mkdir()
        make(folder, options.pictures)
        os.environ["DCR_CACHE"] = f"{root}/cache"
        found = {name: check(folder) for name in ("first", "again")}
    rows = [[name, *(f"{value:.3g}" for value in values)] for name, values in found.items()]
    columns = ["reading", "seconds", "processor seconds", "MiB of all processes"]
    _report.publish(options, _report.table(columns, rows), pictures=options.pictures, results=found)


if __name__ == "__main__":
    main()

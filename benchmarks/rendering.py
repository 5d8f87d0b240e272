"""How fast the data sets that dcr draws are drawn, by one process, and what they need in memory.

Processor time of this process for 2,000 images at random, after a first hundred. `--whole` draws a whole set
into an empty cache folder, by as many processes as there are cores, and tells the time and the peak of
resident memory.

    python benchmarks/rendering.py --markdown rendering.md
    python benchmarks/rendering.py --whole teapots
"""

import os
import resource
import tempfile
import time

import _report
import numpy as np

from disentangle_cli.datasets import open_dataset
from disentangle_cli.executors.local import idle

NAMES = ("teapots", "teapots-rotation", "teapots-light", "shapes3d-like", "cdsprites", "toy")
IMAGES, ROUNDS = 2000, 3


def seconds(name: str) -> float:
    """Processor seconds of :data:`IMAGES` images, the best of some rounds."""
    dataset = open_dataset(name)
    rows = dataset.draw(np.random.default_rng(0), IMAGES)
    times = []
    dataset.images(rows[:100])
    for _ in range(ROUNDS):
        start = time.process_time()
        for part in np.array_split(rows, IMAGES // 100):
            dataset.images(part)
        times.append(time.process_time() - start)
    return min(times)


def whole(name: str) -> dict[str, float]:
    """Seconds and mebibytes of drawing and keeping all images of a set."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DCR_CACHE"] = folder
        start, dataset = time.perf_counter(), open_dataset(name)
        dataset.prepare(np.arange(len(dataset)))
        wall = time.perf_counter() - start
    while idle:
        idle.pop().kill()  # only processes that have ended are counted
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "images": len(dataset),
        "wall, s": round(wall, 1),
        "user, s": round(own.ru_utime + others.ru_utime, 1),
        "peak of this process, MiB": own.ru_maxrss // 1024,
        "peak of a worker, MiB": others.ru_maxrss // 1024,
    }


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--whole", metavar="NAME", choices=NAMES, help="draw this set, all of it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DCR_CACHE"] = folder
        if options.whole:
            found = whole(options.whole)
            rows = [[key, str(number)] for key, number in found.items()]
            table = _report.table(["what", options.whole], rows)
            _report.publish(options, table, results={options.whole: found})
            return
        speeds = {name: IMAGES / seconds(name) for name in NAMES}
        rows = [[name, f"{speed:.0f}", f"{1e3 / speed:.2f}"] for name, speed in speeds.items()]
        _report.publish(options, _report.table(["data set", "images/s", "ms an image"], rows), results=speeds)


if __name__ == "__main__":
    main()

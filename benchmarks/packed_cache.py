"""What the checksums of the images in the cache folder cost, on dSprites (737,280 images, 360 MiB).

A batch has 64 random images. "First" is one whose blocks nobody has asked for in this process, as at the
start; "checked" one whose blocks were all compared before; "bare" one that is read without checks.

    python benchmarks/packed_cache.py --markdown packed_cache.md
"""

import statistics
import time
from collections.abc import Callable

import _report
import numpy as np

from disentangle_cli.data.dsprites import LAYOUT, rendered
from disentangle_cli.data.packed_cache import read_all
from disentangle_cli.data.pixels import Pixels

BATCH, BATCHES, ROUNDS = 64, 300, 5


def batch_times(images: Callable[[np.ndarray], object], rng: np.random.Generator) -> float:
    """Median milliseconds of a batch."""
    times = []
    for _ in range(BATCHES):
        rows = rng.integers(0, LAYOUT.count, BATCH)
        start = time.perf_counter()
        images(rows)
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def processor_seconds(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    options = _report.parser(__doc__).parse_args()
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {}
    read_all(rendered())  # it is there, and in memory
    for _ in range(ROUNDS):
        fresh = rendered()
        bare = Pixels(fresh.layout, fresh.rows, fresh.digest)
        measured = {
            "opening, ms": 1e3 * processor_seconds(rendered),
            "a batch, bare, ms": batch_times(bare.images, rng),
            "a batch, first, ms": batch_times(fresh.images, rng),
            "all images, bare, s": processor_seconds(lambda bare=bare: read_all(bare)),
            "all images, first, s": processor_seconds(lambda fresh=fresh: read_all(fresh)),
            "a batch, checked, ms": batch_times(fresh.images, rng),
        }
        for name, value in measured.items():
            found.setdefault(name, []).append(value)
    rows = [
        [name, f"{statistics.median(values):.3g}", f"{min(values):.3g} to {max(values):.3g}"]
        for name, values in found.items()
    ]
    _report.publish(options, _report.table(["what", "median", "range"], rows), results=found)


if __name__ == "__main__":
    main()

"""Running one piece of work per factor on all cores, with the same numbers as one after the other."""

from collections.abc import Callable
from typing import TypeVar, cast

import joblib

T = TypeVar("T")


def over_factors(work: Callable[[int], T], count: int) -> list[T]:
    """``[work(0), ..., work(count - 1)]``, side by side in threads (scikit-learn's trees release the GIL)."""
    jobs = min(count, joblib.cpu_count())
    if jobs < 2:
        return [work(k) for k in range(count)]
    parallel = joblib.Parallel(n_jobs=jobs, prefer="threads")
    return cast(list[T], parallel(joblib.delayed(work)(k) for k in range(count)))

"""Running one piece of work per factor on all cores, with the same numbers as one after the other."""

from collections.abc import Callable
from typing import TypeVar, cast

import joblib
from threadpoolctl import threadpool_limits

T = TypeVar("T")


def over_factors(work: Callable[[int], T], count: int) -> list[T]:
    """``[work(0), ..., work(count - 1)]``, side by side in threads (scikit-learn's trees release the GIL)."""
    jobs = min(count, joblib.cpu_count())
    if jobs < 2:
        return [work(k) for k in range(count)]
    parallel = joblib.Parallel(n_jobs=jobs, prefer="threads")
    # The cores are taken already: threads inside a piece would fight for them. BLAS has one setting for all.
    with threadpool_limits(1, user_api="blas"):
        return cast(list[T], parallel(joblib.delayed(_alone)(work, k) for k in range(count)))


def _alone(work: Callable[[int], T], k: int) -> T:
    with threadpool_limits(1, user_api="openmp"):  # OpenMP has one for each thread
        return work(k)

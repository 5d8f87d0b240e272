import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disentangle_cli.progress import Pace, Phase, duration
from disentangle_cli.progress.pace import time_of_all


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(0.1, 10)), min_size=1, max_size=4),
    st.floats(0.01, 100),
    st.floats(0.0, 1.0),
    st.integers(0, 200),
)
def test_what_is_left_is_exact_where_phases_cost_what_was_said(
    lengths: list[tuple[int, float]], second: float, part: float, begun: int
) -> None:
    """Whatever the phases, wherever the work began, and wherever it stands."""
    starts = [sum(length for length, _ in lengths[:i]) for i in range(len(lengths))]
    phases = [Phase(start, cost) for start, (_, cost) in zip(starts, lengths, strict=True)]
    seconds = [cost * second for length, cost in lengths for _ in range(length)]
    total = len(seconds)
    initial = min(begun, total - 1)
    pace = Pace(total, initial, phases, 0.0)
    assert pace.left(5.0) is None
    assert pace.rate is None
    now, stop = 0.0, initial + max(1, round(part * (total - initial)))
    for count in range(initial, stop):
        now += seconds[count]
        pace.at(count + 1, now)
    assert pace.left(now) == pytest.approx(sum(seconds[stop:]), rel=1e-6, abs=1e-6)
    assert pace.rate == pytest.approx(1 / seconds[stop - 1])
    assert pace.fraction == pytest.approx(sum(seconds[:stop]) / sum(seconds))


def test_what_was_measured_counts_more_than_what_was_said() -> None:
    pace = Pace(30, 0, [Phase(0, 1.0), Phase(10, 2.0), Phase(20, 2.0)], 0.0)
    pace.at(10, 10.0)
    pace.at(15, 30.0)  # 4 seconds each, not 2
    assert pace.left(30.0) == pytest.approx(15 * 4)


def test_nobody_knows_the_end_of_what_has_none() -> None:
    pace = Pace(None, 0, (), 0.0)
    pace.at(5, 1.0)
    assert pace.left(1.0) is None
    assert pace.rate == pytest.approx(5)
    assert pace.fraction == 0


@pytest.mark.parametrize(
    ("under_way", "waiting", "each", "seconds"),
    [([], 3, 10, 0), ([4], 0, 10, 4), ([4, 6], 1, 10, 14), ([4, 6], 2, 10, 16), ([1], 3, 10, 31)],
)
def test_time_of_all(under_way: list[float], waiting: int, each: float, seconds: float) -> None:
    assert time_of_all(under_way, waiting, each) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.6, "1m00s"), (61, "1m01s"), (7260, "2h01m"), (-5, "0s"), (200_000, "2d07h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text

"""Commands that are killed at random moments: outputs are old or new, and the next command puts all right."""

import random
import re
import signal

import pytest

from tests.faults.conftest import KILLS, Bench
from tests.faults.situations import SITUATIONS, Situation


@pytest.mark.slow
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
def test_killed(bench: Bench, situation: Situation) -> None:
    rng = random.Random(situation.name)
    bench.known(situation)
    bench.clear()
    whole = bench.run(situation).seconds
    killed = 0
    for turn in range(KILLS):
        old = situation.old is not None and turn % 2 == 1
        bench.clear(situation if old else None)
        ended = bench.run(situation, kill_after=rng.uniform(0, whole))
        killed += ended.code == -signal.SIGKILL
        assert ended.code in (0, -signal.SIGKILL)
        bench.check(situation, old)
    print(f"{situation.name}: {killed} of {KILLS} were killed before their end")  # noqa: T201


@pytest.mark.slow
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop(bench: Bench, situation: Situation, number: signal.Signals) -> None:
    rng = random.Random(f"{situation.name} {number}")
    bench.known(situation)
    bench.clear()
    whole = bench.run(situation).seconds
    for _ in range(max(KILLS // 20, 1)):
        bench.clear()
        ended = bench.run(situation, kill_after=rng.uniform(0.02, whole), signal=number)
        # -number: before the first line of dcr, or when all is done
        assert ended.code in (0, 130, -number), ended.err
        assert "Traceback" not in ended.err
        if ended.code == 130:
            assert re.search(r"interrupted$|stopped by \w+ after iteration \d+; --resume", ended.err.rstrip())
        bench.check(situation, old=False)

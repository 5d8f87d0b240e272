"""Calls to the operating system that fail, one or all from some moment on: one line, nothing half is left."""

import errno
import random
import re

import pytest

from tests.faults.conftest import FAULTS, Bench
from tests.faults.situations import SITUATIONS, Situation

ERRORS = (
    errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EMFILE, errno.ESTALE,
    errno.EINVAL, errno.ENOLCK,
)  # fmt: skip
WRITING = [situation for situation in SITUATIONS if situation.outputs or situation.name == "check"]
EACH = -(-FAULTS // len(WRITING))


@pytest.mark.slow
@pytest.mark.parametrize("situation", WRITING, ids=lambda one: one.name)
def test_faults(bench: Bench, situation: Situation) -> None:
    rng = random.Random(situation.name)
    bench.known(situation)
    bench.clear()
    counted = re.search(r"calls: (\d+)", bench.run(situation, number=errno.EIO).err)
    assert counted
    calls = int(counted[1])
    told = 0
    for turn in range(EACH):
        old = situation.old is not None and turn % 2 == 1
        bench.clear(situation if old else None)
        fault = {"at": rng.randint(1, calls), "number": rng.choice(ERRORS), "lasting": turn % 4 > 1}
        ended = bench.run(situation, **fault)
        assert ended.code in (0, 1, 2), (fault, ended.err)
        assert "Traceback" not in ended.err, (fault, ended.err)
        assert "internal error" not in ended.err, (fault, ended.err)
        if ended.code:
            told += 1
            assert len(re.findall("^error: ", ended.err, re.MULTILINE)) == 1, (fault, ended.err)
        else:
            wanted = bench.contents(situation, bench.known(situation))
            assert bench.contents(situation, bench.work) == wanted, (fault, ended.err)
        bench.check(situation, old)
    print(f"{situation.name}: {EACH} faults among {calls} calls, {told} of them told")  # noqa: T201

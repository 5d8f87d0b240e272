"""``python -m tests.fuzz --cases 10000``: damage files of every kind and tell what went wrong.

``--only "codes csv"`` stays with one kind; ``--case "codes csv:17"`` repeats one case and shows all of it.
"""

import argparse
import collections
import sys
import time

from tests.fuzz.all_kinds import KINDS
from tests.fuzz.campaign import campaign, spread
from tests.fuzz.child import Case, Verdict

TOLD = 500
"""Cases after which there is a word of how far it is."""
SHOWN = 3
"""Cases that are shown of each problem of a kind."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Damage files of every kind.")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="another one gives other damage")
    parser.add_argument("--only", choices=sorted(KINDS), action="append")
    parser.add_argument("--case", action="append", help="repeat this one, KIND:SEED; seed 0 damages nothing")
    options = parser.parse_args()
    if options.case:
        pairs = (case.rpartition(":") for case in options.case)
        cases = iter([Case(kind, int(seed)) for kind, _, seed in pairs])
    else:
        cases = spread(options.only or KINDS, options.cases, options.seed)
    started, codes, problems = time.monotonic(), collections.Counter[object](), collections.Counter[str]()
    slowest, largest = 0.0, 0
    for verdict in campaign(cases):
        codes[verdict.code] += 1
        slowest, largest = max(slowest, verdict.seconds), max(largest, verdict.memory)
        if verdict.problem:
            name = f"{verdict.case.kind}: {verdict.problem}"
            problems[name] += 1
            if problems[name] <= SHOWN:
                print(_shown(verdict), flush=True)
        if options.case:
            print(_shown(verdict))
        if codes.total() % TOLD == 0:
            seconds = time.monotonic() - started
            print(f"{codes.total()} cases in {seconds:.0f} s, {problems.total()} problems", flush=True)
    took = time.monotonic() - started
    told = ", ".join(f"{count} exit {code}" for code, count in sorted(codes.items(), key=str))
    most = f"slowest {slowest:.1f} s, most memory {largest >> 20} MiB"
    print(f"{codes.total()} cases in {took:.0f} s: {told}; {most}")
    for name, count in problems.most_common():
        print(f"{count:6} {name}")
    return 1 if problems else 0


def _shown(verdict: Verdict) -> str:
    tail = verdict.trace.strip().splitlines()[-4:] if verdict.problem else []
    ended = f"exit {verdict.code}, {verdict.seconds:.2f} s, {verdict.memory >> 20} MiB, {verdict.file}"
    head = f"{verdict.case}: {verdict.problem or 'right'} ({ended})"
    return "\n    ".join(line[:300] for line in [head, *verdict.said.strip().splitlines()[:6], *tail])


if __name__ == "__main__":
    sys.exit(main())

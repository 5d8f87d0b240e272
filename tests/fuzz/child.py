"""The process in which cases run, one after the other: what each did, took and left is measured here."""

import contextlib
import os
import random
import resource
import shutil
import sys
import time
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.fuzz.mutate import OWNED, mutated

SLOW = 10.0
"""Seconds of computing that no damaged file may cost."""
MODEST = 100 * 2**20
"""Bytes of memory that a file may cost besides four times its size."""
RESERVE = 3 * 2**30
"""Bytes of address space that cases have: beyond it the machine would suffer."""
LONGEST = 820
"""Characters of an error's line on stderr."""
FORBIDDEN = (
    "os.system",
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "pickle.find_class",
    "socket.connect",
)


@dataclass(frozen=True)
class Case:
    """One damaged file: of which kind, and the seed of its damage; seed 0 leaves it whole."""

    kind: str
    seed: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.seed}"


@dataclass(frozen=True)
class Verdict:
    """What became of a case: ``problem`` is None where all was right."""

    case: Case
    problem: str | None
    code: int | None = None
    seconds: float = 0.0
    memory: int = 0
    said: str = ""
    file: str = ""
    trace: str = ""


class _Canary:
    """Hears of everything that a file must not make dcr do."""

    def __init__(self) -> None:
        self.inside: Path | None = None
        self.heard: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: Any) -> None:
        if self.inside is None:
            return
        if event in FORBIDDEN:
            self.heard.append(event)
        elif (
            event == "open"
            and isinstance(arguments[0], str | bytes)
            and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        ):
            path = Path(os.path.abspath(os.fsdecode(arguments[0])))
            if self.inside not in path.parents and path != Path(os.devnull):
                self.heard.append(f"wrote {path}")


def serve(connection: Connection, folder: str) -> None:
    """Carry out the cases that come through ``connection``, in and below ``folder``; None ends it."""
    root = Path(folder).resolve()
    os.environ["DCR_CACHE"] = str(root / "work" / "cache")
    heard = os.fdopen(os.dup(2), "w")
    for number, name in ((1, "printed"), (2, "said")):  # whatever C libraries print is heard, too
        with (root / name).open("w+b") as file:
            os.dup2(file.fileno(), number)
    try:
        _serve(connection, root)
    except BaseException as error:
        traceback.print_exception(error, file=heard)
        heard.flush()
        raise


def _serve(connection: Connection, root: Path) -> None:
    from tests.fuzz.all_kinds import KINDS

    canary = _Canary()
    for kind in KINDS:  # what is imported and allocated once is not the fault of a file
        _fresh(root, kind)
        _carry_out(root, Case(kind, 0), canary)
    limit = _status("VmSize") + RESERVE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    connection.send(None)
    while (case := connection.recv()) is not None:
        connection.send(_carry_out(root, case, canary))


def _fresh(root: Path, kind: str) -> Path:
    """The work folder with the valid files of a kind, which are made once."""
    from tests.fuzz.all_kinds import kind_of

    work, kept = root / "work", root / "valid" / kind.replace(" ", "-")
    os.chdir(root)
    shutil.rmtree(work, ignore_errors=True)
    if not kept.exists():
        work.mkdir()
        os.chdir(work)
        kind_of(kind).make()
        os.chdir(root)
        shutil.copytree(work, kept)
    else:
        shutil.copytree(kept, work)
    os.chdir(work)
    return work


def _carry_out(root: Path, case: Case, canary: _Canary) -> Verdict:
    from tests.fuzz.all_kinds import kind_of

    kind = kind_of(case.kind)
    work = _fresh(root, case.kind)
    rng = random.Random(str(case))
    pattern = rng.choice(sorted(kind.files))
    (path,) = [found.relative_to(work) for found in work.glob(pattern)]
    if case.seed:
        path.write_bytes(mutated(rng, path.read_bytes(), kind.files[pattern]))
    allowed = MODEST + 4 * path.stat().st_size
    for stream in (1, 2):
        os.truncate(stream, 0)
        os.lseek(stream, 0, os.SEEK_SET)
    before, started = _lowest(), time.process_time()
    canary.inside, canary.heard = work, []
    code, trace, problem = _run(kind.run, path)
    canary.inside = None
    seconds, memory = time.process_time() - started, _status("VmHWM") - before
    sys.stdout.flush()
    sys.stderr.flush()
    text = (root / "said").read_bytes().decode(errors="replace")
    found = Verdict(case, problem, code, seconds, memory, text, str(path), trace)
    if problem is None:
        problem = _judged(found, kind.codes if case.seed else (0,), allowed, canary.heard, work)
    if problem is None and not case.seed and "warning" in text:
        problem = "a warning about a file that is whole"
    if problem is None and code == 0:
        trace, problem = _checked(kind.check, path)
    return replace(found, problem=problem, trace=trace, said=text[:2000])


def _run(run: Any, path: Path) -> tuple[int | None, str, str | None]:
    try:
        run(path)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        trace = "".join(traceback.format_exception(ended.__context__)) if ended.__context__ else ""
        return code, trace, None
    except BaseException as error:  # none of them may leave a command
        return None, traceback.format_exc(), f"raised {type(error).__name__}"
    return None, "", "ended without an exit code"


BESIDE = ("warning: ", "scoring  ", "metrics  ")
"""How lines begin that may stand beside an error: whether a baseline compares turns out after the work."""


def _judged(found: Verdict, codes: tuple[int, ...], allowed: int, heard: list[str], work: Path) -> str | None:
    """What is wrong with how a case ended, if anything."""
    lines = [line for line in found.said.split("\n") if line and not line.startswith(BESIDE)]
    if heard or (work / OWNED).exists():
        return f"canary: {', '.join(sorted(set(heard))) or OWNED}"
    if "internal error" in found.said or "Traceback" in found.said:
        return "internal error"
    if found.code not in codes:
        return f"exit code {found.code}"
    if found.code == 2 and (len(lines) != 1 or not lines[0].startswith("error: ")):
        return "not one line of error"
    if any(len(line) > LONGEST for line in lines) or not all(line.isprintable() for line in lines):
        return "a line that is too long or steers the terminal"
    if "memory" in found.said:
        return "more memory than there is"
    if found.memory > allowed:
        return f"memory: {found.memory >> 20} MiB, {allowed >> 20} allowed"
    if found.seconds > SLOW:
        return f"time: {found.seconds:.0f} s"
    return None


def _checked(check: Any, path: Path) -> tuple[str, str | None]:
    try:
        check(path)
    except AssertionError as error:
        return traceback.format_exc(), f"another content: {str(error)[:100]}"
    except BaseException as error:
        return traceback.format_exc(), f"taken, but another reader stops: {type(error).__name__}"
    return "", None


def _lowest() -> int:
    """Forget the peak of memory so far; bytes in use now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:")
    )
    return int(line.split()[1]) * 1024

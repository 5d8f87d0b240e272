"""Whether an installation works: one finding for each thing that commands depend on.

Each check is a function; what it raises is a finding, too, so that one broken thing hides no other. Torch is
imported by the checks that are about it, as it may be what is broken.
"""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement

from disentangle_cli import __version__
from disentangle_cli.bounds import size_in_words
from disentangle_cli.errors import DcrError
from disentangle_cli.files import cache_dir
from disentangle_cli.lines import one_line
from disentangle_cli.tasks.executor import cores
from disentangle_cli.temporaries import has_locks

DISTRIBUTION = "disentangle-cli"
OLDEST_PYTHON = (3, 11)
FOR_DEVELOPERS = {"dev", "docs", "browser"}
TIGHT, FULL = 2 * 10**9, 10**8
"""Free bytes below which there is a note, and below which next to nothing can be written."""

ALIKE = 1.15
"""Times that differ by less than this factor are the same to a measurement of a second."""

State = Literal["ok", "note", "broken"]


@dataclass(frozen=True)
class Finding:
    """What was found of one thing: in words, what to do about it, and in numbers where it was measured."""

    name: str
    state: State
    found: str
    advice: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)


def check_up() -> list[Finding]:
    """All findings, in the order in which things depend on each other."""
    return [finding for name, check in CHECKS.items() for finding in _findings(name, check)]


def _findings(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:  # whatever a broken installation raises
        reason = one_line(error) or "no reason is told"
        found = reason if isinstance(error, DcrError) else f"{type(error).__name__}: {reason}"
        advice = f"pip install --force-reinstall {DISTRIBUTION}" if isinstance(error, ImportError) else ""
        return [Finding(name, "broken", found, advice)]


def _python() -> Iterator[Finding]:
    found = f"{platform.python_version()} ({sys.executable})"
    old = sys.version_info < OLDEST_PYTHON
    yield Finding("python", "broken" if old else "ok", found, "dcr needs Python 3.11 or newer" if old else "")


def _dcr() -> Iterator[Finding]:
    yield Finding("dcr", "ok", f"{__version__} ({Path(__file__).parents[1]})")


def _packages() -> Iterator[Finding]:
    wanted = [one for one in _requirements() if one.marker is None or one.marker.evaluate({"extra": ""})]
    problems = [problem for one in wanted if (problem := _problem(one))]
    if problems:
        advice = f"pip install --upgrade {DISTRIBUTION}"
        yield Finding("packages", "broken", "; ".join(problems), advice)
    else:
        yield Finding("packages", "ok", f"all {len(wanted)} that dcr needs are there, recent enough")


def _extras() -> Iterator[Finding]:
    listed = _requirements()
    for extra in metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []:
        if extra in FOR_DEVELOPERS:
            continue
        own = [one for one in listed if one.marker is not None and one.marker.evaluate({"extra": extra})]
        installed = [one for one in own if _version(one.name)]
        problems = [problem for one in own if (problem := _problem(one))]
        advice = f'pip install "{DISTRIBUTION}[{extra}]"'
        if not problems:
            found = ", ".join(f"{one.name} {_version(one.name)}" for one in own)
            yield Finding(f"extra {extra}", "ok", found)
        elif installed:
            yield Finding(f"extra {extra}", "broken", "; ".join(problems), advice)
        else:
            yield Finding(f"extra {extra}", "note", "not installed", advice)


def _plugins() -> Iterator[Finding]:
    from disentangle_cli.data.formats import FORMATS
    from disentangle_cli.datasets import DATASETS
    from disentangle_cli.importing.source import SOURCES
    from disentangle_cli.metrics import METRICS
    from disentangle_cli.modelling.trainable import MODELS
    from disentangle_cli.networks.architecture import ARCHITECTURES
    from disentangle_cli.selection import METHODS
    from disentangle_cli.tasks.executor import EXECUTORS

    names, problems = [], []
    for registry in (MODELS, DATASETS, METRICS, METHODS, ARCHITECTURES, EXECUTORS, SOURCES, FORMATS):
        for name in registry.from_packages():
            names.append(name)
            try:
                registry.get(name)
            except DcrError as error:
                problems.append(str(error))
    if problems:
        yield Finding("plugins", "broken", "; ".join(problems), "repair or remove these packages")
    elif names:
        yield Finding("plugins", "ok", ", ".join(names))


def _torch() -> Iterator[Finding]:
    import torch

    x = torch.eye(3, requires_grad=True)
    torch.autograd.backward((torch.nn.functional.conv2d(x[None, None], torch.ones(1, 1, 2, 2)) ** 2).sum())
    if x.grad is None or x.grad.isnan().any():
        yield Finding("torch", "broken", f"{torch.__version__} computes no gradients", "install it anew")
        return
    yield Finding("torch", "ok", str(torch.__version__))


def _device() -> Iterator[Finding]:
    import torch

    from disentangle_cli.devices import pick_device

    device = pick_device("auto")
    if device.type == "cuda":
        torch.ones(2, 2, device=device).sum().item()
        free, total = torch.cuda.mem_get_info()
        name = torch.cuda.get_device_name()
        found = f"{name}, {size_in_words(free)} of {size_in_words(total)} free"
        yield Finding("device", "ok", found, numbers={"free_bytes": free, "bytes": total})
    elif Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi"):
        found = f"cpu; there is an NVIDIA driver, but torch {torch.__version__} finds no GPU"
        yield Finding("device", "note", found, "install a torch with CUDA (pytorch.org/get-started)")
    else:
        yield Finding("device", "ok", f"cpu ({torch.backends.cpu.get_cpu_capability()})")


def _bf16() -> Iterator[Finding]:
    from disentangle_cli.devices import has_bf16, pick_device, use_bf16
    from disentangle_cli.upkeep.speed import bf16_and_fp32

    device = pick_device("auto")
    if not has_bf16(device):
        yield Finding("bf16", "ok", "not in this hardware; --precision auto is fp32")
        return
    half, single = bf16_and_fp32(device)
    numbers = {"bf16_seconds": half, "fp32_seconds": single, "speedup": single / half}
    times = max(half, single) / min(half, single)
    faster = "neither" if times < ALIKE else "bf16" if half < single else "fp32"
    taken = "bf16" if use_bf16("auto", device) else "fp32"
    measured = "as fast as fp32" if faster == "neither" else f"{faster} is {times:.1f} times as fast"
    found = f"in this hardware; {measured}; --precision auto takes {taken}"
    missed = faster not in ("neither", taken)
    yield Finding(
        "bf16", "note" if missed else "ok", found, f"--precision {faster}" if missed else "", numbers
    )


def _threads() -> Iterator[Finding]:
    import torch

    threads, there = torch.get_num_threads(), cores()
    numbers = {"threads": threads, "cores": there, "cores_of_machine": os.cpu_count()}
    found = f"{threads} for {there} of the {os.cpu_count()} cores of the machine"
    advice = ""
    if threads < there:
        name = next((one for one in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if one in os.environ), None)
        advice = f"{name}={os.environ[name]} keeps torch from the others" if name else "some cores are idle"
    elif threads > there:
        advice = f"they are in each other's way: OMP_NUM_THREADS={there}"
    yield Finding("threads", "note" if advice else "ok", found, advice, numbers)


def _memory() -> Iterator[Finding]:
    page = os.sysconf("SC_PAGE_SIZE")
    total, free = page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    tight = total < TIGHT
    advice = "ModelCentrality of large pools wants more" if tight else ""
    numbers = {"bytes": total, "free_bytes": free}
    yield Finding("memory", "note" if tight else "ok", size_in_words(total), advice, numbers)


def _cache() -> Iterator[Finding]:
    folder = cache_dir()
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    advice = "set DCR_CACHE to a folder that can be written"
    if not there.is_dir():
        yield Finding("cache", "broken", f"{folder}: {there} is no folder", advice)
        return
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"dcr")
            locks = has_locks(file.fileno())
    except OSError as error:
        yield Finding("cache", "broken", f"{folder}: {there} cannot be written ({error.strerror})", advice)
        return
    if locks:
        yield Finding("cache", "ok", str(folder) if there == folder else f"{folder}, not made yet")
    else:
        found = f"{folder}: its file system has no locks"
        yield Finding("cache", "note", found, "set DCR_CACHE to a local disk")


def _disk() -> Iterator[Finding]:
    places = {"here": Path.cwd(), "temporary files": Path(tempfile.gettempdir()), "cache": cache_dir()}
    free = {}
    for place, path in places.items():
        there = next(one for one in (path, *path.absolute().parents) if one.exists())
        free[place] = shutil.disk_usage(there).free
    found = ", ".join(f"{size_in_words(size)} free {place}" for place, size in free.items())
    found = found.replace("free temporary", "for temporary").replace("free cache", "for the cache")
    least = min(free.values())
    state: State = "broken" if least < FULL else "note" if least < TIGHT else "ok"
    advice = "" if state == "ok" else "dcr cache clear and dcr clean CKPTS free some"
    numbers = {f"{place}_bytes".replace(" ", "_"): size for place, size in free.items()}
    yield Finding("disk", state, found, advice, numbers)


def _requirements() -> list[Requirement]:
    return [Requirement(text) for text in metadata.requires(DISTRIBUTION) or []]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _problem(wanted: Requirement) -> str:
    """What is wrong with a package; empty where it is as required."""
    if (version := _version(wanted.name)) is None:
        return f"{wanted.name} is missing"
    fits = wanted.specifier.contains(version, prereleases=True)
    return "" if fits else f"{wanted.name} {version}, {wanted.specifier} is needed"


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "python": _python,
    "dcr": _dcr,
    "packages": _packages,
    "torch": _torch,
    "device": _device,
    "bf16": _bf16,
    "threads": _threads,
    "memory": _memory,
    "cache": _cache,
    "disk": _disk,
    "extras": _extras,
    "plugins": _plugins,
}

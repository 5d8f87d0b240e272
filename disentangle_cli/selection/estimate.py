"""How much work ModelCentrality has before it, told before it begins: pairs, images, and time."""

import time
from dataclasses import dataclass

import torch

from disentangle_cli import output
from disentangle_cli.progress import duration
from disentangle_cli.selection import draws
from disentangle_cli.selection.activity import images_of_activity
from disentangle_cli.selection.cross import is_evaluated, jobs_of
from disentangle_cli.selection.pool import Member
from disentangle_cli.selection.selection import Task

MEASURED = 4
"""Models that are timed, spread over the pool."""
IMAGES = 64
"""Images that each makes and reads for that."""
SECONDS = 3.0
"""No further model is timed after so long."""


@dataclass(frozen=True)
class Work:
    """What is to be done.

    Attributes:
        pairs: that count, and of these those whose votes are not on disk.
        activity: images to make for the activity of codes.
        made, read: images to make, and to encode, for the votes; at most.
    """

    pairs: int
    missing: int
    activity: int
    made: int
    read: int


def announce(task: Task, part: float | None) -> None:
    """Tell of the work that is to come.

    Args:
        task: with resolved settings.
        part: of all pairs, what a budget allows; None: all.
    """
    if not output.speaking():
        return
    work = work_of(task, 1.0 if part is None else part)
    pairs = f"{len(task.pool)}, {work.pairs:,} pairs"
    if part is not None:
        pairs += f", of which the budget allows {part:.1%}"
    if known := work.pairs - work.missing:
        pairs += f", {known:,} of them on disk"
    rows = {"models": pairs}
    if work.activity or work.missing:
        making, reading = seconds_per_image(task)
        rows |= {"activity": f"{work.activity:,} images to make"} if work.activity else {}
        if work.missing:
            rows["votes"] = f"at most {work.read:,} images to encode, {work.made:,} to make"
        if task.executor == "local":
            rows["expected"] = _expected(work, making, reading)
    output.block(rows.items())


def _expected(work: Work, making: float, reading: float) -> str:
    activity, votes = work.activity * making, work.made * making + work.read * reading
    parts = [
        f"about {duration(activity)} for the activity of codes" if work.activity else "",
        f"at most {duration(votes)} for the votes" if work.missing else "",
    ]
    return f"{', '.join(filter(None, parts))} (measured on a few images)"


def work_of(task: Task, part: float = 1.0) -> Work:
    """The work of all pairs; every code counts until its activity is known."""
    members, n = task.pool.members, len(task.pool)
    columns = [member.latents.code_columns for member in members]
    # votes are kept by the codes that were held fixed: where not all are, nobody knows them before
    certain = task.settings.inactive == "keep"
    missing = {
        j: [i for i in range(n) if not (certain and is_evaluated(task, i, j, columns[j]))] for j in range(n)
    }
    jobs = jobs_of(task, columns, {j: encoders for j, encoders in missing.items() if encoders})
    made = sum(job.images / len(job.encoders) for job in jobs)
    return Work(
        pairs=n * n,
        missing=sum(map(len, missing.values())),
        activity=0 if certain else images_of_activity(members, task),
        made=round(part * made),
        read=round(part * sum(job.images for job in jobs)),
    )


def seconds_per_image(task: Task) -> tuple[float, float]:
    """What making an image takes, and encoding one: means over a few models of the pool, on all threads."""
    members = task.pool.members
    begun = time.monotonic()
    making: list[float] = []
    reading: list[float] = []
    for member in members[:: -(-len(members) // MEASURED)]:
        if making and time.monotonic() - begun > SECONDS:
            break
        made, read = _timed(member, task.settings.precision == "bf16")
        making.append(made)
        reading.append(read)
    return sum(making) / len(making), sum(reading) / len(reading)


def _timed(member: Member, bf16: bool) -> tuple[float, float]:
    model = member.model
    latents = model.sample_latents(IMAGES, draws.stream("estimate", member.identity))
    with torch.autocast(latents.device.type, dtype=torch.bfloat16, enabled=bf16):
        model.encode(model.generate(latents[:2])).cpu()  # the first takes longer
        start = time.monotonic()
        images = model.generate(latents)
        float(images.sum())  # until a GPU has made them
        between = time.monotonic()
        model.encode(images).cpu()
    return (between - start) / IMAGES, (time.monotonic() - between) / IMAGES

"""What every benchmark prints and writes: the machine, a Markdown table, JSON."""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
import torch

from disentangle_cli.files import write_atomic


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    made.add_argument("--out", type=Path, help="write JSON")
    made.add_argument("--markdown", type=Path, help="write the table")
    return made


def machine() -> dict[str, Any]:
    """What the numbers were measured on and with."""
    return {
        "processor": _processor(), "cores": os.cpu_count(), "threads": torch.get_num_threads(),
        "python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }  # fmt: skip


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(options: argparse.Namespace, markdown: str, **content: Any) -> None:
    """Print the table and write the files that were asked for."""
    named = machine()
    print(f"{markdown}\n\n{named}")
    if options.out:
        write_atomic(options.out, json.dumps({"machine": named, **content}, indent=1) + "\n")
    if options.markdown:  # the last, as `make bench` takes it for the sign that all is there
        write_atomic(options.markdown, markdown + "\n")

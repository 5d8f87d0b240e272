"""Folders of runs as training leaves them, without any training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from disentangle_cli.training import configure
from disentangle_cli.yaml12 import to_yaml


def write_run(
    folder: Path,
    *,
    seed: int = 0,
    model: str = "beta-vae",
    values: Mapping[str, Sequence[float | None]] | None = None,
    every: int = 100,
    sets: Sequence[str] = (),
    preset: str | None = None,
    iterations: int = 1000,
) -> Path:
    """A run with a row every ``every`` iterations; None in ``values`` leaves a cell empty."""
    values = values or {"loss": [5.0, 4.0, 3.0 + seed], "score/factor_vae": [None, 0.5, 0.6 + seed / 10]}
    folder.mkdir(parents=True, exist_ok=True)
    count = max(map(len, values.values()))
    lines = [",".join(["iteration", *values])]
    for row in range(count):
        cells = [column[row] if row < len(column) else None for column in values.values()]
        lines.append(
            ",".join([str((row + 1) * every - 1), *("" if c is None else f"{c:.9g}" for c in cells)])
        )
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    config: dict[str, Any] = {"model": model, "dataset": "dsprites", "seed": seed}
    config |= configure(model, preset, iterations, [f"log.every={every}", *sets]).model_dump(mode="json")
    (folder / "config.yaml").write_text(to_yaml(config))
    return folder

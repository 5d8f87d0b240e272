"""``dcr info``: what checkpoint files hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentangle_cli.command_line import options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.documents import document

if TYPE_CHECKING:
    from disentangle_cli.checkpoint import Checkpoint

COLUMNS = [
    "path", "model", "dataset", "seed", "iteration", "image", "architecture", "differs", "codes", "noise",
    "parameters", "bytes", "verified", "metrics", "sha256",
]  # fmt: skip
PLAIN = {"differs": "unlike the published", "noise": "noise inputs", "verified": "checksum verified"}
"""What columns are called in a table."""
SHORT_HASH = 12


@examples(
    "dcr info best.pt",
    "find ckpts -name '*.pt' | dcr info - --format csv",
)
def info_cli(checkpoints: options.Checkpoints, fmt: options.FormatOption = Format.table) -> None:
    """Tell what checkpoints hold: model, data set, seed, latents, sizes, scores, hashes, whether verified."""
    from disentangle_cli.models import load_model  # checks that the weights fit, too

    models = [describe(path, load_model(path).checkpoint) for path in options.expand_paths(checkpoints)]
    columns = [PLAIN.get(name, name) for name in COLUMNS] if fmt is Format.table else COLUMNS
    rows = [_row(model, fmt) for model in models]
    emit(document("info", models=models), fmt, columns, rows, prose=[PLAIN["differs"]])


def describe(path: str, checkpoint: "Checkpoint") -> dict[str, Any]:
    """A checkpoint file as a JSON object, weights counted and not shown."""
    from disentangle_cli.files import sha256_file

    channels, height, width = checkpoint.image_shape
    provenance = checkpoint.provenance
    return {
        "path": path,
        "model": checkpoint.model,
        "dataset": provenance.get("dataset"),
        "seed": provenance.get("seed"),
        "iteration": provenance.get("iteration"),
        "image": {"channels": channels, "height": height, "width": width},
        "differs": differs(checkpoint.config),
        "codes": checkpoint.latents.num_codes,
        "noise": checkpoint.latents.dim - checkpoint.latents.num_codes,
        "latents": checkpoint.latents.to_json(),
        "parameters": {"generator": _count(checkpoint.generator), "encoder": _count(checkpoint.encoder)},
        "bytes": Path(path).stat().st_size,
        "verified": checkpoint.verified,
        "metrics": checkpoint.metrics,
        "sha256": sha256_file(path),
        "content": checkpoint.content_hash(),
        "config": checkpoint.config,
        "provenance": provenance,
    }


def differs(config: dict[str, Any]) -> str | None:
    """What sets a model apart from the published ones of its name: its networks, how it began."""
    from disentangle_cli.architectures import ARCHITECTURES

    warm = config.get("training", {}).get("warm_start") is not None
    found = [ARCHITECTURES.get(config["architecture"]["name"]).differs, "warm start" if warm else None]
    return "; ".join(filter(None, found)) or None


def _count(weights: dict[str, Any]) -> int | None:
    """Numbers that training sets; running statistics are not among them. None for a foreign model's file."""
    found = [
        tensor.numel()
        for name, tensor in weights.items()
        if tensor.is_floating_point() and not name.endswith((".running_mean", ".running_var"))
    ]
    return sum(found) if found else None


def _row(model: dict[str, Any], fmt: Format) -> list[object]:
    counts = list(model["parameters"].values())
    scores = [f"{name}={_score(value)}" for name, value in (model["metrics"] or {}).items()]
    flat = model | {
        "image": "{channels}x{height}x{width}".format(**model["image"]),
        "architecture": model["config"]["architecture"]["name"],
        "parameters": None if None in counts else sum(counts),
        "metrics": scores if fmt is Format.table else " ".join(scores) or None,
        "sha256": model["sha256"][:SHORT_HASH] if fmt is Format.table else model["sha256"],
    }
    return [flat[column] for column in COLUMNS]


def _score(value: Any) -> str:
    score = value.get("score") if isinstance(value, dict) else value
    return f"{score:.3f}" if isinstance(score, int | float) else "-"

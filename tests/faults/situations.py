"""The commands that are killed and made to fail, each on inputs of its own, and what they write."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.files import INCOMPLETE

SIZES = ["--groups-per-code", "4", "--group-size", "4", "--scale-images", "64"]
TRAIN = [
    "--set", "architecture=mlp", "--set", "batch_size=8", "--set", "log.every=3",
    "--set", "log.images_every=20", "--set", "log.state_seconds=0.01", "--set", "log.score_every=0",
    "--device", "cpu", "--precision", "fp32",
]  # fmt: skip


@dataclass(frozen=True)
class Situation:
    """``arguments`` of ``dcr`` with ``{inputs}``; ``outputs`` by their names in the working folder.

    ``old`` are arguments that write other content to the same outputs; without any there are none before.
    ``again`` is added when the command is repeated after it did not end well.
    """

    name: str
    arguments: list[str]
    outputs: list[str]
    old: list[str] | None = None
    again: tuple[str, ...] = ()

    def of(self, inputs: Path, old: bool = False) -> list[str]:
        """The arguments with the folder of the inputs in its place."""
        chosen = self.old if old and self.old else self.arguments
        return [argument.replace("{inputs}", str(inputs)) for argument in chosen]


def _seeded(*arguments: str) -> tuple[list[str], list[str]]:
    return [*arguments, "--seed", "0"], [*arguments, "--seed", "1"]


def _situation(name: str, outputs: str, *arguments: str, again: tuple[str, ...] = ()) -> Situation:
    given, old = _seeded(*arguments, "--overwrite")
    return Situation(name, given, outputs.split(), old, again)


MODELS = ("{inputs}/a.pt", "{inputs}/b.pt", "{inputs}/c.pt")
SITUATIONS = [
    Situation(
        "train",
        ["train", "--model", "vae", "--dataset", "{inputs}/data.npz", "--iterations", "40", "--name", "x",
         "--out", "out", "--jobs", "1", *TRAIN],
        ["out/x.pt", "out/x/log.csv", "out/x/config.yaml"],
        again=("--resume",),
    ),
    _situation("generate archive", "o.npz", "generate", "{inputs}/a.pt", "--num", "500", "--out", "o.npz"),
    _situation("generate picture", "o.png", "generate", "{inputs}/a.pt", "--num", "64", "--out", "o.png"),
    _situation("generate folder", "deep/o", "generate", "{inputs}/a.pt", "--num", "60", "--out", "deep/o"),
    _situation(
        "encode", "codes.npz", "generate", "{inputs}/a.pt", "--encode", "{inputs}/data.npz", "--num", "30",
        "--out", "codes.npz",
    ),
    _situation(
        "score", "r.html", "score", *MODELS, "--dataset", "{inputs}/data.npz", "--metrics", "mig,sap",
        "--report", "r.html",
    ),
    _situation(
        "centrality", "best.pt m.png r.html", "centrality", *MODELS, *SIZES, "--method", "all", "--select",
        "best.pt", "--plot", "m.png", "--report", "r.html", "--images", "generated",
    ),
    _situation(
        "reconstruct", "p.png", "reconstruct", "{inputs}/a.pt", "--dataset", "{inputs}/data.npz", "--num",
        "30", "--out", "p.png",
    ),
    _situation("traverse picture", "t.png", "traverse", "{inputs}/a.pt", "--out", "t.png"),
    _situation("traverse animation", "t.gif", "traverse", "{inputs}/a.pt", "--steps", "5", "--out", "t.gif"),
    _situation("traverse page", "t.html", "traverse", "{inputs}/a.pt", "--steps", "5", "--out", "t.html"),
    _situation("render", "d/o.npz", "data", "render", "{inputs}/pictures", "--num", "20", "--size", "16",
               "--out", "d/o.npz"),
    Situation(
        "import",
        ["import", "state-dict", "{inputs}/w.pt", "--arch", "mlp", "--map", "{inputs}/map.yaml", "--out",
         "i/w.pt"],
        ["i/w.pt"],
    ),
    Situation(
        "export", ["export", "{inputs}/a.pt", "--to", "safetensors", "--out", "e", "--overwrite"], ["e"]
    ),
    Situation("check", ["data", "check", "{inputs}/pictures"], []),
    Situation("list", ["data", "list"], []),
    Situation("info", ["info", *MODELS], []),
    Situation("settings", ["settings", "train", "--model", "vae"], []),
]  # fmt: skip


def content(path: Path) -> str | None:
    """What a file or folder holds, times aside; None for none, ``incomplete`` where it says so."""
    if not path.exists():
        return None
    if path.is_dir():
        if (path / INCOMPLETE).exists():
            return "incomplete"
        parts = sorted((file.name, content(file)) for file in path.iterdir() if not file.name.startswith("."))
        return hashlib.sha256(repr(parts).encode()).hexdigest()
    if path.suffix == ".pt":
        try:
            return load_checkpoint(path).content_hash()
        except UsageError:
            return "damaged"
    held = path.read_bytes()
    if path.suffix == ".html":  # a report says when it was made
        held = re.sub(rb"\d\d [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC", b"", held)
    return hashlib.sha256(held).hexdigest()

"""A server of processes, the inputs of the commands, and what is to be left when one ends in whatever way."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from disentangle_cli.architectures.mlp import Mlp
from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.latents import Block, Latents
from disentangle_cli.temporaries import NAME
from tests.faults.situations import Situation, content

KILLS = int(os.environ.get("DCR_KILLS", "4"))
"""Of each command."""
FAULTS = int(os.environ.get("DCR_FAULTS", "48"))
"""In all."""


@dataclass
class Ended:
    code: int
    seconds: float
    out: str
    err: str


class Bench:
    """Carries out situations in a folder of their own."""

    def __init__(self, folder: Path, inputs: Path) -> None:
        self.inputs = inputs
        self.work = folder / "work"
        self.server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])},
        )  # fmt: skip
        self._known: dict[tuple[str, bool], Path] = {}

    def run(self, situation: Situation, *, old: bool = False, again: bool = False, **request: Any) -> Ended:
        arguments = [*situation.of(self.inputs, old), *(situation.again if again else ())]
        self.work.mkdir(exist_ok=True)
        assert self.server.stdin
        assert self.server.stdout
        line = json.dumps({"arguments": arguments, "folder": str(self.work), **request})
        self.server.stdin.write(line + "\n")
        self.server.stdin.flush()
        answer = json.loads(self.server.stdout.readline())
        return Ended(**answer, **{n: (self.work.parent / f"std{n}").read_text() for n in ("out", "err")})

    def known(self, situation: Situation, old: bool = False) -> Path:
        """A folder in which the command has ended well."""
        key = situation.name, old
        if key not in self._known:
            self.clear()
            ended = self.run(situation, old=old)
            assert ended.code == 0, ended.err
            kept = self.work.with_name(f"{situation.name}-{old}".replace(" ", "-"))
            self._known[key] = Path(shutil.move(self.work, kept))
        return self._known[key]

    def clear(self, situation: Situation | None = None) -> None:
        """Begin anew; with a situation the outputs hold something older."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        if situation is not None and situation.old is not None:
            shutil.copytree(self.known(situation, old=True), self.work, dirs_exist_ok=True)

    def check(self, situation: Situation, old: bool) -> None:
        """All outputs are what they were or what they are to be; then the same command makes them so."""
        there = self.contents(situation, self.work)
        wanted = self.contents(situation, self.known(situation))
        before = self.contents(situation, self.known(situation, old=True)) if old else {}
        for name, found in there.items():
            if name.startswith("out/x/"):  # grows while it is trained
                continue
            assert found in (wanted[name], before.get(name), "incomplete" if old else None), name
        ended = self.run(situation, again=True)
        assert ended.code == 0, ended.err
        assert self.contents(situation, self.work) == wanted
        left = [path for path in self.work.rglob("*") if NAME.fullmatch(path.name)]
        # a temporary in a folder that the second run did not write to is nobody's
        assert not left

    def contents(self, situation: Situation, folder: Path) -> dict[str, str | None]:
        return {name: content(folder / name) for name in situation.outputs}


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("faults")
    made = Bench(folder, _inputs(folder / "inputs"))
    yield made
    assert made.server.stdin
    made.server.stdin.close()
    made.server.wait(30)


def _inputs(folder: Path) -> Path:
    (folder / "pictures").mkdir(parents=True)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (48, 8, 8), dtype=np.uint8)
    np.savez(folder / "data.npz", imgs=images, factors=np.arange(48)[:, None] // [1, 4, 12] % 4)
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / "pictures" / f"{number}.png")
    latents = Latents((Block("codes", "uniform", 3, True), Block("noise", "normal", 2, False)))
    for seed, name in enumerate("abc"):
        draw = torch.Generator().manual_seed(seed)
        nets = Mlp([16]).generator(latents.dim, 1, 8), Mlp([16]).encoder(latents.num_codes, 1, 8)
        states = [{k: torch.randn(v.shape, generator=draw) for k, v in n.state_dict().items()} for n in nets]
        config = {
            "architecture": {"name": "mlp", "hidden": [16]},
            "generator_output": "logits",
            "encoder_output": "codes",
        }
        origin = {"source": "imported", "dataset": "toy", "seed": seed}
        made = Checkpoint("infogan", config, (1, 8, 8), latents, *states, origin)
        save_checkpoint(folder / f"{name}.pt", made)
    renamed = {f"g.{k}": v for k, v in states[0].items()} | {f"e.{k}": v for k, v in states[1].items()}
    torch.save(renamed, folder / "w.pt")
    described = {
        "model": "mine", "options": {"hidden": [16]}, "image": "1x8x8",
        "latents": "uniform:3:-1:1,normal:2:noise", "generator_output": "logits", "encoder_output": "codes",
        "generator": {"*": "g.*"}, "encoder": {"*": "e.*"},
    }  # fmt: skip
    (folder / "map.yaml").write_text(yaml.safe_dump(described))
    return folder

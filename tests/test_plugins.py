"""What other packages bring by entry points: here the examples of CONTRIBUTING.md, as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from disentangle_cli.data.npz_writer import write_npz

ROOT = Path(__file__).parents[1]
EXAMPLES = dict(
    re.findall(
        r"`disentangle_cli/\w+/(\w+)\.py`[.:]\n\n```python\n(.*?)```",
        (ROOT / "CONTRIBUTING.md").read_text(),
        re.DOTALL,
    )
)
ENTRY_POINTS = """
[disentangle_cli.datasets]
bars = lent.bars
broken = lent.broken
dsprites = lent.bars
[disentangle_cli.formats]
idx = lent.idx
[disentangle_cli.metrics]
strongest_code = lent.strongest_code
absent = lent.bars
[disentangle_cli.methods]
udr-pearson = lent.udr_pearson
[disentangle_cli.executors]
my-pool = lent.my_pool
[disentangle_cli.models]
l1-vae = lent.l1_vae
plain-vae = lent.plain_vae
"""
PLAIN = """
from disentangle_cli.config import BlockConfig, LatentsConfig
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models.vae import Vae, VaeConfig


class PlainConfig(VaeConfig):
    architecture: str = "mlp"
    iterations: int = 3
    batch_size: int = 8
    latents: LatentsConfig = LatentsConfig(codes=BlockConfig(kind="normal", dim=2))


@MODELS.register("plain-vae")
class PlainVae(Vae[PlainConfig]):
    Config = PlainConfig
"""
PRESET = """
architecture: mlp
iterations: 2
batch_size: 4
latents:
  codes: {kind: normal, dim: 3}
weight: 0.5
"""
RUNNER = """
import json, sys
from typer.testing import CliRunner
from disentangle_cli.commands import app

found = []
for line in json.load(sys.stdin):
    result = CliRunner().invoke(app, line)
    loaded = sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "lent"})
    found.append([result.exit_code, result.stdout, result.stderr, loaded])
print(json.dumps(found))
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder in which the package ``lent`` is installed."""
    package = tmp_path / "site" / "lent"
    told = tmp_path / "site" / "dcr_lent-1.0.dist-info"
    presets = package / "presets" / "l1-vae"
    for folder in (presets, told):
        folder.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: dcr-lent\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(ENTRY_POINTS)
    (presets / "demo.yaml").write_text(PRESET)
    modules = EXAMPLES | {"__init__": "", "plain_vae": PLAIN, "broken": "import a_module_that_is_nowhere"}
    for name, text in modules.items():
        (package / f"{name}.py").write_text(text)
    return package.parent


def run(site: Path, *lines: str) -> list[tuple[int, str, str, list[str]]]:
    """Run commands one after the other in one new process: exit code, stdout, stderr, and what is loaded."""
    path = os.pathsep.join([str(site), str(ROOT)])
    environment = os.environ | {"PYTHONPATH": path, "COLUMNS": "300", "DCR_CACHE": str(site / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps([line.split() for line in lines]),
        capture_output=True,
        text=True,
        cwd=site,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(found) for found in json.loads(done.stdout)]


@pytest.mark.parametrize("name", ["bars", "idx", "strongest_code", "udr_pearson", "l1_vae", "my_pool"])
def test_examples_are_short(name: str) -> None:
    assert len(EXAMPLES[name].splitlines()) <= 30


def test_names_are_listed_without_loading_anything(site: Path) -> None:
    helps = run(site, "train --help", "centrality --help")
    assert [code for code, *_ in helps] == [0, 0]
    assert "l1-vae" in helps[0][1]
    assert "udr-pearson" in helps[1][1]
    assert [loaded for *_, loaded in helps] == [[], []]


def test_a_file_that_is_a_data_set(site: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), np.uint8)
    head = np.array([0x803, 20, 28, 28], ">i4").tobytes()
    (site / "train-images-idx3-ubyte").write_bytes(head + images.tobytes())
    (site / "damaged-idx3-ubyte").write_bytes(head + images.tobytes()[:-1])
    write_npz(site / "same.npz", {"imgs": images})
    names = ("train-images-idx3-ubyte", "same.npz", "damaged-idx3-ubyte")
    mine, same, damaged = run(site, *(f"data check {name} --format json" for name in names))
    assert mine[0] == 0, mine[2]
    found = json.loads(mine[1])
    assert (found["kind"], found["images"]) == ("idx file of images", 20)
    assert found["fingerprint"] == json.loads(same[1])["fingerprint"]
    assert damaged[0] == 2
    assert "not an idx file, or a damaged one" in damaged[2]


def test_data_set_model_metric_and_method(site: Path) -> None:
    training = "train -d bars -o ckpts --device cpu --seeds 0-2 --jobs 1 --format json"
    found = run(
        site,
        f"{training} -m l1-vae -p demo",
        "train -d bars -o plain --device cpu -m plain-vae",
        "score --metrics strongest_code --set strongest_code.power=1 --format json --set data.rows=50 "
        + " ".join(f"ckpts/l1-vae_bars_seed-{seed}.pt" for seed in range(3)),
        "centrality --method udr-pearson --format json "
        + " ".join(f"ckpts/l1-vae_bars_seed-{seed}.pt" for seed in range(3)),
        "info plain/plain-vae_bars_seed-0.pt --format json",
        "train -d bars -m plain-vae -p fast",
    )
    for code, _, stderr, _ in found[:-1]:
        assert code == 0, stderr
    scores = [entry["metrics"]["strongest_code"]["score"] for entry in json.loads(found[2][1])["results"]]
    assert all(0 <= score <= 1 for score in scores)
    assert json.loads(found[3][1])["methods"].keys() == {"udr-pearson"}
    assert json.loads(found[4][1])["models"][0]["codes"] == 2
    assert found[5][0] == 2
    assert "plain-vae has no preset 'fast'; choose one of: none at all" in found[5][2]


def test_an_executor(site: Path) -> None:
    data = np.arange(20)[:, None]
    write_npz(site / "codes.npz", {"codes": data.astype(np.float32), "factors": data})
    score = "score codes.npz --metrics mig --format json"
    here, there = run(site, score, f"{score} --executor my-pool --jobs 1")
    assert there[0] == 0, there[2]
    assert json.loads(there[1])["results"] == json.loads(here[1])["results"]


def test_a_broken_one_is_a_line_when_it_is_asked_for(site: Path) -> None:
    data = np.arange(20)[:, None]
    write_npz(site / "codes.npz", {"codes": data.astype(np.float32), "factors": data})
    listed, asked, absent, every = run(
        site,
        "data list --format json",
        "data check broken",
        "score codes.npz --metrics absent",
        "score codes.npz --metrics all --format json",
    )
    names = {entry["name"] for entry in json.loads(listed[1])["datasets"]}
    assert {"bars", "dsprites"} <= names
    assert "broken" not in names
    assert "warning: data set 'broken' of package dcr-lent cannot be loaded" in listed[2]
    assert "warning: data set dsprites stays dcr's own; that of package dcr-lent is left out" in listed[2]
    assert (asked[0], asked[2].count("\n")) == (2, 1)
    assert "data set 'broken' of package dcr-lent cannot be loaded" in asked[2]
    assert "No module named 'a_module_that_is_nowhere'" in asked[2]
    assert absent[0] == 2
    assert "its module lent.bars registers no metric of that name" in absent[2]
    assert every[0] == 0
    assert "strongest_code" in every[1]
    assert "warning: metric 'absent' of package dcr-lent" in every[2]

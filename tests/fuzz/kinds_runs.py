"""Settings, gates, unfinished runs and caches: files that dcr itself writes and reads again."""

import contextlib
import io
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from disentangle_cli import output
from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.command_line.exit_codes import exit_codes
from disentangle_cli.data.packed_cache import cache_path, cached
from disentangle_cli.data.pixels import Layout, Source
from disentangle_cli.errors import Interrupted
from disentangle_cli.files import cache_dir
from disentangle_cli.plain import read_yaml
from disentangle_cli.scoring.classifier import Judge, classifier_for
from disentangle_cli.selection.cache import ArrayCache
from disentangle_cli.training import Run, configure, train_together
from disentangle_cli.training.pool import raise_failures
from tests.fuzz.kinds import KINDS, Kind, dcr
from tests.fuzz.kinds_data import make_codes_npz
from tests.fuzz.kinds_models import TRUTH, make_checkpoint
from tests.fuzz.mutate import BYTES, TEXT, ZIP
from tests.scoring.bars import Bars


def guarded(work: Callable[[], object]) -> None:
    """Run what a command would, with its exit codes."""
    output.configure(quiet=False)
    try:
        with exit_codes():
            work()
    finally:
        output.configure(quiet=True)
    raise SystemExit(0)


def make_config() -> None:
    Path("c.yaml").write_text(
        "model: beta-vae\ndataset: dsprites\nseed: 3\narchitecture: mlp\niterations: 100\nbatch_size: 16\n"
        "latents:\n  codes: {kind: normal, dim: 5, mean: 0.0, std: 1.0}\nbeta: 4.0\noptim: {rate: 1.0e-4}\n"
        "log:\n  every: 10\n  state_seconds: 2.5\ndata: {size: null, channels: 1}\n"
    )


def check_config(path: Path) -> None:
    text = path.read_bytes().decode()
    if "!" in text or "<<" in text or "&" in text:
        return  # tags and references: what they mean is for the parser to say
    for mine, theirs in leaves(read_yaml(path), yaml.load(text, yaml.BaseLoader)):
        assert agree(mine, theirs), f"{theirs!r} was read as {mine!r}"


def leaves(mine: Any, theirs: Any) -> list[tuple[Any, Any]]:
    """Values beside the texts that they were read from."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        keys = [*zip(mine, theirs, strict=True)]
        return [*keys, *(pair for a, b in keys for pair in leaves(mine[a], theirs[b]))]
    if isinstance(mine, list) and isinstance(theirs, list):
        return [pair for parts in zip(mine, theirs, strict=True) for pair in leaves(*parts)]
    return [(mine, theirs)]


def agree(value: Any, text: Any) -> bool:
    """Whether a value is what anybody takes its text for."""
    if isinstance(value, bool):
        return str(text).lower() == str(value).lower()
    if value is None:
        return text in ("", "~", "null", "Null", "NULL")
    if isinstance(value, int):
        return bool(re.fullmatch(r"[-+]?[0-9]+", text)) and int(text) == value
    if isinstance(value, float):
        text = re.sub(r"^([-+]?)\.(inf|nan)$", r"\1\2", text, flags=re.I)
        return float(text) == value or (math.isnan(value) and math.isnan(float(text)))
    return value == text and isinstance(value, str)


KINDS["config yaml"] = Kind(
    make_config,
    {"c.yaml": TEXT},
    lambda path: dcr("train", "--model", "beta-vae", "--config", path, "--print-config"),
    check_config,
)


def silently(work: Callable[[], None]) -> str:
    """What a command that is right prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        work()
    return out.getvalue()


def gate(*baseline: object) -> None:
    dcr("score", "plain.npz", "--metrics", "mig", "--format", "json", *baseline)


def make_baseline() -> None:
    make_codes_npz()
    Path("old.json").write_text(silently(gate))
    TRUTH["mig"] = json.loads(Path("old.json").read_text())["results"][0]["metrics"]["mig"]["score"]


def check_baseline(path: Path) -> None:
    """A gate that passed has compared a number, and it was no better before."""
    before = json.loads(path.read_text())["results"]
    scores = [result["metrics"]["mig"]["score"] for result in before if "mig" in result["metrics"]]
    assert scores, "nothing was compared"
    assert any(isinstance(old, int | float) and old <= TRUTH["mig"] + 1e-9 for old in scores), "it had fallen"


KINDS["baseline json"] = Kind(
    make_baseline, {"old.json": TEXT}, lambda path: gate("--baseline", path), check_baseline, (0, 2, 3)
)


def run_of(name: str, **options: Any) -> Run:
    sets = ["architecture=mlp", "batch_size=4", "log.every=1", "latents.codes.dim=2"]
    config = configure("vae", "demo", iterations=5, sets=sets)
    return Run(
        "vae", config, "bits.npz", out=Path("out"), name=name, device="cpu", precision="fp32", **options
    )


def train(run: Run) -> None:
    raise_failures(train_together([run], []))


def make_run() -> None:
    np.savez("bits.npz", imgs=np.random.default_rng(0).integers(0, 2, (16, 8, 8), np.uint8))
    train(run_of("whole"))
    TRUTH["run"] = load_checkpoint("out/whole.pt").content_hash()
    for path in (run_of("whole").folder, run_of("whole").checkpoint):
        path.rename(f"{path}.done")
    for _ in range(3):
        with contextlib.suppress(Interrupted):
            train(run_of("cut", deadline=0.0, resume=True))


def check_run(_: Path) -> None:
    """Resumed, it ends as if nothing had been: and every iteration from there on is in its log."""
    assert load_checkpoint("out/cut.pt").content_hash() == TRUTH["run"], "weights"
    rows = Path("out/cut/log.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows[-2:]] == ["3", "4"], "log"


KINDS["log csv"] = Kind(
    make_run,
    {"out/cut/log.csv": TEXT},
    lambda _: guarded(lambda: train(run_of("cut", resume=True))),
    check_run,
    (0,),
)
KINDS["resume state"] = Kind(
    make_run,
    {"out/cut/resume.pt": ZIP},
    lambda _: guarded(lambda: train(run_of("cut", resume=True))),
    check_run,
)


class Pictures:
    """Images for the cache of packed pixels."""

    layout = Layout(400, (1, 16, 16), packed=False)
    rows = np.random.default_rng(1).integers(0, 256, (layout.count, layout.row), np.uint8)

    @classmethod
    def source(cls) -> Source:
        return Source(cls.layout, iter([cls.rows]))


def read_pixels() -> None:
    pixels = cached("thing", "k", Pictures.source, "things")
    found = pixels.images(np.arange(400)).reshape(400, -1)
    assert np.array_equal(found, Pictures.rows), "pixels"


KINDS["cache pixels"] = Kind(
    read_pixels,
    {f"cache/{cache_path('thing').relative_to(cache_dir())}": BYTES},
    lambda _: guarded(read_pixels),
    lambda _: None,
    (0,),
)


ARRAYS = {"votes": np.arange(20).reshape(4, 5), "scale": np.linspace(0, 1, 5)}


def votes() -> tuple[ArrayCache, Path]:
    cache = ArrayCache()
    return cache, cache.path(of="fuzz")


def make_votes() -> None:
    cache, path = votes()
    cache.save(path, **ARRAYS)


def read_votes() -> None:
    cache, path = votes()
    found = cache.load(path, *ARRAYS)
    assert found is None or all(np.array_equal(a, b) for a, b in zip(found, ARRAYS.values(), strict=True)), (
        "votes"
    )


KINDS["cache votes"] = Kind(
    make_votes,
    {f"cache/{votes()[1].relative_to(cache_dir())}": ZIP},
    lambda _: guarded(read_votes),
    lambda _: None,
    (0,),
)


def weights_of(judge: Judge) -> list[torch.Tensor]:
    return list(judge.net.state_dict().values())


def make_classifier() -> None:
    TRUTH["classifier"] = judge = classifier_for(Bars(), images=64)
    (kept,) = cache_dir().glob("classifier-*.pt")
    kept.with_name("place").write_text(kept.name)
    assert judge.accuracy is not None


def read_classifier() -> None:
    judge, truth = classifier_for(Bars(), images=64), TRUTH["classifier"]
    same = all(torch.equal(a, b) for a, b in zip(weights_of(judge), weights_of(truth), strict=True))
    assert same, "weights"
    assert (judge.accuracy, judge.held_out) == (truth.accuracy, truth.held_out), "accuracy"


KINDS["cache classifier"] = Kind(
    make_classifier, {"cache/classifier-*.pt": ZIP}, lambda _: guarded(read_classifier), lambda _: None, (0,)
)


def make_list() -> None:
    make_checkpoint()
    Path("list").write_text("m.pt\n\n  m.pt \n")


def read_list(path: Path) -> None:
    before = sys.stdin
    with path.open() as sys.stdin:
        try:
            dcr("info", "-")
        finally:
            sys.stdin = before


KINDS["list of paths"] = Kind(make_list, {"list": TEXT}, read_list, lambda _: None)

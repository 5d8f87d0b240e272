"""Time exact ModelCentrality beside the straightforward loop, and measure its memory with 50 models.

The loop makes the images of each generator once, in batches of 64, float32, with stock PyTorch modules in the
default memory layout, and shows them to all encoders at the official counts (500 groups of 100, 73,728 for
the scale). The default is bfloat16 where the hardware has it; elsewhere it is the row in float32. Both sides
see the same models and the same draws. Work is about the same for every generator, so `--generators 1` of 10
gives the throughput of 10 models in a tenth of the time. How many images a vote takes depends on the models:
good ones agree at once. `--untrained` takes random weights, whose codes hardly vary: they ask for the most.

    python benchmarks/centrality.py                    # the three trained models of examples/pool
    python benchmarks/centrality.py --checkpoints ckpts/*.pt --generators 10 --out centrality.json
    python benchmarks/centrality.py --untrained 10 --threads 1
    python benchmarks/centrality.py --memory 0         # times only
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _report
import numpy as np
import torch
from _plain_gan import generator as plain_generator
from torch import Tensor, nn

from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.checkpoint import Checkpoint, save_checkpoint
from disentangle_cli.latents import Block, Latents
from disentangle_cli.networks.gaussian import UniformMean
from disentangle_cli.selection import Settings, draws
from disentangle_cli.selection.cross import cross_votes
from disentangle_cli.selection.pool import Pool, load_pool
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.votes import SCALE_IMAGES

BATCH = 64
LATENTS = Latents([Block("codes", "uniform", 5, code=True), Block("noise", "uniform", 5, code=False)])


def random_models(folder: Path, count: int) -> list[str]:
    """Models with random weights that keep the size of activations."""
    architecture = ARCHITECTURES.get("infogan-64")()
    config = {
        "architecture": {"name": "infogan-64"}, "generator_output": "images", "encoder_output": "codes",
    }  # fmt: skip
    paths = []
    for seed in range(count):
        torch.manual_seed(seed)
        nets = architecture.generator(LATENTS.dim, 1, 64), architecture.encoder(LATENTS.num_codes, 1, 64)
        for net in nets:
            for layer in net.modules():
                if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                    nn.init.kaiming_normal_(layer.weight, a=0.2)
        states = [net.state_dict() for net in nets]
        checkpoint = Checkpoint("random", config, (1, 64, 64), LATENTS, *states, provenance={})
        paths.append(str(save_checkpoint(folder / f"{seed}.pt", checkpoint)))
    return paths


def plain_encoder(posterior: bool) -> nn.Module:
    """(n, 1, 64, 64) -> (n, 5), stock modules; from a posterior on the normal scale if there is one."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 32), (32, 32), (32, 64), (64, 64)):
        layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
    heads = [
        nn.Linear(1024, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 10 if posterior else 5),
    ]
    return nn.Sequential(*layers, nn.Flatten(), *heads, *([UniformMean()] if posterior else []))


def filled(net: nn.Module, weights: dict[str, Tensor]) -> nn.Module:
    """``net`` with the tensors of ``weights``, which has the same layers in the same order."""
    names = list(net.state_dict())
    net.load_state_dict(dict(zip(names, (weight.float() for weight in weights.values()), strict=True)))
    return net.eval().requires_grad_(False)


@torch.no_grad()
def plain_scores(pool: Pool, generators: int, counts: Settings) -> np.ndarray:
    """(n, generators) accuracies by the straightforward loop."""
    checkpoints = [member.model.checkpoint for member in pool.members]
    apart = [checkpoint.config["architecture"]["name"] == "infogan-apart" for checkpoint in checkpoints]
    encoders = [filled(plain_encoder(q), own.encoder) for q, own in zip(apart, checkpoints, strict=True)]
    scores = np.zeros((len(pool), generators))
    for j in range(generators):
        make = filled(plain_generator(), checkpoints[j].generator)
        model, name = pool.members[j].model, f"0/{pool.members[j].identity}"
        groups = draws.groups(model.latents.code_columns, counts.groups_per_code)
        held = [draws.group_latents(model, name, group, counts.group_size) for group in groups]
        prior = list(draws.prior_latents(model, name, counts.scale_images or SCALE_IMAGES))
        codes: list[list[Tensor]] = [[] for _ in encoders]
        for latents in torch.cat(held + prior).split(BATCH):
            images = make(latents)
            for encoder, found in zip(encoders, codes, strict=True):
                found.append(encoder(images))
        for i, found in enumerate(codes):
            own = torch.cat(found).double().numpy()
            grouped = own[: len(groups) * counts.group_size].reshape(len(groups), counts.group_size, -1)
            votes = (grouped.std(axis=1) / own[len(groups) * counts.group_size :].std(axis=0)).argmin(axis=1)
            table = np.zeros((own.shape[1], len(model.latents.code_columns)))
            np.add.at(table, (votes, [group.label for group in groups]), 1)
            scores[i, j] = table.max(axis=1).sum() / len(groups)
    return scores


def dcr_scores(pool: Pool, generators: int, settings: Settings) -> np.ndarray:
    """The same by dcr."""
    columns = [member.latents.code_columns for member in pool.members]
    pairs = [(i, j) for j in range(generators) for i in range(len(pool))]
    votes = cross_votes(Task(pool, 0, settings.resolved(["gan"]), cache=False), columns, pairs)
    return np.array([[votes[i, j].accuracy for j in range(generators)] for i in range(len(pool))])


def memory(models: int, generators: int) -> None:
    """Peak resident memory of this process with so many models, in MB, on stdout."""
    with tempfile.TemporaryDirectory() as folder:
        pool = load_pool(random_models(Path(folder), models))
        dcr_scores(pool, generators, Settings(groups_per_code=10))
        peak = _peak()
    print(json.dumps({"models": models, "peak": peak}))


def _peak() -> float:
    """Peak resident memory of this program in MB; what getrusage tells includes that of its parent."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def main() -> None:
    """Time both ways on the same models, then measure the memory of another process."""
    parser = _report.parser(__doc__)
    shipped = sorted(str(path) for path in Path(__file__).parents[1].glob("examples/pool/*.pt"))
    parser.add_argument("--checkpoints", nargs="+", default=shipped, help="default: those of examples/pool")
    parser.add_argument("--untrained", type=int, help="so many models with random weights instead")
    parser.add_argument("--generators", type=int, default=1, help="of which so many make images")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--groups-per-code", type=int, default=100, help="fewer for a trial; official: 100")
    parser.add_argument("--scale-images", type=int, default=SCALE_IMAGES, help="of the loop; official: 73728")
    parser.add_argument("--memory", type=int, default=50, help="models to measure the memory with; 0: do not")
    parser.add_argument("--peak", action="store_true", help="measure the memory here (internal)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.peak:
        memory(options.memory, 2)
        return
    official = Settings(
        groups_per_code=options.groups_per_code, scale_images=options.scale_images, full_groups=True,
        precision="fp32",
    )  # fmt: skip
    open_ = Settings(groups_per_code=options.groups_per_code)
    full = open_.with_options(full_groups=True, precision="fp32")
    single = open_.with_options(precision="fp32")
    sides = {
        "loop": lambda pool: plain_scores(pool, options.generators, official),
        "dcr, official counts, fp32": lambda pool: dcr_scores(pool, options.generators, official),
        "dcr, open scale, fp32": lambda pool: dcr_scores(pool, options.generators, full),
        "dcr, and votes that settle, fp32": lambda pool: dcr_scores(pool, options.generators, single),
    }
    if open_.resolved(["gan"]).precision != "fp32":
        sides["dcr, default"] = lambda pool: dcr_scores(pool, options.generators, open_)
    rows, results = [], {}
    with tempfile.TemporaryDirectory() as folder:
        untrained = options.untrained
        pool = load_pool(random_models(Path(folder), untrained) if untrained else options.checkpoints)
        for name, side in sides.items():
            wall, cpu = time.perf_counter(), time.process_time()
            scores = side(pool)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            results[name] = {"wall": wall, "cpu": cpu, "scores": scores.tolist()}
            loop = results["loop"]
            off = np.abs(scores - np.array(loop["scores"]))
            ratios = [f"{loop['wall'] / wall:.2f}", f"{loop['cpu'] / cpu:.2f}"]
            pairs = 60 * scores.size / wall
            rows.append(
                [name, f"{wall:.1f}", f"{cpu:.1f}", f"{pairs:.1f}", *ratios, f"{off.max():.4f}",
                 f"{np.abs(scores.mean(axis=0) - np.mean(loop['scores'], axis=0)).max():.4f}"]
            )  # fmt: skip
            print(" | ".join(rows[-1]), flush=True)
    peak, told = None, ""
    if options.memory:
        command = [sys.executable, __file__, "--peak", "--memory", str(options.memory)]
        peak = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        told = f"\n\npeak memory with {peak['models']} models: {peak['peak']:.0f} MB"
    columns = [
        "side", "wall, s", "CPU, s", "pairs/min", "ratio (wall)", "ratio (CPU)",
        "largest difference of a pair", "of a mean over encoders",
    ]  # fmt: skip
    _report.publish(
        options, _report.table(columns, rows) + told, models=[member.name for member in pool.members],
        generators=options.generators, threads=options.threads, results=results, memory=peak,
    )  # fmt: skip


if __name__ == "__main__":
    main()

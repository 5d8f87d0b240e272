"""The pictures of docs/concepts.md, drawn from the models of examples/pool in some minutes.

    python examples/concepts.py docs/concepts

What they are compared with is spoiled on purpose: a model whose codes were mixed, so that it is known what is
wrong with it. The numbers in the pictures are measured here, by the seeds below.
"""

import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

import disentangle_cli as dcr
from disentangle_cli.arraytypes import Doubles
from disentangle_cli.models import Model
from disentangle_cli.rendering.palette import ACCENT, BEST, FAINT, css

mpl.rcParams.update({"font.size": 9, "savefig.dpi": 120, "svg.hashsalt": "dcr"})
POOL = Path(__file__).parent / "pool"
# which code of the model of seed 1 is what, as its traversal shows
CODES = {"x": 4, "size": 2, "y": 1}
COUNTS: dict[str, Any] = {"groups_per_code": 20, "group_size": 25, "scale_images": 500, "inactive": "keep"}


class Mixed(Model):
    """A model whose codes were turned: each now moves several properties, and the encoder says so."""

    def __init__(self, model: Model, turn: Tensor) -> None:
        """``turn`` (K, K), orthogonal: codes of this model to those of ``model``."""
        self.model, self.turn = model, turn
        self.reach = float(turn.abs().sum(dim=0).max())  # so that all stay in [-1, 1]
        self.image_shape, self.latents, self.name = model.image_shape, model.latents, "mixed"
        self.provenance = model.provenance

    def sample_latents(self, n: int, rng: torch.Generator | None = None) -> Tensor:
        """As those of the model."""
        return self.model.sample_latents(n, rng)

    def generate(self, latents: Tensor) -> Tensor:
        """Images of the turned codes."""
        codes, turned = self.latents.code_columns, latents.clone()
        turned[:, codes] = latents[:, codes] @ self.turn / self.reach
        return self.model.generate(turned)

    def encode(self, images: Tensor) -> Tensor:
        """What the model reads, turned back."""
        return self.reach * self.model.encode(images) @ self.turn.T

    def posterior(self, images: Tensor) -> None:
        """A GAN has none."""


class Doubled(Mixed):
    """A model two of whose codes share one property: the second has lost its own."""

    def __init__(self, model: Model, kept: int, lost: int) -> None:
        super().__init__(model, torch.eye(model.latents.num_codes))
        self.kept, self.lost = kept, lost

    def generate(self, latents: Tensor) -> Tensor:
        """Images whose kept property is the mean of both codes."""
        turned = latents.clone()
        turned[:, self.kept] = latents[:, [self.kept, self.lost]].mean(dim=1)
        turned[:, self.lost] = 0
        return self.model.generate(turned)


def diagonal() -> Tensor:
    """(5, 5): the codes of seed 1 for left to right and for up and down turned by 45 degrees."""
    turn, pair = torch.eye(5), [CODES["x"], CODES["y"]]
    turn[np.ix_(pair, pair)] = torch.tensor([[1.0, 1.0], [1.0, -1.0]]) / 2**0.5
    return turn


def the_same(models: list[Model], seed: int) -> Tensor:
    """(5, 5): place, height and size turned into each other, as the model of seed 1 has them."""
    author, wanted = models[1], [CODES[name] for name in ("x", "y", "size")]
    latents = draw(author, 200, seed=4)
    read = models[seed].encode(author.generate(latents))
    related = torch.corrcoef(torch.cat([latents[:, wanted], read], dim=1).T)[:3, 3:]  # (3, 5)
    names = torch.zeros(3, 5)
    found = related.abs().argmax(dim=1)
    names[range(3), found] = related[range(3), found].sign()
    turned = torch.eye(3) - torch.full((3, 3), 2 / 3)
    return torch.eye(5) - names.T @ names + names.T @ turned @ names


def anyhow(seed: int) -> Tensor:
    """(5, 5): all codes turned in a direction of its own."""
    drawn = torch.randn(5, 5, generator=torch.Generator().manual_seed(10 + seed))
    turned: Tensor = torch.linalg.qr(drawn)[0]
    return turned


def pool() -> list[Model]:
    """The three models, by seed."""
    return [dcr.load(str(path)) for path in sorted(POOL.glob("*.pt"))]


def draw(model: Model, n: int, seed: int) -> Tensor:
    """(n, L) latents from the prior."""
    return model.sample_latents(n, torch.Generator().manual_seed(seed))


def pictures(axes: Any, images: Tensor) -> None:
    """Images (n, 1, H, W) side by side on one axis, with a line of grey between them."""
    padded = torch.nn.functional.pad(images, (0, 1, 0, 1), value=0.5)
    axes.imshow(torch.cat(list(padded[:, 0]), dim=1).numpy(), cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])


def moved(model: Model, code: int, seed: int, steps: int = 9) -> Tensor:
    """(steps, 1, H, W): one code from -1 to 1, everything else still."""
    latents = draw(model, 1, seed).repeat(steps, 1)
    latents[:, code] = torch.linspace(-1, 1, steps)
    return model.generate(latents)


def disentangled(models: list[Model]) -> Figure:
    """What two codes do before and after they were mixed."""
    mixed = Mixed(models[1], diagonal())
    figure = Figure(figsize=(7, 4.1), layout="constrained")
    rows = [("disentangled", models[1], "x"), ("disentangled", models[1], "y")]
    rows += [("mixed", mixed, "x"), ("mixed", mixed, "y")]
    for axes, (kind, model, which) in zip(figure.subplots(4), rows, strict=True):
        pictures(axes, moved(model, CODES[which], seed=6))
        axes.set_ylabel(f"{kind}\nc{CODES[which] + 1}", rotation=0, ha="right", va="center")
    return figure


def shared_pairs(model: Model, code: int, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Two times (n, 1, H, W): pairs that share their noise and one code, as the regulariser sees them."""
    first, second = draw(model, n, seed), draw(model, n, seed + 1)
    noise = [column for column, block in enumerate(model.latents.columns) if not block.code]
    second[:, [code, *noise]] = first[:, [code, *noise]]
    return model.generate(first), model.generate(second)


def named(model: Model, reader: Model, n: int = 200) -> float:
    """How often the shared code can be told from a pair: what differs least, for its spread, is named."""
    differences, labels = [], []
    for code in range(model.latents.num_codes):
        one, other = shared_pairs(model, code, n, seed=20 + code)
        differences.append((reader.encode(one) - reader.encode(other)).abs())
        labels += [code] * n
    gaps = torch.cat(differences)
    votes = (gaps / gaps.std(dim=0)).argmin(dim=1).numpy()
    table = np.zeros((gaps.shape[1], model.latents.num_codes))
    np.add.at(table, (votes, np.array(labels)), 1)
    return float(table.max(axis=1).sum() / len(labels))


def regulariser(models: list[Model]) -> Figure:
    """Pairs that share a code: something stays where it is, or nothing does."""
    good = models[1]
    doubled = Doubled(good, CODES["x"], 0)
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    halves: Any = figure.subfigures(2)
    for half, (model, title) in zip(
        halves,
        [(good, "One code says where it stands"), (doubled, "Two codes together say where it stands")],
        strict=True,
    ):
        share = named(model, good)
        half.suptitle(f"{title}: the shared code can be named in {share:.0%} of pairs", x=0.02, ha="left")
        one, other = shared_pairs(model, CODES["x"], 9, seed=3)
        above, below = half.subplots(2)
        pictures(above, one)
        pictures(below, other)
        if model is good:
            for place, codes in enumerate(good.encode(one)[:, CODES["x"]].tolist()):
                for axes in (above, below):
                    axes.axvline(65 * place + 31.5 + 21 * codes, color=css(BEST), lw=1)
    return figure


def vote(models: list[Model]) -> Figure:
    """One group of one model, and what the encoder of another one says of it."""
    author, reader, code = models[1], models[0], CODES["y"]
    group = draw(author, 50, seed=1)
    group[:, code] = group[0, code]
    images = author.generate(group)
    usual = reader.encode(author.generate(draw(author, 500, 2))).std(dim=0)
    spread = reader.encode(images).std(dim=0) / usual
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    above, below = figure.subplots(2, height_ratios=[1, 1.7])
    pictures(above, images[:9])
    told = {"loc": "left", "fontsize": 9}
    above.set_title(f"The model of seed 1 draws pictures in which its c{code + 1} is held fixed", **told)
    names = [f"c{place + 1}" for place in range(len(spread))]
    lowest = int(spread.argmin())
    below.barh(names, spread, color=[css(BEST if place == lowest else FAINT) for place in range(len(spread))])
    below.invert_yaxis()
    below.spines[["top", "right"]].set_visible(False)
    below.set_title(
        f"How much each code of the model of seed 0 varies among them: c{lowest + 1} takes the vote", **told
    )
    return figure


def places(similarity: Doubles) -> Doubles:
    """(n, n) agreement -> (n, 2) points, 1 - agreement apart as well as a plane can (classical scaling)."""
    distance = 1 - similarity
    np.fill_diagonal(distance, 0)
    centring = np.eye(len(distance)) - 1 / len(distance)
    values, vectors = np.linalg.eigh(-centring @ distance**2 @ centring / 2)
    found: Doubles = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0))
    return found


def agreement(models: list[Model]) -> Figure:
    """A pool whose bad models are bad in their own ways, and one whose bad models are bad in one way."""
    apart = [Mixed(model, anyhow(seed)) for seed, model in enumerate(models)]
    alike = [Mixed(model, the_same(models, seed)) for seed, model in enumerate(models)]
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    for axes, (pooled, good, title) in zip(
        figure.subplots(1, 2),
        [([*models, *apart], 3, "bad in different ways"), ([*models[:2], *alike], 2, "bad in the same way")],
        strict=True,
    ):
        selection = dcr.select(pooled, seed=0, cache=False, **COUNTS)
        matrix = np.array(selection.matrix, dtype=float)
        agreed = (matrix + matrix.T) / 2
        pick = int(selection.ranking[0].model.split()[-1]) - 1
        print(title, {one.model: one.score for one in selection.ranking}, agreed.round(2), sep="\n")
        points = places(agreed)
        for i, j in combinations(range(len(points)), 2):
            axes.plot(
                *points[[i, j]].T, color=css(FAINT), lw=4 * max(agreed[i, j] - 0.5, 0), alpha=0.5, zorder=1
            )
        for place, point in enumerate(points):
            colour = css(ACCENT if place < good else FAINT)
            axes.scatter(*point, s=130, color=colour, zorder=2)
            if place == pick:
                axes.scatter(*point, s=330, facecolors="none", edgecolors=css(BEST), lw=2.5, zorder=3)
        axes.set_title(f"{title}: the pick is {'good' if pick < good else 'bad'}", fontsize=9)
        axes.set(xticks=[], yticks=[])
        axes.margins(0.2)
        axes.set_aspect("equal", adjustable="datalim")
    return figure


def main(out: str) -> None:
    """Draw all of them."""
    folder, models = Path(out), pool()
    folder.mkdir(parents=True, exist_ok=True)
    for figure in (disentangled, regulariser, vote, agreement):
        figure(models).savefig(folder / f"{figure.__name__}.png", metadata={"Software": None})


if __name__ == "__main__":
    main(sys.argv[1])

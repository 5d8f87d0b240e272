"""``dcr.rank`` and ``dcr.select``: the best model of a pool, without labels."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_cli import output
from disentangle_cli.api.arguments import Settings, split
from disentangle_cli.api.rank_report import rank_report
from disentangle_cli.api.rank_tables import agreement_table, explanation_table, ranking_table, regret_table
from disentangle_cli.bounds import IMAGES
from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.datasets import Dataset, check_known
from disentangle_cli.devices import pick_device
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.executors import check_executor
from disentangle_cli.files import atomic, holds_something, write_atomic
from disentangle_cli.methods.model_centrality import model_centrality
from disentangle_cli.modelling.model import AnyModel
from disentangle_cli.nearest import choose_one
from disentangle_cli.rendering.figures import png, save_figure
from disentangle_cli.rendering.report import Section, fragment
from disentangle_cli.selection import METHODS, Selection
from disentangle_cli.selection.explain import Explanation, find_model
from disentangle_cli.selection.explain import explain as explain_model
from disentangle_cli.selection.labels_check import labels_check as check_labels
from disentangle_cli.selection.labels_check import open_labelled, supervised_scores
from disentangle_cli.selection.pool import Pool, load_pool
from disentangle_cli.selection.ranking import agreement
from disentangle_cli.selection.selection import Task
from disentangle_cli.selection.settings import Settings as SelectionSettings
from disentangle_cli.selection.shared_images import GENERATED
from disentangle_cli.settings import assignments, check_once

DEFAULT = "model-centrality"


@dataclass(frozen=True, repr=False)
class Ranking:
    """What one or more selection methods say about a pool.

    Attributes:
        pool: the distinct models.
        selections: the outcome of each method, in the order asked for.
        seed: of every draw.
        agreement: Kendall's tau between the methods; None for one.
        explanation: which code of one model is which code of the others, where it was asked for.
        labels: what each pick is worth on a labelled data set, where it was asked for.
    """

    pool: Pool
    selections: Sequence[Selection]
    seed: int
    agreement: dict[str, Any] | None
    explanation: Explanation | None
    labels: dict[str, Any] | None

    @property
    def selected(self) -> str:
        """The best model by the first method: its path as given, or ``model 1`` and so on for objects."""
        return self.selections[0].selected

    def __getitem__(self, method: str) -> Selection:
        """The outcome of a method. Raises KeyError when it was not asked for."""
        return {selection.method: selection for selection in self.selections}[method]

    def to_json(self, top: int | None = None) -> dict[str, Any]:
        """The ``dcr.centrality/1`` document; ``top`` shortens the rankings."""
        fields: dict[str, Any] = {
            "models": list(self.pool.names),
            "duplicates": [{"model": d.model, "same_as": d.same_as} for d in self.pool.duplicates],
            "families": {member.name: member.family for member in self.pool.members},
            "datasets": {member.name: member.origin.name for member in self.pool.members},
            "seed": self.seed,
            "device": self.pool.device,
            "settings": self.selections[0].settings,
            "methods": {selection.method: selection.to_json(top) for selection in self.selections},
            "agreement": self.agreement,
        }
        if self.explanation is not None:
            fields["explain"] = self.explanation.to_json()
        if self.labels is not None:
            fields["labels_check"] = self.labels
        return document("centrality", **fields)

    def notes(self) -> list[str]:
        """What the rankings come to, in words."""
        lines = []
        for one in self.selections:
            lines.append(f"{one.method} selects {one.selected}")
            if one.balanced not in (None, one.selected):
                lines.append(f"{one.method} with one voice for each family selects {one.balanced}")
            if one.confidence is not None:
                lines.append(f"{one.method}: {one.confidence['first_against_second']['words']}")
            if images := one.details.get("images"):
                lines.append(f"{one.method} compared codes on {images['count']} images: {images['source']}")
        return lines

    def tables(self, top: int | None = None) -> list[Section]:
        """All tables, the rankings first; ``top`` shortens these."""
        found = [ranking_table(selection, self.labels, top) for selection in self.selections]
        if self.agreement is not None:
            found.append(agreement_table(self.agreement))
        if self.labels is not None:
            found.append(regret_table(self.labels))
        if self.explanation is not None:
            found.append(explanation_table(self.explanation))
        return found

    def copy_selected(self, target: str | Path) -> Path:
        """Copy the checkpoint of :attr:`selected` to ``target``, atomically."""
        target = Path(target)
        if not (target.exists() and target.samefile(self.selected)):
            with atomic(target) as temporary:
                shutil.copyfile(self.selected, temporary)
        output.log(f"copied {self.selected} to {target}")
        return target

    def save_plot(self, path: str | Path) -> Path:
        """Draw the matrix of the first method, as a PNG, an SVG or a PDF by the ending of the name.

        Raises:
            UsageError: the name ends in none of these.
        """
        return save_figure(self.selections[0].figure(), path)

    def save_explanation(self, path: str | Path) -> Path:
        """Draw the matching of codes, as a PNG, an SVG or a PDF by the ending of the name.

        Raises:
            UsageError: no explanation was asked for, or the name ends in none of these.
        """
        if self.explanation is None:
            raise UsageError("name the model with --explain")
        return save_figure(self.explanation.figure(), path)

    def save_report(self, path: str | Path, top: int | None = None, command: str | None = None) -> Path:
        """Write everything to one HTML page of at most 8 MB, pictures included.

        ``top`` shortens the rankings; ``command`` is the command line that the page names as its origin.
        """
        return write_atomic(Path(path), rank_report(self, top, command))

    def __repr__(self) -> str:
        picks = ", ".join(f"{selection.method}: {selection.selected}" for selection in self.selections)
        return f"Ranking({len(self.pool)} models; {picks})"

    def _repr_html_(self) -> str:
        return "\n".join(map(fragment, self.tables()))

    def _repr_png_(self) -> bytes:
        return png(self.selections[0].figure())


def rank(
    models: Sequence[str | Path | AnyModel],
    methods: str | Iterable[str] = DEFAULT,
    *,
    explain: str | None = None,
    labels_check: str | None = None,
    settings: Settings | None = None,
    seed: int = 0,
    device: str = "auto",
    jobs: int | None = None,
    executor: str = "local",
    cache: bool = True,
    force: bool = False,
    spare: str | Path | None = None,
    overwrite: bool = False,
    **options: Any,
) -> Ranking:
    """Rank models without labels, as ``dcr centrality`` does.

    Args:
        models: at least two distinct ones: paths of checkpoints, objects that follow
            :class:`disentangle_cli.models.Model`, or both. Objects are called ``model 1``,
            ``model 2`` and so on, by position.
        methods: names in :data:`disentangle_cli.selection.METHODS`, ``a,b`` or ``all``; the first selects.
        explain: a model of the pool whose codes are matched with those of the others.
        labels_check: a labelled data set on which all models are scored, to tell what each pick is worth.
        settings: see :class:`disentangle_cli.selection.Settings`.
        seed: of every random draw; the same seed and the same models give the same numbers.
        device: where models named by path run.
        jobs: evaluations at once; with more than one, objects must be picklable. None: one here, on a
            cluster as many as it takes.
        executor: where evaluations run: ``local``, ``dask``, ``dask=ADDRESS``, ``ray`` or ``ray=ADDRESS``.
        cache: keep evaluations on disk and use them again.
        force: rank models that were trained on different data sets all the same.
        spare: a file that the selected model is about to be copied to; see ``overwrite``.
        overwrite: whether ``spare`` may hold something else than a copy of a model of the pool.
        options: settings by name, e.g. ``groups_per_code=20``.

    Raises:
        UsageError: fewer than two distinct models, models that cannot be compared, a broken file, or
            an unknown method or setting.
    """
    names = methods_of(methods)
    given, texts = split(settings)
    set_here = {one.key: one.value for one in assignments(given or texts, "write it as KEY=VALUE")}
    check_once([*set_here, *(name for name, value in options.items() if value is not None)], "the setting")
    chosen = SelectionSettings(**set_here).with_options(**options)
    if (images := chosen.groups_per_code * chosen.group_size) > IMAGES.most:
        raise UsageError(f"groups_per_code and group_size: {images:,} images a code are too many: {IMAGES}")
    runs = [METHODS.get(name) for name in names]
    check_executor(executor)  # it serves no one where all evaluations are at hand
    if chosen.images_from not in (None, GENERATED):
        check_known(str(chosen.images_from))  # only some methods look at it
    target = None if spare is None else Path(spare)
    pool = load_pool(models, str(pick_device(device)), force, spare=target)
    if target is not None:
        _check_target(target, pool, overwrite)
    explained = None if explain is None else find_model(explain, pool)
    labelled = None if labels_check is None else open_labelled(labels_check, pool.members[0])
    task = Task(pool, seed, chosen, jobs, cache, executor)
    selections = [_checked(run(task)) for run in runs]
    return Ranking(
        pool=pool,
        selections=selections,
        seed=seed,
        agreement=agreement(selections),
        explanation=None if explained is None else _explained(explained, selections, task),
        labels=None if labelled is None else _labels(selections, str(labels_check), labelled, task),
    )


def select(
    models: Sequence[str | Path | AnyModel],
    method: str = DEFAULT,
    seed: int = 0,
    *,
    device: str = "cpu",
    **options: Any,
) -> Selection:
    """The outcome of one selection method; ``options`` are further arguments of :func:`rank`.

    Raises:
        UsageError: as :func:`rank`.
    """
    METHODS.get(method)
    return rank(models, method, seed=seed, device=device, **options).selections[0]


def methods_of(methods: str | Iterable[str]) -> list[str]:
    """``"a,b"``, ``"all"`` (the default first, for it decides) or names as a list of names, each once.

    Raises:
        UsageError: there is no such method.
    """
    known = METHODS.names()
    names: list[str] = []
    for name in methods.split(",") if isinstance(methods, str) else methods:
        if (name := name.strip()) == "all":
            working = [one for one, _ in METHODS.working()]
            names += sorted(working, key=lambda one: one != DEFAULT)
        elif name in known:
            names.append(name)
        else:
            raise UsageError(f"unknown selection method {name!r}; {choose_one(name, [*known, 'all'])}")
    return list(dict.fromkeys(names))


def _checked(selection: Selection) -> Selection:
    """Refuse a ranking that nothing stands behind; warn of one in which nobody is ahead."""
    scores = [ranked.score for ranked in selection.ranking if ranked.score is not None]
    if not scores or not any(ranked.codes for ranked in selection.ranking):
        lacks = "a code that counts" if scores else "a score"
        raise UsageError(f"{selection.method}: no model has {lacks}; is every model of the pool collapsed?")
    if len(selection.ranking) > 2 and min(scores) == max(scores):
        output.warn(
            f"{selection.method} cannot tell the models apart: all score {scores[0]:.3g}; "
            "the pick is no choice"
        )
    return selection


def _explained(model: str, selections: Sequence[Selection], task: Task) -> Explanation:
    voted = next((selection for selection in selections if selection.votes is not None), None)
    return explain_model(model, voted or model_centrality(task), task.pool)


def _labels(selections: Sequence[Selection], spec: str, dataset: Dataset, task: Task) -> dict[str, Any]:
    return check_labels(selections, supervised_scores(task, spec, dataset), dataset)


def _check_target(target: Path, pool: Pool, overwrite: bool) -> None:
    """Refuse to lose a model that only one file of the pool holds; without ``overwrite`` anything else."""
    twins = {duplicate.model for duplicate in pool.duplicates}
    twins |= {duplicate.same_as for duplicate in pool.duplicates}
    for name in pool.names:
        if name not in twins and target.exists() and target.samefile(name):
            raise UsageError(f"--select {target} would overwrite a model of the pool; choose another name")
    if overwrite or not holds_something(target):
        return
    try:
        lost = load_checkpoint(target).content_hash() not in {member.identity for member in pool.members}
    except UsageError:
        lost = True
    if lost:
        raise UsageError(
            f"--select: {target} exists and is no copy of a model of the pool; --overwrite replaces it, or "
            "choose another name"
        )

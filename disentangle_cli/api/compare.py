"""``dcr.compare``: what differs between two results, two models or two runs."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentangle_cli.api.compare_scores import (
    MAY_DIFFER,
    Compared,
    Interval,
    compare_results,
    pairs_of,
    refusal,
)
from disentangle_cli.checkpoint import Checkpoint, load_checkpoint
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.nearest import did_you_mean_file
from disentangle_cli.nested import flat
from disentangle_cli.output import log, warn
from disentangle_cli.rendering.report import Section, fragment
from disentangle_cli.scoring.baseline import Change, changed, reach, read_scores
from disentangle_cli.training.curves import choose_columns
from disentangle_cli.training.records import LOG, Record, find_runs, read_run
from disentangle_cli.training.spec import dataset_stem

FORCE = "--force shows both side by side"
ZIP = b"PK\x03\x04"
"""How the files of checkpoints begin."""
OF_CHECKPOINTS = ("fingerprint of the data", "image", "precision", "source")
"""What only a checkpoint says; a run under way does not have it yet."""
VERSION = "version of "
WORDS = {
    "dataset": "the data set (dataset)",
    "fingerprint": "the content of the data set (fingerprint)",
    "labels": "what the labels are (labels)",
    "factor_bins": "the number of classes of a factor (factor_bins)",
}
"""What messages call an entry of a result."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """What differs.

    Attributes:
        a, b: what was compared, as given.
        numbers: metrics, or the latest numbers of logs.
        changes: settings that are not the same: of the scoring, or of the training.
    """

    a: str
    b: str
    numbers: Sequence[Compared]
    changes: Sequence[Change]

    def to_json(self) -> dict[str, Any]:
        """The ``dcr.compare/1`` document."""
        changes = [{"setting": name, "a": old, "b": now} for name, old, now in self.changes]
        numbers = [number.to_json() for number in self.numbers]
        return document("compare", a=self.a, b=self.b, numbers=numbers, configuration=changes)

    def tables(self) -> list[Section]:
        """What was compared, numbers with their intervals, and what changed."""
        several = len({(one.model_a, one.model_b) for one in self.numbers}) > 1
        rows: list[list[object]] = [
            [
                *([one.model_a] if several else []),
                one.metric,
                _with_reach(one.a, one.interval_a),
                _with_reach(one.b, one.interval_b),
                _around(one.difference, one.reach),
                one.verdict,
            ]
            for one in self.numbers
        ]
        columns = [*(["model"] if several else []), "metric", "A", "B", "B - A", "B is"]
        found = [Section("compared", columns=["side", "of"], rows=[["A", self.a], ["B", self.b]])]
        if rows:
            found.append(Section("numbers", columns=columns, rows=rows))
        changes = [[name, _shown(old), _shown(now)] for name, old, now in self.changes]
        title = "what changed" if changes else "what changed: nothing"
        found.append(Section(title, columns=["setting", "A", "B"], rows=changes))
        return found

    def __repr__(self) -> str:
        return f"Comparison({self.a}, {self.b}: {len(self.numbers)} numbers, {len(self.changes)} changes)"

    def _repr_html_(self) -> str:
        return "\n".join(map(fragment, self.tables()))


def compare(a: str | Path, b: str | Path, *, force: bool = False) -> Comparison:
    """Compare two results of ``dcr score --format json``, or two checkpoints or folders of runs.

    Args:
        a: a file or a folder.
        b: the other, of the same kind; a run is of one kind with a checkpoint.
        force: show what does not compare side by side, without a difference.

    Raises:
        UsageError: they are of different kinds or cannot be read, or, without ``force``, of other data sets,
            protocols or factors.
    """
    first, second = str(a), str(b)
    scores = [_is_scores(path) for path in (first, second)]
    if scores[0] != scores[1]:
        named = (first, second) if scores[0] else (second, first)
        raise UsageError(f"{named[0]} holds scores and {named[1]} does not; give two of one kind")
    return _scores(first, second, force) if scores[0] else _models(first, second, force)


def _is_scores(path: str) -> bool:
    file = Path(path)
    if file.is_dir() or file.name == LOG or file.suffix.lower() == ".pt":
        return False
    if not file.is_file():  # a stream, or a missing file, which the reader will tell
        return True
    with contextlib.suppress(OSError), file.open("rb") as opened:
        return not opened.read(len(ZIP)).startswith(ZIP)
    return True


def _scores(a: str, b: str, force: bool) -> Comparison:
    documents = read_scores(a), read_scores(b)
    numbers: list[Compared] = []
    changes: list[Change] = []
    pairs = pairs_of(documents[0]["results"], documents[1]["results"], (a, b))
    for one, other in pairs:
        problem = refusal(one, other)
        if problem is not None and not force:
            what = WORDS.get(problem.name, problem.name)
            raise UsageError(
                f"{a} and {b} do not compare: {what} is {_shown(problem.old)} and {_shown(problem.now)}; "
                f"score both alike, or {FORCE}"
            )
        numbers += compare_results(one, other, judged=problem is None)
        found = changed(one, other, [*_keys(one, other), *MAY_DIFFER])
        changes += [change for change in found if change not in changes]
    for name, _, _ in [change for change in changes if change.name in MAY_DIFFER]:
        warn(f"{a} and {b} have another {name}: their numbers differ by chance, too")
    for path, results, place in ((a, documents[0]["results"], 0), (b, documents[1]["results"], 1)):
        known = [id(pair[place]) for pair in pairs]
        if left := [one["model"] for one in results if id(one) not in known]:
            warn(f"{path}: not compared, as the other file does not have them: {', '.join(left)}")
    old, new = (dict(one["versions"]) if isinstance(one.get("versions"), dict) else {} for one in documents)
    changes += changed(old, new, dict.fromkeys([*old, *new]), VERSION)
    if len(pairs) == 1:
        changes += _changes_of_files(pairs[0][0]["model"], pairs[0][1]["model"])
    return Comparison(a, b, numbers, changes)


def _keys(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """What a result says of itself, besides its numbers."""
    return [key for key in dict.fromkeys([*one, *other]) if key not in ("metrics", *MAY_DIFFER)]


def _changes_of_files(a: str, b: str) -> list[Change]:
    """What changed in the training of two scored models, where their files are at hand."""
    if a == b or not (Path(a).is_file() and Path(b).is_file()):
        return []
    try:
        found = _changes(_described(load_checkpoint(a)), _described(load_checkpoint(b)))
        return [change._replace(name=f"training: {change.name}") for change in found]
    except UsageError:  # codes in files of their own, or a file that is another one now
        return []


@dataclass(frozen=True)
class _Model:
    """A checkpoint, a run, or both."""

    path: str
    settings: dict[str, Any]
    metrics: dict[str, float]
    record: Record | None


def _models(a: str, b: str, force: bool) -> Comparison:
    one, other = _model(a), _model(b)
    found = _changes(one.settings, other.settings)
    changes = [change for change in found if None not in change[1:] or not _is_of_checkpoints(change.name)]
    data = [change for change in changes if change.name in ("dataset", "fingerprint of the data")]
    if data and not force:
        raise UsageError(
            f"{a} and {b} do not compare: {data[0].name} is {_shown(data[0].old)} and {_shown(data[0].now)}, "
            f"so losses and scores are of other things; {FORCE}, and what changed in the configuration"
        )
    numbers = [
        _logged(one, other, name, "not of the same" if data else "")
        for name in dict.fromkeys([*one.metrics, *other.metrics])
    ]
    if not numbers:
        log(f"neither holds scores: dcr score {a} {b} --bootstrap 100 gives metrics with intervals")
    return Comparison(a, b, numbers, changes)


def _logged(one: _Model, other: _Model, name: str, problem: str) -> Compared:
    a, b = one.metrics.get(name), other.metrics.get(name)
    known = a is not None and b is not None
    verdict = problem or ("no interval" if known else "only in A" if b is None else "only in B")
    difference = b - a if a is not None and b is not None and not problem else None
    return Compared(one.path, other.path, name, a, None, b, None, difference, None, verdict)


def _changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Change]:
    return changed(a, b, dict.fromkeys([*a, *b]))


def _is_of_checkpoints(name: str) -> bool:
    return name in OF_CHECKPOINTS or name.startswith(VERSION)


def _model(path: str) -> _Model:
    """What a checkpoint and the folder of its run say.

    Raises:
        UsageError: there is neither, or several runs are there.
    """
    file = Path(path)
    if not file.exists():
        raise UsageError(f"{path}: there is no such file or folder{did_you_mean_file(file)}")
    if file.is_dir() or file.name == LOG:
        folders = find_runs([file])
        if len(folders) > 1:
            raise UsageError(f"{path} holds {len(folders)} runs; name one of them")
        folder = folders[0]
        file = folder.parent / f"{folder.resolve().name}.pt"
    else:
        folder = file.with_suffix("")
    record = read_run(folder) if (folder / LOG).is_file() else None
    checkpoint = load_checkpoint(file) if file.is_file() else None
    if checkpoint is not None:
        settings = _described(checkpoint)
    else:
        settings = _flat({} if record is None else record.config)
        if isinstance(spec := settings.get("dataset"), str):
            settings["dataset"] = dataset_stem(spec)  # as checkpoints call it
    stored = {} if checkpoint is None else _stored(checkpoint.metrics or {})
    last = {} if record is None else record.last()
    logged = {name: last[name] for name in choose_columns([record])} if record and last else {}
    reached = {} if record is None or checkpoint is not None else {"iteration": record.done}
    return _Model(path, settings | reached, stored | logged, record)


def _described(checkpoint: Checkpoint) -> dict[str, Any]:
    """Everything that says how a model came about, flat, in the order of a run's ``config.yaml``."""
    provenance = checkpoint.provenance
    about = {
        "model": checkpoint.model,
        "dataset": provenance.get("dataset"),
        "fingerprint of the data": provenance.get("dataset_fingerprint"),
        "seed": provenance.get("seed"),
        "iteration": provenance.get("iteration"),
        "image": list(checkpoint.image_shape),
        "precision": provenance.get("precision"),
        "source": provenance.get("source"),
    }
    known = {name: value for name, value in about.items() if value is not None}
    versions = {f"{VERSION}{name}": value for name, value in dict(provenance.get("versions") or {}).items()}
    return known | _flat(checkpoint.config.get("training") or {}) | versions


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    return dict(flat({key: value for key, value in config.items() if key != "log"}))


def _stored(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Scores that a checkpoint carries."""
    found = {name: one.get("score") if isinstance(one, Mapping) else one for name, one in metrics.items()}
    return {name: float(score) for name, score in found.items() if isinstance(score, int | float)}


def _with_reach(value: float | None, interval: Interval) -> float | str | None:
    """A value with half of its interval, of the longer side where an end of the range cuts one off."""
    if value is None or interval is None:
        return value
    return _around(value, reach({"score": value, "interval": interval}))


def _around(value: float | None, half: float | None) -> float | str | None:
    return value if value is None or half is None else f"{value:.3f} ±{half:.3f}"


def _shown(value: Any) -> str | None:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return None if value is None else text if len(text) <= 60 else f"{text[:59]}…"

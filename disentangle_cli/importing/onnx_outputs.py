"""Which outputs of an encoder in ONNX are means, and what tells the spread of each code beside them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from disentangle_cli.architectures.onnx import SPREADS
from disentangle_cli.errors import UsageError

_VARIANCE = r"(?:co)?var(?:iance)?s?|cov|(?:sigma|std)(?:\^?2|_?sq|_?squared)"
_DEVIATION = r"std(?:_?dev)?s?|stdev|sd|sigmas?(?!_?2)|scales?|standard_deviations?"
_LOG = r"(?:log|ln)_?"
_KINDS = {
    kind: re.compile(rf"(?<![a-z])[zq]?(?:{words})(?![a-z])")
    for kind, words in {
        "logvar": f"{_LOG}(?:{_VARIANCE})",
        "logstd": f"{_LOG}(?:{_DEVIATION})",
        "var": _VARIANCE,
        "std": _DEVIATION,
        "mean": "means?|mu|loc|location|embedding",
    }.items()
}
_CHANGED = re.compile(r"(?<![a-z])(?:raw|pre|half|neg|minus|inv|inverse|softplus|prec|precision)(?![a-z])")
"""What makes something else of a mean or a spread."""
_STATED = ("", "mean", *SPREADS)
_HOW = "with --encoder-outputs MEAN,NAME:KIND, where KIND is one of " + ", ".join(SPREADS)


@dataclass(frozen=True)
class Outputs:
    """Names of the outputs to use, the means first, and the kind of spread they give, if any.

    ``told`` says that there is a spread of that kind; otherwise it is what a second half would hold.
    """

    names: list[str]
    spread: str
    told: bool = True


def kinds_of(name: str) -> list[str]:
    """What the name of an output says that it holds: ``mean``, a kind of spread, both, or nothing known."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9^]+", "_", name).lower()
    if _CHANGED.search(words):
        return []
    spread = next((kind for kind in SPREADS if _KINDS[kind].search(words)), None)
    return [*(["mean"] if _KINDS["mean"].search(words) else []), *([spread] if spread else [])]


def choose_outputs(names: Sequence[str], asked: Sequence[str] | None) -> Outputs:
    """The outputs called ``names`` that hold means and spreads: as ``asked``, else as their names tell.

    ``asked`` has one or two entries, the mean first, ``NAME`` or ``NAME:KIND`` (for a spread whose name does
    not tell); or the kinds of all outputs in their order, such as ``["mean", "std"]``.

    Raises:
        UsageError: ``asked`` does not fit, or it is not told and the names do not say.
    """
    if asked:
        return _asked(names, asked)
    if len(names) == 1:
        told = kinds_of(names[0])
        if told and "mean" not in told and len(told) == 1:
            raise UsageError(
                f"its only output, {names[0]}, is a {told[0]} by its name: export the means, too"
            )
        return _single(names[0], told)
    means = [name for name in names if kinds_of(name) == ["mean"]]
    spreads = [name for name in names if kinds_of(name) and "mean" not in kinds_of(name)]
    if len(means) == len(spreads) == 1:
        return Outputs([means[0], spreads[0]], kinds_of(spreads[0])[0])
    raise UsageError(
        f"the names of its outputs, {', '.join(names)}, do not tell what they are; say so {_HOW}"
    )


def _asked(names: Sequence[str], asked: Sequence[str]) -> Outputs:
    kinds = [entry.lower() for entry in asked]
    if not set(asked) & set(names) and len(asked) == len(names) and set(kinds) <= set(_STATED):
        entries = list(zip(names, kinds, strict=True))
    else:
        entries = [_entry(entry, names) for entry in asked]
    chosen, stated = [name for name, _ in entries], [kind for _, kind in entries]
    if unknown := [name for name in chosen if name not in names] or [k for k in stated if k not in _STATED]:
        raise UsageError(f"no {unknown[0]!r} (--encoder-outputs); it has {', '.join(names)}; say so {_HOW}")
    if stated[-1] == "mean":
        chosen, stated = chosen[::-1], stated[::-1]
    told = [[kind] if kind else kinds_of(name) for name, kind in zip(chosen, stated, strict=True)]
    if len(chosen) == 1:
        return _single(chosen[0], told[0])
    if len(chosen) != 2 or chosen[0] == chosen[1] or told[0] not in ([], ["mean"]) or told[1] == ["mean"]:
        raise UsageError(f"--encoder-outputs {','.join(asked)}: name the output of the means first, {_HOW}")
    if not told[1]:
        raise UsageError(
            f"--encoder-outputs {','.join(asked)}: the name {chosen[1]} does not tell which kind of spread "
            f"it is; say so {_HOW}"
        )
    return Outputs(chosen, told[1][-1])


def _single(name: str, told: Sequence[str]) -> Outputs:
    """One output, of means alone or of both."""
    spread = next((kind for kind in told if kind != "mean"), None)
    return Outputs([name], spread or "logvar", spread is not None)


def _entry(text: str, names: Sequence[str]) -> tuple[str, str]:
    """``NAME:KIND`` or ``NAME``; names of TensorFlow have colons of their own."""
    name, colon, kind = text.rpartition(":")
    return (text, "") if text in names or not colon else (name, kind.lower())

"""Which name was meant by one that nothing has.

Capitals do not matter to what is near, nor which of ``-``, ``_`` and nothing joins words.
"""

import difflib
import itertools
import os
from collections.abc import Collection, Iterable
from pathlib import Path

PART = 3
"""Letters of a name that must be given for the rest of it to be guessed."""
LOOKED_AT = 10_000
"""Files of a folder that are compared with one that is not there."""

OTHER_WORDS = {
    "gpu": "cuda", "rank": "centrality", "select": "centrality", "sample": "generate", "evaluate": "score",
    "test": "score", "fit": "train", "inspect": "info", "show": "info", "config": "settings",
}  # fmt: skip
"""What people call things that have another name here."""


def choose_one(name: str, known: Collection[str]) -> str:
    """The end of a message on an unknown ``name``: those there are, and the one that was meant."""
    return f"choose one of: {', '.join(known) or 'none at all'}{did_you_mean(name, known)}"


def did_you_mean(name: str, known: Collection[str], dotted: bool = True) -> str:
    """The end of a message on an unknown ``name``: one of that name elsewhere, or like it; or nothing.

    ``dotted``: a dot stands between the parts of a name, as in settings.
    """
    if not dotted:
        meant = nearest(name, known, 0.6)
        return f"; did you mean {meant}?" if meant else ""
    place, _, leaf = name.rpartition(".")
    if (other := OTHER_WORDS.get(name)) in known:
        return f"; did you mean {other}?"
    anywhere = {one.rpartition(".")[2]: one for one in known}
    beside = {one.rpartition(".")[2]: one for one in known if one.rpartition(".")[0] == place}
    for choices, cutoff in ((beside, 1.0), (anywhere, 1.0), (beside, 0.6), (anywhere, 0.85)):
        if meant := nearest(leaf, choices, cutoff):
            return f"; did you mean {choices[meant]}?"
    longer = sorted((one for one in beside if len(leaf) >= PART and _plain(leaf) in _plain(one)), key=len)
    return f"; did you mean {beside[longer[0]]}?" if longer else ""


def did_you_mean_file(path: Path) -> str:
    """The end of a message on a ``path`` that is not there: what is called nearly so in its folder."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in itertools.islice(entries, LOOKED_AT)]
    except (OSError, ValueError):
        return ""
    meant = nearest(path.name, names, 0.8)
    return f"; did you mean {path.with_name(meant)}?" if meant else ""


def nearest(name: str, known: Iterable[str], cutoff: float) -> str | None:
    """The one of ``known`` that is most like ``name``, if it is alike by ``cutoff``, from 0 to 1."""
    plain = {_plain(one): one for one in known}
    close = difflib.get_close_matches(_plain(name), plain, 1, cutoff)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").replace(" ", "")

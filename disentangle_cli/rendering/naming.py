"""Names of models on a page: as short as they can be while telling them apart."""

from collections import Counter
from collections.abc import Sequence

from disentangle_cli.lines import shown

LONGEST = 60
"""Characters of a name that is shown; of a longer one the middle is left out."""
_ENDINGS = (".pt", ".onnx", ".npz", ".csv", ".parquet")


def told_apart(names: Sequence[str]) -> list[str]:
    """The last part of each path without its ending, with as many folders before it as it takes.

    What is still alike after long names were cut gets a number.
    """
    parts = [_without_ending(name).strip("/").split("/") or [name] for name in names]
    depth = [1] * len(names)
    while True:
        found = ["/".join(part[-d:]) for part, d in zip(parts, depth, strict=True)]
        counts = Counter(found)
        deeper = [k for k, text in enumerate(found) if counts[text] > 1 and depth[k] < len(parts[k])]
        if not deeper:
            break
        for k in deeper:
            depth[k] += 1
    return _numbered([_cut(shown(text or name)) for text, name in zip(found, names, strict=True)])


def _without_ending(name: str) -> str:
    ending = next((ending for ending in _ENDINGS if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)] or name


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    tail = LONGEST * 3 // 5  # the end of a name tells more: seeds stand there
    return f"{text[: LONGEST - tail - 1]}…{text[-tail:]}"


def _numbered(names: Sequence[str]) -> list[str]:
    used: set[str] = set()
    numbered = []
    for name in names:
        text, number = name, 1
        while text in used:
            number += 1
            text = f"{name} ({number})"
        used.add(text)
        numbered.append(text)
    return numbered

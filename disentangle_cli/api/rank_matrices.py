"""What the page of a ranking draws from: how alike models are, and which code is which."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from disentangle_cli.arraytypes import Doubles
from disentangle_cli.rendering.heatmap import limits
from disentangle_cli.rendering.ordering import cluster_order
from disentangle_cli.selection import Selection
from disentangle_cli.selection.explain import match
from disentangle_cli.selection.pool import Member, Pool
from disentangle_cli.selection.ranking import symmetrised

CELLS = 300
"""Models in each matrix."""
TABLE = 40
"""Models up to which a matrix is also there as a table of numbers."""
MATCHES = 500_000
"""Entries of the matchings of codes of all pairs of models, two bytes each."""
UNKNOWN = 65535
TICKS = 65534
"""A number is sent as a whole one from 0 to ``TICKS`` between the ends of its scale."""


def similarity_of(selection: Selection) -> Doubles:
    """(n, n) how far two models agree, both ways round; NaN where that was not evaluated."""
    if selection.similarity is not None:
        return symmetrised(selection.similarity)
    return symmetrised(selection.matrix if selection.corrected is None else selection.corrected)


def matrix(selection: Selection, names: Sequence[str]) -> dict[str, Any]:
    """The similarities of ``names`` in their order, as ``matrix.js`` reads them, and that of clusters."""
    place = {name: i for i, name in enumerate(selection.models)}
    chosen = [place[name] for name in names]
    values = similarity_of(selection)[np.ix_(chosen, chosen)]
    np.fill_diagonal(values, np.nan)
    low, high = limits(values)
    return {
        "method": selection.method,
        "order": cluster_order(values),
        "low": low,
        "high": high,
        "values": packed(np.clip((values - low) / (high - low), 0, 1)),
    }


def packed(parts: Doubles) -> str:
    """Numbers in [0, 1], or NaN, as base64 of little-endian 16-bit numbers from 0 to ``TICKS``."""
    ticks = np.where(np.isfinite(parts), np.nan_to_num(parts) * TICKS, UNKNOWN).round().astype("<u2")
    return base64.b64encode(ticks.tobytes()).decode()


def beside(selection: Selection, shown: int, short: Mapping[str, str]) -> dict[str, Any]:
    """What stands beside a matrix; the numbers themselves for pools that a table can hold."""
    values = similarity_of(selection)
    low, high = limits(np.where(np.eye(len(values), dtype=bool), np.nan, values))
    return {
        "method": selection.method,
        "axes": selection.axes,
        "shown": shown,
        "low": low,
        "high": high,
        "complete": selection.complete,
        "names": [short[name] for name in selection.models] if shown <= TABLE else [],
        "cells": _cells(values) if shown <= TABLE else [],
    }


def _cells(values: Doubles) -> list[list[float | None]]:
    return [
        [round(float(v), 2) + 0.0 if np.isfinite(v) and i != j else None for j, v in enumerate(row)]
        for i, row in enumerate(values)
    ]


def matchings(selections: Sequence[Selection], pool: Pool, order: Sequence[str]) -> dict[str, Any] | None:
    """Code to code of each pair of the best models, as ``matching.js`` reads it; None without votes.

    ``models`` are the codes of each; ``numbers`` hold for each pair a < b its score (from -1 to 1), the
    shares (a's codes, b's codes) and for each code of a the place of its counterpart.
    """
    selection = next((one for one in selections if one.votes is not None), None)
    if selection is None or selection.columns is None:
        return None
    members = dict(zip(selection.models, pool.members, strict=True))
    columns = dict(zip(selection.models, selection.columns, strict=True))
    codes = [_codes(members[name], columns[name]) for name in order]
    count, entries = 0, 0
    for own in codes[:CELLS]:
        entries += sum(len(own) * len(other) + len(other) + 1 for other in codes[:count])
        if entries > MATCHES:
            break
        count += 1
    parts: list[Doubles] = []
    for a, name in enumerate(order[:count]):
        for b in range(a + 1, count):
            shape = len(codes[a]), len(codes[b])
            found = match(name, order[b], selection, pool)
            if found is None:
                parts.append(np.full(1 + shape[0] * shape[1] + shape[0], np.nan))
                continue
            partner = {code: codes[b].index(other) for code, other, _ in found.pairs}
            assigned = [partner.get(code, np.nan) / TICKS for code in codes[a]]
            parts += [np.array([(found.score + 1) / 2]), found.shares.ravel(), np.array(assigned)]
    numbers = np.concatenate(parts) if parts else np.zeros(0)
    return {"models": codes[:count], "numbers": packed(numbers), "method": selection.method}


def _codes(member: Member, columns: Sequence[int]) -> list[str]:
    return [member.latents.names[column] for column in columns]

"""Scores as tables."""

from collections.abc import Sequence
from typing import Any

from disentangle_cli.metrics import METRICS
from disentangle_cli.rendering.report import Matrix, Section

Row = list[object]


def overview(results: Sequence[dict[str, Any]], names: Sequence[str]) -> list[Row]:
    """A row per model: its path and the score of each metric."""
    return [[r["model"], *[r["metrics"][n]["score"] for n in names]] for r in results]


def has_spread(results: Sequence[dict[str, Any]]) -> bool:
    """Whether intervals were asked for."""
    return any(r["repeats"] > 1 or r["bootstrap"] for r in results)


def number_columns(spread: bool) -> list[str]:
    """The names of what :func:`number_rows` gives."""
    return ["metric", "value", *(["std", "low", "high"] if spread else []), "note"]


def number_rows(result: dict[str, Any], names: Sequence[str], spread: bool) -> list[Row]:
    """The score and every other number of each metric, under dotted names."""
    return [row for name in names for row in _numbers(name, result["metrics"][name], spread)]


def _numbers(name: str, result: dict[str, Any], spread: bool) -> list[Row]:
    note = result.get("reason") or result.get("note") or result["variant"]
    rows: list[Row] = [[name, result["score"], *(_spread(result) if spread else []), note]]
    parts = result.get("parts", {})
    for key, value in result.items():
        if isinstance(value, float) and key not in ("score", "std", "mean"):
            rows.append([f"{name}.{key}", value, *(_spread(parts.get(key, {})) if spread else []), None])
        elif isinstance(value, dict) and key in METRICS.get(name).parts:
            inner = {k: v for k, v in value.items() if isinstance(v, float)}
            rows += [[f"{name}.{key}.{k}", v, *[None] * (3 * spread), None] for k, v in inner.items()]
    return rows


def _spread(entry: dict[str, Any]) -> Row:
    """Standard deviation and the ends of the interval, None where there are none."""
    return [entry.get("std"), *(entry.get("interval") or [None, None])]


def sections(results: Sequence[dict[str, Any]], names: Sequence[str]) -> list[Section]:
    """All scores where there are several models, then each model's numbers, matrices and settings."""
    overall = [Section("Scores", columns=["model", *names], rows=overview(results, names))]
    return [*(overall if len(results) > 1 else []), *(s for one in results for s in _sections(one, names))]


def _sections(result: dict[str, Any], names: Sequence[str]) -> list[Section]:
    spread = has_spread([result])
    facts = {key: result[key] for key in ("dataset", "protocol", "encode", "seed", "repeats", "bootstrap")}
    facts["factors"] = ", ".join(result["factors"])
    summary = "; ".join(f"{key}: {value}" for key, value in facts.items() if value)
    model, rows = result["model"], used_rows(result, names)
    return [
        Section(model, [summary], number_columns(spread), number_rows(result, names, spread)),
        Section(f"Matrices of {model}", matrices=matrices(result, names)),
        Section(f"Settings of {model}", columns=["metric", "settings", "samples"], rows=rows),
    ]


def used_rows(result: dict[str, Any], names: Sequence[str]) -> list[Row]:
    """A row per metric: its settings and its sample counts, in words."""
    found = [(name, result["metrics"][name]) for name in names]
    return [[name, _listed(metric, "settings"), _listed(metric, "samples")] for name, metric in found]


def _listed(metric: dict[str, Any], key: str) -> str:
    return ", ".join(f"{name}={value}" for name, value in metric[key].items()) or "-"


def matrices(result: dict[str, Any], names: Sequence[str]) -> list[Matrix]:
    """Every matrix that a metric declares and has here; one that several metrics share stands once."""
    found: list[tuple[list[str], str, list[list[float | None]]]] = []
    for name in names:
        metric = result["metrics"][name]
        for part, shape in METRICS.get(name).parts.items():
            values = metric.get(part)
            if " x " not in shape or not values:
                continue
            twin = next((entry for entry in found if entry[1:] == (shape, values)), None)
            if twin is None:
                found.append(([f"{name}.{part}"], shape, values))
            else:
                twin[0].append(f"{name}.{part}")
    made = []
    for owners, kind, values in found:
        metric = result["metrics"][owners[0].partition(".")[0]]
        rows, columns = axes(kind, metric, (len(values), len(values[0])), result["factors"])
        made.append(Matrix(", ".join(owners), rows, columns, values))
    return made


def axes(
    shape: str, metric: dict[str, Any], size: tuple[int, ...], factors: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Names of the rows and columns of a matrix; factors are numbered where their names are not sure."""
    down, across = size
    codes = [f"c{i + 1}" for i in (metric["active_codes"] if shape.startswith("active") else range(down))]
    if shape.endswith("codes"):
        return codes, codes
    known = list(factors)
    used = [name for k, name in enumerate(known) if k not in metric.get("left_out", [])]
    fitting = next((names for names in (known, used) if len(names) == across), None)
    return codes, fitting or [str(k + 1) for k in range(across)]

"""A ranking as a page to hand on: the pick and what it is worth, and all that it rests on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from disentangle_cli.api import rank_words
from disentangle_cli.api.rank_matrices import CELLS, TICKS, beside, matchings, matrix
from disentangle_cli.api.rank_tables import agreement_table, regret_table
from disentangle_cli.documents import versions
from disentangle_cli.errors import DcrError
from disentangle_cli.output import progress, warn
from disentangle_cli.rendering.naming import told_apart
from disentangle_cli.rendering.pages import ramp, render
from disentangle_cli.rendering.strips import Strips, draw_strips
from disentangle_cli.selection import Ranked, Selection
from disentangle_cli.selection.explain import Explanation
from disentangle_cli.selection.pool import Pool
from disentangle_cli.traversal import traverse

ROWS = 200
"""Models in each table of a ranking, and with pictures."""
PICTURES = 4_800_000
"""Characters of all pictures, of 8 million that a page may take."""
PICK = 600_000
MOST = 250_000
"""Characters of the pick's pictures, and at most of another model's."""
STEPS = 7
NAME = 200
"""Characters of a model's name that are shown."""


class Told(Protocol):
    """What the page shows of a ranking; see :class:`disentangle_cli.api.rank.Ranking`."""

    @property
    def pool(self) -> Pool: ...
    @property
    def selections(self) -> Sequence[Selection]: ...
    @property
    def seed(self) -> int: ...
    @property
    def agreement(self) -> dict[str, Any] | None: ...
    @property
    def explanation(self) -> Explanation | None: ...
    @property
    def labels(self) -> dict[str, Any] | None: ...
    @property
    def selected(self) -> str: ...
    def notes(self) -> list[str]: ...


def rank_report(ranking: Told, top: int | None, command: str | None, made: datetime | None = None) -> str:
    """The text of the page.

    Args:
        ranking: what it shows.
        top: how many lines of the rankings are shown.
        command: the command line that asked for it; None: Python did.
        made: when; None: now.
    """
    first = ranking.selections[0]
    order = [ranked.model for ranked in first.ranking]  # best first: places in it number models on the page
    short = dict(zip(order, told_apart(order), strict=True))
    rows = min(ROWS, top or ROWS)
    strips, trouble = _all_strips(ranking, order[:ROWS])
    matched = matchings(ranking.selections, ranking.pool, order)
    shown = order[:CELLS]
    data = {
        "names": [short[name] for name in shown],
        "matrices": [matrix(one, shown) for one in ranking.selections],
        "matching": matched,
        "start": _start(ranking, order),
        "ramp": ramp(),
        "ticks": TICKS,
    }
    settings = first.settings | {"seed": ranking.seed, "device": ranking.pool.device}
    told = [[name, value if isinstance(value, int | str) else str(value)] for name, value in settings.items()]
    pictures = [
        {"name": short[name], "place": place, "drawn": strips[name]}
        for place, name in enumerate(order[:ROWS])
    ]
    return render(
        "ranking.html.j2",
        title=f"Which of {len(order):,} models?",
        scripts=["matrix.js", "matching.js"],
        data=data,
        made=f"{(made or datetime.now(UTC)).astimezone(UTC):%d %B %Y, %H:%M} UTC",
        command=command,
        pick=short[ranking.selected],
        count=len(order),
        worth=rank_words.worth(first, short),
        caution=rank_words.caution(first),
        disagreement=rank_words.disagreement(ranking.selections, short),
        agreed=rank_words.agreed(ranking.selections, short),
        rankings=[_ranking(one, short, rows, ranking.labels) for one in ranking.selections],
        metrics=ranking.labels["metrics"] if ranking.labels else [],
        strips_of=pictures,
        trouble=trouble,
        matrices=[beside(one, len(shown), short) for one in ranking.selections],
        matching=matched,
        agreement=ranking.agreement and agreement_table(ranking.agreement),
        regret=ranking.labels and regret_table(ranking.labels),
        models=[_about(ranking.pool, name, short[name]) for name in order[:ROWS]],
        duplicates=ranking.pool.duplicates[:ROWS],
        settings=told,
        versions=versions(),
        notes=ranking.notes(),
    )  # fmt: skip


def _all_strips(ranking: Told, names: Sequence[str]) -> tuple[dict[str, Strips | None], list[str]]:
    """What each code of each model does; the pick's are large. Also why some could not be drawn."""
    members = {member.name: member for member in ranking.pool.members}
    room = min(MOST, (PICTURES - PICK) // max(len(names) - 1, 1))
    found: dict[str, Strips | None] = {}
    trouble: list[str] = []
    for name in progress(names, desc="drawing what codes do", unit="model"):
        picked = name == ranking.selected
        try:
            traversal = traverse(members[name].model, steps=STEPS, seed=ranking.seed)
            found[name] = draw_strips(traversal.rows, PICK if picked else room, 128 if picked else 64)
        except DcrError as error:  # the ranking stands without pictures
            found[name] = None
            trouble.append(f"{name}: no pictures ({error})")
            warn(trouble[-1])
    return found, trouble[: rank_words.NAMED]


def _ranking(
    selection: Selection, short: Mapping[str, str], rows: int, labels: dict[str, Any] | None
) -> dict[str, Any]:
    """One table: its lines and the scale of its bars."""
    shown = selection.ranking[:rows]
    ends = [ranked.score for ranked in shown if ranked.score is not None]
    ends += [end for ranked in shown for end in ranked.interval or ()]
    low, high = (min([0.0, *ends]), max([1.0, *ends]))
    activity = selection.details.get("activity")

    def place(value: float | None) -> float | None:
        return None if value is None else round(100 * (value - low) / (high - low), 2)

    def line(ranked: Ranked) -> dict[str, Any]:
        low_end, high_end = ranked.interval or (None, None)
        return {
            "ranked": ranked,
            "name": short[ranked.model],
            "at": place(ranked.score),
            "from": place(low_end),
            "to": place(high_end),
            "activity": activity[ranked.model] if activity else None,
            "labels": list(labels["scores"][ranked.model].values()) if labels else [],
        }

    return {
        "method": selection.method,
        "lines": [line(ranked) for ranked in shown],
        "others": len(selection.ranking) - len(shown),
        "families": len({ranked.family for ranked in selection.ranking}) > 1,
        "intervals": any(ranked.interval for ranked in selection.ranking),
        "chances": any(ranked.medoid_probability is not None for ranked in selection.ranking),
        "activity": activity is not None,
    }


def _start(ranking: Told, order: Sequence[str]) -> list[int]:
    """The pair of models that is shown at first: the pick and the second, or what was to be explained."""
    explained = ranking.explanation
    if explained is None or not explained.matches:
        return [0, 1]
    return [order.index(explained.model), order.index(explained.matches[0].model)]


def _about(pool: Pool, name: str, short: str) -> list[object]:
    member = next(member for member in pool.members if member.name == name)
    data = member.origin.label if member.origin.known else "unknown"
    return [short, name[:NAME], member.family, data, member.identity[:12]]

"""What the pick of a ranking is worth, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from disentangle_cli.selection import Ranked, Selection
from disentangle_cli.selection.conclude import LEAST

NAMED = 5
"""Models that are named where more are meant."""


def worth(selection: Selection, short: Mapping[str, str]) -> list[str]:
    """Sentences on how sure the pick of a method is; ``short`` are names to show."""
    scored = [ranked for ranked in selection.ranking if ranked.score is not None]
    if not scored:
        return ["No model has a score."]
    said = [_score_of(scored, short), *_rivals(selection, scored, short)]
    if (chance := scored[0].medoid_probability) is not None:
        said.append(
            f"When the pool is drawn anew at random, it comes first in {chance:.0%} of the draws; "
            f"with nothing to tell {len(scored)} models apart that would be {1 / len(scored):.0%}."
        )
        often = max(scored, key=lambda ranked: ranked.medoid_probability or 0.0)
        if (more := often.medoid_probability or 0.0) > chance:
            said.append(f"{short[often.model]} comes first more often, in {more:.0%}: the two are close.")
    if selection.balanced not in (None, selection.selected):
        said.append(
            f"With one voice for each family of models instead of one for each model, "
            f"{short[str(selection.balanced)]} would be picked."
        )
    if not selection.complete:
        said.append("Only a part of all pairs was evaluated, most of them between the best models.")
    return said


def caution(selection: Selection) -> str | None:
    """What a pool of fewer than six models cannot tell; None for larger ones."""
    count = sum(ranked.score is not None for ranked in selection.ranking)
    if count >= LEAST:
        return None
    if count < 2:
        return "Fewer than two models have a score: there is nothing to choose from."
    if count == 2:
        return (
            "Two models always tie, as each is compared with the other only: this pick is no choice. "
            "Train at least six, better ten."
        )
    number, others = _counted(count), _counted(count - 1).lower()
    return (
        f"{number} models tell little. Each score is the agreement with {others} others, so one odd model "
        f"moves them all, and one of {number.lower()} comes first whatever they are like. With fewer than "
        "six there is no interval: how far the ranking would change with other seeds is not known. Train at "
        "least six, better ten, before you rely on the pick, and look at the pictures below."
    )


def disagreement(selections: Sequence[Selection], short: Mapping[str, str]) -> str | None:
    """Which method picks which model, where they differ, and where each pick stands with the others."""
    picks = {one.method: one.selected for one in selections}
    if len(set(picks.values())) < 2:
        return None
    told = []
    for one in selections:
        others = [other for other in selections if other is not one]
        ranks = ", ".join(f"rank {_rank(other, one.selected)} by {other.method}" for other in others)
        told.append(f"{one.method} picks {short[one.selected]} ({ranks})")
    return (
        f"The methods pick different models: {'; '.join(told)}. They ask different questions, so none is "
        "refuted by that; where intervals overlap, the models may simply be about as good. Look at the "
        "pictures of the picks, and prefer model-centrality where images matter: it alone tests the "
        "generators."
    )


def agreed(selections: Sequence[Selection], short: Mapping[str, str]) -> str | None:
    """That several methods pick the same model; None for one method, or where they differ."""
    if len(selections) < 2 or len({one.selected for one in selections}) > 1:
        return None
    return f"All {len(selections)} methods pick {short[selections[0].selected]}."


def _score_of(scored: Sequence[Ranked], short: Mapping[str, str]) -> str:
    pick = scored[0]
    if equals := [short[one.model] for one in scored[1:] if one.score == pick.score]:
        return (
            f"{short[pick.model]} shares the highest score, {pick.score:.3f}, with {_listed(equals)}: it is "
            "picked because it was named first."
        )
    sure = "" if pick.interval is None else " (95% interval {:.3f} to {:.3f})".format(*pick.interval)
    return f"{short[pick.model]} has the highest score, {pick.score:.3f}{sure}."


def _rivals(selection: Selection, scored: Sequence[Ranked], short: Mapping[str, str]) -> list[str]:
    sure: dict[str, Any] | None = selection.confidence
    if sure is None:
        return []
    rivals = sure["not_told_apart"]
    if not rivals:
        return ["It scores higher than every other model: each 95% interval of the difference is above zero."]
    names = _listed([short[name] for name in rivals])
    if len(rivals) == len(scored) - 1:
        return [
            f"It cannot be told apart from any other model of the pool ({names}): as far as this goes, all "
            "are equally good."
        ]
    return [
        f"It cannot be told apart from {names}: the 95% interval of the difference holds zero, so the order "
        "among these may be chance. All others score lower than the pick."
    ]


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED:,} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _rank(selection: Selection, model: str) -> int:
    return next(ranked.rank for ranked in selection.ranking if ranked.model == model)


def _counted(number: int) -> str:
    return ("Zero", "One", "Two", "Three", "Four", "Five")[number]

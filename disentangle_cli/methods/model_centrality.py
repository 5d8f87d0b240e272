"""ModelCentrality: the model whose encoder agrees most with the generators of the others, and back.

Source: Lin, Thekumparampil, Fanti, Oh, InfoGAN-CR and ModelCentrality (ICML 2020), section 4. With
``inactive="keep"`` the counts and rules are those of the official code: B[i, j] is the FactorVAE score
(plain, on its own votes) of encoder i on data that generator j makes, A = (B + B^T) / 2, and the score of
a model is the mean of its row of A without the diagonal. ``inactive="auto"`` makes models with
different numbers of codes comparable; ``docs/selection.md`` says how and why.
"""

from dataclasses import replace
from typing import Any

from disentangle_cli.output import log, warn
from disentangle_cli.selection.activity import active_codes, played_codes
from disentangle_cli.selection.budget import evaluate_pairs, part_of
from disentangle_cli.selection.conclude import conclude
from disentangle_cli.selection.estimate import announce
from disentangle_cli.selection.selection import METHODS, Selection, Task


@METHODS.register("model-centrality")
def model_centrality(task: Task) -> Selection:
    """Rank a pool by ModelCentrality, from all pairs or under a budget.

    Raises:
        UsageError: ``auto`` finds fewer than two models with two active codes.
    """
    pool = task.pool
    counts = [member.latents.num_codes for member in pool.members]
    settings = task.settings.resolved([member.family for member in pool.members], counts, pool.device)
    _say_which_rule(task.settings.inactive, min(counts), max(counts))
    task = replace(task, settings=settings)
    if len(pool) == 2:
        warn("two models always tie: each is compared with the other only; add a third")
    announce(task, part_of(task, len(pool)))
    details: dict[str, Any] = {}
    if settings.inactive == "keep":
        columns = played = [member.latents.code_columns for member in pool.members]
    else:
        columns, details = active_codes(task)
        played = played_codes(task, columns)
    found = evaluate_pairs(task, columns, played)
    return conclude(
        task,
        "model-centrality",
        matrix=found.judged.raw,
        codes=[len(codes) for codes in columns],
        standing=found.standing,
        corrected=None if settings.inactive == "keep" else found.judged.score,
        details={**details, "evaluations": found.effort},
        votes=found.votes,
        columns=columns,
    )


def _say_which_rule(asked: str | None, fewest: int, most: int) -> None:
    """Where models differ in their number of codes, raw scores favour those with few."""
    if fewest == most:
        return
    if asked == "keep":
        warn(f"models have {fewest} to {most} codes: scores of --inactive keep favour those with few")
    elif asked is None:
        log(f"models have {fewest} to {most} codes: scores are corrected for it (--inactive auto)")

"""How many images a protocol draws."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from disentangle_cli.bounds import SAMPLES
from disentangle_cli.errors import UsageError
from disentangle_cli.fields import Unit, expected
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.settings import Assignment, Strict

Count = Annotated[int, Field(ge=0), SAMPLES]
Some = Annotated[int, Field(ge=1), SAMPLES]
Several = Annotated[int, Field(ge=2), SAMPLES]


class Counts(Strict):
    """Sample counts, by default those of ``disentanglement-lib``, and what becomes of real-valued factors."""

    model_config = ConfigDict(strict=True)

    rows: Annotated[Some, Unit("images")] = 10_000
    """Images drawn with their factors (all, or the training half)."""
    test_rows: Annotated[Count, Unit("images")] = 5_000
    """Images of the test half; 0: nothing is held out."""
    reference: Annotated[Some, Unit("images")] = 10_000
    """Images for the global scale of each code."""
    groups: Annotated[Some, Unit("groups")] = 10_000
    """Groups of images that share one factor value."""
    eval_groups: Annotated[Count, Unit("groups")] = 5_000
    """As groups, to judge what was learnt."""
    group_size: Annotated[Several, Unit("images")] = 64
    """Images in each group."""
    pairs: Annotated[Count, Unit("batches")] = 10_000
    """Batches of pairs that share one factor value."""
    eval_pairs: Annotated[Count, Unit("batches")] = 5_000
    """As pairs, to judge what was learnt."""
    pair_size: Annotated[Some, Unit("pairs")] = 64
    """Pairs in each batch."""
    reconstructions: Annotated[Some, Unit("images")] = 2_000
    """Images encoded and decoded."""
    generated: Annotated[Several, Unit("images")] = 10_000
    """Images drawn from the prior, and real ones beside them where they are compared."""
    factor_bins: Annotated[Count, Unit("bins")] = 0
    """Equal-width bins that real-valued factors of more values are cut into, for their classes; 0: not."""


class Plan(Counts):
    """Sample counts of a protocol, and its rules."""

    random_labels: bool = True
    """The shared factor is drawn; otherwise the factors take turns."""
    distinct_reference: bool = False
    """The reference images are drawn without replacement."""

    @property
    def images(self) -> int:
        """Images that are drawn in all, if all that can be drawn is wanted."""
        grouped = (self.groups + self.eval_groups) * self.group_size
        paired = 2 * (self.pairs + self.eval_pairs) * self.pair_size
        return self.rows + self.test_rows + self.reference + grouped + paired


def plan_for(protocol: str, images: int, changes: Mapping[str, int] | None = None) -> Plan:
    """The counts of ``protocol`` for a data set of ``images`` images.

    ``infogan-cr``: 500 groups of 100, factors in turn; a tenth of the data set (73,728 of dSprites) for
    scale and for rows, but at least 10,000 or, for the scale, all there are. ``disentanglement-lib``: the
    study's 10,000 and 5,000 with batches of 64.
    """
    plan: dict[str, Any] = {}
    if protocol == "infogan-cr":
        tenth = max(images // 10, 10_000)
        plan = {
            "rows": tenth, "test_rows": 0, "reference": min(tenth, images), "groups": 500, "eval_groups": 0,
            "group_size": 100, "pairs": 0, "eval_pairs": 0, "pair_size": 0, "random_labels": False,
            "distinct_reference": True,
        }  # fmt: skip
    return Plan().model_copy(update=plan | dict(changes or {}))


def read_plan_settings(assignments: Iterable[Assignment]) -> dict[str, int]:
    """The sample counts of assignments to ``data.key``, e.g. ``data.groups=200``.

    Raises:
        UsageError: an unknown key, or not a whole number in range.
    """
    changes: dict[str, int] = {}
    for where, path, value in assignments:
        key = path.removeprefix("data.")
        if key not in Counts.model_fields:
            known = [f"data.{name}" for name in Counts.model_fields]
            problem = f"there is no data.{key}; there are {', '.join(known)}"
            raise UsageError(f"{where}: {problem}{did_you_mean(path, known)}")
        try:
            changes[key] = getattr(Counts(**{key: value}), key)
        except ValidationError as error:
            wanted = expected(Counts.model_fields[key], error.errors()[0]["type"])
            raise UsageError(f"{where}: write {wanted}") from None
    return changes

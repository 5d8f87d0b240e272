"""All kinds of files."""

from tests.fuzz import kinds_data, kinds_models, kinds_published, kinds_runs
from tests.fuzz.kinds import KINDS, Kind
from tests.fuzz.kinds_planted import PLANTED

__all__ = ["KINDS", "kind_of", "kinds_data", "kinds_models", "kinds_published", "kinds_runs"]


def kind_of(name: str) -> Kind:
    """A kind by its name; ``planted NAME`` are faults that must be found."""
    planted, _, fault = name.partition(" ")
    return PLANTED[fault][0] if planted == "planted" else KINDS[name]

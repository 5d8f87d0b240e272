"""Sample counts of the protocols."""

from disentangle_cli.scoring.plan import plan_for


def test_counts_of_the_protocols() -> None:
    official = plan_for("infogan-cr", 737_280)
    assert (official.rows, official.test_rows, official.reference) == (73_728, 0, 73_728)
    assert (official.groups, official.group_size) == (500, 100)
    study = plan_for("disentanglement-lib", 737_280)
    assert (study.rows, study.test_rows, study.reference) == (10_000, 5_000, 10_000)
    assert (study.groups, study.eval_groups, study.group_size) == (10_000, 5_000, 64)
    assert (study.pairs, study.eval_pairs, study.pair_size) == (10_000, 5_000, 64)
    small = plan_for("infogan-cr", 300)
    assert (small.rows, small.reference) == (10_000, 300)

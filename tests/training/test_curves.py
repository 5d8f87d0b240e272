"""Which seeds belong together, and what is drawn of them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.errors import UsageError
from disentangle_cli.training.curves import chart_of, choose_columns, group_runs, smoothed
from disentangle_cli.training.records import Record, read_run
from tests.training.write_runs import write_run


def run(folder: Path, **options: object) -> Record:
    return read_run(write_run(folder, **options))  # type: ignore[arg-type]


def test_seeds_of_one_configuration_are_a_line_in_a_band(tmp_path: Path) -> None:
    runs = [run(tmp_path / str(s), seed=s, values={"loss": [4 + s, 2 + s, 1 + s]}) for s in (0, 2, 4)]
    (group,) = group_runs(runs)
    (panel,) = chart_of([group], ["loss"]).panels
    (curve,) = panel.curves
    assert curve.x.tolist() == [100, 200, 300]
    assert curve.y.tolist() == [6, 4, 3]
    assert curve.low.tolist() == [4, 2, 1]  # type: ignore[union-attr]
    assert curve.high.tolist() == [8, 6, 5]  # type: ignore[union-attr]
    (spread,) = chart_of([group], ["loss"], spread="std").panels[0].curves
    assert (spread.high - spread.y).tolist() == pytest.approx([2, 2, 2])  # type: ignore[operator]
    each = chart_of([group], ["loss"], spread="runs").panels[0].curves
    assert [curve.low for curve in each] == [None] * 3


def test_where_not_all_seeds_are_there_the_mean_does_not_jump(tmp_path: Path) -> None:
    runs = [
        run(tmp_path / "a", seed=0, values={"loss": [1, 1, 1, 1]}),
        run(tmp_path / "b", seed=1, values={"loss": [9, 9]}),
    ]
    mean, rest = chart_of(group_runs(runs), ["loss"]).panels[0].curves
    assert (mean.x.tolist(), mean.y.tolist()) == ([100, 200], [5, 5])
    assert (rest.x.tolist(), rest.y.tolist(), rest.thin) == ([200, 300, 400], [1, 1, 1], True)


def test_seeds_that_share_no_iteration_are_drawn_apart(tmp_path: Path) -> None:
    runs = [
        run(tmp_path / "a", seed=0, values={"loss": [1, 2, None, None]}),
        run(tmp_path / "b", seed=1, values={"loss": [None, None, 3, 4]}),
    ]
    curves = chart_of(group_runs(runs), ["loss"]).panels[0].curves
    assert [(c.x.tolist(), c.y.tolist()) for c in curves] == [([100, 200], [1, 2]), ([300, 400], [3, 4])]


def test_labels_say_what_differs(tmp_path: Path) -> None:
    runs = [run(tmp_path / f"b{b}-{s}", seed=s, sets=[f"beta={b}"]) for b in (1, 4) for s in (0, 1)]
    assert [group.label for group in group_runs(runs)] == ["beta=1", "beta=4"]
    runs.append(run(tmp_path / "gan", model="infogan-cr", preset="from-scratch"))
    assert [group.label for group in group_runs(runs)] == [
        "beta-vae, beta=1",
        "beta-vae, beta=4",
        "infogan-cr",
    ]
    assert [group.label for group in group_runs(runs[:1])] == ["b1-0"]
    alone = run(tmp_path / "x_seed-3")
    twin = run(tmp_path / "x_seed-4", seed=1)
    assert [group.label for group in group_runs([alone, twin])] == ["x"]
    # how often a run logs makes it no other run
    assert len(group_runs([alone, run(tmp_path / "y", seed=1, every=50)])) == 1


def test_losses_and_scores_are_drawn_unless_columns_are_named(tmp_path: Path) -> None:
    names = ("h/weight", "d/total", "q/squared_error_c1", "kl/c2", "score/factor_vae", "empty")
    runs = [run(tmp_path / "a", values={name: [0.5] for name in names[:-1]} | {"empty": [None]})]
    assert choose_columns(runs) == ["score/factor_vae", "d/total"]
    assert choose_columns(runs, ["q/*", "h/weight"]) == ["q/squared_error_c1", "h/weight"]
    assert len(choose_columns(runs, ["all"])) == 5
    with pytest.raises(UsageError, match="did you mean d/total"):
        choose_columns(runs, ["d/totl"])
    assert choose_columns([run(tmp_path / "b", values={"kl/c1": [1.0]})]) == ["kl/c1"]


def test_phases_are_marked_once_or_for_each(tmp_path: Path) -> None:
    one = [run(tmp_path / f"{s}", seed=s, model="infogan-cr", preset="from-scratch") for s in (0, 1)]
    (mark,) = [m for m in chart_of(group_runs(one), ["loss"]).marks if m.name == "regulariser on"]
    assert mark.series is None
    other = run(
        tmp_path / "o", model="infogan-cr", preset="from-scratch", sets=["contrastive.weight.every=99"]
    )
    marks = [m for m in chart_of(group_runs([*one, other]), ["loss"]).marks if m.name == "regulariser on"]
    assert [m.series for m in marks] == [0, 1]


def test_a_wall_of_marks_is_one(tmp_path: Path) -> None:
    sets = ["contrastive.gap={start: 2.0, step: -0.001, every: 3, times: 300}"]
    many = run(tmp_path / "a", model="infogan-cr", preset="from-scratch", sets=sets)
    marks = [mark for mark in chart_of(group_runs([many]), ["loss"]).marks if "gap" in mark.name]
    assert [mark.name for mark in marks] == ["gap changes, 300 times from here"]


@given(st.lists(st.floats(-1e6, 1e6), max_size=30), st.integers(1, 40))
def test_smoothed_is_the_mean_of_the_rows_so_far(values: list[float], rows: int) -> None:
    wanted = [np.mean(values[max(0, i + 1 - rows) : i + 1]) for i in range(len(values))]
    assert smoothed(np.array(values), rows).tolist() == pytest.approx(wanted, abs=1e-6)

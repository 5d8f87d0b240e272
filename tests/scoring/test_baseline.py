"""A comparison with an earlier result passes on what was measured in the same way, and on nothing else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle_cli.errors import GateError, UsageError
from disentangle_cli.scoring import check_baseline, read_baseline

Entry = dict[str, Any]


def entry(model: str = "a.pt", protocol: str = "infogan-cr", **metrics: Any) -> Entry:
    return {"model": model, "protocol": protocol, "metrics": metrics}


def test_falls_and_matching() -> None:
    old = [entry("runs/a.pt", mig={"score": 0.5}, sap={"score": 0.2}), entry("b.pt", mig={"score": 0.9})]
    check_baseline([entry("runs/a.pt", mig={"score": 0.6}, sap={"score": 0.2})], old, "old.json")
    with pytest.raises(GateError, match=r"a.pt: mig fell by 0.1, from 0.5000 to 0.4000"):
        check_baseline([entry("elsewhere/a.pt", mig={"score": 0.4}, sap={"score": 0.3})], old, "old.json")
    with pytest.raises(GateError, match="to null"):
        check_baseline([entry("b.pt", mig={"score": None, "reason": "x"})], old, "old.json")
    with pytest.raises(UsageError, match=r"no result for c.pt"):
        check_baseline([entry("c.pt", mig={"score": 1.0})], old, "old.json")
    with pytest.raises(
        UsageError, match=r"b\.pt: protocol was 'infogan-cr' and is 'disentanglement-lib' now"
    ):
        check_baseline([entry("b.pt", "disentanglement-lib", mig={"score": 1.0})], old, "old.json")
    check_baseline([entry("c.pt", mig={"score": 0.9})], [old[1]], "old.json")
    two = [entry("x/b.pt", mig={"score": 0.9}), entry("y/b.pt", mig={"score": 0.1})]
    with pytest.raises(UsageError, match=r"2 results that may be meant by z/b\.pt"):
        check_baseline([entry("z/b.pt", mig={"score": 0.5})], two, "old.json")


def test_intervals() -> None:
    def entry(score: float, reach: float) -> Entry:
        metric = {"score": score, "interval": [score - reach, score + reach]}
        return {"model": "a.pt", "protocol": "infogan-cr", "metrics": {"mig": metric}}

    check_baseline([entry(0.50, 0.03)], [entry(0.54, 0.03)], "old.json")  # 0.04 < 0.0424
    with pytest.raises(GateError, match=r"mig fell by 0\.05"):
        check_baseline([entry(0.49, 0.03)], [entry(0.54, 0.03)], "old.json")


def test_nothing_to_compare() -> None:
    null: Entry = {"score": None}
    now = [entry(mig={"score": 0.5}, sap={"score": 0.2}, beta_vae=null)]
    check_baseline(now, [entry(mig={"score": 0.5}, sap=null, beta_vae=null)], "old.json")
    with pytest.raises(UsageError, match=r"old\.json: nothing .*: a\.pt has no mig; a\.pt has no beta_vae"):
        check_baseline(now, [entry(sap={"score": 0.2})], "old.json")
    with pytest.raises(GateError, match="sap fell"):  # which is the worse news
        check_baseline(now, [entry(sap={"score": 0.3})], "old.json")
    with pytest.raises(UsageError, match="has no score of mig, sap, beta_vae"):
        check_baseline(now, [entry(mig=null, sap=null, beta_vae=null)], "old.json")


def measured(**changes: Any) -> Entry:
    metric = {"score": 0.5, "settings": {"rows": "all", "bins": 20}, "samples": {"rows": 100}}
    whole = {
        "model": "a.pt", "dataset": "a", "fingerprint": "sha256:1", "labels": "1", "protocol": "infogan-cr",
        "encode": "mean", "seed": 0, "repeats": 1, "bootstrap": 0, "factors": ["x", "y"],
    }  # fmt: skip
    parts = {key: changes.pop(key) for key in list(changes) if key in metric}
    return whole | changes | {"metrics": {"mig": metric | parts}}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"dataset": "b"}, "dataset was 'a' and is 'b' now"),
        ({"fingerprint": "sha256:2"}, "fingerprint"),
        ({"labels": "2"}, "labels"),
        ({"encode": "sample"}, "encode"),
        ({"factors": ["x"]}, "factors"),
        ({"seed": 1}, "seed"),
        ({"repeats": 5}, "repeats"),
        ({"settings": {"rows": "all", "bins": 10}}, "mig: setting bins was 20 and is 10 now"),
        ({"samples": {"rows": 50}}, "mig: number of rows was 100 and is 50 now"),
    ],
)
def test_other_measurements_do_not_compare(changes: Entry, named: str) -> None:
    check_baseline([measured()], [measured()], "old.json")
    check_baseline([measured(bootstrap=9)], [measured()], "old.json")
    with pytest.raises(UsageError, match=rf"old\.json: a\.pt: .*{named}"):
        check_baseline([measured(**changes)], [measured()], "old.json")


def test_settings_that_came_later_had_their_defaults() -> None:
    older = measured(settings={"rows": "all"})
    check_baseline([measured()], [older], "old.json")
    with pytest.raises(UsageError, match="setting bins"):
        check_baseline([measured(settings={"rows": "all", "bins": 10})], [older], "old.json")


@pytest.mark.parametrize(
    "metric",
    [
        {},
        {"score": "0.5"},
        {"score": True},
        {"score": [0.5]},
        {"score": 10**400},
        {"score": 0.5, "settings": ["bins", 20]},
        {"score": 0.5, "samples": 100},
        {"score": -0.1},
        {"score": 7.0},
        {"score": 0.5, "interval": [0.4]},
        {"score": 0.5, "interval": "wide"},
        {"score": 0.5, "interval": [0.6, 0.7]},
        {"score": 0.5, "interval": [0.7, 0.3]},
        {"score": 0.5, "interval": [-1e9, 1e9]},
        {"score": 0.5, "interval": [None, 1]},
    ],
)
def test_scores_that_are_none(tmp_path: Path, metric: Entry) -> None:
    path = tmp_path / "old.json"
    good = {
        "schema": "dcr.score/1",
        "results": [entry(sap={"score": 0.2}, mig={"score": 0.5, "interval": [0, 1]})],
    }
    path.write_text(json.dumps(good))
    assert read_baseline(path) == good["results"]
    path.write_text(json.dumps(good | {"results": [entry(sap={"score": 0.2}, mig=metric)]}))
    with pytest.raises(UsageError, match=r"old\.json: (a\.pt: mig has|expected)"):
        read_baseline(path)


@pytest.mark.parametrize("text", ["NaN", "Infinity"])
def test_scores_that_are_no_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "old.json"
    results = f'[{{"model": "a", "metrics": {{"mig": {{"score": {text}}}}}}}]'
    path.write_text(f'{{"schema": "dcr.score/1", "results": {results}}}')
    with pytest.raises(UsageError, match=r"old\.json"):
        read_baseline(path)


WRONG: list[Any] = [None, "x", -1, 2.5, True, [], {}, [1, 2], {"x": 1}]


def changed_once(value: Any) -> Iterator[Any]:
    """``value`` with one thing anywhere in it replaced or left out."""
    yield from WRONG
    if isinstance(value, dict):
        for key in value:
            yield {other: entry for other, entry in value.items() if other != key}
            for change in changed_once(value[key]):
                yield value | {key: change}
    elif isinstance(value, list):
        for place in range(len(value)):
            for change in changed_once(value[place]):
                yield [*value[:place], change, *value[place + 1 :]]


def test_no_damage_passes_or_escapes(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    now = measured(score=0.4, interval=[0.3, 0.5])  # worse than before by more than the intervals explain
    good = {"schema": "dcr.score/1", "results": [measured(score=0.9, interval=[0.85, 0.95])]}
    outcomes = set()
    for document in changed_once(good):
        path.write_text(json.dumps(document))
        with pytest.raises((UsageError, GateError)) as caught:
            check_baseline([now], read_baseline(path), str(path))
        outcomes.add(caught.type)
    assert outcomes == {UsageError, GateError}


def test_from_the_command_line(cli: Callable[..., Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 4, (200, 2))
    codes, old = tmp_path / "codes.npz", tmp_path / "old.json"
    np.savez(codes, codes=factors + 0.1 * rng.normal(size=(200, 2)), factors=factors)
    old.write_text(cli("score", codes, "--metrics", "mig", "--format", "json").stdout)

    def exit_code(*options: str) -> int:
        code: int = cli("score", codes, "--metrics", "mig", "--baseline", old, *options).exit_code
        return code

    assert exit_code() == 0
    assert exit_code("--bootstrap", "3") == 0
    for options in (
        ["--seed", "1"],
        ["--set", "mig.bins=5"],
        ["--factors", "factor1"],
        ["--metrics", "modularity"],
    ):
        assert exit_code(*options) == 2
    np.savez(codes, codes=factors + 0.1 * rng.normal(size=(200, 2)), factors=factors[::-1])
    assert exit_code() == 2  # other labels


def test_what_is_not_compared_is_told(speaking: None, capsys: pytest.CaptureFixture[str]) -> None:
    null: Entry = {"score": None, "reason": "too few images"}
    old = [entry(mig={"score": 0.5}, sap=null, dci={"score": 0.1}), entry("gone.pt", mig={"score": 0.5})]
    check_baseline([entry(mig={"score": 0.5}, sap={"score": 0.2})], old, "old.json")
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "warning: old.json: of a.pt these are not compared: sap (no value then: too few images), "
        "dci (not scored now)",
        "warning: old.json: not scored now, so not compared: gone.pt",
    ]
    check_baseline([entry(mig={"score": 0.5})], [entry(mig={"score": 0.5})], "old.json")
    assert not capsys.readouterr().err

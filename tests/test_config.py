from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disentangle_cli.config import Staircase
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.preset_files import preset_names, read_preset
from disentangle_cli.settings import validate
from disentangle_cli.training import configure, from_earlier, parse_seeds, parse_sweeps
from disentangle_cli.yaml12 import to_yaml


@given(st.floats(0, 5), st.floats(-2, 2), st.integers(1, 500), st.integers(0, 5), st.integers(0, 3000))
def test_staircase_is_the_counted_schedule(
    start: float, step: float, every: int, times: int, iteration: int
) -> None:
    schedule = Staircase(start=start, step=step, every=every, times=times)
    done = 0
    for t in range(iteration + 1):
        changes = t > 0 and t % every == 0 and done < times
        done += changes
        if t == iteration:
            assert schedule.changes_at(t) == changes
    assert schedule.at(iteration) == pytest.approx(max(0.0, start + step * done))


@given(st.integers(1, 10_000), st.floats(0.01, 10))
def test_scaling_moves_every_change(every: int, factor: float) -> None:
    scaled = Staircase(start=0, step=1, every=every, times=1).scaled(factor)
    assert scaled.every == max(1, round(every * factor))
    assert scaled.times == 1


def test_paper_schedules() -> None:
    paper = configure("infogan-cr", "paper")
    weight = paper.contrastive.weight
    assert [weight.at(t) for t in (0, 287_999, 288_000, 322_559)] == [0, 0, 2, 2]
    assert paper.iterations == 322_560
    teapots = configure("infogan-cr", "teapots").contrastive
    assert [teapots.gap.at(t) for t in (0, 84_999, 85_000, 124_999)] == pytest.approx([1.9, 1.9, 0, 0])
    assert [teapots.weight.at(t) for t in (49_999, 50_000)] == [0, 3]
    assert teapots.norm == "batch"


def test_iterations_scale_the_schedule() -> None:
    short = configure("infogan-cr", "paper", iterations=3_226)
    assert short.iterations == 3_226
    assert short.contrastive.weight.every == pytest.approx(2_880, abs=1)


@pytest.mark.parametrize(
    ("model", "preset"), [(model, preset) for model in MODELS.names() for preset in preset_names(model)]
)
def test_every_preset_is_valid(model: str, preset: str) -> None:
    config = configure(model, preset)
    again = validate(MODELS.get(model).Config, config.model_dump(mode="json"), "again")
    assert again == config


@pytest.mark.parametrize("model", MODELS.names())
def test_every_model_has_the_presets_users_count_on(model: str) -> None:
    assert {"fast", "demo"} <= set(preset_names(model))


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("optim.generatr=1", "optim.generatr: there is no such setting; did you mean optim.generator"),
        ("generator=1", "generator: there is no such setting; did you mean optim.generator"),
        ("optim.generator=-1", "optim.generator"),
        ("optim.generator=fast", "optim.generator"),
        ("optim.generator", "name=value"),
        ("latents.codes.dim=0", "latents.codes.dim"),
        ("x=[1", "not valid YAML"),
        ("optim.generator=yes", "optim.generator: Input should be a number"),
        ("optim.generator=.nan", "optim.generator"),
    ],
)
def test_bad_settings_are_named(assignment: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace(".", r"\.").replace("[", r"\[")):
        configure("infogan-cr", "paper", sets=[assignment])


def test_settings_of_python_are_nested_or_dotted() -> None:
    given = {"optim.rate": 0.5, "latents": {"codes.dim": 3}}
    found = configure("vae", settings=given, sets=["log.every=8"])
    assert (found.optim.rate, found.latents.codes.dim, found.log.every) == (0.5, 3, 8)
    with pytest.raises(UsageError, match=r"'optim\.rate' is given twice"):
        configure("vae", settings=given, sets=["optim.rate=0.4"])
    with pytest.raises(UsageError, match=r"^settings: optim\.rote: .* did you mean optim\.rate\?"):
        configure("vae", settings={"optim": {"rote": 1}})


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(UsageError, match="infogan-cr"):
        configure("infogan-rc")
    with pytest.raises(UsageError, match="paper"):
        read_preset("infogan-cr", "papr")


def alias_bomb(key: str) -> str:
    """YAML of a few hundred bytes that stands for 10^9 values."""
    lines = ["a0: &a0 [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join([*lines, f"{key}: *a8"])


def test_config_file_of_an_earlier_run(tmp_path: Path) -> None:
    earlier = {"model": "infogan", "dataset": "dsprites", "seed": 4, "batch_size": 16}
    path = tmp_path / "config.yaml"
    path.write_text(to_yaml(earlier))
    assert configure("infogan", config_file=path).batch_size == 16
    with pytest.raises(UsageError, match="is for another --model: infogan"):
        configure("infogan-cr", config_file=path)
    path.write_text("- 1")
    with pytest.raises(UsageError, match="expected a YAML mapping"):
        configure("infogan", config_file=path)
    for text in ("a: [", "a: !!int x", "[" * 5_000):
        path.write_text(text)
        with pytest.raises(UsageError, match="not a YAML file"):
            configure("infogan", config_file=path)
    path.write_text(alias_bomb("model"))
    with pytest.raises(UsageError, match="of moderate size"):
        configure("infogan", config_file=path)
    for seed in ("-1", "1.5", "true", str(2**32)):
        path.write_text(f"seed: {seed}")
        with pytest.raises(UsageError, match="seed must be a whole number from 0"):
            from_earlier(path)
    with pytest.raises(UsageError, match="No such file"):
        configure("infogan", config_file=tmp_path / "none.yaml")


def test_seeds_and_sweeps() -> None:
    assert parse_seeds("0-3,7,2") == [0, 1, 2, 3, 7]
    assert parse_sweeps(["a=1,2", "b.c=x"]) == [["a=1", "b.c=x"], ["a=2", "b.c=x"]]
    assert parse_sweeps([]) == [[]]
    assert parse_sweeps(["a=[1,2],[3]"]) == [["a=[1,2]"], ["a=[3]"]]
    for bad in ("", "3-1", "a", "1-", "0-99999"):
        with pytest.raises(UsageError, match="--seeds"):
            parse_seeds(bad)
    for bad in ("a=1,", "a=", "=1", "a=1,1.0", "a=016,16", "a=x,y,x"):
        with pytest.raises(UsageError):
            parse_sweeps([bad])
    with pytest.raises(UsageError, match="--sweep 'a' is given twice"):
        parse_sweeps(["a=1,2", "a=3"])

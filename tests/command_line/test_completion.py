"""What a shell completes, and that it does not wait for it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from disentangle_cli import commands
from disentangle_cli.command_line.source_keys import metric_keys, scoring_keys, selection_keys, training_keys
from disentangle_cli.datasets import DATASETS
from disentangle_cli.fields import list_settings
from disentangle_cli.measurement.settings import settings_of
from disentangle_cli.metrics import METRICS, PROTOCOLS
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.networks.architecture import ARCHITECTURES
from disentangle_cli.preset_files import preset_names
from disentangle_cli.scoring.plan import Counts
from disentangle_cli.selection import METHODS
from disentangle_cli.selection.settings import Settings
from disentangle_cli.tasks.executor import EXECUTORS


def completed(line: str) -> list[str]:
    """The completions of the last word of a line (of nothing, if it ends with a blank)."""
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_DCR_COMPLETE": "complete_bash"}
    return CliRunner().invoke(commands.app, [], env=asked, prog_name="dcr").stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dcr train --model ", MODELS.names()),
        ("dcr train -m infogan", ["infogan", "infogan-cr"]),
        ("dcr settings train --model vae --preset ", preset_names("vae")),
        ("dcr train -m infogan-cr -p ", preset_names("infogan-cr")),
        ("dcr train --preset ce", ["celeba"]),
        ("dcr train --dataset ", DATASETS.names()),
        ("dcr score a.pt --dataset to", ["toy"]),
        ("dcr centrality a.pt --images g", ["generated"]),
        ("dcr centrality a.pt --labels-check to", ["toy"]),
        ("dcr generate a.pt --encode to", ["toy"]),
        ("dcr import disvae a --trained-on to", ["toy"]),
        ("dcr data render to", ["toy"]),
        ("dcr data check to", ["toy"]),
        ("dcr score --metrics ", [*METRICS.names(), "paper", "all"]),
        ("dcr score --metrics mig,sap,mi", ["mig,sap,mig_sup"]),
        ("dcr settings score --metrics pa", ["paper"]),
        ("dcr score --fail-under mig", ["mig=", "mig_sup="]),
        ("dcr score --metrics mig --fail-under-ci ", ["mig="]),
        ("dcr score --protocol ", list(PROTOCOLS)),
        ("dcr centrality a.pt --method ", [*METHODS.names(), "all"]),
        ("dcr centrality a.pt --method udr-lasso,u", ["udr-lasso,udr-spearman"]),
        ("dcr train --executor ", EXECUTORS.names()),
        ("dcr train --device c", ["cpu", "cuda"]),
        ("dcr info a.pt --format j", ["json"]),
        ("dcr import state-dict a --arch ", ARCHITECTURES.names()),
        ("dcr presets q", ["ql-ae"]),
        ("dcr metrics mig,mig_", ["mig,mig_sup"]),
        ("dcr train --model vae --set optim.r", ["optim.rate="]),
        ("dcr train --set contrastive.gap.s", ["contrastive.gap.start=", "contrastive.gap.step="]),
        ("dcr score --metrics mig --set mig.", ["mig.rows=", "mig.bins="]),
        ("dcr score --set data.grou", ["data.groups=", "data.group_size="]),
        ("dcr centrality --set group_", ["group_size="]),
        ("dcr train --dataset ph", []),  # a path: the shell goes on by itself
        ("dcr trav", ["traverse"]),
        ("dcr train --time", ["--time-limit"]),
    ],
)
def test_values(line: str, expected: list[str]) -> None:
    assert completed(line) == expected


NAMED = {
    "--model", "--preset", "--dataset", "--metrics", "--method", "--executor", "--protocol", "--set",
    "--images", "--encode", "--trained-on", "--labels-check", "--fail-under", "--fail-under-ci",
    "--device", "--format", "--arch", "--precision", "--to",
}  # fmt: skip
"""Options that take names, of whatever command."""


def options_of(command: Any, above: str) -> Iterator[tuple[str, str]]:
    """The full name of each command with each of its options in :data:`NAMED`."""
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from options_of(inner, f"{above} {name}")
        return
    for option in command.params:
        yield from ((above, name) for name in option.opts if name in NAMED)


@pytest.mark.parametrize(("command", "option"), list(options_of(get_command(commands.app), "dcr")))
def test_options_that_take_names_are_completed_in_every_command(command: str, option: str) -> None:
    assert completed(f"{command} {option} ")


@pytest.mark.parametrize("model", MODELS.names())
def test_the_keys_of_training_are_those_of_the_model(model: str) -> None:
    assert training_keys(model) == [setting.name for setting in list_settings(MODELS.get(model).Config)]
    assert completed(f"dcr train --model {model} --set ") == [f"{key}=" for key in training_keys(model)]


@pytest.mark.parametrize("metric", METRICS.names())
def test_the_keys_of_a_metric_are_those_of_its_function(metric: str) -> None:
    assert sorted(metric_keys(metric)) == sorted(settings_of(METRICS.get(metric)).model_fields)


def test_the_other_keys() -> None:
    assert selection_keys() == list(Settings.model_fields)
    assert scoring_keys([]) == [f"data.{name}" for name in Counts.model_fields]
    assert training_keys("nothing-of-ours") == metric_keys("nothing") == []


def test_a_name_and_what_it_is_for_are_one_line() -> None:
    asked = {
        "_DCR_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": "dcr train --model infogan-cr --preset ", "COLUMNS": "80",
    }  # fmt: skip
    lines = CliRunner().invoke(commands.app, [], env=asked, prog_name="dcr").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == preset_names("infogan-cr")
    assert lines[0].split("\t")[1].startswith("The official CdSprites run: 8,000 epochs")


PROBE = """
import json, resource, sys
from disentangle_cli.commands import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words", ["dcr train --model infogan-cr --set ", "dcr train --model infogan-cr -p f"]
)
def test_it_is_fast_and_imports_nothing_heavy(words: str) -> None:
    environment = {
        **os.environ,
        "_DCR_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    program = f"import sys; sys.argv = ['dcr']\n{PROBE}"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert "batch_size=" in ran.stdout.split() or "fast" in ran.stdout.split()
    found = json.loads(ran.stderr.splitlines()[-1])
    assert not {"torch", "numpy", "sklearn", "scipy", "matplotlib", "PIL"} & set(found["modules"])
    assert found["cpu"] < 1

"""``dcr settings`` lists what ``--set`` takes, and what it lists is taken."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from typer.testing import Result

from disentangle_cli.commands import settings
from disentangle_cli.fields import group_of, list_settings
from disentangle_cli.measurement.metric import METRICS
from disentangle_cli.measurement.settings import settings_of
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.scoring import Options
from disentangle_cli.scoring.plan import Counts
from disentangle_cli.selection import Settings
from disentangle_cli.training import configure

Cli = Callable[..., Result]


def listed(cli: Cli, *arguments: str) -> dict[str, dict[str, Any]]:
    result = cli("settings", *arguments, "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["schema"] == f"dcr.settings-{arguments[0]}/1"
    assert all(setting["meaning"] and setting["type"] for setting in document["settings"])
    return {setting["name"]: setting for setting in document["settings"]}


def texts(found: dict[str, dict[str, Any]]) -> list[str]:
    return [f"{name}={json.dumps(s['default'])}" for name, s in found.items() if s["default"] is not None]


@pytest.mark.parametrize("model", MODELS.names())
def test_train(cli: Cli, model: str) -> None:
    found = listed(cli, "train", "--model", model, "--preset", "demo")
    assert found["batch_size"]["range"] == "at least 2 and at most 1048576"
    warm = [value for name, value in found.items() if name.startswith("warm_start.")]
    without = ["warm_start=null"] if warm and all(setting["default"] is None for setting in warm) else []
    assert configure(model, sets=texts(found) + without) == configure(model, "demo")


def test_centrality(cli: Cli) -> None:
    found = listed(cli, "centrality")
    assert Settings(**{name: setting["default"] for name, setting in found.items()}) == Settings()
    assert found["tolerance"]["range"] == "between 0 and 1"
    assert found["budget"]["range"] == "auto, exact or a part of all evaluations up to 1"


def test_score(cli: Cli) -> None:
    found = listed(cli, "score", "--protocol", "disentanglement-lib")
    options = Options(metrics="all", settings=tuple(text.replace('"', "") for text in texts(found)))
    assert options.chosen["dci"]["regressor"] == "gbt"
    assert options.data["groups"] == 10_000
    assert {name.split(".")[0] for name in found} <= {"data", *METRICS.names()}
    assert found["dci.cv"] == {
        "name": "dci.cv", "type": "int | null", "default": None, "range": "at least 0 and at most 1000000",
        "meaning": "Folds of lasso-cv (5) and rf-cv (3).", "unit": "",
    }  # fmt: skip


def test_formats(cli: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("settings", "train", "-m", "vae", "--format", "csv").stdout)))
    assert [row["default"] for row in rows if row["name"] == "optim.rate"] == ["0.001"]
    table = cli("settings", "score", "--metrics", "mig").stdout.splitlines()
    assert table[0].split() == ["name", "type", "default", "unit", "range", "meaning"]
    assert any(line.startswith("mig.bins") for line in table)
    assert cli("settings", "score", "--metrics", "mgi").exit_code == 2
    assert cli("settings", "train", "--model", "vae", "--preset", "paper").exit_code == 2


GROUPS: list[type[BaseModel]] = [
    *(MODELS.get(model).Config for model in MODELS.names()),
    *(settings_of(METRICS.get(name)) for name in METRICS.names()),
    Settings,
    Counts,
]


def undocumented(model: type[BaseModel]) -> Iterator[str]:
    """Fields without a meaning, also those of the groups in ``model``."""
    for name, field in model.model_fields.items():
        if not field.description:
            yield f"{model.__name__}.{name}"
        if (group := group_of(field)) is not None:
            yield from undocumented(group)


@pytest.mark.parametrize("model", GROUPS, ids=lambda model: model.__name__)
def test_every_field_of_every_model_has_a_meaning(model: type[BaseModel]) -> None:
    assert list(undocumented(model)) == []


def test_units(cli: Cli) -> None:
    found = listed(cli, "train", "--model", "annealed-vae")
    units = {name: setting["unit"] for name, setting in found.items()}
    assert units["iterations"] == units["log.every"] == units["capacity.over"] == "iterations"
    assert units["capacity.end"] == "nats"  # from the group
    assert (units["batch_size"], units["log.state_seconds"], units["gamma"]) == ("images", "seconds", "")
    for setting in list_settings(Settings) + list_settings(Counts):
        if setting.type.startswith("int"):
            assert setting.unit, setting.name


def test_on_a_narrow_terminal_range_and_unit_stand_behind_the_meaning(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "terminal_width", lambda stream: 80)
    lines = cli("settings", "train", "--model", "vae").stdout.splitlines()
    assert lines[0].split() == ["name", "default", "meaning"]
    batch = next(line for line in lines if line.startswith("batch_size"))
    assert batch.split()[1:] == ["64", "Images", "per", "iteration.", "(2", "to", "1048576", "images)"]

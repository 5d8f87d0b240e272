import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import torch
from typer.testing import Result

from disentangle_cli.models import load_model
from tests.conftest import VAE_LATENTS, WriteModel

Cli = Callable[..., Result]


def test_json(cli: Cli, write_model: WriteModel) -> None:
    provenance: dict[str, object] = {
        "source": "trained",
        "dataset": "dsprites",
        "dataset_fingerprint": "f",
        "seed": 7,
        "iteration": 123,
    }
    path = write_model(provenance=provenance)
    result = cli("info", path, "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["schema"] == "dcr.info/1"
    (found,) = document["models"]
    assert found["path"] == str(path)
    assert found["model"] == "infogan"
    assert found["dataset"] == "dsprites"
    assert (found["seed"], found["iteration"]) == (7, 123)
    assert found["image"] == {"channels": 1, "height": 8, "width": 8}
    assert (found["codes"], found["noise"]) == (3, 2)
    assert found["bytes"] == path.stat().st_size
    assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    model = load_model(path)
    assert found["content"] == model.content_hash
    assert found["parameters"] == {
        part: sum(p.numel() for p in net.parameters())
        for part, net in (("generator", model.generator), ("encoder", model.encoder))
    }


def test_table_and_csv(cli: Cli, write_model: WriteModel) -> None:
    paths = [write_model("a.pt"), write_model("b.pt", seed=1, blocks=VAE_LATENTS, posterior=True)]
    table = cli("info", *paths)
    assert [line.split()[:2] for line in table.stdout.splitlines()] == [
        ["path", "model"],
        [str(paths[0]), "infogan"],
        [str(paths[1]), "vae"],
    ]
    rows = list(csv.DictReader(io.StringIO(cli("info", *paths, "--format", "csv").stdout)))
    assert [row["codes"] for row in rows] == ["3", "4"]
    assert [row["seed"] for row in rows] == ["0", "1"]
    assert rows[0]["iteration"] == ""
    assert len(rows[0]["sha256"]) == 64


def test_a_list_from_stdin(cli: Cli, write_model: WriteModel) -> None:
    paths = [write_model("a.pt"), write_model("b.pt")]
    result = cli("info", "-", "--format", "json", stdin=f"{paths[0]}\n\n{paths[1]}\n")
    assert [model["path"] for model in json.loads(result.stdout)["models"]] == [str(p) for p in paths]
    empty = cli("info", "-", stdin="")
    assert empty.exit_code == 2
    assert "stdin is empty" in empty.stderr


def test_refusals_name_the_file(cli: Cli, write_model: WriteModel, tmp_path: Path) -> None:
    good = write_model()
    (tmp_path / "text.pt").write_text("not a checkpoint")
    (tmp_path / "cut.pt").write_bytes(good.read_bytes()[:-100])
    torch.save({"a": 1}, tmp_path / "other.pt")
    for name in ("missing.pt", "text.pt", "cut.pt", "other.pt"):
        result = cli("info", good, tmp_path / name)
        assert result.exit_code == 2, name
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        assert str(tmp_path / name) in result.stderr


def test_it_says_whether_the_content_was_verified(cli: Cli, write_model: WriteModel) -> None:
    path = write_model()
    document = dict(torch.load(path, weights_only=True))
    assert json.loads(cli("info", path, "--format", "json").stdout)["models"][0]["verified"] is True
    assert " yes " in cli("info", path).stdout
    del document["digest"]  # as other programs write it
    torch.save(document, path)
    assert json.loads(cli("info", path, "--format", "json").stdout)["models"][0]["verified"] is False
    assert " no " in cli("info", path).stdout
    torch.save(document | {"digest": "0" * 64}, path)
    refused = cli("info", path)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"{path}: damaged, or changed by hand" in refused.stderr


def test_weights_that_do_not_fit_are_refused(cli: Cli, write_model: WriteModel) -> None:
    path = write_model()
    document = dict(torch.load(path, weights_only=True))
    del document["digest"]
    torch.save(document | {"latents": document["latents"][:1]}, path)
    done = cli("info", path)
    assert done.exit_code == 2
    assert "do not fit the latents" in done.stderr
    assert done.stdout == ""

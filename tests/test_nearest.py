"""Whatever name is misspelt, the answer has the one that was meant."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.datasets import DATASETS
from disentangle_cli.errors import UsageError
from disentangle_cli.metrics import METRICS, PROTOCOLS
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.nearest import choose_one, did_you_mean, did_you_mean_file
from disentangle_cli.preset_files import preset_names
from disentangle_cli.selection import METHODS
from disentangle_cli.tasks.executor import EXECUTORS

Cli = Callable[..., Result]
NAMES = {
    "models": MODELS.names(),
    "data sets": DATASETS.names(),
    "metrics": METRICS.names(),
    "methods": METHODS.names(),
    "executors": EXECUTORS.names(),
    "architectures": ARCHITECTURES.names(),
    "protocols": list(PROTOCOLS),
    "presets": preset_names("infogan-cr"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_words_may_be_joined_otherwise(kind: str) -> None:
    for name in NAMES[kind]:
        for written in (name.upper(), name.replace("-", "_"), name.replace("_", "-"), name.replace("-", "")):
            if written not in NAMES[kind]:
                assert did_you_mean(written, NAMES[kind]) == f"; did you mean {name}?"


@given(data=st.data(), kind=st.sampled_from(sorted(NAMES)))
def test_one_wrong_letter_never_leaves_nothing_to_say(data: st.DataObject, kind: str) -> None:
    name = data.draw(st.sampled_from([name for name in NAMES[kind] if len(name) > 3]))
    place = data.draw(st.integers(0, len(name) - 1))
    written = name[:place] + data.draw(st.sampled_from(["", "x", name[place] * 2])) + name[place + 1 :]
    if written not in NAMES[kind]:
        assert "; did you mean " in did_you_mean(written, NAMES[kind])


def test_nothing_is_said_where_nothing_is_near() -> None:
    assert choose_one("zebra", ["mig", "sap"]) == "choose one of: mig, sap"
    assert choose_one("zebra", []) == "choose one of: none at all"
    assert did_you_mean("", ["mig"]) == did_you_mean("é\0", ["mig"]) == ""
    assert did_you_mean("lib", PROTOCOLS) == "; did you mean disentanglement-lib?"
    assert did_you_mean("a-0.pt", ["a-00.pt", "x.pt"], dotted=False) == "; did you mean a-00.pt?"
    assert did_you_mean("gpu", ["auto", "cpu", "cuda"]) == "; did you mean cuda?"


def test_files_beside(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    assert did_you_mean_file(tmp_path / "photo") == f"; did you mean {tmp_path / 'photos'}?"
    assert did_you_mean_file(tmp_path / "zebra") == ""
    assert did_you_mean_file(tmp_path / "nowhere" / "photo") == did_you_mean_file(Path("\0/photo")) == ""


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("trian --model vae", "train"),
        ("data lits", "list"),
        ("import pyhtae x", "pythae"),
        ("rank a.pt b.pt", "centrality"),
        ("train --modle vae", "--model"),
        ("train --model vae --no-class-folder", "--no-class-folders"),
        ("info x.pt --format jsn", "json"),
        ("train --model vae --device gpu", "cuda"),
        ("train --model vea", "vae"),
        ("train --model VAE --print-config", "vae"),
        ("train --model vae --preset fats --print-config", "fast"),
        ("train --model vae --dataset dsprite --print-config", "dsprites"),
        ("train --model vae --executor rya --print-config", "ray"),
        ("train --model vae --set optim.raet=1 --print-config", "optim.rate"),
        ("train --model infogan --set conventions=tensorflw --print-config", "tensorflow"),
        ("train --model vae --set latents.codes.kind=normla --print-config", "normal"),
        ("export MODEL --to onxn", "onnx"),
        ("settings train --model vea", "vae"),
        ("settings score --metrics beta-vae", "beta_vae"),
        ("settings score --protocol infogan", "infogan-cr"),
        ("data check tpy", "toy"),
        ("score CODES --metrics mgi", "mig"),
        ("score CODES --protocol disentanglment-lib", "disentanglement-lib"),
        ("score CODES --metrics dci --set dci.regresor=lasso", "regressor"),
        ("score CODES --metrics dci --set dic.regressor=lasso", "dci"),
        ("score CODES --metrics mig --set data.grops=3", "data.groups"),
        ("score CODES --metrics mig,sap --fail-under mgi=1", "mig"),
        ("score CODES --metrics dci --fail-under dci.completness=1", "completeness"),
        ("score CODES --metrics mig --factors shap", "shape"),
        ("centrality MODEL MODEL --method spearman", "udr-spearman"),
        ("centrality MODEL OTHER --set group_per_code=3", "groups_per_code"),
        ("centrality MODEL OTHER --groups-per-code 2 --explain modle", "model"),
        ("generate MODEL --fix C1=3 --out x.png", "c1"),
        ("traverse MODEL --anchor men --out x.png", "mean"),
        ("traverse MODEL --latents c11 --out x.png", "c1"),
    ],
)
@pytest.mark.usefixtures("empty_cache")
def test_every_kind_of_name(
    cli: Cli, write_model: Callable[..., Path], tmp_path: Path, line: str, meant: str
) -> None:
    places = {
        "MODEL": write_model(),
        "OTHER": write_model("other.pt", seed=1),
        "CODES": tmp_path / "codes.npz",
    }
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 3, (60, 2))
    np.savez(places["CODES"], codes=rng.normal(size=(60, 2)), factors=factors, factor_names=["shape", "x"])
    result = cli(*(places.get(word, word) for word in line.split()))
    assert result.exit_code == 2, result.output
    errors = [text for text in result.stderr.splitlines() if text.startswith("error: ")]
    assert errors == result.stderr.splitlines()[-1:]
    assert f"; did you mean {meant}?" in errors[0]


def test_a_file_that_is_not_there(cli: Cli, write_model: Callable[..., Path], tmp_path: Path) -> None:
    path = write_model("infogan_seed-0.pt")
    assert f"; did you mean {path}?" in cli("info", tmp_path / "infogan_seed_0.pt").stderr
    assert cli("info", tmp_path / "thesis.docx").stderr.rstrip().endswith("No such file or directory")


def test_registries_say_it() -> None:
    with pytest.raises(UsageError, match=r"choose one of: .*; did you mean burgess"):
        ARCHITECTURES.get("burges")

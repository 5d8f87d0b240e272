"""Resume states of finished runs go, all others stay."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from disentangle_cli.files import locked

Cli = Callable[..., Result]
TRAIN = (
    "train", "--model", "vae", "--dataset", "toy", "--preset", "demo", "--iterations", "4", "--set",
    "batch_size=4", "--set", "architecture=mlp", "--device", "cpu", "--quiet",
)  # fmt: skip


@pytest.fixture
def ckpts(tmp_path: Path, cli: Cli) -> Path:
    """A folder with a finished run, seed 0."""
    assert cli(*TRAIN, "--out", tmp_path / "ckpts", "--seed", 0).exit_code == 0
    return tmp_path / "ckpts"


def run_of(ckpts: Path, stem: str = "vae_toy_seed-0") -> Path:
    return ckpts / stem / "resume.pt"


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_finished_run_needs_no_state(ckpts: Path, cli: Cli) -> None:
    state, before = run_of(ckpts), everything(ckpts)
    size = state.stat().st_size
    dry = cli("clean", ckpts, "--dry-run", "--format", "json")
    assert everything(ckpts) == before
    document = json.loads(dry.stdout)
    assert document["schema"] == "dcr.clean/1"
    assert document["freed"] == size
    assert document["states"] == [{"path": str(state), "bytes": size, "removed": False, "reason": ""}]
    done = cli("clean", ckpts)
    assert done.exit_code == 0
    assert "freed" in done.stderr
    assert "1 of 1 resume states" in done.stderr
    assert everything(ckpts) == {path: data for path, data in before.items() if path != str(state)}
    again = cli(*TRAIN, "--out", ckpts, "--seed", 0, "--resume")  # finished: nothing happens
    assert again.exit_code == 0
    assert not state.exists()
    assert "freed nothing: 0 of 0" in cli("clean", ckpts).stderr


def test_what_is_needed_stays(ckpts: Path, cli: Cli, tmp_path: Path) -> None:
    stopped = cli(*TRAIN, "--out", ckpts, "--seed", 1, "--time-limit", "0.001s")
    assert stopped.exit_code == 130
    shutil.copytree(ckpts / "vae_toy_seed-0", ckpts / "other")  # of another run than other.pt
    assert cli(*TRAIN, "--out", ckpts, "--name", "other", "--seed", 7, "--overwrite").exit_code == 0
    shutil.copy(run_of(ckpts), run_of(ckpts, "other"))
    (ckpts / "foreign").mkdir()
    (ckpts / "foreign" / "resume.pt").write_bytes(b"mine")
    shutil.copy(ckpts / "vae_toy_seed-0.pt", ckpts / "foreign.pt")
    shutil.copytree(ckpts / "vae_toy_seed-0", tmp_path / "linked")
    (ckpts / "vae_linked").symlink_to(tmp_path / "linked")
    shutil.copy(ckpts / "vae_toy_seed-0.pt", ckpts / "vae_linked.pt")
    before = everything(ckpts)
    found = json.loads(cli("clean", ckpts, "--format", "json").stdout)
    reasons = {Path(state["path"]).parent.name: state["reason"] for state in found["states"]}
    assert reasons.pop("vae_toy_seed-0") == ""
    assert "other.pt is of another run" in reasons.pop("other")
    assert "resume.pt" in reasons.pop("foreign")
    reasons.pop("vae_linked", None)
    assert set(reasons.values()) <= {"the run is unfinished"}
    gone = set(before) - set(everything(ckpts))
    assert gone == {str(run_of(ckpts))}
    assert (tmp_path / "linked" / "resume.pt").exists()
    assert not (ckpts / "foreign" / ".lock").exists()


def test_a_run_under_way_and_a_damaged_checkpoint_keep_theirs(ckpts: Path, cli: Cli) -> None:
    with locked(ckpts / "vae_toy_seed-0" / ".lock", ""):
        assert "another process is using this folder" in cli("clean", ckpts).stdout
    checkpoint = ckpts / "vae_toy_seed-0.pt"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2])
    result = cli("clean", ckpts)
    assert result.exit_code == 0
    assert "vae_toy_seed-0.pt" in result.stdout
    assert run_of(ckpts).exists()
    checkpoint.unlink()
    assert "the run is unfinished" in cli("clean", ckpts).stdout
    assert run_of(ckpts).exists()


def test_folders_that_are_not_there(cli: Cli, tmp_path: Path) -> None:
    result = cli("clean", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere is no folder" in result.stderr

"""``dcr train`` as a process: files, exit codes, interruption, resuming."""

import csv
import json
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
import yaml
from torch.utils.tensorboard import SummaryWriter
from typer.testing import CliRunner, Result

from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.commands import app
from disentangle_cli.modelling import engines
from disentangle_cli.modelling.compiled import Compiler
from disentangle_cli.training import session
from disentangle_cli.training.state import SINCE, read_state
from tests.training.conftest import Command, run, same_weights, wait_for

STEM = "infogan-cr_squares_seed-0"


def test_outputs_of_a_run(command: Command, tmp_path: Path) -> None:
    done = run(command("--set", "log.score_every=6", "--set", "log.images_every=6"))
    assert done.returncode == 0, done.stderr
    checkpoint = tmp_path / "out" / f"{STEM}.pt"
    assert done.stdout == f"{checkpoint}\n"
    loaded = load_checkpoint(checkpoint)
    assert loaded.provenance["dataset"] == "squares"
    assert loaded.provenance["iteration"] == 12
    assert loaded.config["training"]["iterations"] == 12
    folder = tmp_path / "out" / STEM
    assert load_checkpoint(folder / "switch.pt").provenance["iteration"] == 8
    names = {path.name for path in folder.iterdir()}
    assert {"config.yaml", "log.csv", "resume.pt", "traversal-0000006.png", "traversal-final.png"} <= names
    assert any(name.startswith("events.out.tfevents") for name in names)
    assert yaml.safe_load((folder / "config.yaml").read_text())["seed"] == 0
    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["iteration"]) for row in rows] == [1, 3, 5, 7, 9, 11]
    assert not rows[2]["h/loss"]  # H rests until the switch
    assert all(float(row["h/loss"]) > 0 for row in rows[4:])
    assert 0 <= float(rows[2]["score/factor_vae"]) <= 1
    assert list((tmp_path / "out").glob("*.pt")) == [checkpoint]


def test_same_seed_same_weights_and_other_seed_other_weights(command: Command, tmp_path: Path) -> None:
    assert run(command("--name", "a")).returncode == 0
    assert run(command("--name", "b")).returncode == 0
    assert run(command("--name", "c", "--seed", "1")).returncode == 0
    out = tmp_path / "out"
    assert same_weights(out / "a.pt", out / "b.pt")
    assert not same_weights(out / "a.pt", out / "c.pt")


@pytest.mark.parametrize("moment", [1, 6, 10])
def test_killed_and_resumed_is_bit_identical(command: Command, tmp_path: Path, moment: int) -> None:
    out = tmp_path / "out"
    slow = ["--iterations", "40"]
    assert run(command("--name", "whole", *slow)).returncode == 0
    process = subprocess.Popen(command("--name", "cut", *slow), stderr=subprocess.PIPE, text=True)
    log = out / "cut" / "log.csv"
    while process.poll() is None and (not log.exists() or log.read_text().count("\n") <= moment):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (out / "cut.pt").exists()
    done = run(command("--name", "cut", "--resume", *slow))
    assert done.returncode == 0, done.stderr
    assert same_weights(out / "whole.pt", out / "cut.pt")
    assert (out / "whole" / "log.csv").read_text() == log.read_text()
    before = (out / "cut.pt").read_bytes()
    again = run(command("--name", "cut", "--resume", *slow))
    assert again.returncode == 0
    assert "finished already" in again.stderr
    assert (out / "cut.pt").read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_save_and_exit_130(command: Command, tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(command("--iterations", "100000"), stderr=subprocess.PIPE, text=True)
    wait_for(tmp_path / "out" / STEM / "resume.pt", process)
    process.send_signal(number)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()  # where it has not ended
    assert process.returncode == 130
    assert number.name in errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "out" / f"{STEM}.pt").exists()


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="asks /proc which file it is")
def test_rows_of_the_log_are_on_the_disk_before_the_state(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def watched(held: int) -> None:
        name = os.readlink(f"/proc/self/fd/{held}")
        synced.append("log" if name.endswith("log.csv") else "state" if ".pt" in name else "")
        fsync(held)

    monkeypatch.setattr(os, "fsync", watched)
    done = CliRunner().invoke(app, command("--set", "log.state_seconds=1000")[3:])
    assert done.exit_code == 0, done.stderr
    assert synced.index("log") < len(synced) - 1 - synced[::-1].index("state")
    assert [name for name in synced if name][:3] == ["state", "log", "state"]  # switch.pt, then the end


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_training_that_nobody_hears_goes_on(command: Command, tmp_path: Path) -> None:
    """Neither a reader that is gone nor a full disk under the messages ends it."""
    line = " ".join(map(shlex.quote, command("--seeds", "0-1", "--jobs", "1")))
    ran = subprocess.run(["bash", "-c", f"{line} --verbose 2>&1 | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, check=True, timeout=120)  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("0\n", "")
    assert len(list((tmp_path / "out").glob("*.pt"))) == 2
    full = subprocess.run(["bash", "-c", f"{line} --overwrite 2> /dev/full"],
        capture_output=True, text=True, check=True, timeout=120)  # fmt: skip
    assert full.stdout.count(".pt\n") == 2


def test_events_that_cannot_be_written_cost_only_the_events(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, *arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SummaryWriter, "add_scalar", full)
    done = CliRunner().invoke(app, command()[3:])
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("no more events for TensorBoard (No space left on device)") == 1
    assert (tmp_path / "out" / STEM / "log.csv").read_text().count("\n") == 7


def test_overwriting_goes_through_a_link(command: Command, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "store").mkdir()
    (tmp_path / "out" / "a.pt").symlink_to(Path("..") / "store" / "a.pt")
    for options in ([], ["--overwrite", "--iterations", "10"]):
        done = CliRunner().invoke(app, command("--name", "a", *options)[3:])
        assert done.exit_code == 0, done.stderr
        assert (tmp_path / "out" / "a.pt").is_symlink()
    assert load_checkpoint(tmp_path / "store" / "a.pt").provenance["iteration"] == 10


def test_second_process_on_the_same_output_is_refused(command: Command, tmp_path: Path) -> None:
    process = subprocess.Popen(command("--iterations", "100000"), stderr=subprocess.PIPE, text=True)
    wait_for(tmp_path / "out" / STEM / "resume.pt", process)
    try:
        second = run(command("--iterations", "100000"))
    finally:
        process.kill()
        process.communicate()
    assert second.returncode == 1
    assert "another process is training there" in second.stderr


def test_time_limit_saves_and_exits_130(command: Command, tmp_path: Path) -> None:
    done = run(command("--iterations", "100000", "--time-limit", "0.1s"))
    assert done.returncode == 130
    assert "time limit" in done.stderr
    assert (tmp_path / "out" / STEM / "resume.pt").exists()
    refused = run(command("--iterations", "100000"))
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    other = run(command("--iterations", "99999", "--resume"))
    assert other.returncode == 2
    assert "another configuration" in other.stderr
    assert run(command("--overwrite")).returncode == 0


def test_divergence_is_named_and_keeps_the_last_state(command: Command, tmp_path: Path) -> None:
    done = run(command("--set", "optim.generator=1e30", "--iterations", "50"))
    assert done.returncode == 1
    assert "diverged" in done.stderr
    assert "at iteration" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / f"{STEM}.pt").exists()


def test_a_checkpoint_of_another_configuration_is_not_overwritten(command: Command, tmp_path: Path) -> None:
    assert run(command()).returncode == 0
    checkpoint = tmp_path / "out" / f"{STEM}.pt"
    before = checkpoint.read_bytes()
    for extra in ([], ["--resume"]):
        done = run(command("--set", "info.weight=0.3", *extra))
        assert done.returncode == 2
        assert "another configuration" in done.stderr
    assert checkpoint.read_bytes() == before
    assert run(command("--set", "info.weight=0.3", "--overwrite")).returncode == 0
    assert checkpoint.read_bytes() != before


def test_whatever_is_in_the_way_can_be_overwritten(command: Command, tmp_path: Path) -> None:
    checkpoint = tmp_path / "out" / f"{STEM}.pt"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(b"something else")
    refused = run(command())
    assert (refused.returncode, "not a dcr checkpoint" in refused.stderr) == (2, True)
    assert checkpoint.read_bytes() == b"something else"
    assert run(command("--overwrite")).returncode == 0
    assert checkpoint.read_bytes() != b"something else"


def test_an_empty_file_is_not_in_the_way(command: Command, tmp_path: Path) -> None:
    checkpoint = tmp_path / "out" / f"{STEM}.pt"
    checkpoint.parent.mkdir()
    checkpoint.touch()
    assert run(command()).returncode == 0
    assert checkpoint.read_bytes()


def test_going_on_with_another_arithmetic_is_told(command: Command, tmp_path: Path) -> None:
    assert run(command("--time-limit", "0.1s")).returncode == 130
    path = tmp_path / "out" / STEM / "resume.pt"
    state = torch.load(path, weights_only=True)
    assert len(state.pop("digest")) == 64
    assert state["device"] == "cpu"
    assert state["arithmetic"].keys() == {"processor", "torch", "convolutions"}
    assert "2 channels" in state["arithmetic"]["convolutions"]
    other = {"device": "cuda", "arithmetic": state["arithmetic"] | {"torch": "1.4"}}
    torch.save(state | other, path)
    done = run(command("--resume"))
    assert done.returncode == 0
    assert "was started with device 'cuda', now 'cpu'; torch '1.4', now" in done.stderr
    (tmp_path / "out" / f"{STEM}.pt").unlink()
    torch.save(state | {"arithmetic": "AVX2"}, path)
    refused = run(command("--resume"))
    assert (refused.returncode, "not a resume state" in refused.stderr) == (2, True)
    earlier = {key: value for key, value in state.items() if key not in SINCE}  # of an earlier dcr
    for told in (state, earlier):
        torch.save(told, path)
        done = run(command("--resume"))
        assert done.returncode == 0
        assert "warning" not in done.stderr
        (tmp_path / "out" / f"{STEM}.pt").unlink()
    torch.save(state | {"digest": "0" * 64}, path)
    damaged = run(command("--resume"))
    assert (damaged.returncode, f"{path}: damaged, or changed by hand" in damaged.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "nothing=1"], "there is no such setting"),
        (["--preset", "slow"], "no preset 'slow'"),
        (["--dataset", "nowhere.npz"], "nowhere.npz"),
        (["--precision", "fp8"], "'fp8' is not one of"),
        (["--time-limit", "soon"], "--time-limit 'soon'"),
        (["--seeds", "4-1"], "--seeds"),
        (["--seeds", ""], "write it like 0-4"),
        (["--set", "architecture=infogan-32"], "makes 32x32"),
        (["--set", "architecture=mlp"], "cannot be trained as a GAN"),
        (["--set", "architecture=conv"], "unknown architecture"),
        (["--name", "../x"], "plain file name"),
        (["--seeds", "0-1", "--sweep", "info.weight=1,1"], "is there twice"),
        (["--seeds", "0-1", "--seed", "3"], "not both"),
        (["--seeds", "0-1", "--dataset", "nowhere.npz"], "nowhere.npz"),
        (["--set", "contrastive.gap.start=5"], "the gap must stay between 0 and 2"),
        (["--set", "info.codes={start: 0}"], "at least one code"),
    ],
)
def test_refusals(command: Command, tmp_path: Path, arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, command(*arguments)[3:])
    assert done.exit_code == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_unknown_model_lists_models(command: Command) -> None:
    done = CliRunner().invoke(app, command(model="infogan-rc")[3:])
    assert done.exit_code == 2
    assert "infogan, infogan-cr" in done.stderr


def test_dry_run_and_print_config_write_nothing(command: Command, tmp_path: Path) -> None:
    dry = CliRunner().invoke(app, command("--dry-run", "--seeds", "0-1")[3:])
    assert dry.exit_code == 0
    assert dry.stdout.count(".pt\n") == 2
    shown = CliRunner().invoke(app, command("--print-config")[3:])
    assert yaml.safe_load(shown.stdout)["batch_size"] == 4
    as_json = CliRunner().invoke(app, command("--print-config", "--format", "json")[3:])
    assert json.loads(as_json.stdout)["config"] == yaml.safe_load(shown.stdout)
    rows = CliRunner().invoke(app, command("--print-config", "--format", "csv")[3:]).stdout.splitlines()
    assert {"name,value", "batch_size,4"} <= set(rows)
    assert not (tmp_path / "out").exists()


def test_unwritable_output_exits_1(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(command("--out", str(tmp_path / "file" / "out")))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert os.linesep not in done.stderr.strip() or "file" in done.stderr


def test_an_interrupted_overwrite_can_be_resumed(command: Command, tmp_path: Path) -> None:
    assert run(command("--set", "info.weight=0.3")).returncode == 0
    switch = tmp_path / "out" / STEM / "switch.pt"
    assert switch.exists()
    longer = ["--iterations", "100000"]
    stopped = run(command(*longer, "--overwrite", "--time-limit", "0.1s"))
    assert stopped.returncode == 130, stopped.stderr
    assert not switch.exists()  # nothing of the other run is left
    again = run(command(*longer, "--resume", "--time-limit", "0.1s"))
    assert again.returncode == 130
    assert "going on with" in again.stderr


def test_a_configuration_file_names_data_and_seed(command: Command, tmp_path: Path, squares: Path) -> None:
    assert run(command("--seed", "5", "--name", "first")).returncode == 0
    config = tmp_path / "out" / "first" / "config.yaml"
    arguments = ["train", "--model", "infogan-cr", "--config", str(config), "--out", str(tmp_path / "again")]
    done = CliRunner().invoke(app, [*arguments, "--precision", "fp32"])
    assert done.exit_code == 0, done.stderr
    path = tmp_path / "again" / "infogan-cr_squares_seed-5.pt"
    assert done.stdout == f"{path}\n"
    assert same_weights(path, tmp_path / "out" / "first.pt")


def test_a_compiled_run_goes_on_compiled(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state remembers it; only a run that began so can be compiled."""
    for module in (session, engines):
        monkeypatch.setattr(module, "usable_compiler", lambda device: Compiler("eager"))
    for name, flags in (("one", ["--compile"]), ("two", [])):
        begun = CliRunner().invoke(app, command("--name", name, "--time-limit", "0.001s", *flags)[3:])
        assert begun.exit_code == 130, begun.stderr
        assert read_state(tmp_path / "out" / name / "resume.pt")["compiled"] is bool(flags)
    refused = CliRunner().invoke(app, command("--name", "two", "--resume", "--compile")[3:])
    assert refused.exit_code == 2
    assert "started without --compile" in refused.stderr
    done = CliRunner().invoke(app, command("--name", "one", "--resume")[3:])
    assert done.exit_code == 0, done.stderr
    assert load_checkpoint(tmp_path / "out" / "one.pt").provenance["compiled"] is True


@pytest.mark.parametrize("iterations", ["3", "7"])
def test_the_last_iteration_is_always_logged(command: Command, tmp_path: Path, iterations: str) -> None:
    quiet = ["--set", "log.every=5", "--set", "log.score_every=0"]
    done = CliRunner().invoke(app, command("--iterations", iterations, *quiet)[3:])
    assert done.exit_code == 0, done.stderr
    with (tmp_path / "out" / STEM / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["iteration"]) for row in rows] == ([2] if iterations == "3" else [4, 6])
    assert all(sum(map(bool, row.values())) > 2 for row in rows)


def test_a_dry_run_meets_what_the_run_would(command: Command, tmp_path: Path) -> None:
    def dry(*more: str) -> Result:
        return CliRunner().invoke(app, command("--dry-run", *more)[3:])

    assert CliRunner().invoke(app, command()[3:]).exit_code == 0
    other = dry("--iterations", "13")
    assert (other.exit_code, other.stdout) == (2, "")
    assert "of another configuration" in other.stderr
    assert "finished already" in dry("--resume").stderr
    assert "would train" in dry("--iterations", "13", "--overwrite").stderr
    stacked = dry("--overwrite", "--stack", "--executor", "dask")
    assert stacked.exit_code == 2
    assert "--stack trains on this machine" in stacked.stderr

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
import typer
from typer.testing import Result

import disentangle_cli
from disentangle_cli import commands
from tests.command_line.walking import commands_of

Cli = Callable[..., Result]
HEAVY = ("torch", "numpy", "scipy", "sklearn", "pydantic", "PIL", "joblib")
GROUPS = {str(entry.name) for entry in commands.app.registered_groups}
COMMANDS = sorted(
    str(entry.name) for entry in [*commands.app.registered_commands, *commands.app.registered_groups]
)

PROBE = """
import resource, sys
sys.argv = ["dcr", "--help"]
from disentangle_cli.commands import main
try:
    main()
except SystemExit as stop:
    assert stop.code == 0
used = resource.getrusage(resource.RUSAGE_SELF)
import json
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def test_help_is_fast_and_imports_nothing_heavy() -> None:
    times = []
    for _ in range(2):  # the better of two, since other processes may be running
        ran = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
        found = json.loads(ran.stderr)
        assert not set(HEAVY) & set(found["modules"])
        times.append(found["cpu"])
    assert min(times) < 0.5


def test_importing_the_package_imports_nothing_heavy() -> None:
    probe = "import sys, disentangle_cli; assert dir(disentangle_cli); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(ran.stdout.split())


def test_the_public_names_are_there() -> None:
    for name in disentangle_cli.__all__:
        assert getattr(disentangle_cli, name)
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = disentangle_cli.nothing_like_this


def test_root_help_names_every_command(cli: Cli) -> None:
    result = cli("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f" {name} " in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help_with_the_global_options(cli: Cli, name: str, flag: str) -> None:
    result = cli(name, flag)
    assert result.exit_code == 0
    assert name in result.stdout
    if name not in GROUPS:  # these have commands of their own
        assert "--quiet" in result.stdout


def test_every_command_file_is_a_command() -> None:
    files = {p.stem.rstrip("_") for p in Path(commands.__file__).parent.glob("[a-z]*.py")}
    registered = {c.name for c in commands.app.registered_commands}
    registered |= {g.name for g in commands.app.registered_groups}
    assert files == registered


def test_version(cli: Cli) -> None:
    result = cli("--version")
    assert result.exit_code == 0
    assert result.stdout == f"dcr {disentangle_cli.__version__}\n"
    assert metadata.version("disentangle-cli") == disentangle_cli.__version__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "nope"),
        (["--nope"], "--nope"),
        (["info"], "CKPT"),
        (["info", "--nope"], "--nope"),
        (["info", "x.pt", "--format", "xml"], "xml"),
        (["data", "nope"], "nope"),
        (["traverse", "x.pt"], "--out"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(cli: Cli, arguments: list[str], message: str) -> None:
    result = cli(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr


def test_an_unexpected_error_is_one_line_unless_debugging(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: str) -> None:
        raise ZeroDivisionError("so it\ngoes")

    monkeypatch.setattr("disentangle_cli.models.load_model", broken)
    result = cli("info", "x.pt")
    assert result.exit_code == 1
    assert result.stderr == (
        "error: internal error: ZeroDivisionError: so it goes; run with --debug for the traceback\n"
    )
    for arguments in (["--debug", "info", "x.pt"], ["info", "x.pt", "--debug"]):
        result = cli(*arguments)
        assert result.exit_code == 1
        assert "Traceback" in result.stderr
    monkeypatch.setenv("DCR_DEBUG", "1")
    assert "Traceback" in cli("info", "x.pt").stderr


def test_ctrl_c_is_130(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(path: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("disentangle_cli.models.load_model", interrupt)
    result = cli("info", "x.pt")
    assert result.exit_code == 130
    assert "Traceback" not in result.stderr


WAITING = """
import sys, time
from disentangle_cli.commands import main
class Stdin:
    def read(self, size):
        print("ready", flush=True)
        time.sleep(60)
sys.stdin = Stdin()
sys.argv = ["dcr", "info", "-"]
main()
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_130(sent: signal.Signals) -> None:
    command, pipe = [sys.executable, "-c", WAITING], subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "interrupted\n"


def test_python_dash_m_and_a_reader_that_goes_away(tmp_path: Path) -> None:
    command = f"{sys.executable} -m disentangle_cli --help | head -n 1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert "Traceback" not in ran.stderr
    assert "BrokenPipe" not in ran.stderr


def test_shell_completion(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("dcr")
    environment = {
        "_DCR_COMPLETE": "complete_bash",
        "COMP_WORDS": "dcr ce",
        "COMP_CWORD": "1",
        "PATH": "/usr/bin:/bin",
    }
    ran = subprocess.run([script], capture_output=True, text=True, env=environment, check=False)
    assert ran.stdout.split() == ["centrality"]


@pytest.mark.parametrize("command", [(), ("data",)])
def test_without_arguments_only_help_is_shown(cli: Cli, command: tuple[str, ...]) -> None:
    result = cli(*command)
    assert result.exit_code == 2
    assert "Commands" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("name", [name for name, _ in commands_of(typer.main.get_command(commands.app))])
def test_no_flag_is_shown_with_a_value(cli: Cli, name: str) -> None:
    result = cli(*name.split()[1:], "--help")
    assert result.exit_code == 0
    flags = [line for line in result.stdout.splitlines() if "--help" in line or "--quiet" in line]
    assert flags
    assert "bool" not in result.stdout

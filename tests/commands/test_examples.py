"""Every help page ends with examples that work; the commands stand in the order of the work."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import Result

from disentangle_cli import commands
from disentangle_cli.command_line.examples import WIDTH, epilog, examples, examples_of

Cli = Callable[..., Result]


def commands_of(app: typer.Typer, above: str) -> Iterator[tuple[str, Callable[..., object]]]:
    """The full name and the function of every command that does something."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield f"{above} {command.name}", command.callback
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from commands_of(group.typer_instance, f"{above} {group.name}")


ALL = dict(commands_of(commands.app, "dcr"))
LINES = [(name, line) for name, function in ALL.items() for line in examples_of(function)]
LINES += [("dcr", line) for line in commands.EXAMPLES]


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_two_examples_in_its_help(cli: Cli, name: str) -> None:
    lines = examples_of(ALL[name])
    assert len(set(lines)) >= 2, f"@examples of {name} (CONTRIBUTING.md, a subcommand)"
    shown = cli(*name.split()[1:], "--help").stdout
    for line in lines:
        assert re.search(rf"(^|\| ){name}( |$)", line)
        assert line.partition("  # ")[0] in shown


def parsed(line: str) -> dict[str, object]:
    """What Typer makes of the last dcr command in a line, which is not run."""
    words = shlex.split(line, comments=True)
    words = words[len(words) - words[::-1].index("dcr") :]
    found: dict[str, object] = {}
    root = typer.main.get_command(commands.app)
    command, context = root, None
    with pytest.MonkeyPatch.context() as patch:
        while isinstance(command, typer.core.TyperGroup):
            name, rest = words[0], words[1:]
            command, words = command.commands[name], rest
        patch.setattr(command, "callback", lambda **values: found.update(values))
        context = command.make_context(name, words)
        command.invoke(context)
    return found


@pytest.mark.parametrize(("name", "line"), LINES)
def test_examples_parse_and_fit_a_narrow_terminal(name: str, line: str) -> None:
    assert len(line) <= WIDTH
    assert parsed(line) is not None
    with pytest.raises(Exception, match="no-such-option"):
        parsed(f"{line.partition('  # ')[0]} --no-such-option")


def test_groups_show_the_first_example_of_each_of_their_commands(cli: Cli) -> None:
    for group in commands.app.registered_groups:
        shown = cli(group.name, "--help").stdout
        for name, function in ALL.items():
            if name.startswith(f"dcr {group.name} "):
                assert examples_of(function)[0].partition("  # ")[0] in shown
        assert sum(line.strip().startswith("dcr ") for line in shown.splitlines()) >= 2


def test_examples_are_laid_out() -> None:
    assert epilog(("dcr a  # one", "dcr bcd [x]", "dcr ef  # two")) == (
        "[bold]Examples[/bold]\ndcr a        # one\ndcr bcd \\[x]\ndcr ef       # two"
    )
    long = "dcr " + "x" * 70
    assert epilog((long, "dcr a  # one two three")).endswith("\ndcr a  # one two three")

    @examples("dcr a", "dcr b")
    def command() -> None: ...

    assert examples_of(command) == ("dcr a", "dcr b")


def test_commands_are_listed_in_the_order_of_the_work(cli: Cli) -> None:
    there = {path.stem.rstrip("_") for path in Path(commands.__file__).parent.glob("[a-z]*.py")}
    assert there <= set(commands.ORDER), (
        "enter a new command in PANELS of disentangle_cli/commands/__init__.py"
    )
    lines = [line.strip("│ ") for line in cli("--help").stdout.splitlines() if line.startswith("│ ")]
    listed = [word for word in (line.partition("  ")[0] for line in lines) if word in there]
    assert listed == [name for name in commands.ORDER if name in there]
    work = ["train", "generate", "traverse", "score", "centrality"]
    assert [name for name in listed if name in work] == work

"""Every command line that the pages show is one that dcr takes."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from disentangle_cli.commands import app
from tests.docs.pages import PAGES, ROOT, command_lines, commands_of, name_of, spans


def harmless() -> Any:
    """The command line, whose commands do nothing."""
    root: Any = typer.main.get_command(app)

    def quieten(command: Any) -> None:
        command.callback = lambda **_: None
        for inner in getattr(command, "commands", {}).values():
            quieten(inner)

    for command in root.commands.values():
        quieten(command)
    return root


def options_of(command: Any) -> set[str]:
    """How the options of a command, or of any below it, are spelled."""
    own = {spelled for one in command.params for spelled in (*one.opts, *one.secondary_opts)}
    return own.union({"--help", "-h"}, *map(options_of, vars(command).get("commands", {}).values()))


def refused(page: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The command lines of a page that dcr does not take, with what it says."""
    root, found = harmless(), []
    for words in command_lines(page):
        with pytest.raises(SystemExit) as ended:
            root.main(words[1:])
        said = capsys.readouterr()
        if ended.value.code != 0:
            found.append(f"{' '.join(words)}: {said.err.strip()}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_command_lines_are_taken(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(page, capsys) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_in_the_text_are_there(page: Path) -> None:
    root: Any = typer.main.get_command(app)
    unknown = []
    for span in spans(page):
        if not re.match(r"dcr [a-z]", span):
            continue
        _, name, *rest = span.split()
        command = root.commands.get(name)
        wrong = command is None or [
            word for word in re.findall(r"(?<!\S)--[\w-]+", " ".join(rest)) if word not in options_of(command)
        ]
        if wrong:
            unknown.append(span)
    assert not unknown


def test_lines_of_shell_are_taken_apart() -> None:
    line = "PATH=x dcr train --model vae > paths.txt && find . | dcr info - --format csv  # all"
    assert list(commands_of(line)) == [
        ["dcr", "train", "--model", "vae"],
        ["dcr", "info", "-", "--format", "csv"],
    ]
    assert list(commands_of("kubectl exec -it head -- dcr train --seeds 0-9")) == [
        ["dcr", "train", "--seeds", "0-9"]
    ]


def test_the_readme_lists_all_commands_in_their_order() -> None:
    rows = re.findall(r"^\| (`dcr \w+`.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`dcr (\w+)`", row)]
    root: Any = typer.main.get_command(app)
    assert listed == root.list_commands(typer.Context(root))


def test_there_is_something_to_check() -> None:
    assert sum(len(command_lines(page)) for page in PAGES) > 80

"""A page for each command, made from the Typer app whenever the site is built.

A hook of mkdocs (``mkdocs.yml``). Below what ``--help`` says, a page lists the guides that show the command
at work. The order is that of ``dcr --help``.
"""

import html
import re
from pathlib import Path
from typing import Any

import typer
from mkdocs.structure.files import File, Files

from disentangle_cli.commands import app

FOLDER = "commands"
GUIDES = 4
"""How many guides a page links to."""


def on_config(config: Any) -> Any:
    """Enter the pages into the navigation, where ``mkdocs.yml`` has an empty list for them."""
    listing = [f"{FOLDER}/index.md", *({name: f"{FOLDER}/{name}.md"} for name in commands())]
    for section in config.nav:
        if "Commands" in section:
            section["Commands"] = listing
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages to the site."""
    for name, text in pages(Path(config.docs_dir)).items():
        files.append(File.generated(config, f"{FOLDER}/{name}.md", content=text))
    return files


def commands() -> dict[str, Any]:
    """All commands by name, in the order of ``dcr --help``."""
    root: Any = typer.main.get_command(app)
    ordered = root.list_commands(typer.Context(root))
    return {name: root.commands[name] for name in ordered if not root.commands[name].hidden}


def pages(docs: Path) -> dict[str, str]:
    """Name and text of each page, ``index`` the first; ``docs`` has the guides that pages link to."""
    guides = {path: path.read_text() for path in sorted(docs.glob("*.md"))}
    known = commands()
    return {"index": index(known), **{name: page(name, it, guides) for name, it in known.items()}}


def index(known: dict[str, Any]) -> str:
    """The page that lists all commands, under the titles that they have in ``dcr --help``."""
    panels: dict[str, list[str]] = {}
    for name, command in known.items():
        title = str(command.rich_help_panel or "Others").removeprefix("Commands: ").capitalize()
        line = f"| [`dcr {name}`]({name}.md) | {_cell(summary(command))} |"
        panels.setdefault(title, []).append(line)
    parts = ["# Commands\n"]
    for title, lines in panels.items():
        parts += [f"## {title}\n", "| command | what it does |", "|---|---|", *lines, ""]
    return "\n".join(parts)


def page(name: str, command: Any, guides: dict[Path, str]) -> str:
    """The page of one command: its own help, or that of each of its subcommands."""
    parts = [f"# dcr {name}\n"]
    inner = vars(command).get("commands", {})
    parts += _described(f"dcr {name}", command, options=not inner)
    for word, part in inner.items():
        parts += [f"## dcr {name} {word}\n", *_described(f"dcr {name} {word}", part, options=True)]
    about = _about(name, guides)
    if about:
        parts += ["## Where it is used\n", *(f"- [{title}](../{path.name})" for path, title in about), ""]
    return "\n".join(parts)


def summary(command: Any) -> str:
    """The first sentence of a command's help."""
    return str(command.help or "").split("\n\n")[0].replace("\n", " ")


def _described(words: str, command: Any, *, options: bool) -> list[str]:
    context = command.make_context(words, [], resilient_parsing=True)
    usage = command.get_usage(context).removeprefix("Usage: ").strip()
    texts = [_escaped(text) for text in str(command.help or "").split("\n\n")]
    parts = [texts[0], "", f"```\n{' '.join(usage.split())}\n```\n", *(f"{text}\n" for text in texts[1:])]
    if command.epilog:
        parts += [_epilog(str(command.epilog))]
    if options:
        for title, records in _panels(command, context).items():
            parts += [
                f"**{title}**\n",
                *(f"`{spelled}`\n:   {_escaped(text)}\n" for spelled, text in records),
            ]
    return parts


def _panels(command: Any, context: Any) -> dict[str, list[tuple[str, str]]]:
    """Arguments and options, each as it is spelled and what it means, under the title of its panel."""
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        if parameter.hidden or parameter.name == "help":
            continue
        argument = parameter.param_type_name == "argument"
        title = parameter.rich_help_panel or ("Arguments" if argument else "Options")
        spelled, text = parameter.get_help_record(context)
        panels.setdefault(title, []).append((spelled, text or "-"))
    return panels


def _epilog(text: str) -> str:
    """What stands below a command's help: lines that begin with ``dcr`` are its examples."""
    blocks = []
    for is_code, lines in _runs(re.sub(r"\[/?bold\]", "", text).splitlines()):
        body = "\n".join(map(str.strip, lines))
        blocks.append(f"```sh\n{body}\n```\n" if is_code else f"**{_escaped(body)}**\n")
    return "\n".join(blocks)


def _runs(lines: list[str]) -> list[tuple[bool, list[str]]]:
    runs: list[tuple[bool, list[str]]] = []
    for line in filter(str.strip, lines):
        code = line.strip().startswith("dcr ")
        if not runs or runs[-1][0] != code:
            runs.append((code, []))
        runs[-1][1].append(line)
    return runs


def _about(name: str, guides: dict[Path, str]) -> list[tuple[Path, str]]:
    """The guides that show a command most often in their blocks, with their titles."""
    shown = re.compile(rf"^\s*dcr {name}\b", re.MULTILINE)
    counts = {path: len(shown.findall(text)) for path, text in guides.items()}
    best = sorted((path for path in counts if counts[path]), key=lambda path: -counts[path])[:GUIDES]
    return [(path, guides[path].splitlines()[0].removeprefix("# ")) for path in best]


def _escaped(text: str) -> str:
    """Words for people as Markdown: nothing in them is markup."""
    return re.sub(r"([*_`\[\]])", r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _cell(text: str) -> str:
    return _escaped(text).replace("|", "\\|")

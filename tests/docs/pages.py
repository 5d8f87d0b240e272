"""The pages of the project, and what stands in their blocks of code."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("[RCS]*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<body>.*?)^ *```$", re.DOTALL | re.MULTILINE
)
INDENTED = re.compile(r"(?:^ {4}[^\n]*\n)+", re.MULTILINE)
OPERATORS = set("|&;<>()")


def name_of(page: Path) -> str:
    """How a test calls a page."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page in one of the languages, ``""`` for none named."""
    found = FENCE.finditer(page.read_text())
    return [textwrap.dedent(one["body"]) for one in found if one["language"] in languages]


def spans(page: Path) -> list[str]:
    """Code within text: what stands between single backticks."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", FENCE.sub("", page.read_text()))


def command_lines(page: Path) -> list[list[str]]:
    """Every ``dcr ...`` of a page's blocks as words, without what the shell does around it."""
    prose = FENCE.sub("\n", page.read_text())
    texts = [*blocks(page, "", "sh", "bash", "console"), *map(textwrap.dedent, INDENTED.findall(prose))]
    lines = [line for text in texts for line in text.replace("\\\n", " ").splitlines()]
    return [command for line in lines if "dcr" in line for command in commands_of(line)]


def commands_of(line: str) -> Iterator[list[str]]:
    """The commands of a line of shell that are ``dcr``'s."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    words: list[str] = []
    skip = False
    for word in [*reader, ";"]:
        if set(word) <= OPERATORS:
            if "dcr" in words[:1]:
                yield [given for given in words if given != "..."]
            words, skip = [], word in ("<", ">", ">>")
        elif skip:  # a file that the shell opens
            skip = False
        elif word == "--" or (re.fullmatch(r"\w+=\S*", word) and not words):
            words = []
        else:
            words.append(word)

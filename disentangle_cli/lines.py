"""Texts of any origin made fit to be shown: on a terminal, in a table, on a page.

Names of files, labels and what parsers say come from elsewhere. They may hold what steers a terminal
(colours, titles, links), turns the direction of writing around, or cannot be seen at all.
"""

import html
import re

MAX_MESSAGE = 800
"""Characters of a message."""
_HEAD = 400
UNPRINTABLE = "\ufffd"
_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, marks of direction, breaks, invisible signs, and halves of characters."""


def shown(text: object) -> str:
    """The text without what steers: white space becomes a blank, anything else a replacement character."""
    return _STEERING.sub(lambda found: " " if found[0].isspace() else UNPRINTABLE, str(text))


def one_line(text: object) -> str:
    """As :func:`shown`, with every run of white space, line breaks included, made one blank."""
    return shown(" ".join(str(text).split()))


def message(text: object) -> str:
    """As :func:`one_line`, of at most 800 characters: of a longer one the middle is left out."""
    line = one_line(text)
    if len(line) <= MAX_MESSAGE:
        return line
    gap = " [...] "
    return line[:_HEAD] + gap + line[_HEAD + len(gap) - MAX_MESSAGE :]


def escaped(text: object) -> str:
    """The text as it stands in an HTML page."""
    return html.escape(shown(text))


def json_escaped(text: str) -> str:
    """A JSON text whose strings hold what steers as escapes, so that they stay what they are."""
    return _STEERING.sub(_as_escape, text)


def _as_escape(found: re.Match[str]) -> str:
    if found[0] == "\n":  # between values; within a string it is an escape already
        return "\n"
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))

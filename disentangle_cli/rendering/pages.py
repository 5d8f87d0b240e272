"""Pages from templates: one HTML file each, which asks for nothing and runs only its own scripts.

Whatever a template shows is escaped (Jinja2's autoescape) and freed of what steers the direction of writing;
data for scripts travel as JSON in which no character can end an element.
"""

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from disentangle_cli import __version__
from disentangle_cli.documents import jsonable
from disentangle_cli.lines import json_escaped, shown
from disentangle_cli.rendering.palette import (
    DARK_PAGE,
    LIGHT_PAGE,
    colour_of,
    contrasting,
    css,
    page_variables,
)

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = "templates"
STEPS = 32
"""Of the colour scale that scripts paint with."""
# pictures are part of the page or drawn by its scripts; scripts are those of the template, by their digests
_POLICY = (
    "default-src 'none'; img-src data: blob:; media-src data: blob:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; script-src"
)


def render(
    template: str,
    *,
    title: str,
    scripts: Sequence[str] = (),
    data: Any = None,
    allow: str = "",
    reloads: bool = False,
    **values: Any,
) -> str:
    """The text of a page.

    Args:
        template: its name in ``templates/``; it extends ``base.html.j2``.
        title: of the page, its first heading, too.
        scripts: names of files in ``templates/`` that run at the end of the page, behind ``page.js``.
        data: what scripts read, any JSON types and arrays: ``JSON.parse(document.getElementById("data")
            .textContent)``. None: there is no such element.
        allow: further sources of scripts, say ``'wasm-unsafe-eval'``.
        reloads: whether the page may load itself in a frame, to take over what is new in it.
        values: what the template shows. Strings are escaped; ``markupsafe.Markup`` is not.
    """
    from markupsafe import Markup

    texts = [asset(name) for name in ("page.js", *scripts)]
    digests = [f"'sha256-{_digest(text)}'" for text in texts]
    return environment().get_template(template).render(
        title=title,
        version=__version__,
        policy=" ".join([_POLICY, *digests, *allow.split()]) + (_RELOADS if reloads else ""),
        style=Markup(stylesheet()),
        scripts=[Markup(text) for text in texts],
        data=None if data is None else embedded(data),
        **values,
    )  # fmt: skip


_RELOADS = "; frame-src 'self' file:"


@cache
def environment() -> "Environment":
    """Templates of this package: unknown names are errors, texts are escaped."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(asset),
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["paint"] = paint
    return made


def _finalized(value: Any) -> Any:
    """Strings without what steers; what is HTML already stays."""
    return shown(value) if type(value) is str else value


@cache
def asset(name: str) -> str:
    """The text of a file in ``templates/``."""
    return resources.files(__package__).joinpath(TEMPLATES, name).read_text(encoding="utf-8")


def stylesheet() -> str:
    """The one style sheet, with the palette's colours for light and for dark screens."""
    light, dark = page_variables(LIGHT_PAGE), page_variables(DARK_PAGE)
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n" + asset("style.css")
    )


def paint(value: float | None, low: float, high: float) -> str:
    """The style of a cell: its colour on the scale from ``low`` to ``high``; none for no number."""
    if value is None or not math.isfinite(value):
        return ""
    colour = colour_of(value, low, high) if high > low else colour_of(1, 0, 1)
    return f"background:{css(colour)};color:{css(contrasting(colour))}"


def ramp() -> list[tuple[str, str]]:
    """The colour scale for scripts, from low to high: a ground and what can be read on it, each."""
    colours = [colour_of(step, 0, STEPS) for step in range(STEPS + 1)]
    return [(css(colour), css(contrasting(colour))) for colour in colours]


def embedded(data: Any) -> "Markup":
    """Data as JSON that can stand in a script element: nothing in it ends the element or opens another."""
    from markupsafe import Markup

    text = json_escaped(
        json.dumps(jsonable(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    )
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

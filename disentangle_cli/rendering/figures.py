"""Figures of matplotlib: one style; PNG, SVG or PDF by the ending of a name; the same bytes each time.

matplotlib is imported when something is drawn. Nothing of its global state is used or left changed: figures
are made without pyplot and drawn by Agg, and a ``matplotlibrc`` of the user has no say.
"""

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from disentangle_cli.errors import UsageError
from disentangle_cli.files import write_atomic
from disentangle_cli.lines import escaped
from disentangle_cli.rendering.palette import (
    DARK_INK,
    FAINT,
    INK,
    PAPER,
    RAMP,
    RULE,
    SERIES,
    css,
)

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg", ".pdf")
"""What a figure can be written as."""
DPI = 100
"""Pixels an inch, of a PNG."""
FONT = "DejaVu Sans"
"""It comes with matplotlib, so that pictures are the same on every machine."""
STYLE: Mapping[str, Any] = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.family": FONT,
    "font.size": 10,
    "text.color": css(DARK_INK),
    "text.parse_math": False,  # names of files are no formulas
    "axes.edgecolor": css(RULE),
    "axes.labelcolor": css(FAINT),
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": css(RULE),
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.solid_joinstyle": "round",
    "xtick.color": css(RULE),
    "ytick.color": css(RULE),
    "xtick.labelcolor": css(FAINT),
    "ytick.labelcolor": css(FAINT),
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "svg.hashsalt": "dcr",  # names in the file that are the same each time
    "pdf.fonttype": 42,  # letters stay letters
}
"""On matplotlib's own defaults."""
_METADATA: Mapping[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""What would tell of the day or the version."""


def check_ending(path: str | Path, option: str, more: tuple[str, ...] = ()) -> str:
    """The ending of a figure's name, in small letters.

    Raises:
        UsageError: a figure cannot be written so; names the ``option`` and the endings that there are.
    """
    ending = Path(path).suffix.lower()
    if ending not in (known := (*ENDINGS, *more)):
        raise UsageError(f"{option} {path}: the name must end in {', '.join(known[:-1])} or {known[-1]}")
    return ending


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Draw in the style of dcr in this block, and write what was drawn."""
    with _quiet():
        import matplotlib.style

    with matplotlib.style.context(["default", dict(STYLE)]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box
        yield


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Import parts of matplotlib in this block: what it says of its caches is of no use to anybody here."""
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(max(before, logging.ERROR))
    try:
        yield
    finally:
        logger.setLevel(before)


def new_figure(width: float, height: float, **options: Any) -> "Figure":
    """An empty figure of a size in inches; call it, and draw, under :func:`styled`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), **options)


def save_figure(figure: "Figure", path: str | Path) -> Path:
    """Write a figure atomically as what the ending of the name says.

    Raises:
        UsageError: it says none of :data:`ENDINGS`.
    """
    ending = check_ending(path, "figure")
    return write_atomic(path, png(figure) if ending == ".png" else _written(figure, ending[1:]))


def png(figure: "Figure") -> bytes:
    """A figure as the content of a PNG file."""
    return _written(figure, "png")


def picture(figure: "Figure") -> Image.Image:
    """A figure as pixels."""
    with Image.open(io.BytesIO(png(figure))) as image:
        return image.convert("RGB")


def inline_svg(figure: "Figure", label: str, name: str = "figure") -> str:
    """A figure as an element of a page, as wide as there is room, in the page's colours (light and dark).

    Args:
        figure: what to write.
        label: what it shows, for those who do not see it.
        name: begins the names of its parts, to which other figures of the page may not have the same.
    """
    with styled():
        import matplotlib

        matplotlib.rcParams["svg.fonttype"] = "none"  # letters of the page: they can be selected and found
        text = _written(figure, "svg", transparent=True, nested=True).decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg\b[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg\b[^>]*?) width="([0-9.]+)pt"', r'\1 data-width="\2"', text, count=1)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{escaped(label)}" ', 1)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', text))
    text = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", text)
    text = re.sub(r'(url\(#|href="#)', rf"\1{name}-", text)
    for colour, name in _page_names().items():
        text = text.replace(colour, f"var(--{name})")
    return text.replace(f"'{FONT}'", "system-ui")


@cache
def _page_names() -> dict[str, str]:
    """The names that a page has for the colours of figures."""
    pages = {css(colour): f"series-{i}" for i, colour in enumerate(SERIES)}
    return pages | {
        css(DARK_INK): "ink",
        css(INK): "ink",
        css(FAINT): "faint",
        css(RULE): "rule",
        css(PAPER): "page",
    }


def _written(figure: "Figure", kind: str, *, transparent: bool = False, nested: bool = False) -> bytes:
    buffer = io.BytesIO()
    options: dict[str, Any] = {"pil_kwargs": {"optimize": True}} if kind == "png" else {}
    with contextlib.nullcontext() if nested else styled():
        figure.savefig(
            buffer, format=kind, metadata=dict(_METADATA[kind]), transparent=transparent, **options
        )
    return buffer.getvalue()


@cache
def ramp() -> "Colormap":
    """The palette's scale for matrices, on which what is not known has no colour."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("dcr", [css(colour) for colour in RAMP], N=1024)


@cache
def text_width(text: str, points: float) -> float:
    """Width of a line of text in inches."""
    with _quiet():
        from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(family=FONT)))
    font.set_size(points, 72)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that it lacks
        font.set_text(text)
    return float(font.get_width_height()[0]) / 64 / 72


def wrapped(text: str, points: float, inches: float) -> list[str]:
    """Lines of a text that are no wider than ``inches``, broken between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, points) <= inches:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines

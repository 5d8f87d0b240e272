"""What was done with the pictures of a folder or an archive, in numbers and in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from disentangle_cli.data.image_files import Seen

SIZES = 20
"""Source sizes that are kept; the others are counted together."""
EXAMPLES = 5
"""Files that are named where more are meant."""


@dataclass
class Report:
    """Of the pictures that were read.

    Attributes:
        pictures: how many.
        sizes: how many of each size (width, height), upright.
        cropped: those that were no squares.
        resized: those whose square had another size than was asked for.
        several: files that hold several pictures, of which the first was read.
        skipped: of each file that was left out as it cannot be read, its name and the reason.
    """

    pictures: int = 0
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    cropped: int = 0
    resized: int = 0
    several: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, seen: Seen, size: int) -> None:
        """Count a picture that became a square of ``size`` pixels."""
        self.pictures += 1
        self.sizes[seen.width, seen.height] += 1
        self.cropped += seen.width != seen.height
        self.resized += seen.side != size
        if seen.several:
            self.several.append(name)

    def to_json(self) -> dict[str, Any]:
        """As :meth:`of_json` takes it; of many sizes the most frequent ones."""
        common = self.sizes.most_common(SIZES)
        told = [{"width": w, "height": h, "pictures": count} for (w, h), count in common]
        rest = self.pictures - sum(count for _, count in common)
        return {
            "pictures": self.pictures,
            "sizes": told,
            "of_other_sizes": rest,
            "shorter_side": [f(map(min, self.sizes)) for f in (min, max)],
            "cropped": self.cropped,
            "resized": self.resized,
            "several": self.several,
            "skipped": [{"file": name, "reason": reason} for name, reason in self.skipped],
        }


def words(report: Mapping[str, Any], shape: tuple[int, int, int]) -> str:
    """A report in a line: ``9 pictures of 92x112, in grey; 9 cropped to a square, 9 resized to 64x64``."""
    count, (channels, side, _) = report["pictures"], shape
    sizes = [f"{size['width']}x{size['height']}" for size in report["sizes"]]
    kinds = " and ".join(filter(None, [", ".join(sizes[:-1]), sizes[-1]]))
    if len(sizes) > EXAMPLES:
        low, high = report["shorter_side"]
        kinds = f"many sizes, most often {sizes[0]}, the shorter side {low} to {high}"
    done = [
        (report["cropped"], "cropped to a square"),
        (report["resized"], f"resized to {side}x{side}"),
        (len(report["skipped"]), "others skipped"),
    ]
    told = ", ".join(f"{number:,} {what}" for number, what in done if number)
    colour = "colour" if channels == 3 else "grey"
    return f"{count:,} picture{'s' * (count != 1)} of {kinds}, in {colour}" + (f"; {told}" if told else "")


def lines(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A report as a table: what it is about, and what was found."""
    sizes = [f"{size['width']}x{size['height']} {size['pictures']:,}" for size in report["sizes"]]
    found = [
        ("classes", named(report["classes"])),
        ("source sizes", named(sizes)),
        ("cropped", f"{report['cropped']:,}"),
        ("resized", f"{report['resized']:,}"),
        ("of several pictures the first", named(report["several"])),
        *((f"skipped {skipped['file']}", skipped["reason"]) for skipped in report["skipped"]),
    ]
    return [(name, text) for name, text in found if text]


def named(names: Sequence[str]) -> str:
    """``a.gif, b.gif and 7 more``."""
    others = len(names) - EXAMPLES
    return ", ".join(names[:EXAMPLES]) + (f" and {others:,} more" if others > 0 else "")

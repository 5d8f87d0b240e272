"""What text is a number: a plain decimal, and nothing else.

Python also reads ``1_000``, digits of other scripts, ``nan`` and ``infinity``; YAML 1.1 reads ``010`` as
eight, ``1:30`` as ninety and ``yes`` as true. A text that means something else must not become a number.
"""

import re

_WHOLE = re.compile(r"[-+]?[0-9]+")
DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
"""Numbers of YAML 1.2's core schema, those in base ten."""
_DIGITS = 300
"""Of a whole number; longer ones are beyond any float."""


def read_number(text: str) -> int | float | None:
    """The number that ``text`` is (``-3``, ``0.5``, ``1e-3``, ``010`` for ten), or None.

    One that is too large for a float is infinite.
    """
    if _WHOLE.fullmatch(text) and len(text) <= _DIGITS:
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else None


def read_numbers(text: str, separator: str) -> list[float] | None:
    """The numbers that ``separator`` parts, each finite; None if any is not."""
    found = [read_number(part.strip()) for part in text.split(separator)]
    numbers = [float(number) for number in found if number is not None and abs(number) < float("inf")]
    return numbers if len(numbers) == len(found) else None

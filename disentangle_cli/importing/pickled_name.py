"""The name of the class in a pickle, read without unpickling: the opcodes are listed, none is carried out."""

import pickletools
from pathlib import Path

from disentangle_cli.reading import reading

MAX_OPCODES = 2_000
MAX_BYTES = 1 << 18
"""The name stands among the first; the rest of such a file are weights."""

_FRAMEWORK = {"_make_skeleton_class", "builtins", "type", "copyreg", "__newobj__", "_reconstructor"}


def class_name(path: Path) -> tuple[str | None, list[str]]:
    """Name of the outermost class of a pickled object, and all strings near it (its module among them).

    Works for classes pickled by reference and, as cloudpickle does, by value. None if there is no name.
    """
    with reading(path, "cannot be read") as file:
        head = file.read(MAX_BYTES)
    strings: list[str] = []
    try:
        for count, (_, argument, _) in enumerate(pickletools.genops(head)):
            if count > MAX_OPCODES:
                break
            if isinstance(argument, str):
                strings += argument.split(" ") if "\n" not in argument else []
    except Exception:  # pickletools raises many kinds on damaged input, and at the cut
        pass
    names = [text for text in strings if text and "." not in text and text not in _FRAMEWORK]
    return (names[0] if names else None), strings

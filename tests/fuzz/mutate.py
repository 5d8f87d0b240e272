"""Damage of every kind, drawn from a seed: to bytes, to texts, to archives and pickles inside files."""

import io
import random
import struct
import zipfile
from collections.abc import Callable

Mutator = Callable[[random.Random, bytes], bytes]

OWNED = "owned"
"""The file that hostile pickles make, if anything in them runs."""
NUMBERS = (0, 1, -1, 2, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, -(2**63))
WORDS = (
    "", " ", "nan", "inf", "-inf", "1e999", "-1", "0", "1_1", "016", "0x10", "1:30", "1e-3", "9" * 40,
    "9" * 5000, "0.1", "9007199254740993", "null", "~", "yes", "true", "\u0663", "\u00b2", "\u202e",
    "\x1b[31m",
    "\x00", "\r", "\ufeff", "a" * 3000, "!!bool zz", "!!int zz", "!!timestamp x", "!!binary =", "2001-01-01",
    "!!python/name:os.system", "*a", "&a [*a]", "<<: *b", "[", "{", "]", "}", "[" * 2000, ",", ",,,,", ";",
    ":",
    '"', "'", "\n", "\t", "#", "---\n", "../../etc/passwd", "/dev/zero", "%s%n", "iteration", "file", "NaN",
    "Infinity", "{}", "[]", '"x"', "1" * 400,
)  # fmt: skip
HOSTILE = (
    b"cposix\nsystem\n(S'touch owned'\ntR",
    b"cbuiltins\nexec\n(Vopen('owned','w')\ntR",
    b"cpathlib\nPosixPath\n(S'owned'\ntRcpathlib\nPath.touch\n\x8c\x05owned\x85R",
    b"\x8c\x05posix\x8c\x06system\x93\x8c\x0btouch owned\x85R",
    b"c__builtin__\nbytearray\nI4000000000\n\x85R",
    b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00utf-16\x86R",
    b"\x96" + struct.pack("<Q", 2**33),
    b"\x8e" + struct.pack("<Q", 2**40),
    b"\x8b" + struct.pack("<I", 2**31 - 1),
    b"(" * 3000,
    b"]" * 3000 + b"a" * 2999,
    b"ccollections\nOrderedDict\n)R}(X\x01\x00\x00\x00ab",
    b"r\xff\xff\xff\x7f",
    b"j\xff\xff\xff\x7f",
    b"ctorch\nload\nX\x05\x00\x00\x00owned\x85R",
    b"2" * 500,
)
"""Opcodes: code that must not run, and sizes that must not be believed."""


STARTS = (
    b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", b"PAR1", b"BM",
    b"II*\0",
    b"RIFF\0\0\0\0WEBP", b"P6\n9999 9999\n255\n", b"\x80\x02", b"", b"{", b"%PDF-1.4", b"\x1f\x8b\x08",
    b"%!PS-Adobe EPSF\n", b"ORTM",
)  # fmt: skip
"""How files of other kinds begin."""


def place(rng: random.Random, size: int) -> int:
    """Where to strike: half of the time near an end, where headers and directories are."""
    near = min(size, 1500)
    return rng.choice(
        (rng.randrange(size), rng.randrange(size), rng.randrange(near), size - 1 - rng.randrange(near))
    )


def flip(rng: random.Random, data: bytes) -> bytes:
    """One bit."""
    found = bytearray(data or b"\0")
    found[place(rng, len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def spray(rng: random.Random, data: bytes) -> bytes:
    """A few bytes, anywhere."""
    found = bytearray(data or b"\0")
    for _ in range(rng.randint(1, 8)):
        found[place(rng, len(found))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(found)


def number(rng: random.Random, data: bytes) -> bytes:
    """A number in binary: most sizes, counts and offsets are."""
    width = rng.choice((1, 2, 4, 8))
    raw = (rng.choice(NUMBERS) & ((1 << 8 * width) - 1)).to_bytes(width, rng.choice(("little", "big")))
    at = place(rng, len(data) + 1)
    return data[:at] + raw + data[at + width :]


def cut(rng: random.Random, data: bytes) -> bytes:
    """The end is missing."""
    return data[: rng.randrange(len(data) + 1)]


def head(rng: random.Random, data: bytes) -> bytes:
    """The beginning is missing."""
    return data[rng.randrange(len(data) + 1) :]


def append(rng: random.Random, data: bytes) -> bytes:
    """Something follows or goes before."""
    more = rng.choice((b"\0" * 100, b"\n", rng.randbytes(rng.randint(1, 400)), data, data[-22:]))
    return data + more if rng.random() < 0.7 else more + data


def drop(rng: random.Random, data: bytes) -> bytes:
    """A piece is missing, doubled, zeroed or moved."""
    first, last = sorted(place(rng, len(data) + 1) for _ in range(2))
    last = min(last, first + rng.choice((1, 4, 64, 4096)))
    before, piece, after = data[:first], data[first:last], data[last:]
    other = rng.randrange(len(after) + 1)
    choices = (before + after, before + piece * 2 + after, before + bytes(len(piece)) + after,
               before + after[:other] + piece + after[other:])  # fmt: skip
    return rng.choice(choices)


def foreign(rng: random.Random, data: bytes) -> bytes:
    """Something else altogether, under the right name."""
    start = rng.choice(STARTS)
    return start + rng.choice((b"", data, data[len(start) :], rng.randbytes(200)))


BYTES: tuple[Mutator, ...] = (
    flip,
    flip,
    flip,
    spray,
    spray,
    number,
    number,
    cut,
    head,
    append,
    drop,
    foreign,
)


def word(rng: random.Random, data: bytes) -> bytes:
    """A nasty word where a number, a word or a sign stood."""
    text = data.decode("latin-1")
    ends = [0, *(i for i in range(1, len(text)) if text[i].isalnum() != text[i - 1].isalnum()), len(text)]
    k = rng.randrange(max(len(ends) - 1, 1))
    first, last = ends[k], ends[min(k + 1, len(ends) - 1)]
    put = rng.choice(WORDS).encode(rng.choice(("utf-8", "utf-8", "utf-16", "utf-8")))
    return data[: first if rng.random() < 0.7 else last] + put + data[last:]


def lines(rng: random.Random, data: bytes) -> bytes:
    """Lines doubled, lost, exchanged or ended otherwise."""
    found = data.splitlines(keepends=True) or [b""]
    i, j = rng.randrange(len(found)), rng.randrange(len(found))
    kind = rng.randrange(5)
    if kind == 0:
        found.insert(j, found[i])
    elif kind == 1:
        del found[i]
    elif kind == 2:
        found[i], found[j] = found[j], found[i]
    elif kind == 3:
        return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"", b"\n\n")))
    else:
        found[i] = found[i].rstrip() + b"," + found[j]
    return b"".join(found)


TEXT: tuple[Mutator, ...] = (*BYTES, word, word, word, word, word, word, lines, lines, lines)


def pickled(rng: random.Random, data: bytes) -> bytes:
    """Opcodes put into a pickle, in front of it or in place of it."""
    bad = rng.choice(HOSTILE)
    kind = rng.randrange(4)
    if kind == 0:
        return b"\x80\x02" + bad + b"."
    if kind == 1 and data[:1] == b"\x80":
        return data[:2] + bad + b"0" + data[2:]
    at = place(rng, len(data) + 1)
    return data[:at] + bad + data[at:]


PICKLE: tuple[Mutator, ...] = (*BYTES, pickled, pickled, pickled, pickled)


def archive(rng: random.Random, data: bytes) -> bytes:
    """A zip archive made anew with right check sums: a member damaged, doubled, renamed, compressed..."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            members = [(info.filename, info.compress_type, found.read(info)) for info in found.infolist()]
    except Exception:  # damaged by an earlier mutation
        return flip(rng, data)
    if not members:
        return flip(rng, data)
    k = rng.randrange(len(members))
    name, kind, content = members[k]
    what = rng.randrange(8)
    if what <= 3:
        content = rng.choice(PICKLE if name.endswith(".pkl") else TEXT)(rng, content)
        members[k] = name, kind, content
    elif what == 4:
        members.insert(rng.randrange(len(members) + 1), (name, kind, rng.choice(BYTES)(rng, content)))
    elif what == 5:
        members[k] = rng.choice(members)[0] if rng.random() < 0.5 else name + "x", kind, content
    elif what == 6:
        members.append((rng.choice(("../x", "/x", "", "a" * 300, "constants.pkl", ".data/x")), kind, b"x"))
    else:
        other = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
        members = [(name, other, content) for name, _, content in members]
    return _zipped(members)


def bomb(rng: random.Random, data: bytes) -> bytes:
    """An archive whose member has grown by many zeros."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            members = [(info.filename, zipfile.ZIP_DEFLATED, found.read(info)) for info in found.infolist()]
    except Exception:  # as above
        return flip(rng, data)
    if not members:
        return flip(rng, data)
    k = rng.randrange(len(members))
    members[k] = (*members[k][:2], members[k][2] + bytes(rng.choice((10**6, 3 * 10**7))))
    return _zipped(members)


def _zipped(members: list[tuple[str, int, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, kind, content in members:
            info = zipfile.ZipInfo(name or "x")
            info.compress_type = kind
            made.writestr(info, content)
    return buffer.getvalue()


ZIP: tuple[Mutator, ...] = (*BYTES, *(archive,) * 8, bomb)


def mutated(rng: random.Random, data: bytes, mutators: tuple[Mutator, ...]) -> bytes:
    """``data`` damaged once, or now and then several times; always different."""
    found = data
    while found == data:
        for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
            found = rng.choice(mutators)(rng, found)
    return found

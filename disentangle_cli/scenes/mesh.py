"""Surfaces of triangles, and how patches become such."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from disentangle_cli.arraytypes import Bools, Doubles, Ints

_TINY = 1e-9  # shorter normals are those of a corner where a patch ends in a point


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with a normal at each vertex.

    Attributes:
        vertices: ``(V, 3)``.
        normals: ``(V, 3)``, of length 1, outwards.
        triangles: ``(T, 3)`` numbers of vertices, counter-clockwise when seen from outside.
        two_sided: ``(T,)``, whether the inside of a triangle can be seen.
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    triangles: Ints
    two_sided: Bools


@dataclass(frozen=True, eq=False)
class Patch:
    """A bicubic Bezier patch.

    Attributes:
        control: ``(4, 4, 3)`` control points; its outside is the one from which ``d/dv x d/du`` points.
        cuts: into how many pieces it is cut along either parameter.
        pole: the normal in corners where the patch ends in a point.
        two_sided: whether its inside can be seen.
    """

    control: Doubles
    cuts: tuple[int, int]
    pole: tuple[float, float, float] = (0.0, 0.0, 1.0)
    two_sided: bool = False

    def sampled(self) -> tuple[Doubles, Doubles]:
        """Points and normals at the corners of the pieces, ``((u + 1) * (v + 1), 3)`` each."""
        u, v = (np.linspace(0, 1, cuts + 1) for cuts in self.cuts)
        points = _combined(_weights(u), _weights(v), self.control)
        along_u = _combined(_slopes(u), _weights(v), self.control)
        along_v = _combined(_weights(u), _slopes(v), self.control)
        normals = np.cross(along_v, along_u)
        lengths = np.sqrt(normals[:, 0] ** 2 + normals[:, 1] ** 2 + normals[:, 2] ** 2)[:, None]
        return points, np.where(lengths > _TINY, normals / np.maximum(lengths, _TINY), self.pole)


def _weights(t: Doubles) -> Doubles:
    """Bernstein polynomials of degree 3: (n,) -> (n, 4)."""
    s = 1 - t
    return np.stack([s * s * s, 3 * t * s * s, 3 * t * t * s, t * t * t], axis=1)


def _slopes(t: Doubles) -> Doubles:
    """Their derivatives, (n, 4)."""
    s = 1 - t
    return np.stack([-3 * s * s, 3 * s * s - 6 * t * s, 6 * t * s - 3 * t * t, 3 * t * t], axis=1)


def _combined(first: Doubles, second: Doubles, control: Doubles) -> Doubles:
    """``sum_ij first[a, i] second[b, j] control[i, j]``, ``(a * b, 3)``, added up in this order."""
    total = np.zeros((len(first), len(second), 3))
    for i in range(4):
        for j in range(4):
            total += first[:, None, None, i] * second[None, :, None, j] * control[i, j]
    return total.reshape(-1, 3)


def mesh_of(patches: Iterable[Patch]) -> Mesh:
    """The triangles of all ``patches``; those without area are left out."""
    points, normals, triangles, two_sided, start = [], [], [], [], 0
    for patch in patches:
        corners, outwards = patch.sampled()
        rows, columns = patch.cuts
        a = np.add.outer(np.arange(rows) * (columns + 1), np.arange(columns)).reshape(-1)
        b, c, d = a + 1, a + columns + 1, a + columns + 2
        pieces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([b, d, c], axis=1)])
        p, q, r = corners[pieces].transpose(1, 0, 2)
        pieces = pieces[(np.abs(np.cross(q - p, r - p)) > _TINY).any(axis=1)]
        points.append(corners)
        normals.append(outwards)
        triangles.append(pieces + start)
        two_sided.append(np.full(len(pieces), patch.two_sided))
        start += len(corners)
    return Mesh(
        np.concatenate(points).astype(np.float32),
        np.concatenate(normals).astype(np.float32),
        np.concatenate(triangles),
        np.concatenate(two_sided),
    )

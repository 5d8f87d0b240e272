import numpy as np

from disentangle_cli.scenes.mesh import Mesh
from disentangle_cli.scenes.teapot import teapot


def volume(mesh: Mesh) -> float:
    a, b, c = mesh.vertices[mesh.triangles].astype(float).transpose(1, 0, 2)
    return float((a * np.cross(b, c)).sum() / 6)


def test_it_fills_the_unit_ball() -> None:
    reach = np.linalg.norm(teapot().vertices, axis=1)
    assert 0.999 < reach.max() <= 1
    low, high = teapot().vertices.min(axis=0), teapot().vertices.max(axis=0)
    assert high[0] > -low[0] - 0.1  # the spout reaches about as far as the handle
    assert np.allclose(low[1], -high[1])
    assert 1.5 < (high[0] - low[0]) / (high[2] - low[2]) < 1.7  # Newell's proportions, not Blinn's


def test_triangles_face_the_way_of_their_normals() -> None:
    mesh = teapot()
    a, b, c = mesh.vertices[mesh.triangles].transpose(1, 0, 2)
    facing = np.cross(b - a, c - a)
    facing /= np.linalg.norm(facing, axis=1, keepdims=True)
    for corner in mesh.triangles.T:
        assert (np.einsum("ij,ij->i", facing, mesh.normals[corner]) > 0.1).mean() > 0.99
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-5)
    assert volume(mesh) > 0.3  # outside is outside


def test_the_lid_closes_the_pot() -> None:
    """Where the lid ends the rim begins, all around."""
    mesh = teapot()
    heights = mesh.vertices[:, 2]
    ring = mesh.vertices[np.abs(heights - (2.4 * 1.3 - 2.6362) / 3.2526) < 1e-3]
    radii = np.hypot(ring[:, 0] + 0.2289 / 3.2526, ring[:, 1])
    near = radii[np.abs(radii - 1.4 / 3.2526) < 0.01]
    assert len(near) >= 2 * 24
    assert np.ptp(near) < 0.005


def test_only_the_spout_shows_its_inside() -> None:
    mesh = teapot()
    seen = mesh.vertices[mesh.triangles[mesh.two_sided]]
    assert mesh.two_sided.any()
    assert seen[..., 0].min() > 0.4

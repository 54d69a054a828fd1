"""Triangles: the Wavefront reader, normals, and rotations."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mesh:
    """Triangles with indices of their own for positions and for texture coordinates; `groups` names each face's."""

    vertices: NDArray[np.float32]
    uv: NDArray[np.float32]
    faces: NDArray[np.int64]
    uv_faces: NDArray[np.int64]
    groups: NDArray[np.str_]


def read_obj(path: Path) -> Mesh:
    """A Wavefront mesh; polygons become fans of triangles."""
    vertices, uv, faces, uv_faces, groups = [], [], [], [], []
    group = ""
    for words in (line.split() for line in path.read_text(errors="ignore").splitlines() if line.strip()):
        match words[0]:
            case "v":
                vertices.append([float(word) for word in words[1:4]])
            case "vt":
                uv.append([float(word) for word in words[1:3]])
            case "g":
                group = words[1] if len(words) > 1 else ""
            case "f":
                corners = [[int(n) - 1 if n else 0 for n in (word + "/").split("/")[:2]] for word in words[1:]]
                for k in range(1, len(corners) - 1):
                    fan = (corners[0], corners[k], corners[k + 1])
                    faces.append([corner[0] for corner in fan])
                    uv_faces.append([corner[1] for corner in fan])
                    groups.append(group)
    return Mesh(
        np.array(vertices, np.float32),
        np.array(uv or [[0, 0]], np.float32),
        np.array(faces),
        np.array(uv_faces),
        np.array(groups),
    )


def vertex_normals(vertices: NDArray[np.float32], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Unit normals per vertex, each face weighing by its area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    crossed = np.repeat(np.cross(b - a, c - a), 3, axis=0)
    sums = np.stack([np.bincount(faces.ravel(), crossed[:, k], len(vertices)) for k in range(3)], 1)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)


def euler(x: float, y: float, z: float) -> NDArray[np.float64]:
    """Rotation about x, then y, then z, radians."""
    return about_axis((0, 0, 1), z) @ about_axis((0, 1, 0), y) @ about_axis((1, 0, 0), x)


def about_axis(axis: tuple[float, ...] | NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Rotation about a unit axis, radians (Rodrigues' formula)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)

"""Solids of revolution, tubes, boxes and shells around a head, as V x 3 vertices and F x 3 faces."""

import numpy as np
from numpy.typing import NDArray

Solid = tuple[NDArray[np.float64], NDArray[np.int64]]


def grid_faces(rows: int, columns: int, closed: bool) -> NDArray[np.int64]:
    """Two triangles for each cell of a grid of vertices; `closed`: the last column meets the first."""
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns if closed else columns - 1), indexing="ij")
    right = (column + 1) % columns
    a, b, c, d = (
        row * columns + column,
        row * columns + right,
        (row + 1) * columns + column,
        (row + 1) * columns + right,
    )
    return np.stack([np.stack([a, b, d], -1), np.stack([a, d, c], -1)], -2).reshape(-1, 3)


def lathe(profile: list[tuple[float, float]], segments: int = 20) -> Solid:
    """Around y: (radius, height) from one end to the other."""
    radius, height = np.array(profile).T
    angle = np.arange(segments) / segments * 2 * np.pi
    x, z = radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle)
    y = np.repeat(height[:, None], segments, 1)
    return np.stack([x, y, z], -1).reshape(-1, 3), grid_faces(len(profile), segments, closed=True)


def tube(path: NDArray[np.float64], radius: NDArray[np.float64] | float, sides: int = 6, closed: bool = False) -> Solid:
    """Round a path, N x 3; the radius may change along it."""
    path = np.concatenate([path, path[:1]]) if closed else path
    ahead = np.gradient(path, axis=0)
    if closed:
        ahead[0] = ahead[-1] = path[1] - path[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    across = np.cross(ahead, (0.31, 0.93, 0.2))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    other = np.cross(ahead, across)
    angle = np.arange(sides) / sides * 2 * np.pi
    radii = np.broadcast_to(radius, len(path))[:, None, None]
    ring = radii * (across[:, None] * np.cos(angle)[:, None] + other[:, None] * np.sin(angle)[:, None])
    return (path[:, None] + ring).reshape(-1, 3), grid_faces(len(path), sides, closed=True)


def box(x: float, y: float, z: float) -> Solid:
    """Edges' lengths; every face has corners of its own, so that edges stay sharp."""
    vertices, faces = [], []
    for axis in range(3):
        for side in (-1.0, 1.0):
            a, b = (axis + 1) % 3, (axis + 2) % 3
            for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                corner = np.zeros(3)
                corner[[axis, a, b]] = side, u, v
                vertices.append(corner)
            first = len(vertices) - 4
            faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    return np.array(vertices) * (x / 2, y / 2, z / 2), np.array(faces)


def joined(*solids: Solid) -> Solid:
    starts = np.cumsum([0, *[len(vertices) for vertices, _ in solids]])
    faces = [faces + start for (_, faces), start in zip(solids, starts[:-1], strict=True)]
    return np.concatenate([vertices for vertices, _ in solids]), np.concatenate(faces)


class Shell:
    """What lies around a cloud of points, seen from a centre: one radius for each azimuth (0 ahead, +z) and elevation,
    smoothed, so that a thing worn over the cloud follows it and never lets it through."""

    COLUMNS, ROWS = 36, 24

    def __init__(self, cloud: NDArray[np.float64], centre: NDArray[np.float64]) -> None:
        self.centre = centre
        self.azimuth = np.arange(self.COLUMNS) / self.COLUMNS * 2 * np.pi
        self.elevation = np.linspace(-np.pi / 2, np.pi / 2, self.ROWS)
        offset = cloud - centre
        length = np.linalg.norm(offset, axis=1)
        column = (
            np.round(np.arctan2(offset[:, 0], offset[:, 2]) / (2 * np.pi) * self.COLUMNS).astype(int) % self.COLUMNS
        )
        row = np.round((np.arcsin(offset[:, 1] / length) / np.pi + 0.5) * (self.ROWS - 1)).astype(int)
        radii = np.zeros((self.ROWS, self.COLUMNS))
        np.maximum.at(radii, (row, column), length)
        self.radii = smoothed(filled(widest(radii)))

    def solid(self, seen: NDArray[np.bool_], margin: NDArray[np.float64] | float) -> Solid:
        """The cells where `seen` (rows x columns) holds at all corners, `margin` outside of the cloud."""
        radii = self.radii + margin
        flat = np.cos(self.elevation)[:, None]
        x, z = flat * np.sin(self.azimuth), flat * np.cos(self.azimuth)
        y = np.repeat(np.sin(self.elevation)[:, None], self.COLUMNS, 1)
        vertices = (np.stack([x, y, z], -1) * radii[..., None]).reshape(-1, 3) + self.centre
        faces = grid_faces(self.ROWS, self.COLUMNS, closed=True)
        return vertices, faces[seen.ravel()[faces].all(1)]

    def degrees(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Elevation and azimuth (-180 to 180) of every cell, rows x columns."""
        azimuth = (np.degrees(self.azimuth) + 180) % 360 - 180
        return np.broadcast_arrays(np.degrees(self.elevation)[:, None], azimuth[None])


def widest(radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest of a cell and its neighbours."""
    rows = np.pad(radii, ((1, 1), (0, 0)), mode="edge")
    rows = np.maximum.reduce([rows[:-2], rows[1:-1], rows[2:]])
    return np.maximum.reduce([rows, np.roll(rows, 1, 1), np.roll(rows, -1, 1)])


def filled(radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cells without a point take what is next to them."""
    while (radii == 0).any() and radii.any():
        radii = np.where(radii == 0, widest(radii), radii)
    return radii


def smoothed(radii: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(radii, ((1, 1), (0, 0)), mode="edge")
    padded = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return (np.roll(padded, 1, 1) + 2 * padded + np.roll(padded, -1, 1)) / 4

"""The surface of a face through the points of its mesh, on cells of the raster. Pure numpy."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth import maps
from depth.maps import Map

SMOOTH: Final = 0.035
"""Standard deviation of the surface's smoothing, in face sizes: about the distance between points of the mesh."""

FLAT: Final = np.float32(0.02)
"""Squared spreads that are added to the points' own: where they lie on a line, the surface does not tilt around it."""

DIRECTIONS: Final = 48
"""Half-planes that the outline is made of: off by 1/500 of the face's size at most."""


@dataclass(frozen=True, slots=True)
class Face:
    """points: (468, 2) pixels of the picture. near: (468,) towards the camera, in the same unit, as is the size."""

    points: NDArray[np.float32]
    near: NDArray[np.float32]
    size: float


@dataclass(frozen=True, slots=True)
class Surface:
    """A face on cells of the raster: nearness in cells, its slopes to the right and downwards, and the weight of the
    mesh there, about 1 inside and falling to 0 at its rim."""

    near: Map
    across: Map
    down: Map
    weight: Map

    @property
    def normals(self) -> Map:
        """(3, h, w) unit vectors in view space, the face being seen from far away."""
        return maps.unit(np.stack([-self.across, self.down, np.ones_like(self.near)]))


def surface(face: Face, rows: slice, columns: slice, scale: float) -> Surface:
    """The surface through the mesh's points, on a raster of `scale` cells a pixel.

    At each cell it is the plane that fits the points around, weighted by Gaussians of their distance (local linear
    regression: Cleveland 1979). A Gaussian of two dimensions being one times another, so are its moments, and sums over
    points are products of matrices.
    """
    spread = np.float32(SMOOTH * face.size * scale)
    near = face.near * np.float32(scale)
    across, down = (
        moments(cells, places * np.float32(scale), spread)
        for cells, places in zip((columns, rows), face.points.T, strict=True)
    )
    weight = down[0].T @ across[0]

    def mean(power_x: int, power_y: int, values: Map | None = None) -> Map:
        """Of the points around each cell: distance to the right and downwards, to these powers, times values."""
        weighted = down[power_y] if values is None else down[power_y] * values[:, None]
        result: Map = weighted.T @ across[power_x] / np.maximum(weight, np.float32(1e-9))
        return result

    one = np.ones_like(weight)
    system = np.stack([one, mean(1, 0), mean(0, 1), mean(2, 0) + FLAT, mean(1, 1), mean(0, 2) + FLAT])
    height, to_the_right, downwards = maps.solved(
        system, np.stack([mean(0, 0, near), mean(1, 0, near), mean(0, 1, near)])
    )
    usual = np.median(weight[weight > 0.1 * weight.max()])
    return Surface(height, to_the_right / spread, downwards / spread, weight / usual)


def moments(cells: slice, places: Map, spread: np.float32) -> tuple[Map, Map, Map]:
    """(places, cells): a Gaussian around the middle of each cell, and it times the distance of each place, once and
    squared, in spreads."""
    distance = (places[:, None] - middles(cells)) / spread
    bell = np.exp(np.float32(-0.5) * distance**2)
    return bell, bell * distance, bell * distance**2


def within(face: Face, rows: slice, columns: slice, scale: float) -> Map:
    """How far cells of the raster lie inside the face's convex outline, in face sizes; negative outside.

    The outline is where half-planes of many directions, each of which just holds all points, meet.
    """
    angle = np.linspace(0, 2 * np.pi, DIRECTIONS, endpoint=False, dtype=np.float32)
    x, y = np.cos(angle), np.sin(angle)
    reach = (face.points @ np.stack([x, y])).max(0) * np.float32(scale)
    inside: Map = np.full((rows.stop - rows.start, columns.stop - columns.start), np.inf, np.float32)
    for across, down, farthest in zip(x, y, reach, strict=True):
        inside = np.minimum(inside, farthest - down * middles(rows)[:, None] - across * middles(columns))
    result: Map = inside / np.float32(face.size * scale)
    return result


def middles(cells: slice) -> Map:
    """(n,): where the middles of the cells lie, in cells."""
    return np.arange(cells.start, cells.stop, dtype=np.float32) + np.float32(0.5)


def around(face: Face, shape: tuple[int, ...], scale: float) -> tuple[slice, slice]:
    """Rows and columns of a raster of that shape on which the surface has any weight."""
    reach = 3 * SMOOTH * face.size * scale
    (left, top), (right, bottom) = face.points.min(0) * scale - reach, face.points.max(0) * scale + reach
    rows = slice(int(np.clip(top, 0, shape[0] - 1)), int(np.clip(bottom, 1, shape[0])))
    return rows, slice(int(np.clip(left, 0, shape[1] - 1)), int(np.clip(right, 1, shape[1])))

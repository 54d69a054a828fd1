"""Float maps on rasters that cover a picture: resampled, blurred, filled. Pure numpy; float32 throughout.

A map's pixel (0, 0) covers the unit square at the origin, so a box (left, top, right, bottom) may lie between pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depth.ports import Box

Map = NDArray[np.float32]


def resample(values: Map, size: tuple[int, int], box: Box | None = None) -> Map:
    """A map (h, w), or a box of it, at `size` (width, height), linear. Past the border the border's values go on.

    No product of matrices on purpose: numpy would hand it to threads of its own, which other workers pay for.
    """
    left, top, right, bottom = box or (0.0, 0.0, float(values.shape[1]), float(values.shape[0]))
    across = _stretched(values.T, Steps.between(left, right, size[0], values.shape[1])).T
    return _stretched(across, Steps.between(top, bottom, size[1], values.shape[0]))


def resample_smooth(values: Map, size: tuple[int, int], box: Box | None = None) -> Map:
    """The same without facets: a surface whose slope has no steps (cubic convolution: Keys 1981)."""
    left, top, right, bottom = box or (0.0, 0.0, float(values.shape[1]), float(values.shape[0]))
    across = _bent(values.T, Steps.between(left, right, size[0], values.shape[1])).T
    return _bent(across, Steps.between(top, bottom, size[1], values.shape[0]))


def _bent(values: Map, steps: "Steps") -> Map:
    """Rows at the given steps, along cubic curves through four rows each."""
    last = len(values) - 1
    rows = (np.maximum(steps.before - 1, 0), steps.before, steps.after, np.minimum(steps.after + 1, last))
    t = steps.share
    weights = (t * (t * (2 - t) - 1), t * t * (3 * t - 5) + 2, t * (t * (4 - 3 * t) + 1), t * t * (t - 1))
    result: Map = np.zeros((len(t), values.shape[1]), np.float32)
    for row, weight in zip(rows, weights, strict=True):
        result += values[row] * (weight / 2)[:, None]
    return result


def _stretched(values: Map, steps: "Steps") -> Map:
    """Rows at the given steps."""
    base = values[steps.before]
    result: Map = base + steps.share[:, None] * (values[steps.after] - base)
    return result


@dataclass(frozen=True, slots=True)
class Steps:
    """Places along a row of pixels: the pixel before, the one after, and the share (0-1) of the latter."""

    before: NDArray[np.intp]
    after: NDArray[np.intp]
    share: Map

    @classmethod
    def between(cls, start: float, stop: float, count: int, length: int) -> "Steps":
        """The middles of `count` equal parts of what lies between two borders of `length` pixels."""
        return cls.through(start - 0.5 + (np.arange(count, dtype=np.float64) + 0.5) * ((stop - start) / count), length)

    @classmethod
    def through(cls, places: NDArray[np.float64], length: int) -> "Steps":
        """Places in pixels, 0 being the middle of the first of `length`; those outside are moved to the border."""
        places = places.clip(0, length - 1)
        before = places.astype(np.intp)
        return cls(before, np.minimum(before + 1, length - 1), (places - before).astype(np.float32))

    @property
    def nearest(self) -> NDArray[np.intp]:
        return np.where(self.share < 0.5, self.before, self.after)

    def at(self, places: NDArray[np.intp]) -> "Steps":
        return Steps(self.before[places], self.after[places], self.share[places])


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors (n, h, w) with the length 1."""
    length = np.sqrt(np.einsum("nhw,nhw->hw", vectors, vectors))
    result: NDArray[np.float32] = vectors / np.maximum(length, np.float32(1e-6))
    return result


def scattered(values: NDArray[np.float32], width: int, rows: Steps, columns: Steps) -> NDArray[np.float32]:
    """Linear values at n scattered points of maps (h * width, k): (n, k)."""
    above, below = rows.before * width, rows.after * width
    right = columns.share[:, None]
    upper = values[above + columns.before]
    upper += right * (values[above + columns.after] - upper)
    lower = values[below + columns.before]
    lower += right * (values[below + columns.after] - lower)
    result: NDArray[np.float32] = upper + rows.share[:, None] * (lower - upper)
    return result


def box_mean(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Mean over (2 radius + 1) squared pixels of maps (..., h, w); past the border its values go on."""
    side = 2 * radius + 1
    edges = [(0, 0)] * (values.ndim - 2) + [(radius, radius)] * 2
    padded = np.pad(values, edges, mode="edge")
    height, width = values.shape[-2:]
    total = _sums(_sums(padded, side, height, -2), side, width, -1)
    return total * np.float32(1 / (side * side))


def _sums(values: NDArray[np.float32], side: int, count: int, axis: int) -> NDArray[np.float32]:
    """Sums of `side` neighbours, from sums of 2, 4, 8 ...: fewer additions, and none of a cumulative sum's rounding."""
    block, width, start = np.moveaxis(values, axis, 0), 1, 0
    total = np.zeros((), np.float32)
    while True:
        if side & width:
            part = block[start : start + count]
            total = total + part
            start += width
        if side < 2 * width:
            return np.moveaxis(total, 0, axis)
        block, width = block[:-width] + block[width:], 2 * width


def extrapolate(values: Map, known: Map) -> Map:
    """Values where `known` (weights, 0-1) is below 1, as far as it is, from the nearest known ones.

    Pull-push (Gortler et al. 1996, The Lumigraph): weighted means on coarser rasters fill what is empty on finer ones.
    """
    if values.shape[0] * values.shape[1] == 1 or known.all():
        return values
    height, width = values.shape
    pad = ((0, height % 2), (0, width % 2))
    weighted, weights = np.pad(values * known, pad), np.pad(known, pad)
    shape = (weights.shape[0] // 2, 2, weights.shape[1] // 2, 2)
    weights = weights.reshape(shape).sum((1, 3))
    means = (weighted.reshape(shape).sum((1, 3)) / np.maximum(weights, 1e-9)).astype(np.float32)
    coarse = extrapolate(means, np.minimum(weights, 1))
    size = (2 * coarse.shape[1], 2 * coarse.shape[0])
    fill = resample(coarse, size)[:height, :width]
    result: Map = fill + np.minimum(known, 1) * (values - fill)
    return result


def solved(spread: NDArray[np.float32], together: NDArray[np.float32]) -> NDArray[np.float32]:
    """x of A x = b for symmetric 3 x 3 matrices A, given as (6, h, w) upper triangles, by their adjugates."""
    a, b, c, d, e, f = spread
    adjugate = [[d * f - e * e, c * e - b * f, b * e - c * d], [a * f - c * c, b * c - a * e], [a * d - b * b]]
    determinant = a * adjugate[0][0] + b * adjugate[0][1] + c * adjugate[0][2]
    rows = [[adjugate[min(i, j)][abs(i - j)] for j in range(3)] for i in range(3)]
    return np.stack([sum(rows[i][j] * together[j] for j in range(3)) / determinant for i in range(3)])

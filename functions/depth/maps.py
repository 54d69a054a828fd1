"""Float maps on rasters that cover a picture: resampled, blurred, filled. Pure numpy; float32 throughout.

A map's pixel (0, 0) covers the unit square at the origin, so a box (left, top, right, bottom) may lie between pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depth.ports import Box

Map = NDArray[np.float32]


def resample(values: Map, size: tuple[int, int], box: Box | None = None) -> Map:
    """A box of a map (h, w), at `size` (width, height), by a triangle filter: linear when enlarging, averaging when not.

    The box may reach past the border: the border's values go on.
    """
    left, top, right, bottom = box or (0.0, 0.0, float(values.shape[1]), float(values.shape[0]))
    rows = _weights(values.shape[0], size[1], top, bottom)
    columns = _weights(values.shape[1], size[0], left, right)
    result: Map = rows @ values @ columns.T
    return result


def _weights(length: int, count: int, start: float, stop: float) -> Map:
    """(count, length): how much each source pixel gives to each target pixel."""
    step = (stop - start) / count
    reach = max(step, 1.0)
    centres = start + (np.arange(count) + 0.5) * step
    first = np.floor(centres - reach).astype(int)
    offsets = np.arange(int(np.ceil(2 * reach)) + 2)
    places = first[:, None] + offsets
    weights = np.maximum(0, 1 - np.abs(places + 0.5 - centres[:, None]) / reach)
    weights /= weights.sum(1, keepdims=True)
    table = np.zeros((count, length), np.float32)
    np.add.at(table, (np.arange(count)[:, None], places.clip(0, length - 1)), weights)
    return table


def enlarge(values: Map, size: tuple[int, int]) -> Map:
    """A map (h, w) at a larger `size` (width, height), linear. For large targets: no weight tables."""
    return _stretched(_stretched(values.T, size[0]).T, size[1])


def _stretched(values: Map, count: int) -> Map:
    """More rows."""
    steps = Steps.along(len(values), count)
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
    def along(cls, length: int, count: int) -> "Steps":
        """`count` places spread evenly over `length` pixels."""
        return cls.through((np.arange(count) + 0.5) * (length / count) - 0.5, length)

    @classmethod
    def through(cls, places: NDArray[np.float64], length: int) -> "Steps":
        """Places given in pixels, 0 being the middle of the first of `length`; those outside are moved to the border."""
        places = places.clip(0, length - 1)
        before = places.astype(np.intp)
        return cls(before, np.minimum(before + 1, length - 1), (places - before).astype(np.float32))

    @property
    def nearest(self) -> NDArray[np.intp]:
        return np.where(self.share < 0.5, self.before, self.after)

    def at(self, places: NDArray[np.intp]) -> "Steps":
        return Steps(self.before[places], self.after[places], self.share[places])


def between(values: NDArray[np.float32], width: int, rows: Steps, columns: Steps) -> NDArray[np.float32]:
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
    total = _running_sum(_running_sum(values, radius, -1), radius, -2)
    total *= np.float32(1 / (side * side))
    return total


def _running_sum(values: NDArray[np.float32], radius: int, axis: int) -> NDArray[np.float32]:
    """Plain additions: for the small radii in use faster than cumulative sums, and without their rounding errors."""
    widths = [(0, 0)] * values.ndim
    widths[axis] = (radius, radius)
    padded = np.moveaxis(np.pad(values, widths, mode="edge"), axis, 0)
    length = values.shape[axis]
    total = padded[:length].copy()
    for shift in range(1, 2 * radius + 1):
        total += padded[shift : shift + length]
    return np.moveaxis(total, 0, axis)


def extrapolate(values: Map, known: Map) -> Map:
    """Values where `known` (weights, 0 or more) is 0, from the nearest known ones; known values stay as they are.

    Pull-push (Gortler et al. 1996, The Lumigraph): weighted means on ever coarser rasters fill what is empty on finer ones.
    """
    if values.shape[0] * values.shape[1] == 1 or known.all():
        return values
    height, width = values.shape
    pad = ((0, height % 2), (0, width % 2))
    weighted, weights = np.pad(values * known, pad), np.pad(known, pad)
    shape = (weights.shape[0] // 2, 2, weights.shape[1] // 2, 2)
    weights = weights.reshape(shape).sum((1, 3))
    means = weighted.reshape(shape).sum((1, 3)) / np.maximum(weights, 1e-9)
    coarse = extrapolate(means, np.minimum(weights, 1))
    size = (2 * coarse.shape[1], 2 * coarse.shape[0])
    fill = enlarge(coarse, size)[:height, :width]
    result: Map = np.where(known > 0, values, fill)
    return result

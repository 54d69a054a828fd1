"""Float maps on rasters that cover a picture: resampled, blurred, filled. Pure numpy; float32 throughout.

A map's pixel (0, 0) covers the unit square at the origin, so a box (left, top, right, bottom) may lie between pixels.
"""

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
    return _stretched(_stretched(values, size[1]).T, size[0]).T


def _stretched(values: Map, count: int) -> Map:
    """More rows."""
    places = (np.arange(count, dtype=np.float32) + 0.5) * (len(values) / count) - 0.5
    places = places.clip(0, len(values) - 1)
    above = places.astype(np.intp)
    below = np.minimum(above + 1, len(values) - 1)
    share = (places - above).astype(np.float32)[:, None]
    base = values[above]
    result: Map = base + share * (values[below] - base)
    return result


def box_mean(values: Map, radius: int) -> Map:
    """Mean over (2 radius + 1) squared pixels; past the border its values go on. Trailing axes are kept."""
    side = 2 * radius + 1
    return _running_sum(_running_sum(values, radius, 0), radius, 1) / np.float32(side * side)


def _running_sum(values: Map, radius: int, axis: int) -> Map:
    widths = [(0, 0)] * values.ndim
    widths[axis] = (radius + 1, radius)
    total = np.pad(values, widths, mode="edge").cumsum(axis, dtype=np.float64)
    length, side = values.shape[axis], 2 * radius + 1
    upper = np.take(total, range(side, side + length), axis)
    return (upper - np.take(total, range(length), axis)).astype(np.float32)


def smooth_step(values: Map, low: float, high: float) -> Map:
    """0 below low, 1 above high, smooth between."""
    share = ((values - np.float32(low)) / np.float32(high - low)).clip(0, 1)
    result: Map = share * share * (3 - 2 * share)
    return result


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

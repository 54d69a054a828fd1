"""From the estimate's coarse raster to a fine one whose edges follow the picture. Pure numpy.

Alpha is carried over by the colour guided filter (He, Sun, Tang: Guided Image Filtering, 2010) in its fast form (He, Sun: Fast
Guided Filter, 2015): near every point alpha is explained as a linear function of the colour, and the coefficients, not
alpha, are enlarged. Depth is never interpolated across the silhouette, where it jumps: what lies outside is first
replaced by the nearest depth inside, and the whole is then enlarged smoothly.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth import maps
from depth.maps import Map
from depth.ports import Estimate, Pixels, Relief

GUIDE_PIXELS: Final = 1_000_000
"""Pixels of the fine raster. More is not seen in a depth map, and costs in proportion."""

RADIUS: Final = 4
"""Of the filter's window, pixels of the estimate: two pixels of the matte network, the size of its stairs."""

EPSILON: Final = 1e-4
"""Colour variance (0-1 squared) below which the picture has no edge to follow."""

SURELY_INSIDE: Final = 0.9
"""Alpha from which on a pixel's depth is the person's own."""

RANGE_PERCENTILES: Final = (0.5, 99.5)
"""Of the inverse depth of person pixels: what becomes 0 and 1."""

LOWEST, HIGHEST = 0.04, 0.96
"""Alpha below is 0 and above is 1: the filter's faint traces in the background are not person."""

TILE: Final = 64
"""Pixels of the fine raster. Tiles without a silhouette need no filter."""


def refine(estimate: Estimate, pixels: Pixels) -> Relief:
    """Alpha along the picture's edges, and depth scaled over all people: 1 nearest, 0 farthest."""
    inside = estimate.alpha >= 0.5
    size = fine_size(pixels.size)
    if not inside.any():
        empty = np.zeros((size[1], size[0]), np.float32)
        return Relief(empty, empty)
    alpha = fine_alpha(estimate.alpha, pixels, size)
    depth = scaled(estimate.inverse_depth, inside)
    depth = maps.extrapolate(depth, np.where(estimate.alpha >= SURELY_INSIDE, estimate.alpha, 0).astype(np.float32))
    return Relief(maps.enlarge(depth, size).clip(0, 1), alpha)


def fine_size(picture: tuple[int, int]) -> tuple[int, int]:
    shrink = min(1.0, (GUIDE_PIXELS / (picture[0] * picture[1])) ** 0.5)
    return max(1, round(picture[0] * shrink)), max(1, round(picture[1] * shrink))


def scaled(inverse_depth: Map, inside: NDArray[np.bool_]) -> Map:
    low, high = np.percentile(inverse_depth[inside], RANGE_PERCENTILES)
    result: Map = ((inverse_depth - low) / max(high - low, 1e-6)).astype(np.float32)
    return result


def fine_alpha(alpha: Map, pixels: Pixels, size: tuple[int, int]) -> Map:
    """Alpha on the fine raster (width, height); 0 and 1 are copied, what lies between is guided by the picture."""
    guide = pixels.sample((alpha.shape[1], alpha.shape[0])).astype(np.float32) / 255
    slopes, offset = guided_coefficients(guide, alpha)
    fine = maps.enlarge(alpha, size)
    colours = pixels.sample(size)
    sharp = maps.enlarge(offset, size)
    for channel in range(3):
        sharp += maps.enlarge(slopes[..., channel], size) * (colours[..., channel] / np.float32(255))
    near = maps.enlarge(maps.box_mean((alpha > 0.05).astype(np.float32), 2), size) > 0.01
    fine = ((sharp - LOWEST) / (HIGHEST - LOWEST)).clip(0, 1) * near
    return fine.astype(np.float32)


def guided_coefficients(guide: NDArray[np.float32], values: Map) -> tuple[NDArray[np.float32], Map]:
    """(h, w, 3) slopes and (h, w) offset that explain values by colour around each pixel, averaged over windows."""
    mean = maps.box_mean(guide, RADIUS)
    value_mean = maps.box_mean(values, RADIUS)
    together = maps.box_mean(guide * values[..., None], RADIUS) - mean * value_mean[..., None]
    spread = maps.box_mean(guide[..., :, None] * guide[..., None, :], RADIUS) - mean[..., :, None] * mean[..., None, :]
    spread += EPSILON * np.eye(3, dtype=np.float32)
    slopes = np.linalg.solve(spread, together[..., None])[..., 0]
    offset = value_mean - (slopes * mean).sum(-1)
    return maps.box_mean(slopes.astype(np.float32), RADIUS), maps.box_mean(offset, RADIUS)

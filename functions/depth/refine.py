"""From the estimate's coarse raster to a fine one whose edges follow the picture. Pure numpy.

Alpha is carried over by the colour guided filter (He, Sun, Tang: Guided Image Filtering, 2010) in its fast form (He,
Sun: Fast Guided Filter, 2015): near every point alpha is explained as a linear function of the colour, and the
coefficients, not alpha, are enlarged. Depth is never interpolated across the silhouette, where it jumps: what lies
outside is first replaced by the nearest depth inside, and the whole is then enlarged smoothly.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth import maps
from depth.maps import Map
from depth.ports import Estimate, Pixels, Relief

GUIDE_PIXELS: Final = 1_000_000
"""Pixels of the fine raster. More is not seen in a depth map, and costs in proportion."""

COARSER: Final = 2
"""For alpha the filter looks at a raster so much coarser than the estimate: a quarter of the time for the same edges
(IoU of the silhouettes .999, and .99 where a person is small)."""

RADIUS: Final = 2
"""Of the filter's window, pixels of that raster: twice the matte network's stairs."""

EPSILON: Final = 1e-4
"""Colour variance (0-1 squared) below which the picture has no edge for alpha to follow."""

NORMALS_EPSILON: Final = 1e-3
"""The same for normals: the person's own colours are no shape, so edges must be plainer."""

OUTERMOST: Final = 1
"""Pixels to either side of the silhouette that speak for what lies beyond it."""

NEARLY_NOTHING: Final = np.float32(1e-4)

LEAST_OWN: Final = 0.6
SURELY_OWN: Final = 0.95
"""Alpha from which on a pixel's depth is the person's own in part, and wholly. A step between the two would show."""

RANGE_PERCENTILES: Final = (0.5, 99.5)
"""Of the inverse depth of person pixels: what becomes 0 and 1."""

LOWEST: Final = 0.06
HIGHEST: Final = 0.94
"""Alpha below LOWEST is 0 and above HIGHEST is 1: the filter's faint traces in the background are no person."""

NOWHERE: Final = 0.002
"""Mean alpha of a window closer to 0 or 1 than this: no silhouette in it."""


def refine(estimate: Estimate, pixels: Pixels) -> Relief:
    """Alpha along the picture's edges, depth scaled over all people (1 nearest, 0 farthest), and normals if there."""
    inside = estimate.alpha >= 0.5
    size = fine_size(pixels.size)
    if not inside.any():
        empty = np.zeros((size[1], size[0]), np.float32)
        return Relief(empty, empty, None if estimate.normals is None else np.stack([empty, empty, empty + 1]))
    own = ((estimate.alpha - LEAST_OWN) / (SURELY_OWN - LEAST_OWN)).clip(0, 1)
    depth = continued(scaled(estimate.inverse_depth, inside), own)
    normals = None if estimate.normals is None else fine_normals(estimate.normals, own, pixels, size)
    return Relief(maps.resample_smooth(depth, size).clip(0, 1), fine_alpha(estimate.alpha, pixels, size), normals)


def fine_size(picture: tuple[int, int]) -> tuple[int, int]:
    shrink = min(1.0, (GUIDE_PIXELS / (picture[0] * picture[1])) ** 0.5)
    return max(1, round(picture[0] * shrink)), max(1, round(picture[1] * shrink))


def scaled(inverse_depth: Map, inside: NDArray[np.bool_]) -> Map:
    """Inverse depth with the people's range stretched to 0-1 and cut there."""
    low, high = np.percentile(inverse_depth[inside], RANGE_PERCENTILES).astype(np.float32)
    result: Map = ((inverse_depth - low) / np.maximum(high - low, np.float32(1e-6))).clip(0, 1)
    return result


def continued(values: Map, own: Map) -> Map:
    """A person's values (weights `own`, 0-1), and past the silhouette those of the outermost pixels that have some.

    Were all pixels asked, the higher middle would lift the rim.
    """
    outermost = own * (1 - maps.box_mean(own, OUTERMOST)) + NEARLY_NOTHING * own
    beyond = maps.extrapolate(values, outermost)
    return beyond + own * (values - beyond)


def fine_normals(normals: Map, own: Map, pixels: Pixels, size: tuple[int, int]) -> Map:
    """Normals (3, h, w) on the fine raster (width, height), along the picture's edges.

    They are taken from where the weights `own` are not 0, so nothing beyond the silhouette turns a person's rim. The
    filter looks at all of the estimate's raster: on a coarser one it would smooth noses away.
    """
    inner = np.stack([continued(layer, own) for layer in normals])
    slopes, offsets = guided_coefficients(seen(pixels, (own.shape[1], own.shape[0])), inner, NORMALS_EPSILON)
    fine = np.stack([maps.resample_smooth(offset, size) for offset in offsets])
    for colour, guide in enumerate(seen(pixels, size)):
        fine += np.stack([maps.resample(slope, size) * guide for slope in slopes[:, colour]])
    return maps.unit(fine)


def fine_alpha(alpha: Map, pixels: Pixels, size: tuple[int, int]) -> Map:
    """Alpha on the fine raster (width, height): 0 or 1 far from the silhouette, guided by the picture near it."""
    width, height = (max(1, edge // COARSER) for edge in alpha.shape[::-1])
    alpha = maps.resample(maps.box_mean(alpha, COARSER // 2), (width, height))
    around = maps.box_mean(alpha, RADIUS)
    rows = maps.Steps.between(0, height, size[1], height)
    columns = maps.Steps.between(0, width, size[0], width)
    fine = (around > 0.5).astype(np.float32)[rows.nearest][:, columns.nearest]
    band = ((around > NOWHERE) & (around < 1 - NOWHERE))[rows.nearest][:, columns.nearest]
    y, x = np.divmod(np.flatnonzero(band), size[0])

    slopes, offsets = guided_coefficients(seen(pixels, (width, height)), alpha[None], EPSILON)
    lines = np.concatenate([slopes[0], offsets]).reshape(4, -1).T.copy()  # one gather brings all four
    line = maps.scattered(lines, width, rows.at(y), columns.at(x))
    colours = pixels.sample(size).reshape(-1, 3)[y * size[0] + x]
    guided = np.einsum("nc,nc->n", line[:, :3], colours) * np.float32(1 / 255) + line[:, 3]
    fine[y, x] = ((guided - LOWEST) / (HIGHEST - LOWEST)).clip(0, 1)
    return fine


def seen(pixels: Pixels, size: tuple[int, int]) -> NDArray[np.float32]:
    """The picture as a guide: (3, h, w), 0-1."""
    guide: NDArray[np.float32] = pixels.sample(size).transpose(2, 0, 1) * np.float32(1 / 255)
    return guide


def guided_coefficients(
    guide: NDArray[np.float32], values: NDArray[np.float32], epsilon: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Slopes (n, 3, h, w) and offsets (n, h, w) that explain values (n, h, w) by the colours (3, h, w) around a pixel.

    Both are averaged over the windows that hold the pixel, as the filter asks for.
    """
    mean, value_mean = maps.box_mean(guide, RADIUS), maps.box_mean(values, RADIUS)
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    products = maps.box_mean(np.stack([guide[i] * guide[j] for i, j in pairs]), RADIUS)
    spread = products - np.stack([mean[i] * mean[j] for i, j in pairs])
    spread[[0, 3, 5]] += np.float32(epsilon)
    together = maps.box_mean(guide * values[:, None], RADIUS) - mean * value_mean[:, None]
    slopes = np.stack([maps.solved(spread, own) for own in together])
    offsets = value_mean - (slopes * mean).sum(1)
    return maps.box_mean(slopes, RADIUS), maps.box_mean(offsets, RADIUS)

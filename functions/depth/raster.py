"""The raster of the estimate: one coarse grid over the whole picture, and boxes of the picture on it."""

from typing import Final

import numpy as np

from depth.maps import Map
from depth.ports import Box

Cells = tuple[slice, slice]
"""Rows and columns of the raster."""

RASTER_PX: Final = 512
"""Longer side of the estimate: twice the networks' input, so that a second look at half the picture is kept whole."""


def raster_size(picture: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the estimate of a picture of this size."""
    scale = RASTER_PX / max(picture)
    return max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))


def cells(box: Box, whole: Box, shape: tuple[int, ...]) -> Cells:
    """Rows and columns of the raster that a box of the picture covers, at least one each."""
    across, down = shape[1] / whole[2], shape[0] / whole[3]
    left, top = int(np.clip(np.floor(box[0] * across), 0, shape[1] - 1)), int(np.clip(box[1] * down, 0, shape[0] - 1))
    right, bottom = int(np.ceil(box[2] * across)), int(np.ceil(box[3] * down))
    return slice(top, min(max(bottom, top + 1), shape[0])), slice(left, min(max(right, left + 1), shape[1]))


def lengths(inside: Cells) -> tuple[int, int]:
    """Columns and rows: a size (width, height)."""
    rows, columns = inside
    return columns.stop - columns.start, rows.stop - rows.start


def placed(values: Map, ground: Map, inside: Cells) -> Map:
    """A map, or maps (3, ...), of some cells laid over as many of the whole."""
    result = ground.copy()
    result[..., *inside] = values
    return result


def facing(size: tuple[int, int]) -> Map:
    """Normals that face the viewer everywhere, at `size` (width, height)."""
    normals = np.zeros((3, size[1], size[0]), np.float32)
    normals[2] = 1
    return normals

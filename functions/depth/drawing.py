"""Relief -> file bytes: what a call is answered with, at full size, tile by tile."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from depth.picture import Raster, encoded
from depth.ports import Box, Relief
from portrait.problems import ResultTooBig

PERSON_ALPHA: Final = 0.5
"""Alpha from which on a pixel is a person's."""

LOWEST: Final = 16
"""Value of the farthest person pixel, of 255: 0 is kept for what is no person."""

TILE_PX: Final = 256
"""Maps are brought to full size in tiles of this edge: most of a picture is all person or none."""

MOST_PX: Final = {"jpeg": 65_500, "webp": 16_383}
"""Longest edge that a format, or its encoder, can carry; PNG carries any."""

FACING: Final = np.array([0, 0, 1], np.float32)
"""The normal of what is no person: towards the viewer, (128, 128, 255) as a colour."""


def draw(relief: Relief, size: tuple[int, int], output: str, file_format: str) -> bytes:
    """The relief as a file of full `size` (width, height), which carries pixels and nothing else.

    output: depth, normals, alpha, or one of the first two with alpha as a further channel (as PNG). file_format: jpeg,
    png, png16 or webp (lossless). Depth is LOWEST to 255 (png16: 257 times that) linear in inverse depth where alpha is
    PERSON_ALPHA or more, and 0 elsewhere; it is not multiplied by alpha. Normals are RGB, -1 to 1 as 0 to 255 (png16:
    65535), and FACING where depth would be 0. Raises ResultTooBig where the format cannot carry the size.
    """
    if max(size) > MOST_PX.get(file_format, max(size)):
        name = file_format.upper()
        raise ResultTooBig(f"The result of this image is too wide or too high for {name}: ask for output_format=png")
    top = 65535 if file_format == "png16" else 255
    maps = [_MAPS[name](relief, size, top) for name in output.split("+")]
    return encoded(maps[0] if len(maps) == 1 else np.dstack(maps), file_format)


@dataclass(frozen=True, slots=True)
class _Tile:
    """A part of the full-size map, and whether all, some or none of its pixels may be a person's."""

    left: int
    top: int
    right: int
    bottom: int
    box: Box
    """The same in pixels of the relief."""
    least: float
    most: float
    """Alpha in and around it."""

    @property
    def inside(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def of(self, raster: Raster, straight: bool = False) -> NDArray[Any]:
        return raster.part((self.right - self.left, self.bottom - self.top), self.box, straight)


def _tiles(alpha: NDArray[np.float32], size: tuple[int, int]) -> Iterator[_Tile]:
    rows, columns = alpha.shape
    across, down = columns / size[0], rows / size[1]
    reach_x, reach_y = (3 * max(1, math.ceil(scale)) for scale in (across, down))  # more than bicubic looks at
    for top in range(0, size[1], TILE_PX):
        for left in range(0, size[0], TILE_PX):
            right, bottom = min(left + TILE_PX, size[0]), min(top + TILE_PX, size[1])
            box = (left * across, top * down, right * across, bottom * down)
            around = alpha[
                max(0, int(box[1]) - reach_y) : math.ceil(box[3]) + reach_y,
                max(0, int(box[0]) - reach_x) : math.ceil(box[2]) + reach_x,
            ]
            yield _Tile(left, top, right, bottom, box, float(around.min()), float(around.max()))


def _depth(relief: Relief, size: tuple[int, int], top: int) -> NDArray[Any]:
    """Levels of depth where a person is, 0 elsewhere, at full size."""
    unit = top // 255
    full = _black(size, top)
    values = LOWEST * unit + relief.inverse_depth.clip(0, 1) * ((255 - LOWEST) * unit)
    depth = Raster.rounded(values) if top == 255 else Raster.exact(values)
    for tile, person in _with_people(relief, size):
        # Between two of 240 levels a straight line is as good as a curve, and takes two thirds of the time.
        levels = tile.of(depth, straight=True) if top == 255 else _levels(tile.of(depth), LOWEST * unit)
        full[tile.inside] = levels if person is None else levels * person
    return full


def _normals(relief: Relief, size: tuple[int, int], top: int) -> NDArray[Any]:
    """Colours of normals where a person is, FACING elsewhere, at full size."""
    if relief.normals is None:
        raise ValueError("the relief has no normals")
    full = np.broadcast_to(_colours(FACING, top), (size[1], size[0], 3)).copy()
    layers = [Raster.exact(layer) for layer in relief.normals]
    for tile, person in _with_people(relief, size):
        vectors = np.dstack([tile.of(layer) for layer in layers])
        vectors /= np.maximum(np.sqrt(np.einsum("hwn,hwn->hw", vectors, vectors)), np.float32(1e-6))[..., None]
        full[tile.inside] = _colours(vectors if person is None else np.where(person[..., None], vectors, FACING), top)
    return full


def _colours(vectors: NDArray[np.float32], top: int) -> NDArray[Any]:
    """-1 to 1 as 0 to top, 0 being the upper one of the two levels in the middle."""
    levels = (vectors * np.float32(top / 2) + np.float32((top + 1) / 2)).clip(0, top)
    return levels.astype(np.uint8 if top == 255 else np.uint16)


def _with_people(relief: Relief, size: tuple[int, int]) -> Iterator[tuple[_Tile, NDArray[np.bool_] | None]]:
    """The tiles in which a person is, and where in them; None for all of it."""
    alpha = Raster.rounded(relief.alpha * 255)
    for tile in _tiles(relief.alpha, size):
        # Bicubic weights overshoot, by at most 0.28 of the span in two directions.
        if tile.most * 1.28 < PERSON_ALPHA:
            continue
        doubtful = (1 - tile.least) * 1.28 > 1 - PERSON_ALPHA
        yield tile, tile.of(alpha) >= PERSON_ALPHA * 255 if doubtful else None


def _alpha(relief: Relief, size: tuple[int, int], top: int) -> NDArray[Any]:
    """Levels of alpha at full size."""
    full = _black(size, top)
    values = relief.alpha * np.float32(top)
    alpha = Raster.rounded(values) if top == 255 else Raster.exact(values)
    for tile in _tiles(relief.alpha, size):
        if tile.most > 0:
            full[tile.inside] = tile.of(alpha) if top == 255 else _levels(tile.of(alpha), 0)
    return full


def _black(size: tuple[int, int], top: int) -> NDArray[Any]:
    return np.zeros(size[::-1], np.uint8 if top == 255 else np.uint16)


def _levels(values: NDArray[np.float32], lowest: int) -> NDArray[np.uint16]:
    """Of 16 bits."""
    return (values.clip(lowest, 65535) + 0.5).astype(np.uint16)


_MAPS: Final = {"depth": _depth, "normals": _normals, "alpha": _alpha}

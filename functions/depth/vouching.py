"""Which parts of a matte are people: those that hang together with somebody, in cells of a few pixels."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth import gate
from depth.detection import Finding
from depth.look import Maps
from depth.maps import Map
from depth.ports import Box
from depth.raster import cells

Marks = NDArray[np.bool_]

CELL: Final = 8
"""Raster pixels that are judged together."""

SHOWN: Final = 0.8
"""Alpha that the matte reaches somewhere in a body that is one."""

SOLID: Final = 0.3
"""Alpha that a cell reaches somewhere if what is on its two sides hangs together."""

SEEN: Final = 0.95
"""Alpha of the depth network that is somebody, whether a detector found anybody there or not: in a crowd detectors miss
some, and everybody who has no face and no shoulders in the picture. With .9 a horse comes along with the girl who leads
it."""

NOT_DENIED: Final = 0.3
"""Alpha that the matte must have there, or two by two cells be seen: of single ones the matte may know better."""

EVERYWHERE: Final = 0.9
"""Share of a cell's pixels in which that is so."""


def shown(found: list[Finding], matte: Map, whole: Box, present: bool) -> list[Finding]:
    """All but the merely possible of whom the matte is nowhere sure: the depth network takes cats on a sofa along. If
    nobody is left, and somebody is `present` to the depth network, all of them."""
    bodies = [matte[cells(finding.body, whole, matte.shape)] for finding in found]
    kept = [one for one, body in zip(found, bodies, strict=True) if one.score >= gate.BELIEVED or body.max() >= SHOWN]
    return kept or (found if present else [])


def found_in(found: list[Finding], whole: Box, shape: tuple[int, ...]) -> Marks:
    """Cells of a raster of that shape in which a detector found somebody."""
    marks = np.zeros(shape, np.float32)
    for finding in found:
        marks[cells(finding.box, whole, shape)] = 1
    result: Marks = _celled(marks).max((1, 3)) > 0
    return result


def seen_in(matte: Map, wide: Maps) -> Marks:
    """Cells in which the depth network (its `wide` look) sees somebody and the matte does not deny it."""
    return _filled((wide["alpha"] > SEEN) & (matte > NOT_DENIED)) if "alpha" in wide else _none(matte)


def sure_in(matte: Map, wide: Maps) -> Marks:
    """Cells in which the depth network sees somebody so large that the matte is not asked: two by two of them."""
    if "alpha" not in wide:
        return _none(matte)
    seen = _filled(wide["alpha"] > SEEN)
    blocks = np.pad(seen[:-1, :-1] & seen[1:, :-1] & seen[:-1, 1:] & seen[1:, 1:], 1)
    result: Marks = blocks[:-1, :-1] | blocks[1:, :-1] | blocks[:-1, 1:] | blocks[1:, 1:]
    return result


def vouched_for(alpha: Map, marks: Marks) -> Map:
    """Alpha where it hangs together with marked cells, 0 elsewhere: a cup beside a person is not one."""
    solid = _celled(alpha).max((1, 3)) > SOLID
    grown = solid & marks
    while True:
        wider = _wider(grown) & solid
        if (wider == grown).all():
            break
        grown = wider
    kept = _wider(grown).repeat(CELL, 0).repeat(CELL, 1)[: alpha.shape[0], : alpha.shape[1]]
    return np.where(kept, alpha, np.float32(0))


def _filled(seen: Marks) -> Marks:
    """Cells nearly all of whose pixels are seen."""
    pixels = _celled(np.ones(seen.shape, np.float32)).sum((1, 3))
    result: Marks = _celled(seen.astype(np.float32)).sum((1, 3)) > EVERYWHERE * pixels
    return result


def _none(matte: Map) -> Marks:
    return np.zeros_like(_celled(matte).max((1, 3)), bool)


def _celled(values: Map) -> Map:
    """Rows of cells, rows in a cell, columns of cells, columns in a cell; 0 past the raster's end."""
    height, width = values.shape
    padded = np.pad(values, ((0, -height % CELL), (0, -width % CELL)))
    return padded.reshape(-(-height // CELL), CELL, -(-width // CELL), CELL)


def _wider(marked: Marks) -> Marks:
    """Marked cells and their eight neighbours."""
    rows = np.pad(marked, ((1, 1), (0, 0)))
    rows = rows[:-2] | rows[1:-1] | rows[2:]
    columns = np.pad(rows, ((0, 0), (1, 1)))
    return columns[:, :-2] | columns[:, 1:-1] | columns[:, 2:]

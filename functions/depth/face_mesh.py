"""Faces as a mesh network sees them: 468 points with depth, in units of the picture's own pixels.

Kartynnik et al. 2019, Real-time Facial Surface Geometry.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth import maps
from depth.detection import Finding, overlap
from depth.network import Network
from depth.ports import Pixels
from depth.surface import Face

FACES: Final = 4
"""Faces that get their relief, largest first: 5 ms each."""

AROUND: Final = 1.5
"""Side of the mesh network's square, in sides of the face detector's box: what it was trained with."""

TRUSTED: Final = 0.5
"""Mesh presence from which on it is a face."""

RIGHT_EYE, LEFT_EYE = 0, 1
"""Of a face detector's points."""


def faces(network: Network, pixels: Pixels, found: list[Finding], least: float) -> list[Face]:
    """The faces among what was found whose box is at least `least` pixels of the picture wide."""
    chosen: list[Finding] = []
    for finding in sorted(found, key=lambda finding: finding.box[0] - finding.box[2]):
        apart = all(overlap(finding.box, other.box) < 0.2 for other in chosen)
        if len(finding.points) == 6 and finding.box[2] - finding.box[0] >= least and apart:
            chosen.append(finding)
    looked = (mesh(network, pixels, finding) for finding in chosen[:FACES])
    return [face for face in looked if face is not None]


def mesh(network: Network, pixels: Pixels, finding: Finding) -> Face | None:
    """The mesh of one face, turned upright for the network; None if the network sees no face there."""
    side = network.manifest.input.width
    centre = np.array([(finding.box[0] + finding.box[2]) / 2, (finding.box[1] + finding.box[3]) / 2])
    reach = AROUND * max(finding.box[2] - finding.box[0], finding.box[3] - finding.box[1]) / 2
    across = finding.points[LEFT_EYE] - finding.points[RIGHT_EYE]
    roll = float(np.arctan2(across[1], across[0]))
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    outputs = network.run(turned(pixels, centre, reach, turn, side))
    if float(outputs["presence"].ravel()[0]) < np.log(TRUSTED / (1 - TRUSTED)):
        return None
    values = outputs["points"].reshape(-1, 3)
    scale = 2 * reach / side
    points = (values[:, :2] - side / 2) * scale @ turn.T + centre
    size = float(np.ptp(values[:, :2], axis=0).max()) * scale
    return Face(points.astype(np.float32), (-values[:, 2] * scale).astype(np.float32), size)


def turned(
    pixels: Pixels, centre: NDArray[np.float64], reach: float, turn: NDArray[np.float64], side: int
) -> NDArray[np.float32]:
    """A square of the picture (side, side, 3), turned: `reach` pixels from its centre to its sides, black outside."""
    wide = reach * float(np.abs(turn[0]).sum())  # the upright square that holds the turned one
    cells = round(side * wide / reach)
    left, top = centre - wide
    box = (max(0.0, left), max(0.0, top), min(pixels.size[0], left + 2 * wide), min(pixels.size[1], top + 2 * wide))
    step = 2 * wide / cells
    first_x, first_y = round((box[0] - left) / step), round((box[1] - top) / step)
    width, height = max(1, round((box[2] - box[0]) / step)), max(1, round((box[3] - box[1]) / step))
    upright = np.zeros((cells + 2, cells + 2, 3), np.float32)  # a black rim for what lies outside
    shown = pixels.sample((width, height), box)[: cells - first_y, : cells - first_x]
    upright[1 + first_y : 1 + first_y + shown.shape[0], 1 + first_x : 1 + first_x + shown.shape[1]] = shown
    places = (np.arange(side) + 0.5) * (2 * reach / side) - reach
    x = (turn[0, 0] * places + turn[0, 1] * places[:, None] + wide) / step + 0.5
    y = (turn[1, 0] * places + turn[1, 1] * places[:, None] + wide) / step + 0.5
    rows, columns = maps.Steps.through(y.ravel(), cells + 2), maps.Steps.through(x.ravel(), cells + 2)
    flat = maps.scattered(upright.reshape(-1, 3), cells + 2, rows, columns)
    return flat.reshape(side, side, 3)

"""The relief of faces. The depth network sees a face as a smooth dome; a face mesh knows nose, eye sockets and chin.

For every face the mesh network (Kartynnik et al. 2019, Real-time Facial Surface Geometry) gives 468 points with depth,
in units of the picture's own pixels. Their surface replaces what the depth network says inside the face; its place on
the person stays the depth network's, and so does everything around it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth import maps
from depth.detection import Finding, overlap
from depth.maps import Map
from depth.network import Network
from depth.ports import Box, Pixels

FACES: Final = 4
"""Faces that get their relief, largest first: 5 ms each."""

LEAST_PX: Final = 28
"""Of the raster: a smaller face has no relief to see."""

AROUND: Final = 1.5
"""Side of the mesh network's square, in sides of the face detector's box: what it was trained with."""

TRUSTED: Final = 0.5
"""Mesh presence from which on it is a face."""

SMOOTH: Final = 0.035
"""Standard deviation of the surface's smoothing, in face sizes: about the distance between points of the mesh."""

FLAT: Final = np.float32(0.02)
"""Squared spreads that are added to the points' own: where they lie on a line, the surface does not tilt around it."""

STEEPER: Final = 1.25
"""True slopes of faces over the depth network's: 1.24 is their median on held-out renders (training/runs/2.md). Five
photographs with measured depth gave 1.0 to 1.8, with the weights of run 1. With those of run 3, of 1.0, 1.25, 1.5 and
1.8 this was nearest to the truth inside eight real or exact faces (r .855, .857, .854, .847)."""

ROUNDS: Final = 4
"""Reweighted fits; further ones change nothing that can be seen."""

DISBELIEVED: Final = 0.45
BELIEVED: Final = 0.65
"""Correlation of the two depths inside the face: below the first the mesh is ignored (masks, hands, wrong meshes)."""

HAND: Final = 0.08
"""Of the face's size: differences are averaged over this much to each side, or an eye socket would pass for a cover."""

OPEN: Final = 0.3
COVERED: Final = 0.6
"""How far the depth network's surface lies before the mesh, in face reliefs, when something begins to cover the face
and when it does: a hand stays a hand."""

OUTSIDE: Final = 0.15
INSIDE: Final = 0.5
"""Weights of the surface between which it is blended in: where its points lie too thin there is none."""

RIM: Final = 0.2
"""Of the face's size, from its outline inwards: the width that the surface is blended in over. Without it the thin
points at the outline show as a row of dents, and the hairline as a step."""

DIRECTIONS: Final = 48
"""Half-planes that the outline is made of: off by 1/500 of the face's size at most."""

RIGHT_EYE, LEFT_EYE = 0, 1
"""Of a face detector's points."""


@dataclass(frozen=True, slots=True)
class Face:
    """points: (468, 2) pixels of the picture. near: (468,) towards the camera, in the same unit, as is the size."""

    points: NDArray[np.float32]
    near: NDArray[np.float32]
    size: float


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


@dataclass(frozen=True, slots=True)
class FaceRelief:
    """What a face's mesh says on a part of the raster, and how much it is to be believed.

    near: (h, w) inverse depth, on the depth network's scale. normals: (3, h, w) unit vectors in view space.
    share: (h, w), 0-1, of the mesh's word beside the networks'.
    """

    rows: slice
    columns: slice
    near: Map
    normals: Map
    share: Map


def relief(inverse_depth: Map, alpha: Map, face: Face, whole: Box) -> FaceRelief | None:
    """The surface of one face as part of its person, on the raster that covers the whole picture; None if disbelieved.

    Scale and place of the surface on the person come from a robust line between the two depths (a hand before the face
    is no part of it), made steeper by STEEPER, as the depth network's faces were measured to be too flat. Where the two
    say different things the mesh is not believed.
    """
    scale = alpha.shape[1] / whole[2]
    rows, columns = _around(face, alpha.shape, scale)
    own = surface(face, rows, columns, scale)
    near, weight = own.near, own.weight
    known, shown = inverse_depth[rows, columns], alpha[rows, columns]
    core = (weight > 0.5) & (shown > 0.5)
    if core.sum() < LEAST_PX:
        return None
    slope = STEEPER * robust_slope(near[core], known[core])
    agreement = float(np.corrcoef(near[core], known[core])[0, 1])
    believed = float(np.clip((agreement - DISBELIEVED) / (BELIEVED - DISBELIEVED), 0, 1))
    if slope <= 0 or believed == 0:
        return None
    lifted = slope * near + np.median((known - slope * near)[core])
    share = smoothstep((weight - OUTSIDE) / (INSIDE - OUTSIDE)) * smoothstep(within(face, rows, columns, scale) / RIM)
    height = np.float32(slope * np.ptp(np.percentile(near[core], (3, 97))))
    ahead = maps.box_mean((known - lifted) / height, max(2, round(HAND * face.size * scale)))
    share = believed * share * smoothstep((COVERED - ahead) / (COVERED - OPEN))
    return FaceRelief(rows, columns, lifted, own.normals, share)


def smoothstep(values: Map) -> Map:
    """From 0 at 0 to 1 at 1, level at both ends."""
    kept = values.clip(0, 1)
    result: Map = kept * kept * (3 - 2 * kept)
    return result


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
    return np.arange(cells.start, cells.stop, dtype=np.float32) + np.float32(0.5)


def with_relief(inverse_depth: Map, reliefs: list[FaceRelief]) -> Map:
    """Inverse depth with the surfaces of faces in it."""
    result = inverse_depth.copy()
    for face in reliefs:
        known = result[face.rows, face.columns]
        known += face.share * (face.near - known)
    return result


def with_normals(normals: Map, reliefs: list[FaceRelief]) -> Map:
    """Normals (3, h, w), with those of faces in them, as unit vectors."""
    result = maps.unit(normals)
    for face in reliefs:
        known = result[:, face.rows, face.columns]
        known[...] = maps.unit(known + face.share * (face.normals - known))
    return result


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


def robust_slope(x: Map, y: Map) -> float:
    """Slope of a line through points: the median slope of pairs (Theil, Sen), then least squares with Tukey's biweight.

    The median finds the face although a third of it is hidden; the reweighted fit makes it exact.
    """
    other = np.random.default_rng(0).permutation(len(x))
    apart = np.abs(x - x[other]) > 0.2 * float(np.ptp(x))
    if not apart.any():
        return 0.0
    slope = float(np.median((y - y[other])[apart] / (x - x[other])[apart]))
    weight = _biweight(y - slope * x - np.median(y - slope * x))
    for _ in range(ROUNDS):
        total = max(float(weight.sum()), 1e-9)
        x_mean, y_mean = float((weight * x).sum()) / total, float((weight * y).sum()) / total
        slope = float((weight * (x - x_mean) * (y - y_mean)).sum() / max((weight * (x - x_mean) ** 2).sum(), 1e-9))
        weight = _biweight(y - y_mean - slope * (x - x_mean))
    return slope


def _biweight(error: Map) -> Map:
    """Weight 1 for no error, 0 for errors over three standard deviations of the usual ones."""
    usual = 1.4826 * float(np.median(np.abs(error))) + 1e-9
    result: Map = (1 - (error / np.float32(3 * usual)) ** 2).clip(0, 1) ** 2
    return result


def _around(face: Face, shape: tuple[int, ...], scale: float) -> tuple[slice, slice]:
    reach = 3 * SMOOTH * face.size * scale
    (left, top), (right, bottom) = face.points.min(0) * scale - reach, face.points.max(0) * scale + reach
    rows = slice(int(np.clip(top, 0, shape[0] - 1)), int(np.clip(bottom, 1, shape[0])))
    return rows, slice(int(np.clip(left, 0, shape[1] - 1)), int(np.clip(right, 1, shape[1])))

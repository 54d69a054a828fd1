"""The relief of faces. The depth network sees a face as a smooth dome; a face mesh knows nose, eye sockets and chin.

The surface through a face's mesh replaces what the depth network says inside the face; its place on the person stays
the depth network's, and so does everything around it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from depth import maps
from depth.maps import Map
from depth.ports import Box
from depth.surface import Face, around, surface, within

LEAST_PX: Final = 28
"""Of the raster: a smaller face has no relief to see."""

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
    rows, columns = around(face, alpha.shape, scale)
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

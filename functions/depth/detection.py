"""What a detector says, read: people and faces as boxes with a few points. Pure.

The detectors are single-shot ones (Liu et al. 2016) as BlazeFace (Bazarevsky et al. 2019) lays them out: anchors in a
grid, for each a score and a box, with points, relative to the anchor's centre.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from depth.manifest import Manifest
from depth.network import View
from depth.ports import Box

PERSON_POINTS = 4
"""Of the person detector: hips, its circle, shoulders, their circle. See its manifest."""

MOST = 200
"""Boxes that are looked at; of one thing a detector finds a dozen."""

SAME_OVERLAP = 0.3
"""Boxes that share more than this (intersection over union) are one finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """score: 0-1. box: of the head. body: a square around the whole person, as far as can be guessed. points: (n, 2).

    All in pixels of the full-size picture; they may lie outside it.
    """

    score: float
    box: Box
    body: Box
    points: NDArray[np.float32]


def findings(manifest: Manifest, view: View, outputs: dict[str, NDArray[np.float32]], least: float) -> list[Finding]:
    """What is found with at least the score `least`, best first, each thing once."""
    scores = 1 / (1 + np.exp(-outputs["scores"].ravel().clip(-50, 50)))
    order = np.flatnonzero(scores >= least)
    order = order[np.argsort(-scores[order])][:MOST]
    centres = anchor_centres(manifest)[order]
    values = outputs["boxes"].reshape(len(scores), -1)[order]
    found: list[Finding] = []
    for score, centre, row in zip(scores[order], centres, values, strict=True):
        finding = _finding(float(score), centre, row, view)
        if all(overlap(finding.box, other.box) <= SAME_OVERLAP for other in found):
            found.append(finding)
    return found


def anchor_centres(manifest: Manifest) -> NDArray[np.float32]:
    """(n, 2) in input pixels, in the order of the detector's outputs."""
    centres = []
    for stride, count in manifest.anchors:
        across = (np.arange(manifest.input.width // stride) + 0.5) * stride
        down = (np.arange(manifest.input.height // stride) + 0.5) * stride
        grid = np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)
        centres.append(np.repeat(grid, count, 0))
    return np.concatenate(centres).astype(np.float32)


def _finding(score: float, centre: NDArray[np.float32], row: NDArray[np.float32], view: View) -> Finding:
    middle, half = row[:2] + centre, row[2:4] / 2
    corners = view.to_picture(np.stack([middle - half, middle + half]))
    points = view.to_picture(row[4:].reshape(-1, 2) + centre)
    left, top, right, bottom = (float(v) for v in corners.ravel())
    box = (left, top, right, bottom)
    return Finding(score, box, _body(box, points), points)


def _body(box: Box, points: NDArray[np.float32]) -> Box:
    """A person detector's first two points are the hips and a point on the circle around the person; a face detector's
    six points are all in the face.
    """
    head = max(box[2] - box[0], box[3] - box[1])
    if len(points) == PERSON_POINTS:
        (x, y), radius = points[0], max(1.25 * float(np.hypot(*(points[1] - points[0]))), 1.5 * head)
    else:
        x, y, radius = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2 + 0.8 * head, 2 * head
    return float(x - radius), float(y - radius), float(x + radius), float(y + radius)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    shared = area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    return shared / max(area(a) + area(b) - shared, 1e-9)


def area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])

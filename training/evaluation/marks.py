"""What an answer gets for one photograph, and photographs together: joints in order, relief of faces."""

import itertools
from collections.abc import Iterator

import numpy as np

from depth import faces
from depth.surface import Face, surface, within
from training.evaluation.pose import JOINTS, Pose
from training.evaluation.scores import Map, pearson

Marks = dict[str, list[float]]
"""Of each figure, what every pair of joints or face has got."""

APART_M = 0.08
"""Metres. Joints that are closer in depth have no order that a guess could know; closer in the picture, one hides the
other."""

ARMS = ("elbow", "wrist")
LEGS = ("knee", "ankle")
TRUNK = ("shoulder", "hip")

DRAWS = 1000
"""Of the bootstrap."""


def marks_of(near: Map, alpha: Map, scale: float, poses: list[Pose], meshes: list[Face]) -> Marks:
    """Of one answer: for each pair of joints 1 where it is in order, for each face its r."""
    out: Marks = {}
    for one in poses:
        add(out, limbs(near, alpha, one, scale))
    reliefs = [relief(near, alpha, face, scale) for face in meshes]
    add(out, {"relief": [value for value in reliefs if value is not None]})
    return out


def limbs(near: Map, alpha: Map, person: Pose, scale: float) -> Marks:
    """For each pair of one person's joints, by its kinds, 1 where it is in order. `scale`: cells of maps a pixel."""
    columns, rows = np.floor(person.places * scale).astype(int).T
    down, across = rows.clip(0, alpha.shape[0] - 1), columns.clip(0, alpha.shape[1] - 1)
    shown = (down == rows) & (across == columns) & (alpha[down, across] > 0.5)
    height = near[down, across]
    out: Marks = {}
    for i, j in itertools.combinations(np.flatnonzero(shown & person.visible), 2):
        x, y, z = person.metres[i] - person.metres[j]
        if abs(z) >= APART_M and np.hypot(x, y) >= APART_M:
            right = np.sign(height[i] - height[j]) == np.sign(z)
            add(out, {kind: [float(right)] for kind in kinds(i, j)})
    return out


def kinds(i: int, j: int) -> Iterator[str]:
    """What a pair of joints is an example of."""
    names = [list(JOINTS)[k].split() for k in (i, j)]
    parts = {part for _, part in names}
    yield "order"
    if parts & {*ARMS} and parts & {*TRUNK}:
        yield "arms"
    if parts & {*LEGS}:
        yield "legs"
    if len(parts) == 1:
        yield "sides"


def relief(near: Map, alpha: Map, face: Face, scale: float) -> float | None:
    """Pearson's r with the mesh's surface, where its points lie thick and the person is; None if that is nowhere."""
    rows, columns = covered(face, alpha.shape, scale)
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return None
    own = surface(face, rows, columns, scale)
    core = (own.weight > 0.5) & (alpha[rows, columns] > 0.5) & (within(face, rows, columns, scale) > 0)
    if core.sum() < faces.LEAST_PX:
        return None
    return pearson(own.near[core].astype(float), near[rows, columns][core].astype(float))


def covered(face: Face, shape: tuple[int, ...], scale: float) -> tuple[slice, slice]:
    """Rows and columns around a face, as far as they are in the picture; empty where none are."""
    left, top = np.floor(face.points.min(0) * scale).astype(int).clip(0)
    right, bottom = np.ceil(face.points.max(0) * scale).astype(int).clip(0, shape[::-1])
    return slice(int(top), int(bottom)), slice(int(left), int(right))


def add(marks: Marks, more: Marks) -> None:
    """More marks, to those there are."""
    for name, values in more.items():
        marks.setdefault(name, []).extend(values)


def together(photographs: list[Marks]) -> Marks:
    out: Marks = {}
    for one in photographs:
        add(out, one)
    return out


def summary(photographs: list[Marks]) -> dict[str, float]:
    """The mean of every figure, of all photographs together, as `training.evaluation.photos` explains them."""
    marks = together(photographs)
    out = {name: share(values) for name, values in marks.items() if values}
    if marks.get("relief"):
        out["relief_median"] = round(float(np.median(marks["relief"])), 4)
        out["relief_p10"] = round(float(np.percentile(marks["relief"], 10)), 4)
    return out | {f"{name}_error": error(photographs, name) for name in ("order", "relief") if name in out}


def error(photographs: list[Marks], name: str) -> float:
    """Standard error of a mean, photographs being drawn again and again (bootstrap: Efron 1979): what one photograph
    holds goes together."""
    sums = np.array([(sum(one.get(name, [])), len(one.get(name, []))) for one in photographs])
    draws = np.random.default_rng(0).integers(0, len(sums), (DRAWS, len(sums)))
    total, count = sums[draws].sum(1).T
    return round(float(np.std(total[count > 0] / count[count > 0])), 4)


def share(values: list[float] | list[bool]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None

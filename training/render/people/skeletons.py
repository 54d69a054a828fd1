"""A person's joints at rest, whichever family the person is of. Decimetres; a person looks along +z, the left is at
+x, y is up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
SIDES = {"L": 1.0, "R": -1.0}


@dataclass(frozen=True)
class Skeleton:
    """Places at rest: `shoulder`, `elbow`, `wrist`, `knuckle` (middle finger), `index`, `pinky`, `hip` with .L and .R;
    `waist` and `neck`; `eyes` between them. `front` and `back`: how far (z) the chest reaches, `face`: the face."""

    places: dict[str, Vector]
    front: float
    back: float
    face: float

    def __getitem__(self, name: str) -> Vector:
        return self.places[name]


def measured(places: dict[str, Vector], points: NDArray[np.float64]) -> Skeleton:
    """`points`: of the trunk and the head at rest, N x 3, clothes and all."""
    wide = 0.6 * abs(places["shoulder.L"][0])
    level = places["shoulder.L"][1] - 1.3 / 5.0 * float(np.linalg.norm(places["wrist.L"] - places["shoulder.L"]))
    middle = points[np.abs(points[:, 0]) < wide]
    trunk = middle[np.abs(middle[:, 1] - level) < 0.8]
    face = middle[np.abs(middle[:, 1] - places["eyes"][1]) < 0.6]
    return Skeleton(places, *(float(np.percentile(trunk[:, 2], part)) for part in (97, 3)), float(face[:, 2].max()))


def palm_of(skeleton: Skeleton, side: str) -> Vector:
    """Where the palm looks at rest, unit."""
    wrist = skeleton[f"wrist.{side}"]
    normal = np.cross(skeleton[f"index.{side}"] - wrist, skeleton[f"pinky.{side}"] - wrist)
    return -SIDES[side] * normal / np.linalg.norm(normal)


def finger_axis(skeleton: Skeleton, side: str) -> Vector:
    """About which fingers close, unit, at rest."""
    axis = np.cross(skeleton[f"knuckle.{side}"] - skeleton[f"wrist.{side}"], palm_of(skeleton, side))
    return axis / np.linalg.norm(axis)

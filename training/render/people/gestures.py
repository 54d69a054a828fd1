"""What hands do: for each gesture where the wrist is, where elbow and palm look, how closed the hand is.

Told in the axes of the chest at rest, so that one gesture serves every skeleton and every size.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.render.people.skeletons import SIDES, Skeleton, Vector

AHEAD, UP = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Gesture:
    """Where a wrist is (in the chest's axes of rest), where elbow and palm look, how closed the hand is."""

    name: str
    wrist: Vector
    pole: Vector
    palm: Vector
    curl: float


class Arm:
    """What gestures are told by. Lengths are in the person's own decimetres: a grown person's arm has five to the
    wrist; x is measured to the arm's own side."""

    def __init__(
        self,
        skeleton: Skeleton,
        side: str,
        head: NDArray[np.float64],
        camera: Vector,
        curl: float,
        rng: np.random.Generator,
    ) -> None:
        self.skeleton, self.head, self.curl, self.rng = skeleton, head, curl, rng
        self.sign = SIDES[side]
        self.shoulder, elbow, wrist = (skeleton[f"{part}.{side}"] for part in ("shoulder", "elbow", "wrist"))
        self.length = float(np.linalg.norm(elbow - self.shoulder) + np.linalg.norm(wrist - elbow))
        self.unit = self.length / 5.0
        self.hip = skeleton[f"hip.{side}"]
        self.camera = camera / np.linalg.norm(camera)
        self.out, self.down = self.aside(1, -0.6, -0.4), self.aside(0.5, -1, -0.2)
        self.inward, self.outward = self.aside(-1, 0, 0), self.aside(1, 0, 0)

    def aside(self, x: float, y: float, z: float) -> Vector:
        return np.array([self.sign * x, y, z])

    def some(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def from_chest(self, x: float, y: float, z: float, spread: float = 0.3) -> Vector:
        """From the middle of the chest's surface."""
        level = self.shoulder[1] - 1.3 * self.unit
        return self._near(self.aside(x * self.unit, level + y * self.unit, self.skeleton.front + z * self.unit), spread)

    def from_hip(self, x: float, y: float, z: float, spread: float = 0.2) -> Vector:
        """From the middle between the hips."""
        return self._near(self.aside(x * self.unit, self.hip[1] + y * self.unit, self.hip[2] + z * self.unit), spread)

    def from_shoulder(self, x: float, y: float, z: float, spread: float = 0.3) -> Vector:
        """From under the chin, at the height of the shoulder."""
        place = self.aside(x * self.unit, self.shoulder[1] + y * self.unit, self.shoulder[2] + z * self.unit)
        return self._near(place, spread)

    def from_eyes(self, x: float, y: float, z: float) -> Vector:
        """From between the eyes, turned with the head."""
        neck = self.skeleton["neck"]
        point = self.skeleton["eyes"] + self.aside(x, y, z) * self.unit - neck
        return self._near(neck + self.head @ point, 0.15)

    def towards(self, direction: Vector, share: float) -> Vector:
        """A share of the arm's length away from the shoulder."""
        return self.shoulder + direction / np.linalg.norm(direction) * self.length * share

    def _near(self, place: Vector, spread: float) -> Vector:
        return place + self.rng.normal(0, spread * self.unit, 3)


def hanging(a: Arm) -> Gesture:
    wrist = a.from_shoulder(a.some(1.9, 2.9), -5 * a.some(0.93, 0.99), a.some(-0.3, 1.2), 0.1)
    return Gesture("hanging", wrist, a.aside(0.4, 0, -1), a.inward, a.some(0.15, 0.6))


def hip(a: Arm) -> Gesture:
    return Gesture("hip", a.from_hip(1.75, 1.6, 0.3), a.aside(1, 0.1, -0.9), a.inward, 0.3)


def pocket(a: Arm) -> Gesture:
    return Gesture("pocket", a.from_hip(1.95, 0.5, 0.5, 0.15), a.out, a.inward, 0.2)


def thigh(a: Arm) -> Gesture:
    return Gesture("thigh", a.from_hip(1.2, 1.2, a.some(2.2, 3.4), 0.3), a.out, -UP, 0.5 * a.curl)


def behind(a: Arm) -> Gesture:
    wrist = a.from_hip(0.6, 1.2, 0, 0.15) * (1, 1, 0) + (a.skeleton.back - 0.5 * a.unit) * AHEAD
    return Gesture("behind", wrist, a.aside(1, 0, -1), -AHEAD, 0.4)


def chest(a: Arm) -> Gesture:
    return Gesture("chest", a.from_chest(a.some(-0.5, 1.2), a.some(-2, 0), 0.7), a.down, -AHEAD, a.curl)


def crossed(a: Arm) -> Gesture:
    """The left arm under the right one."""
    low, far = (-0.9, 0.45) if a.sign > 0 else (-0.5, 0.95)
    return Gesture("crossed", a.from_chest(-0.75, low, far, 0.12), a.aside(0.9, -1, 0.5), -AHEAD, 0.4)


def clasped(a: Arm) -> Gesture:
    return Gesture("clasped", a.from_chest(0.55, -1.9, 0.8, 0.1), a.out, a.inward, 0.8)


def praying(a: Arm) -> Gesture:
    return Gesture("praying", a.from_chest(0.3, 0, 1.1, 0.05), a.out, a.inward, 0.1)


def table(a: Arm) -> Gesture:
    return Gesture("table", a.from_chest(0.9, -2.2, a.some(1.4, 2.6)), a.out, -UP, a.curl)


def held_up(a: Arm) -> Gesture:
    wrist = a.from_chest(a.some(0, 1.6), a.some(-1.6, 0.6), a.some(1.0, 2.6))
    return Gesture("held up", wrist, a.down, a.inward, a.curl)


def chin(a: Arm) -> Gesture:
    return Gesture("chin", a.from_eyes(0.35, -2.0, 0.35), a.down, 0.6 * UP - AHEAD, a.some(0.5, 1.2))


def cheek(a: Arm) -> Gesture:
    return Gesture("cheek", a.from_eyes(0.95, -1.75, 0.1), a.down, a.inward, a.some(0, 0.5))


def to_the_mouth(a: Arm) -> Gesture:
    return Gesture("to the mouth", a.from_eyes(0.45, -1.6, 1.1), a.down, a.inward - 0.3 * AHEAD, a.curl)


def to_the_ear(a: Arm) -> Gesture:
    return Gesture("to the ear", a.from_eyes(1.2, -1.0, -0.3), a.down, a.inward, a.curl)


def before_the_face(a: Arm) -> Gesture:
    return Gesture("before the face", a.from_eyes(0.5, -0.9, 2.2), a.down, -AHEAD, a.curl)


def forehead(a: Arm) -> Gesture:
    return Gesture("forehead", a.from_eyes(1.0, -0.4, 0.7), a.out, -AHEAD, 0.3)


def hair(a: Arm) -> Gesture:
    return Gesture("hair", a.from_eyes(1.5, 0.5, -0.9), a.aside(1, 0.3, -0.2), a.inward, 0.5)


def to_the_camera(a: Arm) -> Gesture:
    """An open hand, palm or edge ahead, or a fist."""
    wrist = a.towards(a.camera + a.rng.normal(0, 0.25, 3), a.some(0.7, 0.99))
    palm = a.camera if a.rng.random() < 0.5 else -UP if a.rng.random() < 0.5 else a.inward
    return Gesture("to the camera", wrist, a.down, palm, 1.2 if a.curl < 0.2 else a.curl)


def beside_the_camera(a: Arm) -> Gesture:
    """As when taking one's own picture."""
    wrist = a.towards(a.camera + a.aside(a.some(0.1, 0.5), a.some(-0.2, 0.3), 0), 0.95)
    return Gesture("beside the camera", wrist, a.down, a.inward, 0.9)


def raised(a: Arm) -> Gesture:
    height = (a.skeleton["eyes"][1] - a.shoulder[1]) / a.unit
    wrist = a.from_shoulder(a.some(1.5, 3.2), height + a.some(-1, 1.5), a.some(0, 2))
    return Gesture("raised", wrist, a.out, AHEAD, 0.5 * a.curl)


def pointing(a: Arm) -> Gesture:
    wrist = a.from_shoulder(a.some(2.5, 5), a.some(-2.3, 0.7), a.some(0, 4))
    return Gesture("pointing", wrist, a.down, -UP, 0.9)


def stretched(a: Arm) -> Gesture:
    return Gesture("stretched", a.from_shoulder(6.5, a.some(-2, 1.5), a.some(-1, 1)), a.down, -UP, a.curl)


def other_shoulder(a: Arm) -> Gesture:
    return Gesture("other shoulder", a.from_chest(-1.3, 1.0, 0.6, 0.15), a.aside(0.6, -0.5, 0.6), -AHEAD, 0.3)


def anywhere(a: Arm) -> Gesture:
    direction = a.rng.normal((0, 0, 0.6), 1)
    direction[2] = abs(direction[2])
    return Gesture("anywhere", a.towards(direction, a.some(0.5, 1)), a.out, a.rng.normal(0, 1, 3), a.curl)


GESTURES: dict[str, Callable[[Arm], Gesture]] = {
    make.__name__.replace("_", " "): make
    for make in (
        *(hanging, hip, pocket, thigh, behind, chest, crossed, clasped, praying, table, held_up, chin, cheek),
        *(to_the_mouth, to_the_ear, before_the_face, forehead, hair, to_the_camera, beside_the_camera, raised),
        *(pointing, stretched, other_shoulder, anywhere),
    )
}
CALM = ("hanging",) * 6 + ("hip", "pocket", "chest", "behind", "thigh", "chin")
LIVELY = (
    *(
        "hanging",
        "hip",
        "chest",
        "chin",
        "cheek",
        "to the mouth",
        "raised",
        "pointing",
        "hair",
        "forehead",
        "stretched",
    ),
    *("anywhere", "anywhere", "other shoulder", "beside the camera"),
    *("to the camera",) * 4,  # what networks get wrong most: the hand nearest of all
)
BOTH = ("crossed", "clasped", "table", "praying", "behind", "to the camera", "raised", "hair")
"""What one arm does, and what both do together."""

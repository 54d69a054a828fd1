"""How people stand, sit and hold their arms: turns of joints for any skeleton, from what the hands are doing.

Arms are solved backwards: a gesture says where the wrist is, the elbow follows (two bones and a pole), the palm is
turned as far as a forearm turns. Decimetres; at rest a person looks along +z, the left is at +x, y is up. A turn is a
rotation in the axes of rest, carried along by what the joint hangs on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.render.meshes import about_axis, euler

Vector = NDArray[np.float64]
SIDES = {"L": 1.0, "R": -1.0}
TWIST = np.linspace(-1.5, 1.5, 13)
"""Turns of a forearm about itself, radians: about 85 degrees either way."""


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


@dataclass(frozen=True)
class Posture:
    """`turns` of spine, neck, head (in all, to be shared out among their joints), upperarm, forearm, hand, thigh, shin
    (.L and .R); `curls` of fingers, radians a joint, about `axes`."""

    turns: dict[str, NDArray[np.float64]]
    curls: dict[str, float]
    axes: dict[str, Vector]
    doing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gesture:
    """Where a wrist is (in the chest's axes of rest), where elbow and palm look, how closed the hand is."""

    name: str
    wrist: Vector
    pole: Vector
    palm: Vector
    curl: float


def posture(
    skeleton: Skeleton, wildness: float, camera: Vector, rng: np.random.Generator, grip: str, may_sit: bool = True
) -> Posture:
    """`wildness`: 0 a calm portrait, 1 anything. `camera`: direction to the viewer. `grip`: what is held, "" nothing;
    it is held in the right hand."""
    sitting = may_sit and rng.random() < 0.25
    turns = torso(wildness, sitting, rng) | (legs_sitting(rng) if sitting else legs_standing(wildness, rng))
    upright = turns["spine"].T
    curls, axes, doing = dict[str, float](), dict[str, Vector](), dict[str, str]()
    chosen = gestures(skeleton, wildness, sitting, upright @ camera, turns, rng, grip)
    for side, gesture in chosen.items():
        turns |= arm(skeleton, side, gesture, rng)
        axes[side], curls[side] = finger_axis(skeleton, side), gesture.curl
        doing[side] = gesture.name
    return Posture(turns, curls, axes, doing)


def torso(wildness: float, sitting: bool, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    def noise(deviation: float) -> float:
        return float(rng.normal(0, deviation * (0.5 + 0.5 * wildness)))

    lean = rng.uniform(0, 0.45) if sitting else 0.05
    turned = rng.uniform(-0.8, 0.8) if rng.random() < 0.2 else 0.0
    nod = rng.uniform(0.2, 0.6) if rng.random() < 0.1 + 0.1 * wildness else 0.0
    return {
        "spine": euler(lean + noise(0.14), noise(0.2), noise(0.12)),
        "neck": euler(noise(0.16) - lean * 0.5 + 0.5 * nod, noise(0.3) + 0.5 * turned, noise(0.12)),
        "head": euler(noise(0.1) - lean * 0.3 + 0.5 * nod, noise(0.2) + 0.5 * turned, noise(0.1)),
    }


def legs_standing(wildness: float, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Side by side, a step, a foot up on something, a lunge."""
    turns = {}
    step = rng.normal(0, 0.12 + 0.25 * wildness * (rng.random() < 0.5))
    raised = rng.choice(["L", "R"]) if rng.random() < 0.12 * (1 + wildness) else ""
    for side, sign in SIDES.items():
        hip = -rng.uniform(0.5, 1.5) if side == raised else sign * step
        knee = -hip * rng.uniform(0.8, 1.5) if side == raised else max(0.0, rng.normal(0.05, 0.1) + max(0, hip))
        turns[f"thigh.{side}"] = euler(hip, rng.normal(0, 0.15), sign * abs(rng.normal(0, 0.1)))
        turns[f"shin.{side}"] = euler(knee, 0, 0)
    return turns


def legs_sitting(rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    turns, spread = {}, rng.uniform(0, 0.4)
    hip = rng.uniform(1.1, 1.7)
    for side, sign in SIDES.items():
        turns[f"thigh.{side}"] = euler(-hip + rng.normal(0, 0.08), sign * spread, sign * rng.uniform(0, 0.1))
        turns[f"shin.{side}"] = euler(rng.uniform(1.0, 1.9), 0, 0)
    return turns


def gestures(
    skeleton: Skeleton,
    wildness: float,
    sitting: bool,
    camera: Vector,
    turns: dict[str, NDArray[np.float64]],
    rng: np.random.Generator,
    grip: str,
) -> dict[str, Gesture]:
    """One for each arm; some take both."""
    names = names_with_grip(grip, sitting, rng) if grip else names_without(wildness, sitting, rng)
    curls = {side: 1.15 if grip and side == "R" else float(rng.uniform(0, 0.7)) for side in SIDES}
    head = turns["neck"] @ turns["head"]
    arms = {side: Arm(skeleton, side, head, camera, curls[side], rng) for side in SIDES}
    return {side: GESTURES[names[side]](arms[side]) for side in SIDES}


def names_with_grip(grip: str, sitting: bool, rng: np.random.Generator) -> dict[str, str]:
    free = "hanging" if rng.random() < 0.6 else str(rng.choice(["hip", "chest", "thigh" if sitting else "pocket"]))
    shown = "held up" if rng.random() < 0.6 else "to the camera" if rng.random() < 0.3 else "to the mouth"
    if grip in ("phone", "camera") and rng.random() < 0.35:
        shown = "to the ear" if grip == "phone" and rng.random() < 0.5 else "before the face"
    return {"L": shown if rng.random() < 0.15 else free, "R": shown}


def names_without(wildness: float, sitting: bool, rng: np.random.Generator) -> dict[str, str]:
    if rng.random() < 0.22:
        return dict.fromkeys(SIDES, str(rng.choice(BOTH)))
    names = {}
    for side in SIDES:
        pool = LIVELY if rng.random() < 0.25 + 0.55 * wildness else CALM
        names[side] = "thigh" if sitting and rng.random() < 0.5 else str(rng.choice(pool))
    return names


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


# ---- gestures --------------------------------------------------------------------------------------------

AHEAD, UP = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])


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
BOTH = ("crossed", "clasped", "table", "praying", "behind", "to the camera")
"""What one arm does, and what both do together."""


# ---- joints ----------------------------------------------------------------------------------------------


def arm(skeleton: Skeleton, side: str, gesture: Gesture, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Turns of upper arm, forearm and hand that bring the wrist there, or as near as the arm is long."""
    shoulder, elbow, wrist = (skeleton[f"{part}.{side}"] for part in ("shoulder", "elbow", "wrist"))
    upper, lower = elbow - shoulder, wrist - elbow
    first, second = bent(upper, lower, gesture.wrist - shoulder, gesture.pole)
    hinge = np.cross(upper, np.array([0.0, 0.0, 1.0]))
    shoulder_turn = frame(first, np.cross(first, second)) @ frame(upper, hinge).T
    wanted = shoulder_turn.T @ second
    elbow_turn = between(lower, wanted)
    palm = palm_of(skeleton, side)
    aim = (shoulder_turn @ elbow_turn).T @ gesture.palm
    twists = [about_axis(lower / np.linalg.norm(lower), twist) for twist in TWIST]
    best = max(twists, key=lambda turn: float((turn @ palm) @ aim))
    wrist_turn = euler(*rng.normal(0, 0.18, 3))
    return {f"upperarm.{side}": shoulder_turn, f"forearm.{side}": elbow_turn @ best, f"hand.{side}": wrist_turn}


def bent(upper: Vector, lower: Vector, target: Vector, pole: Vector) -> tuple[Vector, Vector]:
    """Unit directions of two bones from their root to a target, the joint between them on the pole's side."""
    a, b = np.linalg.norm(upper), np.linalg.norm(lower)
    straight = np.linalg.norm(target)
    along = target / straight
    d = np.clip(straight, abs(a - b) + 0.25 * min(a, b), 0.995 * (a + b))
    aside = pole - along * (pole @ along)
    aside = aside / max(np.linalg.norm(aside), 1e-9)
    x = (a * a - b * b + d * d) / (2 * d)
    joint = along * x + aside * np.sqrt(max(a * a - x * x, 0.0))
    end = along * d - joint
    return joint / np.linalg.norm(joint), end / np.linalg.norm(end)


def frame(axis: Vector, second: Vector) -> NDArray[np.float64]:
    """Orthonormal columns: the axis, the second made square to it, and what is square to both."""
    axis = axis / np.linalg.norm(axis)
    second = second - axis * (second @ axis)
    second = second / max(np.linalg.norm(second), 1e-9)
    return np.stack([axis, second, np.cross(axis, second)], 1)


def share(turn: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """A turn's `count`-th part: so many of them make it up."""
    axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    size = float(np.linalg.norm(axis))
    angle = np.arctan2(size, np.trace(turn) - 1)
    return about_axis(axis / size, float(angle) / count) if size > 1e-9 else np.eye(3)


def measured(places: dict[str, Vector], points: NDArray[np.float64]) -> Skeleton:
    """`points`: of the trunk and the head at rest, N x 3, clothes and all."""
    wide = 0.6 * abs(places["shoulder.L"][0])
    level = places["shoulder.L"][1] - 1.3 / 5.0 * float(np.linalg.norm(places["wrist.L"] - places["shoulder.L"]))
    middle = points[np.abs(points[:, 0]) < wide]
    trunk = middle[np.abs(middle[:, 1] - level) < 0.8]
    face = middle[np.abs(middle[:, 1] - places["eyes"][1]) < 0.6]
    return Skeleton(places, *(float(np.percentile(trunk[:, 2], part)) for part in (97, 3)), float(face[:, 2].max()))


def between(a: Vector, b: Vector) -> NDArray[np.float64]:
    """The least rotation from one direction to another."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis = np.cross(a, b)
    size = float(np.linalg.norm(axis))
    return about_axis(axis / size, float(np.arctan2(size, a @ b))) if size > 1e-9 else np.eye(3)


def palm_of(skeleton: Skeleton, side: str) -> Vector:
    """Where the palm looks at rest, unit."""
    wrist = skeleton[f"wrist.{side}"]
    normal = np.cross(skeleton[f"index.{side}"] - wrist, skeleton[f"pinky.{side}"] - wrist)
    return -SIDES[side] * normal / np.linalg.norm(normal)


def finger_axis(skeleton: Skeleton, side: str) -> Vector:
    """About which fingers close, unit, at rest."""
    axis = np.cross(skeleton[f"knuckle.{side}"] - skeleton[f"wrist.{side}"], palm_of(skeleton, side))
    return axis / np.linalg.norm(axis)

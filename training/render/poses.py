"""How people stand, sit and hold their arms: turns of joints for any skeleton, from what the hands are doing.

Arms are solved backwards: a gesture says where the wrist is, the elbow follows (two bones and a pole), the palm is
turned as far as a forearm turns. Decimetres; at rest a person looks along +z, the left is at +x, y is up. A turn is a
rotation in the axes of rest, carried along by what the joint hangs on.
"""

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
    if grip:
        free = "hanging" if rng.random() < 0.6 else str(rng.choice(["hip", "chest", "thigh" if sitting else "pocket"]))
        shown = "held up" if rng.random() < 0.6 else "to the camera" if rng.random() < 0.3 else "to the mouth"
        if grip in ("phone", "camera") and rng.random() < 0.35:
            shown = "to the ear" if grip == "phone" and rng.random() < 0.5 else "before the face"
        names = {"L": shown if rng.random() < 0.15 else free, "R": shown}
    elif rng.random() < 0.22:
        both = str(rng.choice(["crossed", "clasped", "table", "praying", "behind", "both to the camera"]))
        names = dict.fromkeys(SIDES, both)
    else:
        calm = ["hanging"] * 6 + ["hip", "pocket", "chest", "behind", "thigh", "chin"]
        lively = ["hanging", "hip", "chest", "chin", "cheek", "to the mouth", "to the camera", "raised", "pointing"]
        lively += ["hair", "forehead", "aside", "anywhere", "anywhere", "shoulder", "beside the camera"]
        lively += ["to the camera"] * 3  # what networks get wrong most: the hand nearest of all
        names = {}
        for side in SIDES:
            pool = lively if rng.random() < 0.25 + 0.55 * wildness else calm
            names[side] = "thigh" if sitting and rng.random() < 0.5 else str(rng.choice(pool))
    curl = {side: 1.15 if grip and side == "R" else float(rng.uniform(0, 0.7)) for side in SIDES}
    return {side: gesture(names[side], side, skeleton, camera, turns, rng, curl[side]) for side in SIDES}


def gesture(
    name: str,
    side: str,
    skeleton: Skeleton,
    camera: Vector,
    turns: dict[str, NDArray[np.float64]],
    rng: np.random.Generator,
    curl: float,
) -> Gesture:
    """The gesture of that name; lengths follow from the arm's."""
    sign = SIDES[side]
    shoulder, elbow, wrist = (skeleton[f"{part}.{side}"] for part in ("shoulder", "elbow", "wrist"))
    reach = float(np.linalg.norm(elbow - shoulder) + np.linalg.norm(wrist - elbow))
    unit = reach / 5.0  # a decimetre of a grown person
    hip, eyes, front = skeleton[f"hip.{side}"], skeleton["eyes"], skeleton.front
    chest = shoulder[1] - 1.3 * unit
    head = turns["neck"] @ turns["head"]

    def at(x: float, y: float, z: float, spread: float = 0.3) -> Vector:
        return np.array([sign * x * unit, y, z]) + rng.normal(0, spread * unit, 3)

    def on_head(x: float, y: float, z: float) -> Vector:
        """Beside a point of the head, which is given from between the eyes."""
        point = eyes + np.array([sign * x, y, z]) * unit
        return skeleton["neck"] + head @ (point - skeleton["neck"]) + rng.normal(0, 0.15 * unit, 3)

    out, down = np.array([sign, -0.6, -0.4]), np.array([sign * 0.5, -1.0, -0.2])
    inward, ahead, up = np.array([-sign, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    towards = camera / np.linalg.norm(camera)
    ahead_low = front + rng.uniform(1.0, 2.6) * unit
    match name:
        case "hip":
            return Gesture(
                name, at(1.75, hip[1] + 1.6 * unit, hip[2] + 0.3 * unit, 0.2), np.array([sign, 0.1, -0.9]), inward, 0.3
            )
        case "pocket":
            return Gesture(name, at(1.95, hip[1] + 0.5 * unit, hip[2] + 0.5 * unit, 0.15), out, inward, 0.2)
        case "thigh":
            return Gesture(
                name, at(1.2, hip[1] + 1.2 * unit, hip[2] + rng.uniform(2.2, 3.4) * unit), out, -up, curl * 0.5
            )
        case "crossed":
            first = sign > 0
            place = at(-0.75, chest - (0.9 if first else 0.5) * unit, front + (0.45 if first else 0.95) * unit, 0.12)
            return Gesture(name, place, np.array([sign * 0.9, -1.0, 0.5]), -ahead, 0.4)
        case "clasped":
            low = rng.uniform(0.6, 3.2)
            return Gesture(
                name, np.array([sign * 0.55 * unit, chest - low * unit, front + 0.8 * unit]), out, inward, 0.8
            )
        case "praying":
            return Gesture(name, np.array([sign * 0.3 * unit, chest, front + 1.1 * unit]), out, inward, 0.1)
        case "table":
            return Gesture(name, at(0.9, chest - 2.2 * unit, front + rng.uniform(1.4, 2.6) * unit), out, -up, curl)
        case "behind":
            return Gesture(
                name,
                at(0.6, hip[1] + 1.2 * unit, skeleton.back - 0.5 * unit, 0.15),
                np.array([sign, 0, -1.0]),
                -ahead,
                0.4,
            )
        case "chest":
            return Gesture(
                name,
                at(rng.uniform(-0.5, 1.2), chest - rng.uniform(0, 2) * unit, front + 0.7 * unit),
                down,
                -ahead,
                curl,
            )
        case "held up":
            return Gesture(
                name, at(rng.uniform(0, 1.6), chest - rng.uniform(-0.6, 1.6) * unit, ahead_low), down, inward, curl
            )
        case "chin":
            return Gesture(name, on_head(0.35, -2.0, 0.35), down, -ahead + 0.6 * up, rng.uniform(0.5, 1.2))
        case "cheek":
            return Gesture(name, on_head(0.95, -1.75, 0.1), down, inward, rng.uniform(0, 0.5))
        case "to the mouth":
            return Gesture(name, on_head(0.45, -1.6, 1.1), down, inward - 0.3 * ahead, curl)
        case "to the ear":
            return Gesture(name, on_head(1.2, -1.0, -0.3), down, inward, curl)
        case "before the face":
            return Gesture(name, on_head(0.5, -0.9, 2.2), down, -ahead, curl)
        case "forehead":
            return Gesture(name, on_head(1.0, -0.4, 0.7), out, -ahead, 0.3)
        case "hair":
            return Gesture(name, on_head(1.5, 0.5, -0.9), np.array([sign, 0.3, -0.2]), inward, 0.5)
        case "to the camera" | "both to the camera":
            away = towards + rng.normal(0, 0.25, 3)
            place = shoulder + away / np.linalg.norm(away) * reach * rng.uniform(0.7, 0.99)
            palm = towards if rng.random() < 0.5 else -up if rng.random() < 0.5 else inward
            fist = 1.2 if curl < 0.2 else curl
            return Gesture(name, place, down, palm, fist)
        case "beside the camera":  # as when taking one's own picture
            place = (
                shoulder
                + (towards + np.array([sign * rng.uniform(0.1, 0.5), rng.uniform(-0.2, 0.3), 0])) * reach * 0.95
            )
            return Gesture(name, place, down, inward, 0.9)
        case "raised":
            return Gesture(
                name,
                at(rng.uniform(1.5, 3.2), eyes[1] + rng.uniform(-1, 1.5) * unit, rng.uniform(0, 2.0) * unit),
                out,
                ahead,
                curl * 0.5,
            )
        case "pointing":
            return Gesture(
                name,
                at(rng.uniform(2.5, 5), chest + rng.uniform(-1, 2) * unit, rng.uniform(0, 4) * unit),
                down,
                -up,
                0.9,
            )
        case "aside":
            return Gesture(
                name, at(6.5, shoulder[1] + rng.uniform(-2, 1.5) * unit, rng.uniform(-1, 1) * unit), down, -up, curl
            )
        case "shoulder":
            return Gesture(
                name,
                at(-1.3, shoulder[1] - 0.3 * unit, front + 0.6 * unit, 0.15),
                np.array([sign * 0.6, -0.5, 0.6]),
                -ahead,
                0.3,
            )
        case "anywhere":
            place = rng.normal((0, 0, 0.6), 1)
            place[2] = abs(place[2])
            return Gesture(
                name,
                shoulder + place / np.linalg.norm(place) * reach * rng.uniform(0.5, 1) + inward * -0.4 * unit,
                out,
                rng.normal(0, 1, 3),
                curl,
            )
        case _:
            hang = at(
                rng.uniform(1.9, 2.9),
                shoulder[1] - reach * rng.uniform(0.93, 0.99),
                shoulder[2] + rng.uniform(-0.3, 1.2) * unit,
                0.1,
            )
            return Gesture(name, hang, np.array([sign * 0.4, 0.0, -1.0]), inward, float(rng.uniform(0.15, 0.6)))


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

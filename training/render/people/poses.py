"""How people stand, sit and hold their arms: turns of joints for any skeleton, from what the hands are doing.

Arms are solved backwards: a gesture says where the wrist is, the elbow follows (two bones and a pole), the palm is
turned as far as a forearm turns. Decimetres; at rest a person looks along +z, the left is at +x, y is up. A turn is a
rotation in the axes of rest, carried along by what the joint hangs on.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.render.meshes import about_axis, euler
from training.render.people.gestures import BOTH, CALM, GESTURES, LIVELY, Arm, Gesture
from training.render.people.skeletons import SIDES, Skeleton, Vector, finger_axis, palm_of

TWIST = np.linspace(-1.5, 1.5, 13)
"""Turns of a forearm about itself, radians: about 85 degrees either way."""

DEEPEST_SQUAT = 2.1
"""Of the hips, radians: thighs at the chest."""


@dataclass(frozen=True)
class Posture:
    """`turns` of spine, neck, head (in all, to be shared out among their joints), upperarm, forearm, hand, thigh, shin
    (.L and .R); `curls` of fingers, radians a joint, about `axes`."""

    turns: dict[str, NDArray[np.float64]]
    curls: dict[str, float]
    axes: dict[str, Vector]
    doing: dict[str, str] = field(default_factory=dict)


def posture(
    skeleton: Skeleton, wildness: float, camera: Vector, rng: np.random.Generator, grip: str, may_bend: bool = True
) -> Posture:
    """`wildness`: 0 a calm portrait, 1 anything. `camera`: direction to the viewer. `grip`: what is held, "" nothing;
    it is held in the right hand. `may_bend`: to sit or squat, as nobody does whose skirt would follow the thighs."""
    sitting = may_bend and rng.random() < 0.25
    legs = legs_sitting(rng) if sitting else legs_standing(wildness, may_bend, rng)
    turns = torso(wildness, sitting, rng) | legs
    upright = turns["spine"].T
    curls, axes, doing = dict[str, float](), dict[str, Vector](), dict[str, str]()
    for side, gesture in chosen(skeleton, wildness, sitting, upright @ camera, turns, rng, grip).items():
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
    nod = -rng.uniform(0.2, 0.8) if rng.random() < 0.05 + 0.05 * wildness else nod
    return {
        "spine": euler(lean + noise(0.14), noise(0.2), noise(0.12)),
        "neck": euler(noise(0.16) - lean * 0.5 + 0.5 * nod, noise(0.3) + 0.5 * turned, noise(0.12)),
        "head": euler(noise(0.1) - lean * 0.3 + 0.5 * nod, noise(0.2) + 0.5 * turned, noise(0.1)),
    }


def legs_standing(wildness: float, may_bend: bool, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Side by side, a step, a foot up on something, a lunge; or both knees bent, down to a squat."""
    turns, step = {}, rng.normal(0, 0.12 + 0.25 * wildness * (rng.random() < 0.5))
    bent = rng.uniform(0.5, DEEPEST_SQUAT) if may_bend and rng.random() < 0.04 + 0.08 * wildness else 0.0
    raised = rng.choice(["L", "R"]) if not bent and rng.random() < 0.12 * (1 + wildness) else ""
    for side, sign in SIDES.items():
        hip = -rng.uniform(0.5, 1.5) if side == raised else -bent if bent else sign * step
        knee = -hip * rng.uniform(0.8, 1.5) if side == raised else max(0.0, rng.normal(0.05, 0.1) + max(0, hip))
        apart = abs(rng.normal(0, 0.1)) + 0.15 * bent
        turns[f"thigh.{side}"] = euler(hip, rng.normal(0, 0.15) + (0.8 * sign * apart if bent else 0), sign * apart)
        turns[f"shin.{side}"] = euler(1.15 * bent if bent else knee, 0, 0)
    return turns


def legs_sitting(rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    turns, spread = {}, rng.uniform(0, 0.4)
    hip = rng.uniform(1.1, 1.7)
    for side, sign in SIDES.items():
        turns[f"thigh.{side}"] = euler(-hip + rng.normal(0, 0.08), sign * spread, sign * rng.uniform(0, 0.1))
        turns[f"shin.{side}"] = euler(rng.uniform(1.0, 1.9), 0, 0)
    return turns


def chosen(
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


def between(a: Vector, b: Vector) -> NDArray[np.float64]:
    """The least rotation from one direction to another."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis = np.cross(a, b)
    size = float(np.linalg.norm(axis))
    return about_axis(axis / size, float(np.arctan2(size, a @ b))) if size > 1e-9 else np.eye(3)

"""What somebody owns besides clothes: drawn now and then, on whoever it was made for."""

from dataclasses import dataclass

import numpy as np

from training.data.shards import PARTS
from training.render.people import accessories, holdables, strands
from training.render.people.accessories import GLASSES, HATS, Accessory, Head
from training.render.people.holdables import HELD
from training.render.people.skeletons import Skeleton
from training.render.pieces import Piece

CURLY = 0.6
"""Share of people without a wig of their family's who have curls."""

OWNED = {"glasses": 0.35, "hat": 0.3, "scarf": 0.15, "mask": 0.02, "held": 0.6}
"""Shares of people who own one."""

SHOWN = {"strands": 1.0, "glasses": 0.85, "hat": 0.6, "scarf": 0.7, "mask": 0.8, "held": 0.5}
"""Shares of their pictures in which it is there."""


@dataclass(frozen=True)
class Outfit:
    """`styles` names what there is in each slot; `things` are its solids."""

    styles: dict[str, str]
    things: dict[str, list[Accessory]]

    def shown(self, rng: np.random.Generator) -> dict[str, str]:
        """Slots of one picture, with their styles; a headscarf leaves no room for a scarf, a hat none
        for strands."""
        now = {slot: style for slot, style in self.styles.items() if rng.random() < SHOWN[slot]}
        if now.get("hat") in ("headscarf", "hood"):
            now.pop("scarf", None)
        if "hat" in now:
            now.pop("strands", None)
        return now


def owned(head: Head, skeleton: Skeleton, rng: np.random.Generator, may_curl: bool) -> Outfit:
    """`may_curl`: the head has no hair but a wig that may be missing."""
    styles, things = dict[str, str](), dict[str, list[Accessory]]()
    if len(head.haired) > len(head.bare):
        styles["strands"] = "loose"
        things["strands"] = strands.flyaways(head.haired[len(head.bare) :], head, rng)
    elif may_curl and rng.random() < CURLY:
        styles["strands"] = "curls"
        things["strands"] = strands.curls(head, rng)
    for slot, share in OWNED.items():
        if rng.random() > share:
            continue
        if slot == "glasses":
            styles[slot] = str(rng.choice(GLASSES))
            things[slot] = accessories.glasses(styles[slot], head, rng)
        elif slot == "hat":
            styles[slot] = str(rng.choice(HATS))
            things[slot] = accessories.hat(styles[slot], head, rng)
        elif slot == "held":
            styles[slot] = str(rng.choice(HELD))
            things[slot] = holdables.held(styles[slot], skeleton, rng)
        else:
            styles[slot] = slot
            things[slot] = accessories.scarf(head, rng) if slot == "scarf" else accessories.mask(head, rng)
    return Outfit(styles, things)


def piece(thing: Accessory, joint: int) -> Piece:
    """For the device, stiff on one joint; cloth is printed by the solid's own coordinates."""
    vertices, faces = thing.solid
    count = len(vertices)
    joints = np.zeros((count, 4), np.int32)
    joints[:] = joint
    return Piece(
        kind=thing.kind,
        vertices=vertices.astype(np.float32),
        normals=thing.normals,
        uv=(vertices[:, :2] * 0.1).astype(np.float32),
        joints=joints,
        weights=np.tile(np.float32([1, 0, 0, 0]), (count, 1)),
        parts=np.full(count, PARTS[{"held": "held", "strand": "hair"}.get(thing.kind, "worn")], np.uint8),
        faces=faces.astype(np.int32),
        texture=None,
    )


def tints(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Linear colours of everything worn or held, new for every picture."""
    dark, grey = rng.uniform(0.01, 0.08, 3), np.ones(3) * rng.uniform(0.3, 0.8)
    return {
        "glasses": (dark, grey, rng.uniform(0.02, 0.6, 3))[rng.integers(3)],
        "lens": rng.uniform(0.005, 0.04, 3),
        "hat": rng.uniform(0.02, 0.8, 3) if rng.random() < 0.6 else np.ones(3) * rng.uniform(0.02, 0.8),
        "scarf": rng.uniform(0.02, 0.8, 3),
        "mask": (np.array([0.5, 0.7, 0.8]), np.ones(3) * 0.8, dark)[rng.integers(3)],
        "held": (dark, np.ones(3) * 0.8, rng.uniform(0.02, 0.9, 3))[rng.integers(3)],
    }

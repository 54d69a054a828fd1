"""Clothes cut to measure out of the body's own tights and skirt: of any length and width, alone or over one another.

The modelled suits are few, and what a network knows of clothes is then what these look like. A garment is a part of a
mesh that surrounds the body, told by where its vertices are along arms, legs and trunk.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.render.people.library import Library

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

ARM = ("upperarm", "lowerarm", "wrist", "finger", "metacarpal")
LEG = ("upperleg", "lowerleg", "foot", "toe")
JOINTS = {"arm": ("upperarm01", "lowerarm01", "wrist"), "leg": ("upperleg01", "lowerleg01", "foot")}
TIGHTS, SKIRT = "helper-tights", "helper-skirt"
MARGIN = 0.07
"""How far under the edge of a garment skin is still drawn, in shares of a limb."""


@dataclass(frozen=True)
class Chart:
    """Where each vertex of the body's mesh is, V each. `arm` and `leg`: 0 at shoulder or hip, 1 at wrist or ankle, -1
    where neither is. `height`: of all vertices, 0 at the hips, 1 at the neck. `front`: the throat is 1, its sides 0."""

    arm: Values
    leg: Values
    height: Values
    front: Values


@dataclass(frozen=True)
class Garment:
    """`kind`: whose colour it has. `group`: of which helper it is cut. `within`: V, above 0 where it is, in shares of a
    limb or the trunk from its edge. `slack`: how far it is off the body, V, dm."""

    kind: str
    group: str
    within: Values
    slack: Values

    @property
    def hides(self) -> Mask:
        """Which vertices of the skin nobody sees; through a skirt's end one looks up."""
        return (self.within > MARGIN) & (self.group == TIGHTS)

    def cut(self, vertices: NDArray[np.float32], faces: NDArray[np.int64]) -> tuple[NDArray[np.float32], Mask]:
        """Where the vertices are when those across the edge are drawn back to it, and which faces are left."""
        inside = self.within[faces] > 0
        crossed = faces[inside.any(1) & ~inside.all(1)]
        pulled, count = np.zeros_like(vertices), np.zeros(len(vertices))
        for k, other in ((k, (k + step) % 3) for k in range(3) for step in (1, 2)):
            out, into = crossed[:, k], crossed[:, other]
            edge = (self.within[out] <= 0) & (self.within[into] > 0)
            out, into = out[edge], into[edge]
            share = self.within[out] / (self.within[out] - self.within[into])
            np.add.at(pulled, out, vertices[out] + share[:, None] * (vertices[into] - vertices[out]))
            np.add.at(count, out, 1)
        moved = np.where(count[:, None] > 0, pulled / np.maximum(count, 1)[:, None], vertices)
        return moved.astype(np.float32), inside.any(1)


def chart(library: Library) -> Chart:
    """Of the body as it is before it is anybody's."""
    body = library.body.vertices.astype(float)
    joints = np.array([body[corner].mean(0) for corner in library.heads])
    limbs = {}
    for limb, bones in (("arm", ARM), ("leg", LEG)):
        chosen = [k for name, k in library.bone.items() if name.startswith(bones)]
        on = library.weights[:, chosen].sum(1) > 0.5
        sides = [[joints[library.bone[f"{name}.{side}"]] for name in JOINTS[limb]] for side in "LR"]
        nearest = np.where(body[:, 0] > 0, along(body, *sides[0]), along(body, *sides[1]))
        limbs[limb] = np.where(on, np.maximum(nearest, 0), -1)
    low, high = (joints[library.bone[name]][1] for name in ("upperleg01.L", "neck01"))
    front = np.where(body[:, 2] > 0, np.maximum(0, 1 - np.abs(body[:, 0]) / 1.1), 0)
    return Chart(limbs["arm"], limbs["leg"], (body[:, 1] - low) / (high - low), front)


def along(places: Values, root: Values, middle: Values, end: Values) -> Values:
    """How far along two bones each of N x 3 places is: 0 at the root, 1 at the end, more beyond it."""
    first, second = middle - root, end - middle
    lengths = np.linalg.norm(first), np.linalg.norm(second)
    on_first = np.clip((places - root) @ first / lengths[0] ** 2, 0, 1)
    on_second = np.maximum((places - middle) @ second / lengths[1] ** 2, 0)
    off = [
        np.linalg.norm(places - start - share[:, None] * bone, axis=1)
        for start, share, bone in ((root, on_first, first), (middle, on_second, second))
    ]
    travelled = np.where(off[0] < off[1], on_first * lengths[0], lengths[0] + on_second * lengths[1])
    return travelled / sum(lengths)


def tailored(on: Chart, rng: np.random.Generator) -> list[Garment]:
    """What somebody wears: a top over trousers or a skirt, or a dress; one in four a coat over it."""
    below = str(rng.choice(["trousers", "skirt", "dress"], p=[0.7, 0.12, 0.18]))
    sleeve = float(rng.choice([0.08, 0.3, 0.6, 1.02])) * rng.uniform(0.85, 1)  # at 0 the chart ends, and edges fray
    if below == "trousers":
        out = [trousers(on, rng), top(on, "cloth", sleeve, rng.uniform(-0.12, 0.2), 0.1, rng)]
    else:
        kind = "cloth" if below == "dress" else "lower"
        out = [top(on, "cloth", sleeve, 0.1, 0.06, rng), skirt(on, kind, rng.uniform(-1.4, -0.35), 0.1, rng)]
    if rng.random() < 0.25:
        hem = rng.uniform(-1.2, -0.3)
        out += [top(on, "coat", 1.0, -0.05, 0.25, rng), skirt(on, "coat", hem, 0.3, rng)]
    return out


def top(on: Chart, kind: str, sleeve: float, hem: float, slack: float, rng: np.random.Generator) -> Garment:
    """`sleeve`: where it ends along the arm; `hem`: at which height."""
    collar = rng.uniform(0.97, 1.06) - rng.choice([0, rng.uniform(0.02, 0.16)]) * on.front
    wide = np.where(on.arm >= 0, 0.3 + 0.7 * on.arm, np.clip(1 - on.height, 0, 1))
    within = np.where(on.arm >= 0, sleeve - on.arm, np.where(on.leg >= 0, np.inf, collar - on.height))
    return Garment(kind, TIGHTS, np.minimum(within, on.height - hem), slack + min(rng.exponential(0.12), 0.5) * wide)


def trousers(on: Chart, rng: np.random.Generator) -> Garment:
    length, waist = float(rng.choice([0.4, 0.75, 1.0], p=[0.2, 0.1, 0.7])) * rng.uniform(0.85, 1), rng.uniform(0.1, 0.3)
    wide = np.where(on.leg >= 0, 0.3 + 0.7 * on.leg, 0.1)
    within = np.where(on.leg >= 0, length - on.leg, np.where(on.arm >= 0, -1, waist - on.height))
    return Garment("lower", TIGHTS, within, 0.04 + min(rng.exponential(0.1), 0.5) * wide)


def skirt(on: Chart, kind: str, hem: float, slack: float, rng: np.random.Generator) -> Garment:
    """From the waist down to a height, wider the lower."""
    flare = rng.uniform(0.15, 0.7) * np.maximum(0.2 - on.height, 0)
    return Garment(kind, SKIRT, on.height - hem, slack + flare)

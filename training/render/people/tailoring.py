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

BONES = {
    "arm": ("upperarm", "lowerarm", "wrist", "finger", "metacarpal"),
    "leg": ("upperleg", "lowerleg", "foot", "toe"),
}
"""Beginnings of the names of a limb's bones."""

ENDS = {"arm": ("upperarm01", "lowerarm01", "wrist"), "leg": ("upperleg01", "lowerleg01", "foot")}
"""Where a limb begins, bends and ends."""

TIGHTS, SKIRT = "helper-tights", "helper-skirt"

MARGIN = 0.07
"""How far under the edge of a garment skin is still drawn, in shares of a limb or the trunk."""

SLEEVES, TROUSERS = (0.08, 0.3, 0.6, 1.02), ((0.4, 0.2), (0.75, 0.1), (1.0, 0.7))
"""Ends along the arm, and along the leg with their shares. At 0 the chart ends, and edges fray."""

COATED, LONG = 0.25, 0.5
"""Share of people in coats, and of coats that go below the hips."""

LOOSENESS, LOOSEST = 0.12, 0.5
"""How far wide ends are off the body: mean and most, dm."""

LAYER = 0.06
"""Between a garment and what is under it, dm."""


@dataclass(frozen=True)
class Chart:
    """Where each vertex of the body's mesh is, V each. `arm` and `leg`: 0 at shoulder or hip, 1 at wrist or ankle, -1
    where neither is. `height`: of all vertices, 0 at the hips, 1 at the neck. `front`: the throat is 1, its sides 0."""

    arm: Values
    leg: Values
    height: Values
    front: Values

    @property
    def along(self) -> Values:
        """How far a limb or the trunk is from where clothes hang from: shoulders and hips 0, its end 1."""
        return np.where(self.arm >= 0, self.arm, np.where(self.leg >= 0, self.leg, np.clip(1 - self.height, 0, 1)))


@dataclass(frozen=True)
class Garment:
    """`kind`: whose colour it has. `group`: of which helper it is cut. `within`: V, above 0 where it is, in shares of a
    limb or the trunk from its edge; of a skirt also above its top, where its helper ends. `slack`: V, dm from the
    body."""

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
    body = library.body.vertices
    limbs = {}
    for limb, beginnings in BONES.items():
        chosen = [k for name, k in library.bone.items() if name.startswith(beginnings)]
        on = library.weights[:, chosen].sum(1) > 0.5
        sides = [[library.joint(body, f"{name}.{side}") for name in ENDS[limb]] for side in "LR"]
        share = np.where(body[:, 0] > 0, along(body, *sides[0]), along(body, *sides[1]))
        limbs[limb] = np.where(on, np.maximum(share, 0), -1)
    low, high = (library.joint(body, name)[1] for name in ("upperleg01.L", "neck01"))
    front = np.where(body[:, 2] > 0, np.maximum(0, 1 - np.abs(body[:, 0]) / 1.1), 0)  # a neck is 2.2 dm wide
    return Chart(limbs["arm"], limbs["leg"], (body[:, 1] - low) / (high - low), front)


def along(places: NDArray[np.floating], root: Values, middle: Values, end: Values) -> Values:
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


def tailored(on: Chart, sex: str, rng: np.random.Generator) -> list[Garment]:
    """What somebody wears, from the skin outwards: trousers or a skirt under a top, or a dress; now and then a coat."""
    styles = ["trousers", "skirt", "dress"]
    below = str(rng.choice(styles, p=[0.96, 0.02, 0.02] if sex == "male" else [0.45, 0.22, 0.33]))
    sleeve, under = float(rng.choice(SLEEVES)) * rng.uniform(0.85, 1), np.zeros_like(on.height)
    if below == "trousers":
        out = [trousers(on, rng)]
        out.append(top(on, "cloth", sleeve, rng.uniform(-0.12, 0.2), out[0].slack, rng))
    else:
        out = [top(on, "cloth", sleeve, 0.1, under, rng)]
        kind = "cloth" if below == "dress" else "lower"
        out.append(skirt(on, kind, rng.uniform(-1.4, -0.35), out[0].slack, rng))
    if rng.random() < COATED:
        under = np.max([garment.slack for garment in out], 0)
        out.append(top(on, "coat", 1.0, -0.05, under, rng))
        if rng.random() < LONG:
            out.append(skirt(on, "coat", rng.uniform(-1.2, -0.3), under, rng))
    return out


def top(on: Chart, kind: str, sleeve: float, hem: float, under: Values, rng: np.random.Generator) -> Garment:
    """`sleeve`: where it ends along the arm; `hem`: at which height; `under`: slack of what is below it, V, dm."""
    neckline = rng.choice([0, rng.uniform(0.02, 0.16)])
    collar = rng.uniform(0.97, 1.06) - neckline * on.front
    within = np.where(on.arm >= 0, sleeve - on.arm, np.where(on.leg >= 0, np.inf, collar - on.height))
    return Garment(kind, TIGHTS, np.minimum(within, on.height - hem), under + LAYER + loose(on, rng))


def trousers(on: Chart, rng: np.random.Generator) -> Garment:
    ends, shares = zip(*TROUSERS, strict=True)
    length, waist = float(rng.choice(ends, p=shares)) * rng.uniform(0.85, 1), rng.uniform(0.1, 0.3)
    within = np.where(on.leg >= 0, length - on.leg, np.where(on.arm >= 0, -1, waist - on.height))
    return Garment("lower", TIGHTS, within, LAYER + loose(on, rng) * (on.leg >= 0))


def skirt(on: Chart, kind: str, hem: float, under: Values, rng: np.random.Generator) -> Garment:
    """From the waist down to a height, wider the lower."""
    flare = rng.uniform(0.15, 0.7) * np.maximum(0.2 - on.height, 0)
    return Garment(kind, SKIRT, on.height - hem, under + LAYER + flare)


def loose(on: Chart, rng: np.random.Generator) -> Values:
    """Tight at shoulders and hips, and as wide as may be at the end."""
    return min(float(rng.exponential(LOOSENESS)), LOOSEST) * (0.2 + 0.8 * np.minimum(on.along, 1))

"""How people stand before the camera: one camera for all of them, one ground under them."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.data.shards import Someone
from training.render.meshes import about_axis, euler
from training.render.people.skeletons import Skeleton
from training.render.pieces import Look, Piece, Pose
from training.render.surroundings import Camera

Vectors = NDArray[np.float64]

FRAMINGS = {
    "face": (0.15, (1.5, 2.3)),
    "shoulders": (0.28, (2.4, 3.8)),
    "half": (0.3, (4.2, 6.2)),
    "full": (0.27, (9, 12)),
}
"""Share of frames, and the range of half the view's height in decimetres."""

NEAREST = 3.5
"""Distance of the nearest camera, dm: a short arm's."""

WILDNESS = (0.1, 0.4, 1.0)

HEIGHTS = ((0.5, (9.5, 15)), (0.35, (3, 11)), (0.15, (15, 30)))
"""Share, and the range of a camera's height above the ground, dm: at the chest of somebody who stands, lower, higher.
With most of them at the eyes, looking down at whole figures, these leant too far; they still do (docs/adr/0020)."""

AT_THE_FACE = ((0.65, (13.5, 17)), (0.22, (3, 13)), (0.13, (17, 32)))
"""The same of near cameras: mostly at the eyes."""

TILTING = 18.0
"""Distance, dm, up to which a camera is near: held at the face, and tilted by its height as if it were so far."""

LEVEL = 0.3
"""Share of far cameras that are held level, to two degrees or so, whatever is in the middle of their view, as many are.
That whole figures lean too far in the answer is not for want of these (docs/adr/0020)."""

ANYHOW = 0.1
"""Share of cameras that are tilted for no reason."""


class Person(Protocol):
    everything: list[Piece]
    skeleton: Skeleton

    def look(self) -> Look: ...

    def described(self, look: Look, pose: Pose) -> Someone: ...

    def pose(self, wildness: float, camera: Vectors) -> Pose: ...


@dataclass(frozen=True)
class Shot:
    """`reach`: half of the view's height, dm. `focal`: in half image heights; selfies are 1.3, portraits at 5."""

    framing: str
    reach: float
    focal: float
    count: int

    @property
    def distance(self) -> float:
        return self.reach * self.focal


@dataclass(frozen=True)
class Stance:
    """A person's pose, the 4 x 4 view matrix, and N x 3 points of the person in the world."""

    pose: Pose
    view: NDArray[np.float64]
    points: Vectors

    @property
    def feet(self) -> Vectors:
        """The two ends of what touches the ground, 2 x 3, in the world."""
        low = self.points[self.points[:, 1] < self.points[:, 1].min() + 0.6]
        return low[[low[:, 0].argmin(), low[:, 0].argmax()]]


def stand(people: list[Person], shot: Shot, rng: np.random.Generator) -> tuple[Camera, list[Stance]]:
    """The camera of a shot, and how each of the people stands before it: all on the ground of the first."""
    spots = places(shot, rng)
    turn = held(people[0], spots[0], rng)
    turns, poses = [], []
    for person, _ in zip(people, spots, strict=False):
        turns.append(turn @ about_axis((0, 1, 0), heading(rng)))
        poses.append(person.pose(float(rng.choice(WILDNESS)), turns[-1][2]))
    shapes = [points(pose) for pose in poses]
    tall = np.array([pose.head[1, 3] - shape[:, 1].min() for pose, shape in zip(poses, shapes, strict=True)])
    heads = np.array(spots)[: len(poses)] @ turn
    heads[:, 1] = heads[0, 1] - tall[0] + tall
    heads[:, 1] -= sunk(heads, spots[0], turn)
    heads[:, 2] -= max(0.0, (heads @ turn[2]).max() + NEAREST / 2) / turn[2, 2]  # nobody is behind the camera
    stances = []
    for pose, shape, turned, head in zip(poses, shapes, turns, heads, strict=True):
        view = np.eye(4)
        view[:3, :3], view[:3, 3] = turned, turn @ head - turned @ pose.head[:3, 3]
        stances.append(Stance(pose, view, (shape @ turned.T + view[:3, 3]) @ turn))
    return Camera(turn, shot.focal, float(tall[0] - heads[0, 1])), stances


def sunk(heads: Vectors, spot: Vectors, turn: NDArray[np.float64]) -> float:
    """How far people (heads N x 3, world) go down so that nobody's head is higher in the picture than a spot (view)."""
    slope = spot[1] / -spot[2]
    above = (turn[1] + slope * turn[2]) @ heads.T
    return max(0.0, float(above.max()) / (turn[1, 1] + slope * turn[2, 1]))


def places(shot: Shot, rng: np.random.Generator) -> list[Vectors]:
    """Where the heads are in view space, from left to right. Who is too near to a neighbour to stand beside it stands
    before or behind it; one in six is far behind."""
    spread = rng.uniform(2.0, 6.5)
    near = rng.choice([-1, 1])
    out = []
    for slot in range(shot.count):
        if shot.framing == "face":
            height = -0.2 + rng.normal(0, 0.2) * shot.reach
        elif shot.framing == "full":
            height = rng.uniform(5.5, 7.5)
        else:  # the top of the head near the upper edge
            height = shot.reach * rng.uniform(0.72, 0.98) - 2.3
        aside = rng.normal(0, 0.12) if rng.random() < 0.9 else rng.uniform(-1.0, 1.0)  # some are cut off by the frame
        sideways = (slot - (shot.count - 1) / 2) * spread + aside * shot.reach
        farther = 0.0
        if shot.count > 1:
            beside = spread > 4.8 and rng.random() < 0.7
            farther = rng.normal(0, 1.0) if beside else near * (-1) ** slot * rng.uniform(1.6, 3.5)
        if slot and rng.random() < 0.16:
            farther = -rng.uniform(6, 30)
        out.append(np.array([sideways, height, min(farther, 0.5 * shot.distance) - shot.distance]))
    return out


def held(person: Person, spot: Vectors, rng: np.random.Generator) -> NDArray[np.float64]:
    """The camera's turn from world to view: it looks at what is in the middle of the view, from a height above the
    ground that the person stands on, or is held level, or anyhow. `spot`: the person's head in the view."""
    eyes = person.skeleton["eyes"][1] - min(float(piece.vertices[:, 1].min()) for piece in person.everything)
    heights = AT_THE_FACE if -spot[2] < TILTING else HEIGHTS
    low, high = heights[int(rng.choice(len(heights), p=[share for share, _ in heights]))][1]
    down = np.arctan((rng.uniform(low, high) - (eyes - spot[1])) / max(-spot[2], TILTING))
    if -spot[2] >= TILTING and rng.random() < LEVEL:
        down = rng.normal(0, 0.04)
    if rng.random() < ANYHOW:
        down = rng.normal(0, 0.4)
    return euler(float(np.clip(down, -0.7, 0.9)), 0, 0) @ about_axis((0, 0, 1), rng.normal(0, 0.04))


def heading(rng: np.random.Generator) -> float:
    """A person's turn about the upright: mostly from ahead, one in six from anywhere."""
    return rng.normal(0, 0.45) if rng.random() < 0.84 else rng.uniform(-np.pi, np.pi)


def points(pose: Pose) -> Vectors:
    """A few of the places where a posed person is, in the person's axes: N x 3."""
    out = []
    for piece, bones in zip(pose.pieces, pose.bones, strict=True):
        some = slice(None, None, max(1, len(piece.vertices) // 300))
        tables = np.einsum("vk,vkij->vij", piece.weights[some], bones[piece.joints[some]])
        out.append(np.einsum("vij,vj->vi", tables[:, :3, :3], piece.vertices[some]) + tables[:, :3, 3])
    return np.concatenate(out).astype(float)

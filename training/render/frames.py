"""A frame's plan: who is in it, seen from where, in which light.

Portraits first, because that is what the service is sent: one in five a face, two in five head and shoulders.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.data.shards import PARTS, Someone
from training.render import things
from training.render.meshes import about_axis, euler
from training.render.poses import Skeleton
from training.render.renderer import Appearance, Drawn, Light, Look, Piece, Pose, Renderer
from training.render.surroundings import Camera

Vectors = NDArray[np.float64]

FRAMINGS = {
    "face": (0.15, (1.5, 2.3)),
    "shoulders": (0.28, (2.4, 3.8)),
    "half": (0.3, (4.2, 6.2)),
    "full": (0.27, (9, 12)),
}
"""Share of frames, and the range of half the view's height in decimetres."""

COUNTS = (0.7, 0.16, 0.09, 0.05)
"""Shares of one to four people; a face is always one."""

NEAREST = 3.5
"""Distance of the nearest camera, dm: a short arm's."""

STATUES = 0.4
"""Share of statues among frames without people."""

WILDNESS = (0.1, 0.4, 1.0)


HEIGHTS = ((13.5, 17), (3, 13), (17, 32))
"""Of a camera above the ground, dm: before the eyes of somebody who stands; from below; from above."""


class Person(Protocol):
    everything: list[Piece]
    skeleton: Skeleton

    def look(self) -> Look: ...

    def described(self, look: Look, pose: Pose) -> Someone: ...

    def pose(self, wildness: float, camera: NDArray[np.float64]) -> Pose: ...


@dataclass(frozen=True)
class Shot:
    """`reach`: half of the view's height, dm. `focal`: in half image heights; selfies are 1.3, portraits at 5."""

    framing: str
    reach: float
    focal: float
    count: int


def planned(rng: np.random.Generator) -> Shot:
    framing = str(rng.choice(list(FRAMINGS), p=[share for share, _ in FRAMINGS.values()]))
    count = 1 if framing == "face" else int(rng.choice([1, 2, 3, 4], p=COUNTS))
    focal, reach = float(np.exp(rng.uniform(np.log(1.2), np.log(6)))), rng.uniform(*FRAMINGS[framing][1])
    return Shot(framing, reach, max(focal, NEAREST / reach), count)


def taken(
    renderer: Renderer, people: list[Person], shot: Shot, light: Light, rng: np.random.Generator
) -> tuple[Drawn, list[Someone], Camera, Vectors]:
    """The frame of a shot with the first `shot.count` of the people, its camera, and where they touch the ground."""
    present, known = [], []
    camera, stood = stand(people, shot, rng)
    for person, (pose, view) in zip(people, stood, strict=False):
        look = person.look()
        present.append(Appearance(pose.pieces, pose.bones, view, look))
        known.append(facing(person.described(look, pose), view[:3, :3] @ pose.head[:3, :3]))
    drawn = renderer.draw(present, shot.focal, light, float(rng.random()))
    known = [replace(someone, hands_in_front=hands_in_front(drawn, number)) for number, someone in enumerate(known, 1)]
    return drawn, known, camera, touching(stood, camera)


def of_things(
    renderer: Renderer, people: list[Person], shot: Shot, light: Light, rng: np.random.Generator
) -> tuple[Drawn, str, Camera, Vectors]:
    """A frame in which nobody is, and what is there: statues of the people, or a still life."""
    camera, stood = stand(people, shot, rng)
    if rng.random() < STATUES:
        present, kind = [things.statue(pose, view, rng) for pose, view in stood], "statue"
    else:
        present, kind = things.still_life(shot.reach, shot.reach * shot.focal, rng), "things"
        stood = []
    drawn = renderer.draw(present, shot.focal, light, float(rng.random()))
    for appearance in present:
        renderer.forget(appearance.pieces)
    return drawn, kind, camera, touching(stood, camera)


def stand(
    people: list[Person], shot: Shot, rng: np.random.Generator
) -> tuple[Camera, list[tuple[Pose, NDArray[np.float64]]]]:
    """A camera, and for each person of a shot a pose and the view matrix; all stand on the ground of the first."""
    spots = places(shot, rng)
    turn = held(people[0], spots[0], rng)
    posed, worlds, ground = [], [], 0.0
    for person, spot in zip(people, spots, strict=False):
        facing = turn @ about_axis((0, 1, 0), yaw(rng))
        pose = person.pose(float(rng.choice(WILDNESS)), facing[2])
        below = pose.head[1, 3] - points(pose)[:, 1].min()
        world = spot @ turn
        ground = ground if posed else world[1] - below
        worlds.append(world * (1, 0, 1) + (0, ground + below, 0))
        posed.append((pose, facing))
    sunk = max(0.0, *(turn[1] @ world - spots[0][1] for world in worlds))  # so that the tallest has a head
    stood = []
    for (pose, facing), world in zip(posed, worlds, strict=True):
        spot = turn @ (world - (0, sunk, 0))
        spot[2] = min(spot[2], -NEAREST / 2)  # nobody is behind the camera
        view = np.eye(4)
        view[:3, :3], view[:3, 3] = facing, spot - facing @ pose.head[:3, 3]
        stood.append((pose, view))
    return Camera(turn, shot.focal, sunk - float(ground)), stood


def yaw(rng: np.random.Generator) -> float:
    """A person's turn about the upright: mostly from ahead, one in eight from anywhere."""
    return rng.normal(0, 0.45) if rng.random() < 0.88 else rng.uniform(-np.pi, np.pi)


def held(person: Person, spot: Vectors, rng: np.random.Generator) -> NDArray[np.float64]:
    """The camera's turn from world to view. It is at the eyes of somebody who stands, lower or higher, and looks at
    what is in the middle of the view; one in ten is tilted anyhow. `spot`: the person's head in the view."""
    eyes = person.skeleton["eyes"][1] - min(float(piece.vertices[:, 1].min()) for piece in person.everything)
    low, high = HEIGHTS[int(rng.choice(len(HEIGHTS), p=(0.65, 0.22, 0.13)))]
    down = np.arctan((rng.uniform(low, high) - (eyes - spot[1])) / max(-spot[2], 18.0))
    if rng.random() < 0.1:
        down = rng.normal(0, 0.4)
    return euler(float(np.clip(down, -0.7, 0.9)), 0, 0) @ about_axis((0, 0, 1), rng.normal(0, 0.04))


def points(pose: Pose) -> Vectors:
    """A few of the places where a posed person is, in the person's axes: N x 3."""
    out = []
    for piece, bones in zip(pose.pieces, pose.bones, strict=True):
        some = slice(None, None, max(1, len(piece.vertices) // 300))
        tables = np.einsum("vk,vkij->vij", piece.weights[some], bones[piece.joints[some]])
        out.append(np.einsum("vij,vj->vi", tables[:, :3, :3], piece.vertices[some]) + tables[:, :3, 3])
    return np.concatenate(out).astype(float)


def touching(stood: list[tuple[Pose, NDArray[np.float64]]], camera: Camera) -> Vectors:
    """Up to two places for each person where it touches the ground, in the world: N x 3."""
    feet = [np.empty((0, 3))]
    for pose, view in stood:
        places = points(pose)
        low = places[places[:, 1] < places[:, 1].min() + 0.6]
        ends = low[[low[:, 0].argmin(), low[:, 0].argmax()]]
        feet.append((ends @ view[:3, :3].T + view[:3, 3]) @ camera.turn)
    return np.concatenate(feet)


def places(shot: Shot, rng: np.random.Generator) -> list[NDArray[np.float64]]:
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
        out.append(np.array([sideways, height, min(farther, 0.5 * shot.reach * shot.focal) - shot.reach * shot.focal]))
    return out


def facing(someone: Someone, head: NDArray[np.float64]) -> Someone:
    """With the angles of the head's forward axis in view space, to the right of the picture and upwards."""
    x, y, z = head[:, 2]
    return replace(
        someone, yaw=round(float(np.degrees(np.arctan2(x, z))), 1), pitch=round(float(np.degrees(np.arcsin(y))), 1)
    )


def hands_in_front(drawn: Drawn, number: int) -> bool:
    """Whether a hand or forearm of a person is a decimetre or more before the middle of the rest of it."""
    person, part = drawn.labels >> 4, drawn.labels & 15
    arm = (person == number) & ((part == PARTS["hand"]) | (part == PARTS["forearm"]))
    rest = (person == number) & ~arm
    if arm.sum() < 0.004 * arm.size or not rest.any():
        return False
    return bool(np.percentile(1 / drawn.inverse_depth[arm], 25) < np.median(1 / drawn.inverse_depth[rest]) - 1)


def lit(rng: np.random.Generator, panorama: NDArray[np.float64], yaw: float) -> Light:
    """The light of a panorama turned about y, and a lamp from the front or the side, weak or strong."""
    harmonics = turned(panorama, yaw)
    direction = rng.normal((0, 0.5, 0), 1)
    direction[2] = abs(direction[2]) * 0.8 + 0.1
    colour = rng.uniform(0.8, 1.2, 3) * rng.uniform(0.1, 1.6)
    return Light(harmonics * rng.uniform(0.25, 0.8), direction / np.linalg.norm(direction), colour)


def turned(harmonics: NDArray[np.float64], yaw: float) -> NDArray[np.float64]:
    """Coefficients of the same light turned about y; by least squares over directions, exact for order 2."""
    directions = np.stack(np.meshgrid(*[np.linspace(-1, 1, 4)] * 3), -1).reshape(-1, 3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    values = basis(directions @ about_axis((0, 1, 0), yaw).T) @ harmonics
    return np.linalg.lstsq(basis(directions), values, rcond=None)[0]


def basis(n: NDArray[np.float64]) -> NDArray[np.float64]:
    """N x 9, in the order of training.data.panoramas.harmonics."""
    x, y, z = n.T
    return np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], 1)

"""A frame: who is in it, seen from where, in which light, before what.

Portraits first, because that is what the service is sent: one in five a face, two in five head and shoulders.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.data.panoramas import Panorama
from training.data.shards import PARTS, Someone
from training.render import things
from training.render.meshes import about_axis
from training.render.pieces import Appearance, Drawn, Light
from training.render.renderer import Renderer
from training.render.standing import FRAMINGS, NEAREST, Person, Shot, Stance, Vectors, stand
from training.render.surroundings import Camera

COUNTS = (0.7, 0.16, 0.09, 0.05)
"""Shares of one to four people; a face is always one."""

STATUES = 0.4
"""Share of statues among frames without people."""


@dataclass(frozen=True)
class Place:
    """What lights a frame and may be seen in it: a panorama, its light (9 x 3), and how far it is turned about y."""

    name: str
    panorama: Panorama
    harmonics: NDArray[np.float64]
    yaw: float


@dataclass(frozen=True)
class Taken:
    """What was drawn, of which kind (training.data.shards.Record), who is in it, by which camera. `standing`: N x 3 in
    the world, where the ground is touched."""

    drawn: Drawn
    kind: str
    people: tuple[Someone, ...]
    camera: Camera
    standing: Vectors


def planned(rng: np.random.Generator) -> Shot:
    framing = str(rng.choice(list(FRAMINGS), p=[share for share, _ in FRAMINGS.values()]))
    count = 1 if framing == "face" else int(rng.choice([1, 2, 3, 4], p=COUNTS))
    focal, reach = float(np.exp(rng.uniform(np.log(1.2), np.log(6)))), rng.uniform(*FRAMINGS[framing][1])
    return Shot(framing, reach, max(focal, NEAREST / reach), count)


def of_people(renderer: Renderer, people: list[Person], shot: Shot, place: Place, rng: np.random.Generator) -> Taken:
    """A shot of the first `shot.count` of the people."""
    camera, stances = stand(people, shot, rng)
    present, known = [], []
    for person, stance in zip(people, stances, strict=False):
        look = person.look()
        present.append(Appearance(stance.pose.pieces, stance.pose.bones, stance.view, look))
        head = stance.view[:3, :3] @ stance.pose.head[:3, :3]
        known.append(facing(person.described(look, stance.pose), head))
    drawn = renderer.draw(present, shot.focal, lit(place, camera, rng), float(rng.random()))
    known = [replace(someone, hands_in_front=hands_in_front(drawn, number)) for number, someone in enumerate(known, 1)]
    return Taken(drawn, shot.framing if len(known) == 1 else "group", tuple(known), camera, feet_of(stances))


def of_things(renderer: Renderer, people: list[Person], shot: Shot, place: Place, rng: np.random.Generator) -> Taken:
    """A shot in which nobody is: statues of the people, or a still life."""
    camera, stances = stand(people, shot, rng)
    standing = feet_of(stances)
    if rng.random() < STATUES:
        present, kind = [things.statue(stance.pose, stance.view, rng) for stance in stances], "statue"
    else:
        present, kind = things.still_life(shot.reach, shot.distance, rng), "things"
        standing = np.array([0, 0, -shot.distance]) @ camera.turn * (1, 0, 1) - (0, camera.height, 0)
    drawn = renderer.draw(present, shot.focal, lit(place, camera, rng), float(rng.random()))
    for appearance in present:
        renderer.forget(appearance.pieces)
    return Taken(drawn, kind, (), camera, standing.reshape(-1, 3))


def feet_of(stances: list[Stance]) -> Vectors:
    return np.concatenate([stance.feet for stance in stances])


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


def lit(place: Place, camera: Camera, rng: np.random.Generator) -> Light:
    """The light of a place as the camera is held, and a lamp from the front or the side, weak or strong."""
    harmonics = turned(place.harmonics, about_axis((0, 1, 0), place.yaw) @ camera.turn.T)
    direction = rng.normal((0, 0.5, 0), 1)
    direction[2] = abs(direction[2]) * 0.8 + 0.1
    colour = rng.uniform(0.8, 1.2, 3) * rng.uniform(0.1, 1.6)
    return Light(harmonics * rng.uniform(0.25, 0.8), direction / np.linalg.norm(direction), colour)


def turned(harmonics: NDArray[np.float64], turn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients of the same light in axes that a turn (3 x 3) brings into its own; by least squares over directions,
    exact for order 2."""
    directions = np.stack(np.meshgrid(*[np.linspace(-1, 1, 4)] * 3), -1).reshape(-1, 3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    values = basis(directions @ turn.T) @ harmonics
    return np.linalg.lstsq(basis(directions), values, rcond=None)[0]


def basis(n: NDArray[np.float64]) -> NDArray[np.float64]:
    """N x 9, in the order of training.data.panoramas.harmonics."""
    x, y, z = n.T
    return np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], 1)

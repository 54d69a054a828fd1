"""What is behind people, seen by the camera that sees them: a panorama, or a room made up for the frame.

How far a body leans towards the camera depends on how that is held, and only what is around the body tells: where the
horizon is, where floor and walls meet, how the tiles run. World space is view space turned upright: decimetres, the
camera in its origin, y up, a level camera looking along -z.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.data import panoramas
from training.data.panoramas import Panorama
from training.render.meshes import about_axis
from training.render.papers import painted, paper

Pixels = NDArray[np.uint8]
Vectors = NDArray[np.float64]

REAL = 0.45
"""Share of panoramas; the other places are made up."""

OPEN = 0.35
"""Share of made-up places without a ceiling: what is around ends in a skyline, far away."""

SHADOW_DM = 0.9
"""Width of the shadow under what stands on the ground."""


@dataclass(frozen=True)
class Camera:
    """`turn`: 3 x 3, from world to view. `focal`: in half image heights. `height`: above the ground, dm."""

    turn: NDArray[np.float64]
    focal: float
    height: float

    @property
    def tilt(self) -> float:
        """How far it looks down, degrees."""
        return float(np.degrees(np.arcsin(self.turn[2, 1])))

    def rays(self, side: int) -> Vectors:
        """S x S x 3, in the world: where each pixel looks; a point at that many times the ray has that depth."""
        across = (2 * (np.arange(side) + 0.5) / side - 1) / self.focal
        x, y = np.meshgrid(across, -across)
        return np.stack([x, y, -np.ones_like(x)], -1) @ self.turn


def seen(
    camera: Camera,
    side: int,
    standing: Vectors,
    panorama: Panorama,
    yaw: float,
    papers: list[Pixels],
    rng: np.random.Generator,
) -> Pixels:
    """S x S x 3, sRGB. `standing`: N x 3 in the world, where the ground is touched. `panorama`: what lights the people;
    `yaw`: its turn about y. `papers`: pictures to put on floors and walls."""
    rays = camera.rays(side)
    if rng.random() < REAL:
        light = panoramas.looked_up(panorama, rays @ about_axis((0, 1, 0), yaw).T)
        colour = panoramas.developed(light, rng.uniform(0.3, 0.75)).astype(np.float64)
        colour *= shadows(rays, camera.height, standing, rng)[..., None]
    else:
        colour = made_up(camera, rays, standing, papers, rng)
    image = Image.fromarray(colour.clip(0, 255).astype(np.uint8))
    blur = float(rng.exponential(2.5)) if rng.random() < 0.35 else 0.5
    return np.asarray(image.filter(ImageFilter.GaussianBlur(blur)))


def shadows(rays: Vectors, height: float, standing: Vectors, rng: np.random.Generator) -> NDArray[np.float64]:
    """S x S: what is left of the light on the ground, which is `height` below the camera; 1 elsewhere."""
    below = rays[..., 1] < -1e-3
    ground = rays[below] * (-height / rays[below][:, 1:2])
    away = ((ground[:, None, ::2] - standing[None, :, ::2]) ** 2).sum(-1).min(1, initial=np.inf)
    out = np.ones(rays.shape[:2])
    out[below] = 1 - rng.uniform(0.2, 0.8) * np.exp(-away / (2 * SHADOW_DM**2))
    return out


def made_up(
    camera: Camera, rays: Vectors, standing: Vectors, papers: list[Pixels], rng: np.random.Generator
) -> NDArray[np.float64]:
    """A place of floor and walls around camera and people, turned a little, with boxes behind them."""
    turn = about_axis((0, 1, 0), rng.normal(0, 0.35)).T
    rays, standing = rays @ turn, standing @ turn
    outside = rng.random() < OPEN
    low, high = walls(standing, camera.height, outside, rng)
    pixels = camera.focal * len(rays) / 2
    away, face = leaving(rays, low, high)
    colour = painted(rays, away, face, [paper(papers, rng) for _ in range(6)], pixels)
    for _ in range(int(rng.integers(0, 6))):
        before, face = entered(rays, *box(low, standing, rng))
        nearer = before < away
        away = np.where(nearer, before, away)
        colour[nearer] = painted(rays[nearer], away[nearer], face[nearer], [paper(papers, rng)] * 6, pixels)
    places = rays * away[..., None]
    reach = rng.uniform(80, 500) if outside else rng.uniform(8, 40)
    lamp = rng.uniform(low.clip(-80), high.clip(None, 60)) * (1, 1, 0.7)
    lit = 1 / (1 + ((places - lamp) ** 2).sum(-1) / reach**2)
    colour *= (rng.uniform(0.3, 0.8) + rng.uniform(0.3, 0.9) * lit)[..., None]
    colour[outside & (places[..., 1] > rng.uniform(2, 150))] = rng.uniform(60, 255) + rng.normal(0, 20, 3)
    on_floor = np.abs(places[..., 1] + camera.height) < 1e-3
    return np.where(on_floor[..., None], colour * shadows(rays, camera.height, standing, rng)[..., None], colour)


def walls(standing: Vectors, height: float, outside: bool, rng: np.random.Generator) -> tuple[Vectors, Vectors]:
    """The lower and the upper corner of what is around: the camera and all who stand are in it."""
    room = rng.uniform(80, 500, 3) if outside else rng.uniform((10, 1.5, 10), (60, 50, 60))
    near, far = standing.min(0, initial=-8) * 1.15, standing.max(0, initial=8) * 1.15
    low = np.array([near[0] - room[0], -height, near[2] - room[1]])
    ceiling = 1e4 if outside else max(rng.uniform(12, 28), 26 - height)
    return low, np.array([far[0] + room[2], ceiling, 1e3])


def box(low: Vectors, standing: Vectors, rng: np.random.Generator) -> tuple[Vectors, Vectors]:
    """Two corners of a thing behind everybody, on the floor or at some height."""
    size = np.exp(rng.uniform(np.log(1.5), np.log(12), 3))
    farthest = standing[:, 2].min(initial=-8) * 1.1
    middle = np.array([rng.uniform(-1, 1) * -farthest, 0, farthest - size[2] - rng.exponential(15)])
    middle[1] = low[1] + size[1] / 2 if rng.random() < 0.7 else rng.uniform(low[1], 30)
    return middle - size / 2, middle + size / 2


def leaving(rays: Vectors, low: Vectors, high: Vectors) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How far it is from inside a box to its wall, in rays, and which: 2 x axis, and 1 for the upper one."""
    safe = np.where(np.abs(rays) < 1e-9, 1e-9, rays)
    ways = np.where(safe > 0, high, low) / safe
    axis = ways.argmin(-1)
    upper = np.take_along_axis(safe, axis[..., None], -1)[..., 0] > 0
    return ways.min(-1), 2 * axis + upper


def entered(rays: Vectors, low: Vectors, high: Vectors) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How far it is to a box from outside, in rays; infinite where it is missed (Kay and Kajiya, 1986)."""
    safe = np.where(np.abs(rays) < 1e-9, 1e-9, rays)
    first, second = low / safe, high / safe
    into, out = np.minimum(first, second), np.maximum(first, second).min(-1)
    axis, away = into.argmax(-1), into.max(-1)
    return np.where((away < out) & (away > 0), away, np.inf), 2 * axis

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

Pixels = NDArray[np.uint8]
Vectors = NDArray[np.float64]

REAL = 0.45
"""Share of panoramas, where there is one; the others are made up."""

OPEN = 0.35
"""Share of made-up places without a ceiling, their walls far away: squares, fields, skylines."""

SHADOW_DM = 0.9
"""Width of the shadow under what stands on the ground."""

PLAIN = 0.3
"""Share of floors and walls in one colour."""


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
    panorama: tuple[Panorama, float],
    papers: list[Pixels],
    rng: np.random.Generator,
) -> Pixels:
    """S x S x 3, sRGB. `standing`: N x 3 in the world, where people touch the ground. `panorama`: what lights them, and
    its turn about y. `papers`: pictures to put on floors and walls."""
    rays = camera.rays(side)
    if rng.random() < REAL:
        light, yaw = panorama
        turned = rays @ about_axis((0, 1, 0), yaw).T
        colour = panoramas.developed(panoramas.looked_up(light, turned), rng.uniform(0.3, 0.75)).astype(np.float64)
        colour *= shadows(rays, camera.height, standing, rng)[..., None]
    else:
        colour = room(camera, rays, standing, papers, rng)
    image = Image.fromarray(colour.clip(0, 255).astype(np.uint8))
    blur = float(rng.exponential(2.5)) if rng.random() < 0.35 else 0.5
    return np.asarray(image.filter(ImageFilter.GaussianBlur(blur)))


def shadows(rays: Vectors, height: float, standing: Vectors, rng: np.random.Generator) -> NDArray[np.float64]:
    """S x S: what is left of the light on the ground, which is `height` below the camera; 1 elsewhere."""
    below = rays[..., 1] < -1e-3
    ground = rays[below] * (-height / rays[below][:, 1:2])
    away = ((ground[:, None, ::2] - standing[None, :8, ::2]) ** 2).sum(-1).min(1, initial=np.inf)
    out = np.ones(rays.shape[:2])
    out[below] = 1 - rng.uniform(0.2, 0.8) * np.exp(-away / (2 * SHADOW_DM**2))
    return out


def room(
    camera: Camera, rays: Vectors, standing: Vectors, papers: list[Pixels], rng: np.random.Generator
) -> NDArray[np.float64]:
    """A box of floor, walls and ceiling around camera and people, turned a little, with smaller boxes in it."""
    rays = rays @ about_axis((0, 1, 0), rng.normal(0, 0.35)).T
    farthest = float(-standing[:, 2].min(initial=-10)) * 1.15
    far = (80, 500) if rng.random() < OPEN else (1.5, 50)
    low = np.array([-rng.uniform(12, 40) - far[0], -camera.height, -farthest - rng.uniform(*far)])
    high = np.array([rng.uniform(12, 40) + far[0], rng.uniform(12, 28), 1e3])
    high[1] = max(high[1], 26 - camera.height) if far[0] < 80 else 1e4
    away, axis = left(rays, low, high)
    lamp = rng.uniform(low.clip(-80), high.clip(None, 60)) * (1, 1, 0.7)
    colour = painted(rays, away, axis, [paper(papers, rng) for _ in range(6)], camera.focal)
    for _ in range(int(rng.integers(0, 6))):
        size = np.exp(rng.uniform(np.log(1.5), np.log(12), 3))
        middle = np.array([rng.uniform(-1, 1) * farthest, 0, -farthest - size[2] - rng.exponential(15)])
        middle[1] = low[1] + size[1] / 2 if rng.random() < 0.7 else rng.uniform(low[1], min(high[1], 30))
        before, face = entered(rays, middle - size / 2, middle + size / 2)
        nearer = before < away
        thing = painted(rays[nearer], before[nearer], face[nearer], [paper(papers, rng)] * 6, camera.focal)
        away, colour[nearer] = np.where(nearer, before, away), thing
    reach = rng.uniform(8, 40) + far[0]
    lit = 1 / (1 + ((rays * away[..., None] - lamp) ** 2).sum(-1) / reach**2)
    colour = colour * (rng.uniform(0.3, 0.8) + rng.uniform(0.3, 0.9) * lit)[..., None]
    floor = np.abs(rays[..., 1] * away + camera.height) < 1e-3
    return np.where(floor[..., None], colour * shadows(rays, camera.height, standing, rng)[..., None], colour)


def left(rays: Vectors, low: Vectors, high: Vectors) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
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


@dataclass(frozen=True)
class Paper:
    """What covers a wall: H x W x 3 uint8, repeated every `size` dm."""

    picture: Pixels
    size: float
    gain: float


def paper(papers: list[Pixels], rng: np.random.Generator) -> Paper:
    """One colour, tiles, boards, grain, or one of the pictures in any size."""
    gain = rng.uniform(0.6, 1.2)
    if papers and rng.random() < 0.45:
        return Paper(papers[int(rng.integers(len(papers)))], float(np.exp(rng.uniform(np.log(6), np.log(120)))), gain)
    colours = rng.uniform(20, 255) + rng.normal(0, 1, (2, 3)) * rng.exponential((15, 40))[:, None]
    y, x = np.mgrid[:64, :64]
    if rng.random() < PLAIN:
        mask = np.zeros((64, 64))
    else:
        tiles, boards = ((x // 32 + y // 32) % 2, (x % 8 == 0) * 1.0)
        joints = ((x % 32 < 2) | ((y + 32 * (x // 32)) % 64 < 2)) * 1.0
        mask = (tiles, boards, joints)[int(rng.integers(3))]
    grain = rng.normal(0, rng.exponential(10), (64, 64, 1))
    rows = rng.normal(0, 12, (1, 8, 1)).repeat(8, 1)  # no board is like the next
    picture = colours[0] + mask[..., None] * (colours[1] - colours[0]) + grain + rows
    return Paper(picture.clip(0, 255).astype(np.uint8), float(np.exp(rng.uniform(np.log(3), np.log(40)))), gain)


def painted(
    rays: Vectors, away: NDArray[np.float64], face: NDArray[np.int64], papers: list[Paper], focal: float
) -> NDArray[np.float64]:
    """Colours of walls that are hit so far away. What is finer than a pixel becomes its mean."""
    out = np.zeros((*away.shape, 3))
    places = rays * away[..., None]
    for k, sheet in enumerate(papers):
        hit = face == k
        if not hit.any():
            continue
        across, up = ((2, 1), (0, 2), (0, 1))[k // 2]
        side = len(sheet.picture), sheet.picture.shape[1]
        row, column = (
            folded(places[hit][:, axis] / sheet.size, pixels) for axis, pixels in zip((up, across), side, strict=True)
        )
        slant = np.abs(rays[hit][:, k // 2]) / np.linalg.norm(rays[hit], axis=1)
        pixel = away[hit] / (128 * focal * np.maximum(slant, 0.02))  # dm of the wall that a pixel covers
        sharp = np.clip(sheet.size / 16 / pixel, 0, 1)[:, None]
        mean = sheet.picture.mean((0, 1))
        out[hit] = (mean + (sheet.picture[row, column] - mean) * sharp) * sheet.gain
    return out


def folded(places: NDArray[np.float64], pixels: int) -> NDArray[np.int64]:
    """Indices of a picture repeated for ever, every other time mirrored, so that it has no seams."""
    phase = np.abs((places % 2) - 1)
    return np.minimum((phase * pixels).astype(np.int64), pixels - 1)

"""Rendered people and backgrounds into photographs. A render gives another picture every time it is drawn.

Foregrounds are premultiplied colour, alpha and inverse depth; nothing is baked in.
"""

import io
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

ASPECTS = (3 / 4, 2 / 3, 9 / 16, 4 / 3, 3 / 2, 16 / 9)


@dataclass(frozen=True)
class Batch:
    """`image`: N x 3 x S x S in [0, 1], letterboxed. `alpha`, `depth`: N x S/2 x S/2. `presence`: N, 0 or 1."""

    image: Tensor
    alpha: Tensor
    depth: Tensor
    presence: Tensor


def composed(
    frames: dict[str, NDArray], scenes: NDArray[np.uint8], rng: np.random.Generator, side: int, negatives: float
) -> Batch:
    """A batch out of foregrounds (colour, alpha, inverse_depth) and pictures without people."""
    colour, alpha, depth = cropped(frames, rng, side)
    images = torch.empty(len(alpha), 3, side, side)
    for k in range(len(alpha)):
        if rng.random() < negatives:
            alpha[k] = 0
        inside = letterbox(rng, side)
        images[k] = photographed(in_front(colour[k], alpha[k], behind(scenes, rng, side), rng), rng) * inside
        alpha[k] *= inside
        depth[k] *= inside
    small = F.avg_pool2d(alpha, 2)[:, 0]
    covered = F.avg_pool2d(depth * alpha, 2)[:, 0]
    presence = (small.flatten(1).mean(1) > 0.01).float()
    return Batch(images, small, covered / small.clamp(min=1e-3), presence)


def cropped(frames: dict[str, NDArray], rng: np.random.Generator, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """The same random mirror, turn and zoom for all maps of a frame; what is seen never leaves the frame."""
    colour = torch.from_numpy(frames["colour"]).permute(0, 3, 1, 2).float() / 255
    alpha = torch.from_numpy(frames["alpha"]).float().unsqueeze(1) / 255
    depth = torch.from_numpy(frames["inverse_depth"].astype(np.float32)).unsqueeze(1)
    maps = torch.cat([colour, alpha, depth * alpha], 1)
    turns = torch.tensor(np.stack([turn(rng) for _ in maps]), dtype=torch.float32)
    grid = F.affine_grid(turns, [len(maps), 5, side, side], align_corners=False)
    maps = F.grid_sample(maps, grid, padding_mode="border", align_corners=False)
    alpha = maps[:, 3:4].clone()
    return maps[:, :3], alpha, maps[:, 4:5] / alpha.clamp(min=1e-3)


def turn(rng: np.random.Generator) -> NDArray[np.float64]:
    zoom = rng.uniform(0.6, 1.0) if rng.random() < 0.7 else 1.0
    angle = rng.normal(0, 0.06) if zoom < 0.9 else 0.0
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    reach = max(0.0, 1 - c - abs(s))
    mirror = rng.choice([-1.0, 1.0])
    return np.array([[c * mirror, -s, rng.uniform(-reach, reach)], [s * mirror, c, rng.uniform(-reach, reach)]])


def behind(scenes: NDArray[np.uint8], rng: np.random.Generator, side: int) -> Tensor:
    """A random scene at a random place and exposure, 3 x side x side."""
    scene = scenes[int(rng.integers(len(scenes)))]
    x, y = rng.integers(0, len(scene) - side + 1, 2)
    scene = scene[y : y + side, x : x + side]
    pixels = torch.from_numpy(scene.astype(np.float32) / 255).permute(2, 0, 1)
    return (pixels * float(rng.uniform(0.5, 1.3)) + float(rng.normal(0, 0.06))).clamp(0, 1)


def in_front(colour: Tensor, alpha: Tensor, scene: Tensor, rng: np.random.Generator) -> Tensor:
    """A person over a scene, under slowly varying light and, half of the time, in the scene's own colours."""
    if rng.random() < 0.5:
        colour = colour * smooth_gain(rng, colour.shape[-1])
    if rng.random() < 0.5:
        mean = scene.mean((1, 2), keepdim=True)
        colour = colour * (mean / mean.mean().clamp(min=0.05)).clamp(0.6, 1.5) ** float(rng.uniform(0, 1))
    return (colour * (alpha > 0) + scene * (1 - alpha)).clamp(0, 1)


def smooth_gain(rng: np.random.Generator, side: int) -> Tensor:
    cells = int(rng.integers(2, 6))
    coarse = torch.from_numpy(rng.uniform(0.45, 1.25, (1, 1, cells, cells)).astype(np.float32))
    return F.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False)[0]


def letterbox(rng: np.random.Generator, side: int) -> Tensor:
    """1 x side x side: 1 where the picture is, 0 on the bars that fill it up to a square."""
    inside = torch.ones(1, side, side)
    if rng.random() < 0.5:
        aspect = ASPECTS[int(rng.integers(len(ASPECTS)))]
        bar = round(side * (1 - min(aspect, 1 / aspect)) / 2)
        bars = inside if aspect > 1 else inside.transpose(1, 2)
        bars[:, :bar] = 0
        bars[:, side - bar :] = 0
    return inside


def photographed(image: Tensor, rng: np.random.Generator) -> Tensor:
    """Exposure, white balance, tone, black and white, lens, sensor and JPEG of a 3 x S x S picture in [0, 1]."""
    gain = torch.tensor(rng.uniform(0.65, 1.35) * rng.uniform(0.88, 1.12, (3, 1, 1)), dtype=torch.float32)
    image = (image * gain).clamp(1e-4, 1) ** float(np.exp(rng.normal(0, 0.22)))
    if rng.random() < 0.3:
        grey = image.mean(0, keepdim=True)
        image = grey + (image - grey) * float(0 if rng.random() < 0.3 else rng.uniform(0.2, 1.4))
    if rng.random() < 0.3:
        side = image.shape[-1]
        small = F.interpolate(image[None], size=(int(side * rng.uniform(0.35, 0.9)),) * 2, mode="area")
        image = F.interpolate(small, size=(side, side), mode="bicubic", align_corners=False)[0]
    if rng.random() < 0.6:
        noise = torch.from_numpy(rng.normal(0, rng.exponential(0.02), image.shape).astype(np.float32))
        image = image + noise
    image = image.clamp(0, 1)
    return compressed(image, int(rng.integers(30, 95))) if rng.random() < 0.4 else image


def compressed(image: Tensor, quality: int) -> Tensor:
    pixels = (image.permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(buffer), np.float32) / 255).permute(2, 0, 1)

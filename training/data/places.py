"""What is behind people, or alone in a picture: a piece of a scene, a backdrop, a photograph from edge to edge."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

UNCUT = (0.75, 1.0)
"""Share of a photograph's width, and of its height, that is shown where it is shown whole."""

BACKDROPS = 0.12
"""Share of pictures taken in a studio."""


def behind(scenes: NDArray[np.uint8], rng: np.random.Generator, side: int) -> Tensor:
    """A random scene at a random place and exposure, or a studio's backdrop; 3 x side x side."""
    if rng.random() < BACKDROPS:
        return backdrop(rng, side)
    scene = scenes[int(rng.integers(len(scenes)))]
    x, y = rng.integers(0, len(scene) - side + 1, 2)
    scene = scene[y : y + side, x : x + side, :]
    pixels = torch.from_numpy(scene.astype(np.float32) / 255).permute(2, 0, 1)
    return (pixels * float(rng.uniform(0.5, 1.3)) + float(rng.normal(0, 0.06))).clamp(0, 1)


def uncut(photo: NDArray[np.uint8], rng: np.random.Generator, side: int) -> tuple[Tensor, Tensor]:
    """Most of a photograph, mirrored every other time: 3 x side x side with bars, and 1 x side x side, where it is."""
    height, width = (int(length * rng.uniform(*UNCUT)) for length in photo.shape[:2])
    y, x = rng.integers(0, photo.shape[0] - height + 1), rng.integers(0, photo.shape[1] - width + 1)
    cut = torch.from_numpy(photo[y : y + height, x : x + width].astype(np.float32) / 255).permute(2, 0, 1)
    size = [max(1, round(side * length / max(height, width))) for length in (height, width)]
    shown = F.interpolate(cut[None], size=size, mode="bilinear", antialias=True)[0]
    top, left = ((side - length) // 2 for length in size)
    image, inside = torch.zeros(3, side, side), torch.zeros(1, side, side)
    image[:, top : top + size[0], left : left + size[1]] = shown if rng.random() < 0.5 else shown.flip(-1)
    inside[:, top : top + size[0], left : left + size[1]] = 1
    return image, inside


def backdrop(rng: np.random.Generator, side: int) -> Tensor:
    """One colour, often white, grey or black, with a pool of light."""
    level = rng.choice([rng.uniform(0.85, 1.0), rng.uniform(0, 0.15), rng.uniform(0.15, 0.85)])
    tint = rng.uniform(0.3, 1.0, 3) if rng.random() < 0.4 else np.ones(3)
    y, x = np.mgrid[:side, :side] / side - rng.uniform(0, 1, (2, 1, 1))
    pool = 1 - rng.uniform(0, 0.6) * np.clip(np.hypot(x, y), 0, 1)
    return torch.from_numpy((level * tint[:, None, None] * pool).astype(np.float32))

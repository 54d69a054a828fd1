"""Which part of a frame a picture shows: a head, the people's box, all of it turned and zoomed, or more."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.data.shards import PARTS

BOXED = 0.6
"""Share of pictures cut to the people's box. A network that had seen none of these lost .07 of r on full figures when
it was shown one."""

FILLED = 0.67
"""Share of those that are filled up to a square with bars, as the service shows them; the others show what is around.
"""

MARGIN = 0.03
"""Least margin around the people's box, of its longer side; the service's."""

CLOSE_UPS = 0.06
"""Share of pictures cut into a head, if one is large enough: of a face from edge to edge a network that had seen none
said that nobody is there."""

HEAD_PX = 64
"""Longer side of such a head in the frame. A smaller one would be a blur."""

AFAR = 0.08
"""Share of pictures of people who are not cut off above or at the sides in which they are small, as in many a picture
that is sent: a network that had seen no such person saw nobody in the street and on the stairs."""

AWAY = (1.2, 2.5)
"""Side of such a picture, of the frame's."""

HEAD = [PARTS[part] for part in ("head", "hair", "worn")]

ASPECTS = (3 / 4, 2 / 3, 9 / 16, 4 / 3, 3 / 2, 16 / 9)


def view(
    rng: np.random.Generator, alpha: NDArray[np.uint8], labels: NDArray[np.uint8], side: int
) -> tuple[NDArray[np.float64], Tensor]:
    """A sampling matrix (2 x 3) and where the picture is (1 x side x side): a head, the people from
    afar, their box, or a random turn."""
    seen = alpha > 127
    if rng.random() < CLOSE_UPS:
        heads = large_heads(seen, labels)
        if heads:
            low, high = heads[int(rng.integers(len(heads)))]
            return close_up(low, high, len(seen), rng), letterbox(rng, side)
    if rng.random() < AFAR and not alpha[:, [0, -1]].any() and not alpha[0].any():
        return afar(seen, rng), letterbox(rng, side)
    if rng.random() < BOXED and seen.any():
        return boxed(seen, rng, side)
    return turn(rng), letterbox(rng, side)


def large_heads(seen: NDArray[np.bool_], labels: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """The boxes (as of `extent`) of everybody's head that is large enough to be looked at from near."""
    heads = np.where(seen & np.isin(labels % 16, HEAD), labels // 16, 0)
    boxes = [extent(heads == person) for person in np.unique(heads[heads > 0])]
    return [box for box in boxes if (box[1] - box[0]).max() >= HEAD_PX]


def extent(seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Two corners (x, y) of the box around what is seen, the second past its end; both the same where nothing is."""
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    if not rows.size:
        return np.zeros((2, 2), np.int64)
    return np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]])


def close_up(
    low: NDArray[np.int64], high: NDArray[np.int64], length: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A square of .5 to 1.1 times a head's longer side, somewhere about its middle, inside the frame."""
    zoom = float((high - low).max() / length * rng.uniform(0.5, 1.1))
    centre = (low + high) / length - 1 + rng.normal(0, 0.2, 2) * zoom
    x, y = centre.clip(zoom - 1, 1 - zoom) if zoom < 1 else (0, 0)
    return np.array([[min(zoom, 1) * rng.choice([-1.0, 1.0]), 0, x], [0, min(zoom, 1), y]])


def boxed(seen: NDArray[np.bool_], rng: np.random.Generator, side: int) -> tuple[NDArray[np.float64], Tensor]:
    """The square around what is seen and a margin, mirrored every other time, and the box in it or all of it."""
    low, high = extent(seen)
    margin = (MARGIN + rng.exponential(0.03)) * (high - low).max()
    low, high = (2 * np.clip(edge, 0, len(seen)) / len(seen) - 1 for edge in (low - margin, high + margin))
    centre, half = (low + high) / 2, (high - low) / 2
    zoom = half.max()
    y, x = np.abs(2 * (np.mgrid[:side, :side] + 0.5) / side - 1)
    inside = (x * zoom <= half[0]) & (y * zoom <= half[1])
    if rng.random() > FILLED:
        centre, inside = centre.clip(zoom - 1, 1 - zoom), np.ones_like(inside)
    mirror = rng.choice([-1.0, 1.0])
    matrix = np.array([[zoom * mirror, 0, centre[0]], [0, zoom, centre[1]]])
    return matrix, torch.from_numpy(inside[None].astype(np.float32))


def afar(seen: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
    """A square that holds the frame somewhere in it; at its lower edge if that cuts somebody off."""
    zoom = rng.uniform(*AWAY)
    x, y = rng.uniform(1 - zoom, zoom - 1, 2)
    return np.array([[zoom * rng.choice([-1.0, 1.0]), 0, x], [0, zoom, 1 - zoom if seen[-1].any() else y]])


def turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """Mirror, turn and zoom."""
    zoom = rng.uniform(0.6, 1.0) if rng.random() < 0.7 else 1.0
    angle = rng.normal(0, 0.06) if zoom < 0.9 else 0.0
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    reach = max(0.0, 1 - c - abs(s))
    mirror = rng.choice([-1.0, 1.0])
    return np.array([[c * mirror, -s, rng.uniform(-reach, reach)], [s * mirror, c, rng.uniform(-reach, reach)]])


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


def sampled(maps: Tensor, turns: Tensor, side: int, mode: str) -> Tensor:
    grid = F.affine_grid(turns, [len(maps), maps.shape[1], side, side], align_corners=False)
    return F.grid_sample(maps, grid, mode=mode, padding_mode="border", align_corners=False)


def turned(normals: Tensor, turns: Tensor) -> Tensor:
    """N x 3 x S x S normals as the mirror and turn of N x 2 x 3 sampling matrices leave them; y points up in normals
    and down in pictures."""
    turn = turns[:, :, :2] / turns[:, :, :2].norm(dim=1, keepdim=True)
    flip = torch.tensor([1.0, -1.0])
    flat = torch.einsum("nij,nixy->njxy", turn * flip[:, None] * flip[None], normals[:, :2])
    return torch.cat([flat, normals[:, 2:]], 1)

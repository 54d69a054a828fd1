"""What floors and walls of made-up places are covered with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Vectors = NDArray[np.float64]

PICTURED = 0.45
"""Share of floors and walls with one of the pictures on them, if there are any."""

PLAIN = 0.3
"""Share of the others that are in one colour."""

DETAILS = 16
"""Across a paper, about: it fades into its mean where a pixel is wider than one of them."""


@dataclass(frozen=True)
class Paper:
    """What covers a wall: H x W x 3 uint8, repeated every `size` dm."""

    picture: Pixels
    size: float
    gain: float


def paper(papers: list[Pixels], rng: np.random.Generator) -> Paper:
    """One of the pictures, one colour, tiles, boards or joints, of any size."""
    gain, size = rng.uniform(0.6, 1.2), float(np.exp(rng.uniform(np.log(3), np.log(100))))
    if papers and rng.random() < PICTURED:
        return Paper(papers[int(rng.integers(len(papers)))], size, gain)
    first, second = rng.uniform(20, 255) + rng.normal(0, 1, (2, 3)) * rng.exponential((15, 40))[:, None]
    y, x = np.mgrid[:64, :64]
    tiles, joints = (x // 32 + y // 32) % 2, (x % 32 < 2) | ((y + 32 * (x // 32)) % 64 < 2)
    boards = rng.uniform(0, 1, 8)[x // 8] * (x % 8 > 0)  # no board is like the next
    drawn = (tiles, joints, boards)[int(rng.integers(3))] * (rng.random() > PLAIN)
    grain = rng.normal(0, rng.exponential(10), (64, 64, 1))
    picture = first + drawn[..., None] * (second - first) + grain
    return Paper(picture.clip(0, 255).astype(np.uint8), size, gain)


def painted(
    rays: Vectors, away: NDArray[np.float64], face: NDArray[np.int64], papers: list[Paper], pixels: float
) -> NDArray[np.float64]:
    """Colours of walls that are hit so far away. `pixels`: the focal length in pixels."""
    out = np.zeros((*away.shape, 3))
    places = rays * away[..., None]
    for k, sheet in enumerate(papers):
        hit = face == k
        if not hit.any():
            continue
        across, up = ((2, 1), (0, 2), (0, 1))[k // 2]
        height, width = sheet.picture.shape[:2]
        row, column = (folded(places[hit][:, axis] / sheet.size, n) for axis, n in ((up, height), (across, width)))
        slant = np.abs(rays[hit][:, k // 2]) / np.linalg.norm(rays[hit], axis=1)
        covered = away[hit] / (pixels * np.maximum(slant, 0.02))  # dm of the wall in a pixel
        sharp = np.clip(sheet.size / DETAILS / covered, 0, 1)[:, None]
        mean = sheet.picture.mean((0, 1))
        out[hit] = (mean + (sheet.picture[row, column] - mean) * sharp) * sheet.gain
    return out


def folded(places: NDArray[np.float64], pixels: int) -> NDArray[np.int64]:
    """Indices of a picture repeated for ever, every other time mirrored, so that it has no seams."""
    phase = np.abs((places % 2) - 1)
    return np.minimum((phase * pixels).astype(np.int64), pixels - 1)

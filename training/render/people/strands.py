"""Hair that no model has: loose strands around a head of hair, and curls on a bare one. Ribbons, stiff on the head."""

import numpy as np
from numpy.typing import NDArray

from training.render import solids
from training.render.people.accessories import Accessory, Head
from training.render.solids import Shell, Solid

SEGMENTS = 4


def flyaways(points: NDArray[np.float64], head: Head, rng: np.random.Generator) -> list[Accessory]:
    """Strands from points of the hair, N x 3: along the head and a little off it, half a
    millimetre to one wide."""
    near = points[points[:, 1] > head.eyes[1] - 0.9 * head.unit]
    count = int(rng.integers(40, 260))
    roots = near[rng.integers(len(near), size=count)]
    outward = roots - head.centre
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    along = rng.normal(0, 1, (count, 3)) - np.array([0, 0.8, 0])
    along -= outward * (along * outward).sum(1, keepdims=True)
    start = along / np.linalg.norm(along, axis=1, keepdims=True) + outward * rng.uniform(0.05, 0.5, (count, 1))
    length = np.minimum(rng.exponential(0.2, count) + 0.1, 0.8)
    bend = rng.normal(0, 0.4, (count, 3)) - np.array([0, 0.3, 0])
    ribbons = ribbon(
        roots - 0.03 * outward, start, bend, length * head.unit, rng.uniform(0.005, 0.012) * head.unit, rng
    )
    return [Accessory("strand", "head", ribbons)]


def curls(head: Head, rng: np.random.Generator) -> list[Accessory]:
    """A bumpy shell over the skull, from a finger to a hand high, and ringlets out of it."""
    shell = Shell(head.bare[head.bare[:, 1] > head.eyes[1] - 0.4 * head.unit], head.centre)
    elevation, azimuth = shell.degrees()
    back = 0.5 - np.cos(np.radians(azimuth)) / 2
    hairy = elevation > 17 * (1 - back) - rng.uniform(45, 60) * back
    height = rng.uniform(0.1, 0.65) * head.unit
    bumps = height * (1 + rng.uniform(0.05, 0.2) * rng.normal(size=shell.radii.shape))
    base = shell.solid(hairy, np.where(hairy, bumps, 0.02))
    corners = base[0][np.unique(base[1])]
    count = int(rng.integers(400, 900))
    roots = corners[rng.integers(len(corners), size=count)] + rng.normal(0, 0.12, (count, 3)) * head.unit
    outward = roots - head.centre
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    start = outward * 0.4 + rng.normal(0, 0.8, (count, 3))
    bend = -start + rng.normal(0, 0.8, (count, 3))
    length = rng.uniform(0.1, 0.3, count) * head.unit
    ringlets = ribbon(roots, start, bend, length, rng.uniform(0.04, 0.09) * head.unit, rng)
    return [Accessory("strand", "head", solids.joined(base, ringlets))]


def ribbon(
    roots: NDArray[np.float64],
    start: NDArray[np.float64],
    bend: NDArray[np.float64],
    length: NDArray[np.float64],
    width: float,
    rng: np.random.Generator,
) -> Solid:
    """N ribbons along parabolas: from the roots in the direction `start`, bending towards `bend`; pointed."""
    share = np.linspace(0, 1, SEGMENTS + 1)[None, :, None]
    path = roots[:, None] + length[:, None, None] * (start[:, None] * share + bend[:, None] * share**2)
    across = np.cross(start, rng.normal(size=start.shape))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    half = width / 2 * (1 - 0.8 * share) * across[:, None]
    vertices = np.stack([path - half, path + half], 2).reshape(len(roots), -1, 3)
    faces = solids.grid_faces(SEGMENTS + 1, 2, closed=False)
    starts = np.arange(len(roots))[:, None, None] * vertices.shape[1]
    return vertices.reshape(-1, 3), (faces[None] + starts).reshape(-1, 3)

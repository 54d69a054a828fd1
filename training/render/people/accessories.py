"""Glasses, hats, scarves and masks, made to fit whoever wears them, whatever family they are of.

Decimetres, in the axes of rest. Everything is stiff and hangs on one joint.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.render import solids
from training.render.meshes import vertex_normals
from training.render.solids import Shell, Solid

HATS = ("beanie", "cap", "brimmed hat", "headscarf", "headphones", "hood")
GLASSES = ("round", "square", "sunglasses")


@dataclass(frozen=True)
class Accessory:
    """`kind`: glasses, lens, hat, scarf, mask or held. `joint`: head, chest or hand.R."""

    kind: str
    joint: str
    solid: Solid

    @property
    def normals(self) -> NDArray[np.float32]:
        vertices, faces = self.solid
        return vertex_normals(vertices.astype(np.float32), faces).astype(np.float32)


@dataclass(frozen=True)
class Head:
    """Points of the face and neck, N x 3, and with the hair; `eyes` left and right; `unit`: a grown person's is 1."""

    bare: NDArray[np.float64]
    haired: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def unit(self) -> float:
        return float(np.linalg.norm(self.left - self.right)) / 0.62

    @property
    def eyes(self) -> NDArray[np.float64]:
        return (self.left + self.right) / 2

    @property
    def centre(self) -> NDArray[np.float64]:
        """Of the skull, at the height of the brows."""
        return self.eyes + np.array([0, 0.35, -0.85]) * self.unit


def glasses(style: str, head: Head, rng: np.random.Generator) -> list[Accessory]:
    """Rims round each eye, a bridge, temples to the ears; sunglasses have dark lenses, others are empty."""
    unit = head.unit
    width, height = rng.uniform(0.22, 0.29) * unit, rng.uniform(0.16, 0.25) * unit
    roundness = 2.0 if style == "round" else rng.uniform(2.5, 5)
    if style == "sunglasses":
        width, height = width * 1.15, height * 1.15
    wire = rng.uniform(0.018, 0.05) * unit
    face = head.bare[np.abs(head.bare[:, 1] - head.eyes[1]) < 0.35 * unit]
    z = max(head.eyes[2] + 0.26 * unit, float(face[np.abs(face[:, 0]) > 0.2 * unit][:, 2].max()) + 0.03 * unit)
    temples = np.abs(face[(face[:, 2] < head.eyes[2] - 0.6 * unit) & (np.abs(face[:, 0]) < unit)][:, 0])
    half = float(np.percentile(temples, 90))
    angle = np.arange(24) / 24 * 2 * np.pi
    shape = [np.sign(f) * np.abs(f) ** (2 / roundness) for f in (np.cos(angle), np.sin(angle))]
    rims, lenses = [], []
    for eye, sign in ((head.left, 1), (head.right, -1)):
        middle = np.array([eye[0] + sign * 0.03 * unit, eye[1] - 0.03 * unit, z])
        bend = -0.10 * np.clip(sign * shape[0], 0, 1) * unit
        rim = middle + np.stack([width * shape[0], height * shape[1], bend], 1)
        rims.append(solids.tube(rim, wire, closed=True))
        lenses.append((np.concatenate([rim, [middle]]), fan(len(rim))))
        hinge = middle + np.array([sign * width, 0.06 * unit, -0.10 * unit])
        ear = np.array([sign * (half + 0.02 * unit), eye[1], z - 1.25 * unit])
        rims.append(solids.tube(np.stack([hinge, (hinge + ear) / 2 + (sign * 0.05 * unit, 0, 0), ear]), wire))
    nasal = [np.array([-sign * width * 0.9, 0, z - head.eyes[2]]) for sign in (1, -1)]
    inner = [eye + aside for eye, aside in zip((head.left, head.right), nasal, strict=True)]
    rims.append(solids.tube(np.stack([inner[0], head.eyes * (1, 1, 0) + (0, 0.05 * unit, z), inner[1]]), wire))
    frames = Accessory("glasses", "head", solids.joined(*rims))
    return [frames, Accessory("lens", "head", solids.joined(*lenses))] if style == "sunglasses" else [frames]


def fan(count: int) -> NDArray[np.int64]:
    """Triangles of a ring to its centre, which is the last vertex."""
    ring = np.arange(count)
    return np.stack([ring, (ring + 1) % count, np.full(count, count)], 1)


def hat(style: str, head: Head, rng: np.random.Generator) -> list[Accessory]:
    unit = head.unit
    if style == "headphones":
        return headphones(head, rng)
    over = head.haired[head.haired[:, 1] > head.eyes[1] - (3 if style in ("headscarf", "hood") else 0.2) * unit]
    shell = Shell(over, head.centre)
    elevation, azimuth = shell.degrees()
    front = np.cos(np.radians(azimuth)) / 2 + 0.5
    if style in ("headscarf", "hood"):
        wide = rng.uniform(42, 60) + (15 if style == "hood" else 0)
        face = (np.abs(azimuth) < wide) & (elevation < rng.uniform(12, 28))
        loose = rng.uniform(0.08, 0.2) + (0.25 if style == "hood" else 0)
        return [
            Accessory("hat", "head", shell.solid(~face & (elevation > -62), loose * unit)),
            *scarf(head, rng, "hat"),
        ]
    brow = rng.uniform(8, 22) * front - rng.uniform(0, 12) * (1 - front)
    crown = shell.solid(elevation > brow, rng.uniform(0.06, 0.14) * unit)
    if style == "beanie":
        raised = rng.uniform(0, 0.5) * np.clip(np.sin(np.radians(elevation)), 0, 1) ** 2
        return [Accessory("hat", "head", shell.solid(elevation > brow, (0.12 + raised) * unit))]
    full = style == "brimmed hat"
    reach = rng.uniform(0.5, 1.0) * unit
    return [Accessory("hat", "head", solids.joined(crown, brim(shell, brow, front, reach, full, unit)))]


def brim(
    shell: Shell, brow: NDArray[np.float64], front: NDArray[np.float64], reach: float, full: bool, unit: float
) -> Solid:
    """A ring outward from the edge of a crown, ahead only or all around."""
    row = np.argmax(shell.degrees()[0] > brow, axis=0)
    column = np.arange(shell.COLUMNS)
    vertices, _ = shell.solid(np.ones(shell.radii.shape, bool), 0.12 * unit)
    edge = vertices.reshape(*shell.radii.shape, 3)[row, column]
    outward = np.stack([np.sin(shell.azimuth), np.zeros(shell.COLUMNS), np.cos(shell.azimuth)], 1)
    share = np.ones(shell.COLUMNS) if full else np.clip((front[0] - 0.72) / 0.28, 0, 1) ** 0.5
    droop = np.array([0, -0.12 * unit, 0])
    rings = np.stack([edge + outward * (share * reach * k)[:, None] + droop * k * share[:, None] for k in (0, 0.5, 1)])
    return rings.reshape(-1, 3), solids.grid_faces(3, shell.COLUMNS, closed=True)


def headphones(head: Head, rng: np.random.Generator) -> list[Accessory]:
    unit = head.unit
    shell = Shell(head.haired[head.haired[:, 1] > head.eyes[1] - unit], head.centre)
    around = shell.solid(np.ones(shell.radii.shape, bool), 0.08 * unit)[0].reshape(*shell.radii.shape, 3)
    left, right = (around[shell.ROWS // 2 - 1 :, column] for column in (shell.COLUMNS // 4, 3 * shell.COLUMNS // 4))
    band = solids.tube(np.concatenate([left, right[::-1][1:]]), rng.uniform(0.04, 0.09) * unit)
    cups = []
    for ear, sign in ((left[0], 1), (right[0], -1)):
        radius = rng.uniform(0.28, 0.42) * unit
        vertices, faces = solids.lathe(
            [(0, 0), (radius, 0), (radius, 0.2 * unit), (0.6 * radius, 0.28 * unit), (0, 0.28 * unit)]
        )
        turned = np.stack([sign * vertices[:, 1], vertices[:, 0], vertices[:, 2]], 1)
        cups.append((turned + ear - (sign * 0.08 * unit, 0.3 * unit, 0), faces))
    return [Accessory("hat", "head", solids.joined(band, *cups))]


def scarf(head: Head, rng: np.random.Generator, kind: str = "scarf") -> list[Accessory]:
    """Rings around the neck, uneven."""
    unit = head.unit
    angle = np.arange(32) / 32 * 2 * np.pi
    rings = []
    for level in range(int(rng.integers(2, 4))):
        y = head.eyes[1] - (1.55 + 0.3 * level) * unit
        near = head.bare[np.abs(head.bare[:, 1] - y) < 0.3 * unit]
        near = near[np.abs(near[:, 0]) < 0.85 * unit]
        middle = (
            np.array([0, y, (near[:, 2].min() + near[:, 2].max()) / 2])
            if len(near)
            else head.eyes * (1, 0, 0.2) + (0, y, 0)
        )
        across, deep = (0.62 + 0.12 * level) * unit, (0.62 + 0.14 * level) * unit
        bumps = 1 + 0.06 * np.sin(angle * rng.integers(2, 6) + rng.uniform(0, 6))
        tilt = rng.uniform(-0.12, 0.12) * np.sin(angle) - 0.12 * np.cos(angle)
        ring = middle + np.stack([across * bumps * np.sin(angle), tilt * unit, deep * bumps * np.cos(angle)], 1)
        thick = rng.uniform(0.2, 0.32) * unit * (1 + 0.2 * np.sin(3 * angle + rng.uniform(0, 6)))
        rings.append(solids.tube(ring, np.append(thick, thick[0]), sides=8, closed=True))
    return [Accessory(kind, "chest", solids.joined(*rings))]


def mask(head: Head, rng: np.random.Generator) -> list[Accessory]:
    """Over nose, mouth and chin."""
    shell = Shell(head.bare[head.bare[:, 1] > head.eyes[1] - 1.4 * head.unit], head.centre)
    elevation, azimuth = shell.degrees()
    seen = (np.abs(azimuth) < 65) & (elevation < -22) & (elevation > -62)
    tight = -0.1 * head.unit  # the shell keeps off the nose by more than cloth does
    return [Accessory("mask", "head", shell.solid(seen, tight + rng.uniform(0, 0.06) * head.unit))]

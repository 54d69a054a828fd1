"""The same few models, never the same shape: cloth that hangs in folds, fuller and longer hair, stouter and thinner
bodies. All of it at rest, in decimetres."""

import numpy as np
from numpy.typing import NDArray

from training.render.meshes import vertex_normals
from training.render.people.accessories import Head

Vertices = NDArray[np.float32]
Faces = NDArray[np.int64]
Values = NDArray[np.float64]

WAVES = 5
"""Of folds, each in a direction of its own."""

LENGTHS = (0.8, 4.0)
"""Of waves, dm: what the meshes of clothes can show, up to what is no fold any more."""

DEEPEST = 0.12
"""Height of folds over their middle, dm; most are a quarter of that."""

SMOOTHED = 6
"""Rounds in which a share is averaged with its neighbours': neck and wrists get no step."""


class Folds:
    """Ridges over the body, most of them hanging down. One for all that somebody wears, so that layers keep off one
    another."""

    def __init__(self, rng: np.random.Generator) -> None:
        across = rng.normal(0, 1, (WAVES, 3)) * (1, 0.4, 1)
        lengths = np.exp(rng.uniform(*np.log(LENGTHS), (WAVES, 1)))
        self.waves = np.pi * across / np.linalg.norm(across, axis=1, keepdims=True) / lengths
        self.phases = rng.uniform(0, np.pi, WAVES)
        self.height = min(float(rng.exponential(DEEPEST / 4)), DEEPEST)

    def at(self, places: Vertices) -> Values:
        """Heights at N x 3 places, dm, from -`height` to `height`."""
        return self.height * (1 - 2 * np.abs(np.sin(places @ self.waves.T + self.phases))).mean(1)


def draped(vertices: Vertices, faces: Faces, slack: Values, folds: Folds) -> Vertices:
    """Cloth farther out by `slack`, V, dm, and in folds that do not go below that."""
    away = slack + folds.height + folds.at(vertices)
    return (vertices + vertex_normals(vertices, faces) * away[:, None]).astype(np.float32)


def combed(vertices: Vertices, head: Head, rng: np.random.Generator) -> Vertices:
    """Hair that is fuller, and below the ears longer or shorter and waved."""
    unit, away = head.unit, vertices - head.centre
    below = np.maximum(-0.5 * unit - away[:, 1], 0)
    level = away * (1, 0, 1)
    outward = level / np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-6)
    wave = Folds(rng).at(vertices) * np.minimum(1, below / unit)
    moved = away * (1 + min(abs(rng.normal(0, 0.08)), 0.25)) + outward * wave[:, None]
    moved[:, 1] -= below * rng.uniform(-0.35, 0.35)
    return (head.centre + moved).astype(np.float32)


def reshaped(vertices: Vertices, faces: Faces, share: Values, rng: np.random.Generator) -> tuple[Vertices, Vertices]:
    """A dressed body, stouter or thinner and in other folds, and its normals. `share`, V: 0 where it stays. Vertices
    that stand for one place, as at the seams of a picture, move together."""
    places, one = np.unique(vertices, axis=0, return_inverse=True)
    one = one.ravel()
    corners = one[faces]
    amount = np.ones(len(places))
    np.minimum.at(amount, one, share)
    for _ in range(SMOOTHED):
        amount = np.minimum(amount, averaged(amount, corners))
    away = np.clip(rng.normal(0.03, 0.08) + Folds(rng).at(places), -0.1, 0.3) * amount
    moved = (places + vertex_normals(places, corners) * away[:, None]).astype(np.float32)
    return moved[one], vertex_normals(moved, corners)[one].astype(np.float32)


def averaged(values: Values, faces: Faces) -> Values:
    """Each vertex's mean over the corners of its faces."""
    means = np.repeat(values[faces].mean(1), 3)
    count = np.bincount(faces.ravel(), minlength=len(values))
    return np.bincount(faces.ravel(), means, len(values)) / np.maximum(count, 1)

"""The same few models, never the same shape: cloth that hangs in folds, hair that is longer or fuller, stouter bodies.
All of it at rest, in decimetres."""

import numpy as np
from numpy.typing import NDArray

from training.render.meshes import vertex_normals

Vertices = NDArray[np.float32]
Faces = NDArray[np.int64]
Values = NDArray[np.float64]

WAVES = 5
DEEPEST = 0.12
"""Of folds, dm."""


def draped(vertices: Vertices, faces: Faces, slack: Values, rng: np.random.Generator) -> Vertices:
    """Cloth farther out by `slack`, V, dm, and in folds."""
    outward = vertex_normals(vertices, faces)
    deep = min(float(rng.exponential(0.03)), DEEPEST)
    return (vertices + outward * (slack + deep * (1 + folds(vertices, rng)))[:, None]).astype(np.float32)


def folds(places: Vertices, rng: np.random.Generator) -> Values:
    """Ridges in a few directions, most of them hanging down, from -1 to 1."""
    total = np.zeros(len(places))
    for _ in range(WAVES):
        across = rng.normal(0, 1, 3) * (1, 0.4, 1)
        length = float(np.exp(rng.uniform(np.log(0.8), np.log(4))))
        phase = places @ (across / np.linalg.norm(across)) * np.pi / length + rng.uniform(0, np.pi)
        total += 1 - 2 * np.abs(np.sin(phase))
    return total / WAVES


def combed(vertices: Vertices, eyes: Values, unit: float, rng: np.random.Generator) -> Vertices:
    """Hair that is fuller or flatter, longer or shorter, and waved. `eyes`: the place between them; `unit`: a grown
    head's size is 1."""
    away = vertices - (eyes + np.array([0, 0.35, -0.85]) * unit)
    fuller = away * (1 + np.clip(rng.normal(0.03, 0.07), 0, 0.25))
    below = np.maximum(-0.5 * unit - away[:, 1], 0)
    wave = rng.exponential(0.03) * unit * folds(vertices, rng)[:, None] * np.sign(away) * (1, 0, 1)
    moved = fuller + wave * np.minimum(1, below / unit)[:, None]
    moved[:, 1] -= below * rng.uniform(-0.35, 0.35)
    return (vertices + moved - away).astype(np.float32)


def stouter(vertices: Vertices, faces: Faces, share: Values, rng: np.random.Generator) -> Vertices:
    """A dressed body with more or less on it here and there; `share`, V: 0 where it stays."""
    outward = vertex_normals(vertices, faces)
    amount = rng.normal(0.03, 0.08) + min(float(rng.exponential(0.03)), DEEPEST) * folds(vertices, rng)
    return (vertices + outward * (np.clip(amount, -0.1, 0.3) * share)[:, None]).astype(np.float32)

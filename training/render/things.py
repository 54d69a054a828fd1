"""What looks rendered and is nobody: statues and dummies of the people that there are, animals, vases, boxes.

Without them a network learns that whatever is drawn by this renderer is a person. Their pixels have alpha, depth and
normals, and the label 0.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from training.render import solids
from training.render.meshes import euler
from training.render.people import holdables, outfits
from training.render.people.accessories import Accessory
from training.render.pieces import CLOTH, Appearance, Look, Piece, Pose
from training.render.solids import Solid

STONES = np.array([(0.8, 0.78, 0.74), (0.35, 0.33, 0.3), (0.1, 0.07, 0.04), (0.05, 0.12, 0.09), (0.02, 0.02, 0.02)])
"""Linear colours: plaster, granite, bronze, copper with a patina, black plastic."""

FLESH = (*CLOTH, "skin", "hair", "strand", "shoe", "hat", "held")


def statue(pose: Pose, view: NDArray[np.float64], rng: np.random.Generator) -> Appearance:
    """Somebody in one colour, without eyes."""
    chosen = [(piece, bones) for piece, bones in zip(pose.pieces, pose.bones, strict=True) if piece.kind in FLESH]
    stone = STONES[rng.integers(len(STONES))] * rng.uniform(0.7, 1.2, 3)
    kinds = {piece.kind for piece, _ in chosen}
    pieces = [cast(piece) for piece, _ in chosen]
    return Appearance(pieces, [bones for _, bones in chosen], view, Look(dict.fromkeys(kinds, stone)), labelled=False)


def cast(piece: Piece) -> Piece:
    """Without its picture; hair is solid."""
    kind = "cloth" if piece.kind == "hair" else piece.kind
    return replace(piece, kind=kind, texture=None, parts=np.zeros_like(piece.parts))


def still_life(reach: float, distance: float, rng: np.random.Generator) -> list[Appearance]:
    """One to four things in view; `reach`: half the view's height at `distance`, dm."""
    out = []
    for _ in range(int(rng.integers(1, 5))):
        makers = (animal, vase, boxes, furniture, held_thing)
        vertices, faces = makers[rng.integers(len(makers))](rng)
        size = rng.uniform(0.25, 0.9) * reach / max(float(np.abs(vertices).max()), 1e-6)
        piece = outfits.piece(Accessory("thing", "", (vertices * size, faces)), 0)
        view = np.eye(4)
        view[:3, :3] = euler(rng.normal(0, 0.3), rng.uniform(-np.pi, np.pi), rng.normal(0, 0.15))
        view[:3, 3] = (*rng.uniform(-0.7, 0.7, 2) * reach, -distance + rng.normal(0, 0.15) * reach)
        colour = rng.uniform(0.01, 0.8, 3) if rng.random() < 0.6 else np.array([0.5, 0.3, 0.2]) * rng.uniform(0.1, 1.5)
        look = Look({"thing": colour}, int(rng.integers(4)), float(rng.uniform(1, 12)), tuple(rng.uniform(0.1, 1.5, 3)))
        bones = np.eye(4, dtype=np.float32)[None]
        out.append(Appearance([replace(piece, parts=0 * piece.parts)], [bones], view, look, labelled=False))
    return out


def animal(rng: np.random.Generator) -> Solid:
    """Four legs, a trunk, a neck, a head with ears and a snout, a tail; sitting one time in three."""
    length, thick, leg = rng.uniform(2, 5), rng.uniform(0.6, 1.3), rng.uniform(1.2, 3.5)
    rise = rng.uniform(0.8, 1.6) if rng.random() < 0.35 else rng.uniform(-0.1, 0.2)
    spine = np.array(
        [(0, leg, -length / 2), (0, leg + 0.1 + rise * length * 0.3, 0), (0, leg + rise * length * 0.7, length / 2)]
    )
    neck = spine[-1] + np.array([0, rng.uniform(0.4, 1.6), rng.uniform(0.3, 1.2)])
    parts = [rounded(spine, thick), rounded(np.stack([spine[-1], neck]), thick * rng.uniform(0.5, 0.7))]
    head = rng.uniform(0.5, 0.8) * thick + 0.2
    parts.append(rounded(np.stack([neck, neck + np.array([0, -0.1, rng.uniform(0.3, 1.2)])]), head))
    for side in (-1, 1):
        ear = neck + np.array([side * head * 0.7, head * 0.7, 0])
        parts.append(rounded(np.stack([ear, ear + np.array([side * 0.2, rng.uniform(0.2, 0.8), 0])]), head * 0.35))
        for end in (spine[0], spine[-1]):
            top = end + np.array([side * thick * 0.5, 0, 0])
            parts.append(rounded(np.stack([top, top * (1, 0.5, 1), top * (1, 0, 1)]), thick * rng.uniform(0.22, 0.35)))
    tail = spine[0] + np.array([0, 0.3, 0])
    parts.append(rounded(np.stack([tail, tail + np.array([0, rng.uniform(-1, 1), -1])]), thick * 0.2))
    vertices, faces = solids.joined(*parts)
    return vertices - vertices.mean(0), faces


def rounded(path: NDArray[np.float64], radius: float) -> Solid:
    """A tube with round ends along a path of few points."""
    share = np.linspace(0, 1, 9)
    fine = np.stack([np.interp(share, np.linspace(0, 1, len(path)), path[:, k]) for k in range(3)], 1)
    ahead = (path[-1] - path[0]) / np.linalg.norm(path[-1] - path[0])
    caps = np.cos(np.linspace(np.pi / 2, 0, 4))[:-1], np.sin(np.linspace(np.pi / 2, 0, 4))[:-1]
    start = fine[0] - ahead * radius * caps[1][:, None]
    end = (fine[-1] + ahead * radius * caps[1][:, None])[::-1]
    radii = np.concatenate([caps[0] + 0.02, np.ones(len(fine)), caps[0][::-1] + 0.02]) * radius
    return solids.tube(np.concatenate([start, fine, end]), radii, sides=12)


def vase(rng: np.random.Generator) -> Solid:
    """Any solid of revolution."""
    heights = np.linspace(-1, 1, 10)
    radii = np.abs(np.cumsum(rng.normal(0, 0.25, 10)) + rng.uniform(0.3, 0.8)) + 0.05
    return solids.lathe([(0.0, -1.0), *zip(radii, heights, strict=True), (0.0, 1.0)])


def boxes(rng: np.random.Generator) -> Solid:
    parts = []
    for _ in range(int(rng.integers(1, 5))):
        vertices, faces = solids.box(*rng.uniform(0.2, 1.6, 3))
        parts.append((vertices + rng.normal(0, 0.6, 3), faces))
    return solids.joined(*parts)


def furniture(rng: np.random.Generator) -> Solid:
    """A table, a stool, a chair."""
    x, z, leg, thick = *rng.uniform(0.8, 2.5, 2), rng.uniform(0.8, 2.5), rng.uniform(0.05, 0.2)
    parts = [solids.box(x, thick, z)]
    corners = [np.array([sx * (x / 2 - thick), -leg / 2, sz * (z / 2 - thick)]) for sx in (-1, 1) for sz in (-1, 1)]
    parts += [(vertices + corner, faces) for corner in corners for vertices, faces in [solids.box(thick, leg, thick)]]
    if rng.random() < 0.5:
        vertices, faces = solids.box(x, rng.uniform(0.8, 2), thick)
        parts.append((vertices + np.array([0, 0.8, -z / 2]), faces))
    return solids.joined(*parts)


def held_thing(rng: np.random.Generator) -> Solid:
    """What hands hold elsewhere, on its own."""
    styles = list(holdables.HOLDABLE.values())
    return styles[rng.integers(len(styles))](rng)[0]

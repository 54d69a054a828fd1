"""What hands hold. Decimetres, in the axes of rest."""

import numpy as np

from training.render import solids
from training.render.people.accessories import Accessory
from training.render.people.skeletons import Skeleton, palm_of
from training.render.solids import Solid

HELD = ("cup", "phone", "bottle", "book", "ball", "microphone", "camera", "glass")
"""What an outfit may have, drawn by its place here."""


def held(style: str, skeleton: Skeleton, rng: np.random.Generator) -> list[Accessory]:
    """In the right hand: upright along the thumb, against the palm."""
    wrist, knuckle = skeleton["wrist.R"], skeleton["knuckle.R"]
    unit = float(np.linalg.norm(knuckle - wrist)) / 0.95
    (vertices, faces), thickness = HOLDABLE[style](rng)
    palm, fingers = palm_of(skeleton, "R"), (knuckle - wrist) / np.linalg.norm(knuckle - wrist)
    thumb = np.cross(fingers, palm)
    thumb *= np.sign(thumb @ (skeleton["index.R"] - skeleton["pinky.R"]))
    axes = np.stack([np.cross(thumb, palm), thumb, palm], 1)
    place = wrist + 0.95 * (knuckle - wrist) + palm * (thickness + 0.16) * unit
    return [Accessory("held", "hand.R", (vertices @ axes.T * unit + place, faces))]


def _cup(rng: np.random.Generator) -> tuple[Solid, float]:
    r, h = rng.uniform(0.32, 0.44), rng.uniform(0.7, 1.2)
    body = solids.lathe(
        [(0, -h / 2), (r * 0.8, -h / 2), (r, h / 2), (r * 0.92, h / 2), (r * 0.75, -h / 2 + 0.1), (0, -h / 2 + 0.1)]
    )
    angle = np.linspace(-1.6, 1.6, 9)
    handle = np.stack([r * 0.85 + 0.28 * np.cos(angle), 0.3 * np.sin(angle), 0 * angle], 1)
    return solids.joined(body, solids.tube(handle, 0.05)), r


def _glass(rng: np.random.Generator) -> tuple[Solid, float]:
    h = rng.uniform(0.9, 1.6)
    return solids.lathe([(0, -h / 2), (0.3, -h / 2), (0.36, h / 2), (0.33, h / 2), (0, -h / 2 + 0.1)]), 0.32


def _bottle(rng: np.random.Generator) -> tuple[Solid, float]:
    r, h = rng.uniform(0.28, 0.4), rng.uniform(1.6, 2.6)
    profile = [(0, -h / 2), (r, -h / 2), (r, 0.15 * h), (0.13, 0.32 * h), (0.13, 0.5 * h), (0, 0.5 * h)]
    return solids.lathe(profile), r


def _phone(rng: np.random.Generator) -> tuple[Solid, float]:
    return solids.box(0.74, rng.uniform(1.35, 1.65), 0.09), 0.06


def _book(rng: np.random.Generator) -> tuple[Solid, float]:
    return solids.box(rng.uniform(1.2, 2.2), rng.uniform(1.6, 3.0), rng.uniform(0.1, 0.4)), 0.15


def _ball(rng: np.random.Generator) -> tuple[Solid, float]:
    r = rng.choice([rng.uniform(0.3, 0.5), rng.uniform(0.9, 1.2)])
    angle = np.linspace(-np.pi / 2, np.pi / 2, 12)
    return solids.lathe(list(zip(r * np.cos(angle), r * np.sin(angle), strict=True))), r


def _microphone(rng: np.random.Generator) -> tuple[Solid, float]:
    profile = [(0, -1.1), (0.12, -1.1), (0.16, 0.5), (0.26, 0.6), (0.28, 0.85), (0.15, 1.05), (0, 1.08)]
    return solids.lathe(profile), 0.14


def _camera(rng: np.random.Generator) -> tuple[Solid, float]:
    lens, faces = solids.lathe([(0.32, 0), (0.36, rng.uniform(0.4, 1.2)), (0.28, 0.42), (0, 0.35)])
    turned = np.stack([lens[:, 0], lens[:, 2], lens[:, 1] + 0.3], 1)
    return solids.joined(solids.box(0.95, 1.35, 0.6), (turned, faces)), 0.3


HOLDABLE = {
    "cup": _cup,
    "glass": _glass,
    "bottle": _bottle,
    "phone": _phone,
    "book": _book,
    "ball": _ball,
    "microphone": _microphone,
    "camera": _camera,
}
"""The same, for still lifes: style -> its solid, and how far its middle is from the palm."""

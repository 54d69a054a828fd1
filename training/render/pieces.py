"""What is drawn and what comes of it: pieces of people, how they are posed, coloured and lit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLOTH = ("cloth", "lower", "coat")
"""Kinds of pieces that are clothes, each with a colour of its own: tops, dresses, suits; trousers, skirts; coats."""


@dataclass(frozen=True)
class Piece:
    """A mesh at rest, with four bones a vertex. float32 V x 3, V x 3, V x 2, V x 4; joints V x 4; faces F x 3; parts V
    (training.data.shards.PARTS)."""

    kind: str
    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    uv: NDArray[np.float32]
    joints: NDArray[np.int32]
    weights: NDArray[np.float32]
    parts: NDArray[np.uint8]
    faces: NDArray[np.int32]
    texture: str | None


@dataclass(frozen=True)
class Pose:
    """Pieces that are there, for each B x 4 x 4 bone matrices; 4 x 4 turn of the head from where it looks along +z, and
    its place; what is worn and held, by slot (training.render.people.outfits)."""

    pieces: list[Piece]
    bones: list[NDArray[np.float32]]
    head: NDArray[np.float64]
    wearing: dict[str, str]


@dataclass(frozen=True)
class Look:
    """Colours that multiply a kind's textures; what is printed on cloth: 0 nothing, 1 stripes, 2 checks, 3 spots."""

    tints: dict[str, NDArray[np.float64]]
    pattern: int = 0
    pattern_scale: float = 30.0
    pattern_colour: tuple[float, float, float] = (1, 1, 1)


@dataclass(frozen=True)
class Light:
    """`harmonics`: 9 x 3, of a panorama. `direction`: towards the lamp, view space, unit. The lamp casts shadows."""

    harmonics: NDArray[np.float64]
    direction: NDArray[np.float64]
    colour: NDArray[np.float64]


@dataclass(frozen=True)
class Appearance:
    """One person in a frame: pieces, for each piece B x 4 x 4 bone matrices, the view matrix, colours. Things are not
    labelled."""

    pieces: list[Piece]
    bones: list[NDArray[np.float32]]
    view: NDArray[np.float64]
    look: Look
    labelled: bool = True


@dataclass(frozen=True)
class Drawn:
    """S x S: colour uint8 x 3 (premultiplied), alpha uint8, inverse depth float32 in 1/dm, normals uint8 x 3, labels
    uint8; 0 where nothing is. Coded as in training.data.shards."""

    colour: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    inverse_depth: NDArray[np.float32]
    normals: NDArray[np.uint8]
    labels: NDArray[np.uint8]

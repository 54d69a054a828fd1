"""Which part of a person a vertex is, and how light its skin is."""

import functools
import re

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data.shards import PARTS, TONES, Someone

BONES = (
    ("hand", re.compile("hand|wrist|finger|metacarpal", re.IGNORECASE)),
    ("forearm", re.compile("lowerarm|forearm", re.IGNORECASE)),
    ("head", re.compile("head|neck|jaw|eye|oculi|orbicularis|levator|oris|temporalis|risorius|tongue", re.IGNORECASE)),
)
"""Names of bones in both families' rigs."""

TYPOLOGY = (55, 41, 28, 10, -30)
"""Lower bounds of the classes of TONES in degrees of the individual typology angle (Chardon et al., 1991)."""


def of_bone(name: str) -> int:
    """The number in PARTS of what hangs on a bone of that name."""
    return next((PARTS[part] for part, names in BONES if names.search(name)), PARTS["body"])


def of_vertices(joints: NDArray[np.int32], names: list[str]) -> NDArray[np.uint8]:
    """V numbers of parts; `joints` V x 4, the heaviest first; `names` of the bones that they count."""
    return np.array([of_bone(name) for name in names], np.uint8)[joints[:, 0]]


def median_colour(texture: str, uv: NDArray[np.float32]) -> NDArray[np.float64]:
    """Median linear colour of a picture at V x 2 texture coordinates (v upwards)."""
    pixels = small(texture)
    columns, rows = (np.clip(value * 256, 0, 255).astype(int) for value in (uv[:, 0] % 1, (1 - uv[:, 1]) % 1))
    return np.median(pixels[rows, columns], 0) ** 2  # as the renderer takes its pictures


@functools.lru_cache(64)
def small(texture: str) -> NDArray[np.float64]:
    """A picture at 256 x 256, in [0, 1]."""
    with Image.open(texture) as image:
        return np.asarray(image.convert("RGB").resize((256, 256), Image.Resampling.BOX), float) / 255


def tone(colour: NDArray[np.float64]) -> str:
    """The class of a skin's linear colour in [0, 1]; angle = atan((L* - 50) / b*), CIELAB under D65."""
    rgb_to_xyz = np.array([(0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)])
    _, y, z = np.cbrt(np.maximum(rgb_to_xyz @ colour / (0.9505, 1.0, 1.089), 0.008856))
    angle = np.degrees(np.arctan2(116 * y - 66, max(200 * (y - z), 1e-6)))
    return TONES[sum(angle < bound for bound in TYPOLOGY)]


def someone(
    identity: str, family: str, sex: str, age: str, tone: str, hair: str, clothes: str, wearing: dict[str, str]
) -> Someone:
    """`wearing`: by slot, as in training.render.people.outfits. Angles are not known yet."""
    known = {slot: wearing.get(slot, "") for slot in ("glasses", "hat", "held")}
    return Someone(identity, family, sex, age, tone, 0.0, 0.0, hair, clothes, scarf="scarf" in wearing, **known)

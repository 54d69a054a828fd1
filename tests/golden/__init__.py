"""Photographs in the public domain and what they gave when somebody last looked at the answer.

`python -m tests.golden` draws the answers anew, after a change of the networks: look at them before you commit.
"""

from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from depth.ports import Box, Estimate
from depth.refine import refine

FOLDER = Path(__file__).parent
SIDE = 64


class Photograph:
    """Pixels, held whole."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.image = Image.fromarray(image)

    @property
    def size(self) -> tuple[int, int]:
        return self.image.size

    def sample(self, size: tuple[int, int], box: Box | None = None) -> NDArray[np.uint8]:
        return np.asarray(self.image.resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=2.0))


def astronaut() -> NDArray[np.uint8]:
    """Eileen Collins, NASA, public domain: 512 x 512."""
    return np.asarray(skimage.data.astronaut())


def far_astronaut() -> NDArray[np.uint8]:
    """The same, small in a large grey picture."""
    image = np.full((900, 1200, 3), 128, np.uint8)
    image[560:816, 700:956] = astronaut()[::2, ::2]
    return image


PEOPLE = {"astronaut": astronaut, "far_astronaut": far_astronaut}
NOBODY = {
    "cat": skimage.data.chelsea,
    "coffee": skimage.data.coffee,
    "rocket": skimage.data.rocket,
    "grey": lambda: np.full((300, 400, 3), 128, np.uint8),
}


def answer(photograph: Photograph, estimate: Estimate) -> NDArray[np.uint8]:
    """Depth and alpha of the refined answer at SIDE pixels: (2, SIDE, SIDE), 0-255, depth 0 where nobody is."""
    relief = refine(estimate, photograph)
    maps = [relief.inverse_depth * (relief.alpha >= 0.5), relief.alpha]
    small = [np.asarray(Image.fromarray(m).resize((SIDE, SIDE), Image.Resampling.BOX)) for m in maps]
    return (np.stack(small) * 255 + 0.5).astype(np.uint8)

"""What the story of a call needs from outside: eyes, and a ledger (portrait.ledger)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""left, top, right, bottom in pixels of the upright full-size picture."""


class Subject(StrEnum):
    """What a call wants to know of the people in its picture."""

    DEPTH = "depth"
    NORMALS = "normals"


class Pixels(Protocol):
    """An upright picture that can be sampled at any size. Never holds more pixels than it must."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture at full size, pixels."""
        ...

    def sample(self, size: tuple[int, int], box: Box | None = None) -> NDArray[np.uint8]:
        """The picture, or a box of it, resampled to `size` (width, height): (height, width, 3) sRGB 0-255."""
        ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the networks see, on one coarse raster that covers the whole picture.

    inverse_depth: (h, w) float32, larger is nearer, any scale and shift; meaningful where alpha is high.
    alpha: (h, w) float32 in 0-1, the share of a person in the pixel; all 0 where nobody is in the picture.
    normals: (3, h, w) float32, unit vectors in view space (x right, y up, z towards the viewer), meaningful where alpha
    is high; None where they were not asked for.
    """

    inverse_depth: NDArray[np.float32]
    alpha: NDArray[np.float32]
    normals: NDArray[np.float32] | None = None


class Estimator(Protocol):
    """Looks at pixels and tells where people are and how they are shaped."""

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it can tell of people; DEPTH always."""
        ...

    def estimate(self, pixels: Pixels, subject: Subject = Subject.DEPTH) -> Estimate:
        """Where people are, how near each point of them is, and the subject if it is another one."""
        ...


@dataclass(frozen=True, slots=True)
class Relief:
    """Depth and silhouette on a finer raster, edges following the picture.

    inverse_depth: (h, w) float32, 1 = nearest point of a person, 0 = farthest; goes on smoothly past the silhouette.
    alpha: (h, w) float32 in 0-1, exactly 0 far from people.
    normals: (3, h, w) float32, unit vectors in view space, or None; they too go on past the silhouette.
    """

    inverse_depth: NDArray[np.float32]
    alpha: NDArray[np.float32]
    normals: NDArray[np.float32] | None = None

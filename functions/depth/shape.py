"""How near the people are and where they face, of two looks of the depth network: a close one and a wide one.

The close look shows their box and sees them large. The wide one shows the whole picture, in the mirror, so that its
errors are others, and knows what is around them and whoever is not in the box. Measured on pictures with measured
depth: r .863 with two close looks, .869 with one of each; on renders .63 and .70.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth.look import Maps, look
from depth.maps import Map
from depth.network import Network
from depth.ports import Box, Pixels, Subject
from depth.raster import Cells, facing, placed

FLAT: Final = np.float32(1e-6)
"""Least deviation of nearness: of a map that says the same everywhere."""


WANTED: Final = {Subject.DEPTH: ("nearness", "alpha"), Subject.NORMALS: ("nearness", "alpha", "normals")}


@dataclass(frozen=True, slots=True)
class Shape:
    """`close`: maps of the cells `inside` of a raster of `size` (width, height). `wide`: maps of all of it, and
    presence; nothing where one look was thought enough."""

    close: Maps
    wide: Maps
    inside: Cells
    size: tuple[int, int]

    def alpha(self) -> Map | None:
        """Of the cells inside; None of a network that draws none."""
        if "alpha" not in self.close:
            return None
        return self._mean("alpha")

    def nearness(self, alpha: Map) -> Map:
        """Of the whole raster. Both looks have scales of their own, so each is measured by the people that it sees."""
        people = alpha > 0.5
        close = standard(self.close["nearness"], people[self.inside])
        if not self.wide:
            return placed(close, np.full(alpha.shape, close.min(), np.float32), self.inside)
        wide = standard(self.wide["nearness"], people)
        return placed((close + wide[self.inside]) * np.float32(0.5), wide, self.inside)

    def normals(self) -> Map:
        """Of the whole raster, of any length; they face the viewer where nobody looked."""
        ground = self.wide.get("normals", facing(self.size))
        return placed(self._mean("normals"), ground, self.inside)

    def _mean(self, name: str) -> Map:
        close = self.close[name]
        return (close + self.wide[name][..., *self.inside]) * np.float32(0.5) if self.wide else close


def wide_look(network: Network, pixels: Pixels, whole: Box, size: tuple[int, int], subject: Subject) -> Maps:
    """Maps of the whole picture, and presence; nothing where the network's manifest says that they are not worth their
    time."""
    if network.manifest.looks == 1:
        return {}
    return look(network, pixels, whole, size, *WANTED[subject], "presence", mirror=True)


def close_look(network: Network, pixels: Pixels, box: Box, size: tuple[int, int], subject: Subject) -> Maps:
    """Maps of the people's box, at `size` (width, height)."""
    return look(network, pixels, box, size, *WANTED[subject])


def standard(values: Map, people: NDArray[np.bool_]) -> Map:
    """Nearness with mean 0 and deviation 1 among the people; as it is where there are none."""
    seen = values[people]
    if not seen.size:
        return values
    result: Map = (values - seen.mean()) / max(seen.std(), FLAT)
    return result


def upright(near: Map, people: NDArray[np.bool_], lean: float) -> Map:
    """Nearness without what the network leans people too far on the average (`lean`, as in the manifest): what it
    cannot see of how a camera was held, it takes to be as in the pictures that it learned from."""
    rows = np.flatnonzero(people.any(1))
    if not lean or not rows.size:
        return near
    down = np.arange(len(near), dtype=np.float32)[:, None] / max(int(np.ptp(rows)), 1)
    result: Map = near + np.float32(lean) * near[people].std() * down
    return result

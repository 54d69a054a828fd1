"""Where people are in a picture and how near each point of them is: the networks' story, told in order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from depth import maps
from depth.detection import Finding, findings
from depth.maps import Map
from depth.network import Network, View, open_all
from depth.ports import Box, Estimate, Pixels

RASTER_PX: Final = 512
"""Longer side of the estimate: twice the networks' input, so that a second look at half the picture is kept whole."""

SURE: Final = 0.62
"""A detector's score that is a person: see the gate's figures in the model card."""


class Networks:
    """An Estimator made of the networks that a folder's manifests describe. Opens them all at once: cold start."""

    def __init__(self, folder: Path) -> None:
        self.networks: Mapping[str, Network] = open_all(folder)

    def estimate(self, pixels: Pixels) -> Estimate:
        """Alpha is all 0 where nobody is in the picture."""
        people = self._people(pixels)
        size = raster_size(pixels.size)
        if not people:
            return nobody(size)
        whole = (0.0, 0.0, float(pixels.size[0]), float(pixels.size[1]))
        alpha = self._alpha(pixels, whole, size)
        alpha = np.where(reached(alpha, seeds(people, pixels.size, size)), alpha, 0).astype(np.float32)
        return Estimate(self._inverse_depth(pixels, whole, size), alpha)

    def _people(self, pixels: Pixels) -> list[Finding]:
        whole = (0.0, 0.0, float(pixels.size[0]), float(pixels.size[1]))
        found: list[Finding] = []
        for role in ("person-detector", "face-detector"):
            if role in self.networks:
                view, outputs = self.networks[role].look(pixels, whole)
                found += findings(self.networks[role].manifest, view, outputs, SURE)
        return found

    def _alpha(self, pixels: Pixels, box: Box, size: tuple[int, int]) -> Map:
        view, outputs = self.networks["matte"].look(pixels, box)
        return covered(outputs["alpha"], view, size).clip(0, 1)

    def _inverse_depth(self, pixels: Pixels, box: Box, size: tuple[int, int]) -> Map:
        network = self.networks["depth"]
        view, outputs = network.look(pixels, box)
        values = covered(outputs["inverse_depth"], view, size)
        return values if network.manifest.larger_is == "nearer" else -values


def raster_size(picture: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the estimate of a picture of this size."""
    scale = RASTER_PX / max(picture)
    return max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))


def nobody(size: tuple[int, int]) -> Estimate:
    empty = np.zeros((size[1], size[0]), np.float32)
    return Estimate(empty, empty)


def covered(output: Map, view: View, size: tuple[int, int]) -> Map:
    """A network's map without its black border, as `size` (width, height)."""
    values = output.reshape(output.shape[-2:])
    return maps.resample(values, size, view.within(values.shape[1], values.shape[0]))


def seeds(people: list[Finding], picture: tuple[int, int], size: tuple[int, int]) -> Map:
    """1 in the boxes of what was found, on the estimate's raster."""
    marks = np.zeros((size[1], size[0]), np.float32)
    for finding in people:
        left, top, right, bottom = (
            round(v * s / p) for v, s, p in zip(finding.box, size * 2, picture * 2, strict=True)
        )
        marks[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 1
    return marks


def reached(alpha: Map, marks: Map) -> np.ndarray:
    """Where alpha hangs together with a mark: what no detector vouches for is not a person."""
    cell = 8
    height, width = alpha.shape
    pad = ((0, -height % cell), (0, -width % cell))
    shape = ((height + pad[0][1]) // cell, cell, (width + pad[1][1]) // cell, cell)
    solid = np.pad(alpha, pad).reshape(shape).max((1, 3)) > 0.3
    grown = solid & (np.pad(marks, pad).reshape(shape).max((1, 3)) > 0)
    while True:
        wider = np.pad(grown, 1)
        wider = wider[:-2] | wider[1:-1] | wider[2:]
        wider = (wider[:, :-2] | wider[:, 1:-1] | wider[:, 2:]) & solid
        if (wider == grown).all():
            break
        grown = wider
    around = np.pad(grown, 1)
    around = around[:-2] | around[1:-1] | around[2:]
    around = around[:, :-2] | around[:, 1:-1] | around[:, 2:]
    return around.repeat(cell, 0).repeat(cell, 1)[:height, :width]

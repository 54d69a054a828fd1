"""Where people are in a picture, how near each point of them is and where it faces: the networks' story, in order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from depth import face_mesh, faces
from depth.alpha import agreed, decided
from depth.detection import Finding
from depth.look import look
from depth.maps import Map
from depth.network import Network, open_all
from depth.people import People, search
from depth.ports import Box, Estimate, Pixels, Subject
from depth.raster import cells, facing, lengths, placed, raster_size
from depth.shape import Shape, close_look, upright
from depth.vouching import vouched_for

TRUSTED: Final = 0.6
"""Weight of the depth network's alpha beside the mattes', where people are large. With more of it small people and dark
ones of real photographs are lost, with less of it people of whom the mattes see little."""

SURELY: Final = 0.9
"""The same where it is BODY or more: of people in the dark, of half a face, of a thin arm, of the second of two people
the mattes may see nothing."""

BODY: Final = 0.7
"""With .5 renders gain a little more, and the error of real mattes grows by a twelfth."""


class Networks:
    """An Estimator made of the networks that a folder's manifests describe. Opens them all at once: cold start."""

    def __init__(self, folder: Path) -> None:
        self.networks: Mapping[str, Network] = open_all(folder)

    @property
    def subjects(self) -> frozenset[Subject]:
        normals = "normals" in self.networks["depth"].manifest.outputs
        return frozenset(Subject) if normals else frozenset({Subject.DEPTH})

    def estimate(self, pixels: Pixels, subject: Subject = Subject.DEPTH) -> Estimate:
        """Alpha is all 0 where nobody is in the picture."""
        whole = (0.0, 0.0, float(pixels.size[0]), float(pixels.size[1]))
        size = raster_size(pixels.size)
        people = search(self.networks, pixels, whole, size, subject)
        if people is None:
            return nobody(size, subject)
        depth, inside = self.networks["depth"], cells(people.box, whole, people.matte.shape)
        close = close_look(depth, pixels, people.box, lengths(inside), subject)
        shape = Shape(close, people.wide, inside, size)
        alpha = self._alpha(people, shape, pixels)
        near = upright(shape.nearness(alpha), alpha > 0.5, depth.manifest.lean)
        reliefs = self._reliefs(near, alpha, pixels, people.found, whole)
        normals = faces.with_normals(shape.normals(), reliefs) if subject is Subject.NORMALS else None
        return Estimate(faces.with_relief(near, reliefs), alpha, normals)

    def _alpha(self, people: People, shape: Shape, pixels: Pixels) -> Map:
        """Of the whole raster: what both networks say, in both looks, of what hangs together with somebody."""
        inside, drawn = shape.inside, shape.alpha()
        matte = look(self.networks["matte"], pixels, people.box, lengths(inside), "alpha")["alpha"]
        mattes = (matte + people.matte[inside]) * np.float32(0.5)
        weight = TRUSTED * people.trust
        alpha = agreed(mattes, drawn, weight if drawn is None else np.where(drawn > BODY, SURELY, weight))
        alpha = placed(alpha, np.zeros_like(people.matte), inside)
        return decided(vouched_for(alpha, people.somebody))

    def _reliefs(
        self, near: Map, alpha: Map, pixels: Pixels, found: list[Finding], whole: Box
    ) -> list[faces.FaceRelief]:
        if "face-mesh" not in self.networks:
            return []
        least = faces.LEAST_PX * whole[2] / alpha.shape[1]
        seen = face_mesh.faces(self.networks["face-mesh"], pixels, found, least)
        reliefs = (faces.relief(near, alpha, face, whole) for face in seen)
        return [relief for relief in reliefs if relief is not None]


def nobody(size: tuple[int, int], subject: Subject) -> Estimate:
    empty = np.zeros((size[1], size[0]), np.float32)
    return Estimate(empty, empty, facing(size) if subject is Subject.NORMALS else None)

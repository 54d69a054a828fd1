"""Where people are in a picture, how near each point of them is and where it faces: the networks' story, in order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from depth import face_mesh, faces, gate, maps
from depth.detection import Finding
from depth.look import Maps, look
from depth.maps import Map
from depth.network import Network, open_all
from depth.ports import Box, Estimate, Pixels, Subject
from depth.raster import cells, facing, lengths, placed, raster_size
from depth.shape import Shape, close_look, upright, wide_look
from depth.vouching import Marks, found_in, seen_in, shown, vouched_for

MARGIN: Final = 0.03
"""Of the people's box, on every side. Measured: r .775 without a box, .790 with a margin of .12, .814 with .02."""

SILHOUETTE_PX: Final = 6
"""Of the raster, to either side of the silhouette: how far hair, fingers and doubt reach."""

STRAY: Final = 0.02
"""Share of a neighbourhood that may disagree with it: a speck, not a finger."""

TRUSTED: Final = 0.6
"""Weight of the depth network's alpha beside the mattes', where people are large. With more of it small people and dark
ones of real photographs are lost, with less of it people of whom the mattes see little."""

TRUSTED_FROM_AFAR: Final = 0.35
"""The same of the look at the whole picture, by which the people's box is found. With .65 a truck comes along with the
man beside it; with 0 whoever the matte misses is outside the box."""

UNSEEN: Final = 0.02
"""Share of the people in the matte that the depth network sees, below which it does not see them. Of 201 photographs of
people, one by one, four had less than .003, all others whom the gate finds more than .15 (weights of runs 9 and 10)."""

LARGE: Final = 0.15
"""Share of the picture from which on people are large."""

UNSURE: Final = 0.01
"""Alpha closer to 0 or 1 than this says no more than this: no network is as sure as it sounds."""


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
        found = gate.people(self.networks, pixels, whole)
        if not found:
            return nobody(size, subject)
        matte, depth = self.networks["matte"], self.networks["depth"]
        wide = wide_look(depth, pixels, whole, size, subject)
        if gate.denied(found, wide.get("presence"), whole):
            return nobody(size, subject)
        wide_matte = look(matte, pixels, whole, size, "alpha")["alpha"]
        found = shown(found, wide_matte, whole)
        if not found:
            return nobody(size, subject)
        detected = found_in(found, whole, wide_matte.shape)
        trust = trustworthy(wide_matte, wide, found, detected)
        somebody = detected | seen_in(wide_matte, wide)
        rough = vouched_for(agreed(wide_matte, wide.get("alpha"), TRUSTED_FROM_AFAR * trust), somebody)
        box = people_box(rough, found, whole)
        inside = cells(box, whole, rough.shape)
        close_matte = look(matte, pixels, box, lengths(inside), "alpha")["alpha"]
        both_mattes = (close_matte + wide_matte[inside]) * np.float32(0.5)
        shape = Shape(close_look(depth, pixels, box, lengths(inside), subject), wide, inside, size)
        alpha = placed(agreed(both_mattes, shape.alpha(), TRUSTED * trust), np.zeros_like(rough), inside)
        alpha = decided(vouched_for(alpha, somebody))
        near = upright(shape.nearness(alpha), alpha > 0.5, depth.manifest.lean)
        reliefs = self._reliefs(near, alpha, pixels, found, whole)
        normals = faces.with_normals(shape.normals(), reliefs) if subject is Subject.NORMALS else None
        return Estimate(faces.with_relief(near, reliefs), alpha, normals)

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


def agreed(first: Map, second: Map | None, weight: float) -> Map:
    """One alpha out of two: the mean of their log-odds, so that the surer one decides. `weight`: the second's, 0-1."""
    if second is None:
        return first.clip(0, 1)
    odds = _odds(first) ** np.float32(1 - weight) * _odds(second) ** np.float32(weight)
    result: Map = ((odds / (1 + odds) - UNSURE) / (1 - 2 * UNSURE)).clip(0, 1)
    return result


def trustworthy(matte: Map, wide: Maps, found: list[Finding], detected: Marks) -> float:
    """How far the depth network's alpha (of its `wide` look) is to be trusted, 0 to 1: it tears people apart whom it
    sees small, and has no opinion of somebody beyond doubt whom it does not see: who lies across the picture, or sits
    before a bright window. `detected`: cells in which the detectors `found` them."""
    alpha = wide.get("alpha")
    if alpha is None:
        return 1.0
    people = vouched_for(np.maximum(matte, alpha), detected) > 0.5
    if (alpha[people] > 0.5).sum() < UNSEEN * people.sum() and gate.beyond_doubt(found, wide.get("presence")):
        return 0.0
    return min(1.0, float(people.mean()) / LARGE)


def decided(alpha: Map) -> Map:
    """Alpha that leaves doubt to the silhouette: half-tones deep inside a person become 1, haze around one 0."""
    mostly = maps.box_mean((maps.box_mean(alpha, 1) > 0.5).astype(np.float32), SILHOUETTE_PX)
    result: Map = np.where(mostly > 1 - STRAY, np.float32(1), np.where(mostly < STRAY, np.float32(0), alpha))
    return result


def _odds(alpha: Map) -> Map:
    kept = alpha.clip(UNSURE, 1 - UNSURE)
    result: Map = kept / (1 - kept)
    return result


def people_box(alpha: Map, found: list[Finding], whole: Box) -> Box:
    """A box around all people, on whole cells of the raster: what alpha shows, and bodies found where it shows none."""
    unit = np.array([whole[2] / alpha.shape[1], whole[3] / alpha.shape[0]] * 2)
    sure = [finding.body for finding in found if finding.score >= gate.BELIEVED]
    boxes = [body for body in sure if not _is_shown(alpha[cells(body, whole, alpha.shape)])]
    if (alpha > 0.5).any():
        rows, columns = np.flatnonzero((alpha > 0.5).any(1)), np.flatnonzero((alpha > 0.5).any(0))
        left, top, right, bottom = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) * unit
        boxes.append((float(left), float(top), float(right), float(bottom)))
    edges = np.array(boxes or [finding.body for finding in found])
    edges = np.concatenate([edges[:, :2].min(0), edges[:, 2:].max(0)])
    margin = MARGIN * max(edges[2] - edges[0], edges[3] - edges[1])
    left, top, right, bottom = gate.clipped(tuple(edges + np.array([-margin, -margin, margin, margin])), whole) / unit
    left, top, right, bottom = np.array([np.floor(left), np.floor(top), np.ceil(right), np.ceil(bottom)]) * unit
    return float(left), float(top), float(right), float(bottom)


def _is_shown(alpha: Map) -> bool:
    """Is a body's alpha about as tall as the body? Of small people the first look sees a shirt, or nothing."""
    return float((alpha > 0.5).any(1).mean()) > 0.5

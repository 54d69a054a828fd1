"""Who is in the picture, and where: what detectors and the two networks' looks at the whole of it tell together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from depth import gate
from depth.alpha import agreed
from depth.detection import Finding
from depth.look import Maps, look
from depth.maps import Map
from depth.network import Network
from depth.ports import Box, Pixels, Subject
from depth.raster import cells
from depth.shape import wide_look
from depth.vouching import Marks, found_in, seen_in, shown, sure_in, vouched_for

MARGIN: Final = 0.03
"""Of the people's box, on every side. Measured: r .775 without a box, .790 with a margin of .12, .814 with .02."""

TRUSTED_FROM_AFAR: Final = 0.35
"""Weight of the depth network's alpha beside the matte's in the looks at the whole picture, by which the people's box
is found. With .65 a truck comes along with the man beside it; with 0 whoever the matte misses is outside the box."""

UNSEEN: Final = 0.02
"""Share of the people in the matte that the depth network sees, below which it does not see them. Of 201 photographs of
people, one by one, four had less than .003, all others whom the gate finds more than .15 (weights of runs 9 and 10)."""

LARGE: Final = 0.15
"""Share of the picture from which on people are large."""


@dataclass(frozen=True, slots=True)
class People:
    """`found`: by detectors, best first; empty where the depth network alone sees somebody. `wide`, `matte`: what the
    depth network and the matte network see in the whole picture, on the raster. `somebody`: cells with which people
    hang together. `trust`: how far the depth network's alpha is to be trusted, 0 to 1. `box`: around all of them."""

    found: list[Finding]
    wide: Maps
    matte: Map
    somebody: Marks
    trust: float
    box: Box


def search(
    networks: Mapping[str, Network], pixels: Pixels, whole: Box, size: tuple[int, int], subject: Subject
) -> People | None:
    """Everybody, from afar, on a raster of `size` (width, height); None if nobody is in the picture."""
    found = gate.people(networks, pixels, whole)
    if found is None:
        return None
    wide = wide_look(networks["depth"], pixels, whole, size, subject)
    if gate.denied(found, wide.get("presence"), whole):
        return None
    matte = look(networks["matte"], pixels, whole, size, "alpha")["alpha"]
    found = shown(found, matte, whole, gate.sure(wide.get("presence")))
    detected, sure = found_in(found, whole, matte.shape), sure_in(matte, wide)
    if not found and not sure.any():
        return None
    somebody = detected | sure | seen_in(matte, wide)
    trust = trustworthy(matte, wide, found, detected if found else sure)
    rough = vouched_for(agreed(matte, wide.get("alpha"), TRUSTED_FROM_AFAR * trust), somebody)
    rough = np.maximum(rough, vouched_for(wide.get("alpha", matte), sure))
    return People(found, wide, matte, somebody, trust, people_box(rough, found, whole))


def trustworthy(matte: Map, wide: Maps, found: list[Finding], detected: Marks) -> float:
    """How far the depth network's alpha (of its `wide` look) is to be trusted, 0 to 1: it tears people apart whom it
    sees small, and has no opinion of somebody beyond doubt whom it does not see: who lies across the picture, or sits
    before a bright window. `detected`: cells in which the detectors `found` them or, where they found none, in which
    the network is sure."""
    alpha = wide.get("alpha")
    if alpha is None:
        return 1.0
    people = vouched_for(np.maximum(matte, alpha), detected) > 0.5
    if (alpha[people] > 0.5).sum() < UNSEEN * people.sum() and gate.beyond_doubt(found, wide.get("presence")):
        return 0.0
    return min(1.0, float(people.mean()) / LARGE)


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

"""Is anybody there, and where? Three detectors judged together; what is doubtful and small is looked at again, nearer.

A detector that looks at the whole picture takes a potted plant for a person now and then, and so does one that sees the
plant alone; but seldom both, while a person found from afar is found again from near. Where that is not enough, the
depth network is asked; and where it sees nobody although somebody large would be there, nobody is: detectors take dogs
that look into the camera for people. The model card has the figures.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth.detection import Finding, area, findings
from depth.look import presence
from depth.network import Network
from depth.ports import Box, Pixels

HINTED: Final = 0.25
POSSIBLE: Final = 0.35
"""Score from which on a finding is somebody where the depth network is certain; and from which on it is worth a second
look, is one more person in a picture that has one, or is somebody where the depth network is sure: who drinks, wears a
cap or stands in the dark."""

BELIEVED: Final = 0.62
"""Score of the two looks together, or of the only one, that is a person."""

NEARER: Final = 0.6
"""Weight of the second look: from near a horse is less of a person, and a person more of one."""

CERTAIN: Final = 0.9
"""Score that needs no second look."""

CLOSE: Final = 0.73
"""Score of the detector for faces that fill the picture; a coffee cup reaches 0.69."""

FILLS: Final = 0.7
"""Share of the picture from which on a second look would see nothing new."""

LOOKS: Final = 3
"""Second looks at most, 8 ms each."""

SURE: Final = 0.9
SURER: Final = 0.97
"""Presence, by the depth network in two looks, that makes somebody of what is possible, and of a mere hint or none: a
trunk without a head, a face behind a hand. Of 198 photographs of nobody none that was answered in black had more than
.92 (mean of runs 9 to 11)."""

DENIED: Final = 0.15
"""Presence, by the depth network in one look at the whole picture, below which nobody is there, unless a detector is
certain. Of 201 photographs of people it costs none, of 24 of nobody that would be answered it spares 7."""

DENIABLE: Final = 0.5
"""Share of the picture from which on somebody can be denied. Presence has learned to overlook the small."""


def people(networks: Mapping[str, Network], pixels: Pixels, whole: Box) -> list[Finding] | None:
    """Everybody found, best first; empty if somebody is there whom no detector finds; None if nobody is."""
    hints = _found(networks, ("person-detector", "face-detector"), pixels, whole, HINTED)
    close = _found(networks, ("close-face-detector",), pixels, whole, CLOSE)
    candidates = [hint for hint in hints if hint.score >= POSSIBLE]
    if close or any(_believed(networks, pixels, whole, candidate) for candidate in candidates[:LOOKS]):
        return close + candidates
    if presence(networks["depth"], pixels, whole) >= (SURE if candidates else SURER):
        return candidates or hints
    return None


def denied(found: list[Finding], present: NDArray[np.float32] | None, whole: Box) -> bool:
    """Does the depth network see nobody where somebody large would be, and no detector is certain?

    `present`: one number, presence in the whole picture; None of a network that does not tell, which denies nobody.
    """
    largest = max((area(clipped(finding.body, whole)) for finding in found), default=0.0)
    return largest >= DENIABLE * area(whole) and present is not None and not beyond_doubt(found, present)


def sure(present: NDArray[np.float32] | None) -> bool:
    """Is presence (as in `denied`) enough for somebody whom the matte does not see?"""
    return present is not None and float(present.item()) >= SURE


def beyond_doubt(found: list[Finding], present: NDArray[np.float32] | None) -> bool:
    """Is a detector certain, or presence (as in `denied`) not low?"""
    certain = any(finding.score >= CERTAIN for finding in found)
    return certain or (present is not None and float(present.item()) >= DENIED)


def _found(
    networks: Mapping[str, Network], roles: tuple[str, ...], pixels: Pixels, box: Box, least: float
) -> list[Finding]:
    found: list[Finding] = []
    for role in roles:
        if role in networks:
            view, outputs = networks[role].look(pixels, box)
            found += findings(networks[role].manifest, view, outputs, least)
    return sorted(found, key=lambda finding: -finding.score)


def _believed(networks: Mapping[str, Network], pixels: Pixels, whole: Box, candidate: Finding) -> bool:
    around = clipped(candidate.body, whole)
    if candidate.score >= CERTAIN or area(around) >= FILLS * area(whole):
        return candidate.score >= BELIEVED
    enough = (BELIEVED - (1 - NEARER) * candidate.score) / NEARER
    return bool(_found(networks, ("person-detector", "face-detector"), pixels, around, enough))


def clipped(box: Box, whole: Box) -> Box:
    """The part of a box inside the picture."""
    left, right = np.clip([box[0], box[2]], whole[0], whole[2])
    top, bottom = np.clip([box[1], box[3]], whole[1], whole[3])
    return float(left), float(top), float(right), float(bottom)

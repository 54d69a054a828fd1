"""Joints of people in a photograph, and how near they are: what limbs' order in a depth map is judged by.

The network is MediaPipe's BlazePose GHUM full (Grishchenko et al. 2022), as `training.convert.pose` makes it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from depth import face_mesh, gate
from depth.detection import PERSON_POINTS, Finding, area
from depth.manifest import Input, Manifest
from depth.network import Network
from depth.ports import Box, Pixels

FILE = Path("build/pose.onnx")

JOINTS = {
    "left shoulder": 11, "right shoulder": 12, "left elbow": 13, "right elbow": 14, "left wrist": 15, "right wrist": 16,
    "left hip": 23, "right hip": 24, "left knee": 25, "right knee": 26, "left ankle": 27, "right ankle": 28,
}  # fmt: skip
"""Of the 39 points, those where limbs bend; what lies in face, hands and feet is too close together to be ordered."""

AROUND = 1.25
"""Half the network's square, in radii of the circle that the detector draws around a person: as it was trained."""

TRUSTED = 0.5
"""Presence of a person in the square, and visibility of a joint, from which on they count."""

UNSURE_M = 0.08
"""Metres. Where the network says of a person and of the mirror image something that differs more, it does not know."""


@dataclass(frozen=True)
class Pose:
    """One person's joints, in the order of JOINTS.

    places: (12, 2) pixels of the picture. metres: (12, 3) from the hips: right and down along the network's square,
    which stands as the person does, and towards the camera. visible: (12,), by the network's word, and the same from
    both sides of a mirror. size: side of its square in pixels.
    """

    places: NDArray[np.float32]
    metres: NDArray[np.float32]
    visible: NDArray[np.bool_]
    size: float


def opened(file: Path) -> Network:
    return Network.open(
        Manifest(
            name="pose",
            role="pose",
            file=file,
            sha256="",
            input=Input("image", 256, 256, "RGB", (0, 0, 0), (1, 1, 1), "letterbox"),
            outputs={name: name for name in ("points", "presence", "metres")},
            larger_is="nearer",
            axes=(1, 1, 1),
            looks=1,
            anchors=(),
        )
    )


def poses(network: Network, pixels: Pixels, found: list[Finding]) -> list[Pose]:
    """Of everybody whom the person detector found and the network sees."""
    people = [finding for finding in found if len(finding.points) == PERSON_POINTS]
    looked = (pose(network, pixels, person) for person in people)
    return [pose for pose in looked if pose is not None]


def pose(network: Network, pixels: Pixels, person: Finding) -> Pose | None:
    """Of one person, turned so that the line from the hips to the top stands upright; None if nobody is seen there."""
    side, hips = network.manifest.input.width, person.points[0].astype(np.float64)
    up = person.points[1] - hips
    reach = AROUND * float(np.hypot(*up))
    square: Box = (hips[0] - reach, hips[1] - reach, hips[0] + reach, hips[1] + reach)
    if area(gate.clipped(square, (0.0, 0.0, *map(float, pixels.size)))) < 1:
        return None
    roll = float(np.arctan2(up[0], -up[1]))
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    image = face_mesh.turned(pixels, hips, reach, turn, side)
    plain, other = joints(network, image), joints(network, image[:, ::-1])
    if plain is None or other is None:
        return None
    other = mirrored(other, side)
    visible = plain.visible & other.visible & (np.abs(plain.metres - other.metres)[:, 2] < UNSURE_M)
    places, metres = (plain.places + other.places) / 2, (plain.metres + other.metres) / 2
    in_picture = (places - side / 2) * (2 * reach / side) @ turn.T + hips
    return Pose(in_picture.astype(np.float32), metres, visible, 2 * reach)


def joints(network: Network, image: NDArray[np.float32]) -> Pose | None:
    """What the network says of one square, places in the square's own pixels."""
    outputs = network.run(image)
    if float(outputs["presence"].ravel()[0]) < TRUSTED:
        return None
    chosen = list(JOINTS.values())
    points, metres = outputs["points"].reshape(-1, 5)[chosen], outputs["metres"].reshape(-1, 3)[chosen]
    visible = points[:, 3] >= np.log(TRUSTED / (1 - TRUSTED))
    return Pose(points[:, :2], metres * np.array([1, 1, -1], np.float32), visible, float(len(image)))


def mirrored(pose: Pose, side: int) -> Pose:
    """A mirror image's joints as those of the picture: left is right."""
    other = np.arange(len(JOINTS)) ^ 1
    places = np.array([side, 0], np.float32) + pose.places[other] * np.array([-1, 1], np.float32)
    metres = pose.metres[other] * np.array([-1, 1, 1], np.float32)
    return Pose(places, metres, pose.visible[other], pose.size)

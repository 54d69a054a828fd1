"""What a served network is: models/<name>.json, read and checked. Serving knows manifests and no network by name."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")

ROLES: Final = ("depth", "matte", "person-detector", "face-detector", "close-face-detector", "face-mesh")
"""What the estimator has use for. The first two must be there; the others make it better."""


class BrokenManifest(ValueError):
    """A manifest does not say what serving must know. Fails the cold start."""


@dataclass(frozen=True, slots=True)
class Input:
    """How a picture becomes the input: float32, (pixel / 255 - mean) / deviation.

    colour: RGB or BGR; mean and deviation are of red, green and blue either way. fit: `letterbox` keeps the picture's
    proportions and centres it, `stretch` fills the input. border: what lies around a letterboxed picture, `black` or
    its own `edge` drawn on. layout: NCHW is (1, 3, height, width), NHWC (1, height, width, 3); outputs of four
    dimensions have the same.
    """

    name: str
    width: int
    height: int
    colour: str
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    fit: str
    border: str = "black"
    layout: str = "NCHW"


@dataclass(frozen=True, slots=True)
class Manifest:
    """outputs: meaning -> name in the file. anchors: a detector's.

    larger_is: `nearer` or `farther`, of the meaning `inverse_depth` (free scale and shift; of the meaning `depth`, a
    distance, the reciprocal is taken). axes: signs that make x, y and z of normals point right, up and to the viewer.
    looks: 2 where a look at the whole picture, in the mirror, beside the one at the people is worth its time, or 1.
    lean: how far the network leans people towards the camera on the average, in deviations of their nearness, from
    their feet to their top; it is taken away.
    """

    name: str
    role: str
    file: Path
    sha256: str
    input: Input
    outputs: Mapping[str, str]
    larger_is: str
    axes: tuple[float, float, float]
    looks: int
    anchors: tuple[tuple[int, int], ...]
    lean: float = 0.0


def read_all(folder: Path) -> dict[str, Manifest]:
    """Role -> manifest of every network in a folder. Raises BrokenManifest."""
    manifests: dict[str, Manifest] = {}
    for path in sorted(folder.glob("*.json")):
        manifest = read(path)
        if manifest.role in manifests:
            raise BrokenManifest(f"{path.name}: {manifests[manifest.role].name} has the role {manifest.role} already")
        manifests[manifest.role] = manifest
    missing = [role for role in ROLES[:2] if role not in manifests]
    if missing:
        raise BrokenManifest(f"{folder}: no network for {' and '.join(missing)}")
    return manifests


def read(path: Path) -> Manifest:
    """One manifest. Raises BrokenManifest with the file's name and the entry."""
    try:
        return _manifest(path, json.loads(path.read_bytes()))
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenManifest(f"{path.name}: {type(error).__name__}: {error}") from error


def _manifest(path: Path, entries: Mapping[str, Any]) -> Manifest:
    return Manifest(
        name=path.stem,
        role=_one_of(ROLES, entries["role"]),
        file=path.parent / entries["file"],
        sha256=entries["sha256"],
        input=_input(entries["input"]),
        outputs={meaning: output["name"] for meaning, output in entries["outputs"].items()},
        larger_is=_one_of(("nearer", "farther"), entries.get("larger_is", "nearer")),
        axes=_axes(entries.get("axes", "right up near")),
        looks=_one_of((1, 2), entries.get("looks", 2)),
        anchors=tuple((int(stride), int(count)) for stride, count in entries.get("anchors", ())),
        lean=_finite(entries.get("lean", 0)),
    )


def _input(entries: Mapping[str, Any]) -> Input:
    width, height = entries["size"]
    return Input(
        name=entries["name"],
        width=int(width),
        height=int(height),
        colour=_one_of(("RGB", "BGR"), entries["colour"]),
        mean=_three(entries["mean"]),
        deviation=_three(entries["deviation"]),
        fit=_one_of(("letterbox", "stretch"), entries["fit"]),
        border=_one_of(("black", "edge"), entries.get("border", "black")),
        layout=_one_of(("NCHW", "NHWC"), entries.get("layout", "NCHW")),
    )


def _axes(words: str) -> tuple[float, float, float]:
    """Signs that turn normals to x right, y up, z near."""
    x, y, z = words.split()
    ours = (
        _one_of(("right", "left"), x) == "right",
        _one_of(("up", "down"), y) == "up",
        _one_of(("near", "far"), z) == "near",
    )
    return _three([1.0 if same else -1.0 for same in ours])


def _three(values: list[float]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is not finite")
    return float(value)


def _one_of(choices: tuple[T, ...], value: T) -> T:
    if value not in choices:
        raise ValueError(f"{value!r} is none of {', '.join(map(str, choices))}")
    return value

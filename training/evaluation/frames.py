"""The file of held-out frames: written by training.evaluation.choose, read by training.evaluate. Needs no torch.

A zip archive that any viewer opens. about.json holds for each frame what training.data.shards says of it, and the range
of its inverse depth; a folder for each frame holds the picture (a square JPEG) and, on half of that raster, what is
exact: alpha (8 bits), inverse depth (12 bits between the frame's own ends, 1/dm), normals (8 bits an axis) and labels.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data.shards import Record, Someone

FILE = Path(__file__).parent / "slice.zip"

LEVELS = 4095
"""Of inverse depth. The renders' own float16 has no more."""


NAMES = ("picture.jpg", "alpha.png", "depth.png", "normals.png", "labels.png")


@dataclass(frozen=True)
class Frame:
    """`picture`: S x S x 3 uint8. On S/2 x S/2: `alpha` in [0, 1]; `inverse_depth` in 1/dm where alpha is not 0;
    `normals` x 3, unit, or 0 where unknown; `labels`, uint8, as in training.data.shards."""

    picture: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    inverse_depth: NDArray[np.float32]
    normals: NDArray[np.float32]
    labels: NDArray[np.uint8]
    about: Record

    @property
    def empty(self) -> bool:
        """Nobody is here."""
        return not self.about.people


def read(path: Path) -> Iterator[Frame]:
    with zipfile.ZipFile(path) as archive:
        for k, entries in enumerate(json.loads(archive.read("about.json"))):
            maps = {name: opened(archive.read(f"{k:04d}/{name}")) for name in NAMES}
            low, high = entries.pop("range")
            people = tuple(Someone(**person) for person in entries.pop("people"))
            yield Frame(
                maps["picture.jpg"],
                maps["alpha.png"].astype(np.float32) / 255,
                low + (high - low) * maps["depth.png"].astype(np.float32) / LEVELS,
                unit(maps["normals.png"]),
                maps["labels.png"],
                Record(people=people, **entries),
            )


def write(path: Path, frames: list[Frame], quality: int = 88) -> None:
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for k, frame in enumerate(frames):
            inside = frame.inverse_depth[frame.alpha > 0]
            low, high = (float(inside.min()), float(inside.max())) if inside.size else (0.0, 1.0)
            level = np.rint((frame.inverse_depth - low) / max(high - low, 1e-9) * LEVELS).clip(0, LEVELS)
            maps = {
                "picture.jpg": frame.picture,
                "alpha.png": np.rint(frame.alpha * 255).astype(np.uint8),
                "depth.png": np.where(frame.alpha > 0, level, 0).astype(np.uint16),
                "normals.png": coloured(frame.normals),
                "labels.png": frame.labels,
            }
            for name, values in maps.items():
                archive.writestr(zipfile.ZipInfo(f"{k:04d}/{name}"), encoded(values, name, quality))
            rows.append(asdict(frame.about) | {"range": (low, high)})
        archive.writestr(zipfile.ZipInfo("about.json"), json.dumps(rows), zipfile.ZIP_DEFLATED)


def opened(data: bytes) -> NDArray[Any]:
    return np.asarray(Image.open(io.BytesIO(data)))


def encoded(values: NDArray[Any], name: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    kind = Path(name).suffix.removeprefix(".")
    Image.fromarray(values).save(buffer, {"jpg": "jpeg"}.get(kind, kind), quality=quality, optimize=True)
    return buffer.getvalue()


def unit(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Normals out of their colours; black is unknown."""
    normals = colours.astype(np.float32) / 127.5 - 1
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    return np.where(colours.any(-1, keepdims=True), normals / np.maximum(length, 1e-6), 0).astype(np.float32)


def coloured(normals: NDArray[np.float32]) -> NDArray[np.uint8]:
    known = (normals != 0).any(-1, keepdims=True)
    return np.where(known, np.rint(normals * 127.5 + 127.5).clip(1, 255), 0).astype(np.uint8)

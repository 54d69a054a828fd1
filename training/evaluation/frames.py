"""The file of held-out frames: written by training.evaluation.choose, read by training.evaluate. Needs no torch.

A frame is a picture as JPEG, 256 px, and on half of that raster the exact alpha (8 bits) and the exact inverse depth
(16 bits between the frame's own `nearest` and `farthest`, 1/dm). `family` and `framing` name slices; people-free
frames have the framing "nobody".
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FILE = Path(__file__).parent / "slice.npz"


@dataclass(frozen=True)
class Frame:
    """`picture`: S x S x 3 uint8. `alpha` in [0, 1], `inverse_depth` in 1/dm where alpha is not 0: S/2 x S/2."""

    picture: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    inverse_depth: NDArray[np.float32]
    framing: str
    family: str


def read(path: Path) -> Iterator[Frame]:
    with np.load(path) as data:
        ends = data["ends"]
        files = np.split(data["files"], ends[:-1])
        rows = (files, data["alpha"], data["depth"], data["range"], data["framing"], data["family"])
        for file, alpha, depth, (low, high), framing, family in zip(*rows, strict=True):
            picture = np.asarray(Image.open(io.BytesIO(file.tobytes())))
            inverse_depth = low + (high - low) * depth.astype(np.float32) / 65535
            yield Frame(picture, alpha.astype(np.float32) / 255, inverse_depth, str(framing), str(family))


def write(path: Path, frames: list[Frame], quality: int = 90) -> None:
    files, depths, ranges = [], [], []
    for frame in frames:
        buffer = io.BytesIO()
        Image.fromarray(frame.picture).save(buffer, "JPEG", quality=quality)
        files.append(np.frombuffer(buffer.getvalue(), np.uint8))
        inside = frame.inverse_depth[frame.alpha > 0]
        low, high = (float(inside.min()), float(inside.max())) if inside.size else (0.0, 1.0)
        level = (frame.inverse_depth - low) / max(high - low, 1e-9)
        depths.append(np.where(frame.alpha > 0, np.rint(level * 65535), 0).clip(0, 65535).astype(np.uint16))
        ranges.append((low, high))
    np.savez_compressed(
        path,
        files=np.concatenate(files),
        ends=np.cumsum([len(file) for file in files]),
        alpha=np.stack([np.rint(frame.alpha * 255).astype(np.uint8) for frame in frames]),
        depth=np.stack(depths),
        range=np.array(ranges, np.float32),
        framing=np.array([frame.framing for frame in frames]),
        family=np.array([frame.family for frame in frames]),
    )

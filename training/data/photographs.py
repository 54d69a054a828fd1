"""Photographs to learn from: `python -m training.data.photographs PHOTOS --out SHARDS`.

Renders lack what skin, cloth and hair really look like. A photograph has no depth, so a teacher gives it one: what is
served, which looks twice, joins three mattes and lays a face mesh into each face. The network that learns sees one
picture, spoiled. `--models models/NAME` takes another teacher (`make model NAME=david-base`). The people come out as
frames like rendered ones (training.data.shards), with unknown normals, and heads where detectors find some; their scene
is the photograph itself.

Two square views of each photograph in which enough of people is seen. Which photographs may be learned from is for you
to know: their licences must allow it, and what is measured on must not be among them. Look at the sheet (`--sheet`) and
take out what is wrong, for the network will believe it.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from depth import gate, picture, refine
from depth.detection import overlap
from depth.estimation import Networks
from depth.maps import Map
from depth.ports import Box, Pixels
from depth.raster import cells
from training.data import shards
from training.data.shards import PARTS, Record

SIDE = 256
"""Pixels of a frame, as rendered ones have."""

VIEWS = 2

ROOM = (1.02, 1.5)
"""Side of a view, of the longer side of the people's box."""

LEAST = 0.06
"""Share of a view that people must fill."""

FACE_TO_HEAD = (0.05, 0.3, 0.05, 0.0)
"""What hair and ears add to what detectors call a face at left, top, right and bottom, of its longer side."""

MOST_HEADS = 15
"""Labels have room for so many people."""

KINDS = (".jpg", ".jpeg", ".png", ".webp")

Frame = dict[str, NDArray[Any]]


def main() -> None:
    options = parsed()
    rng, networks, frames = np.random.default_rng(options.seed), Networks(options.models), list[Frame]()
    for path in sorted(path for path in options.photos.iterdir() if path.suffix.lower() in KINDS):
        frames += taught(networks, path, rng)
    if not frames:
        raise SystemExit(f"nobody was found in the photographs of {options.photos}")
    maps = {name: np.stack([frame[name] for frame in frames]) for name in shards.MAPS}
    shards.write(
        options.out / f"train_photographs_{options.seed}", maps, [Record("photographs", "", 0.0, "")] * len(frames)
    )
    if options.sheet:
        sheet(maps).save(options.sheet)


def taught(networks: Networks, path: Path, rng: np.random.Generator) -> list[Frame]:
    """Views of one photograph with what the teacher says; none if it sees nobody, or people too small."""
    pixels = picture.decode(picture.look(memoryview(path.read_bytes())))
    relief = refine.refine(networks.estimate(pixels), pixels)
    height, width = relief.alpha.shape
    colour = pixels.sample((width, height))[..., :3].astype(np.float32)
    labels = labelled((height, width), heads(networks, pixels), pixels.size)
    maps = (colour, relief.alpha * 255, relief.inverse_depth * (relief.alpha > 0), labels)
    boxes = [view(relief.alpha, rng) for _ in range(VIEWS)] if relief.alpha.any() else []
    frames = [framed(*maps, box) for box in boxes]
    return [frame for frame in frames if (frame["alpha"] > 127).mean() > LEAST]


def heads(networks: Networks, pixels: Pixels) -> list[Box]:
    """Of everybody whom a detector is sure of, in pixels of the picture, each head once."""
    whole = (0.0, 0.0, float(pixels.size[0]), float(pixels.size[1]))
    boxes = list[Box]()
    for finding in gate.people(networks.networks, pixels, whole) or []:
        left, top, right, bottom = finding.box
        side = max(right - left, bottom - top)
        grown = np.array(finding.box) + np.array(FACE_TO_HEAD) * side * np.array([-1, -1, 1, 1])
        head = gate.clipped(tuple(grown), whole)
        if finding.score >= gate.BELIEVED and all(overlap(head, other) == 0 for other in boxes):
            boxes.append(head)
    return boxes[:MOST_HEADS]


def labelled(shape: tuple[int, int], found: list[Box], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Labels of training.data.shards, of the given shape: each head another person's, everything else a body."""
    labels = np.full(shape, 16 + PARTS["body"], np.uint8)
    for number, head in enumerate(found, 1):
        labels[cells(head, (0.0, 0.0, float(size[0]), float(size[1])), shape)] = 16 * number + PARTS["head"]
    return labels


def view(alpha: Map, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A square inside the picture (left, top, right, bottom) that holds as much of the people's box as there is room
    for; what it cuts off, it cuts below."""
    rows, columns = np.flatnonzero((alpha > 0.5).any(1)), np.flatnonzero((alpha > 0.5).any(0))
    if not rows.size:
        return (0, 0, 1, 1)
    low, high = np.array([columns[0], rows[0]]), np.array([columns[-1], rows[-1]]) + 1
    size = np.array(alpha.shape[::-1])
    side = int(min(size.min(), max((high - low).max() * rng.uniform(*ROOM), 2)))
    spare = side - (high - low)
    start = np.where(spare > 0, low - rng.uniform(0, 1, 2) * spare, low - np.array([spare[0] * rng.random(), 0]))
    left, top = np.clip(np.round(start), 0, size - side).astype(int)
    return int(left), int(top), int(left) + side, int(top) + side


def framed(colour: Map, alpha: Map, depth: Map, labels: NDArray[np.uint8], box: tuple[int, int, int, int]) -> Frame:
    """Maps of a box as a frame of SIDE x SIDE; colour and alpha 0 to 255, labels as if everybody were everywhere."""
    left, top, right, bottom = box
    parts = [*np.moveaxis(colour, 2, 0), *np.moveaxis(colour * (alpha / 255)[..., None], 2, 0), alpha, depth]
    scaled = [
        Image.fromarray(part[top:bottom, left:right]).resize((SIDE, SIDE), Image.Resampling.BILINEAR) for part in parts
    ]
    *colours, seen, near = (np.asarray(part) for part in scaled)
    scene, people = (np.stack(three, -1).clip(0, 255).astype(np.uint8) for three in (colours[:3], colours[3:]))
    inside = seen > 0.5
    parts_seen = Image.fromarray(labels[top:bottom, left:right]).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    return {
        "colour": people,
        "alpha": seen.clip(0, 255).astype(np.uint8),
        "inverse_depth": (near * inside).astype(np.float16),
        "normals": np.zeros((SIDE, SIDE, 3), np.uint8),
        "labels": np.asarray(parts_seen) * inside,
        "scene": scene,
    }


def sheet(maps: Frame, across: int = 12, side: int = 128) -> Image.Image:
    """All frames, colour above depth."""
    count = len(maps["alpha"])
    canvas = Image.new("RGB", (across * side, -(-count // across) * 2 * side))
    for number in range(count):
        x, y = number % across * side, number // across * 2 * side
        depth = maps["inverse_depth"][number].astype(np.float32)
        grey = (depth / max(depth.max(), 1e-6) * 255).astype(np.uint8)
        for row, tile in enumerate((maps["colour"][number], grey)):
            canvas.paste(Image.fromarray(tile).convert("RGB").resize((side, side)), (x, y + row * side))
    return canvas


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder of JPEG, PNG and WEBP files")
    parser.add_argument("--out", type=Path, required=True, help="folder of shards")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of manifests: the teacher")
    parser.add_argument("--sheet", type=Path, help="contact sheet of the frames, to be looked at")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Pictures without people, for behind the rendered ones and for "nobody is here": panoramas, photographs, shapes.

uint8 RGB; square, but for photographs that are kept whole. Sources and licences: training/SOURCES.md.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageOps

Pixels = NDArray[np.uint8]
KINDS = (".png", ".jpg", ".jpeg", ".webp", ".gif")
SHORTER_PX = 400
"""Most of a photograph's shorter side that is kept."""
SKIN = np.array([225, 175, 145])  # neither the colour of skin nor of cloth proves a person


def backgrounds(rng: np.random.Generator, count: int, side: int, folder: Path | None) -> Pixels:
    """count x side x side x 3: three of four from the photographs in the folder, the others made up."""
    photos = [opened(path) for path in pictures(folder)] if folder else []
    out = np.empty((count, side, side, 3), np.uint8)
    for k in range(count):
        if photos and k % 4:
            out[k] = cropped(photos[int(rng.integers(len(photos)))], rng, side)
        else:
            out[k] = shapes(rng, side)
        if rng.random() < 0.35:
            out[k] = with_objects(out[k], rng)
    return out


def pictures(folder: Path) -> list[Path]:
    """Those of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix in KINDS)


def papers(folder: Path, most: int = 400, side: int = 192) -> list[Pixels]:
    """Some of a folder's pictures, small: for the walls of rooms."""
    paths = pictures(folder)
    return [np.asarray(opened(path).resize((side, side))) for path in paths[:: max(1, len(paths) // most)]]


def whole(folder: Path, side: int) -> list[Pixels]:
    """A folder's photographs from edge to edge, of `side` pixels along the longer one."""
    photos = (opened(path) for path in pictures(folder))
    sizes = ((photo, side / max(photo.size)) for photo in photos)
    return [
        np.asarray(photo.resize([max(1, round(scale * length)) for length in photo.size], Image.Resampling.BICUBIC))
        for photo, scale in sizes
    ]


def opened(path: Path) -> Image.Image:
    """A photograph in RGB, upright, made smaller where it is large."""
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    scale = max(1.0, min(image.size) / SHORTER_PX)
    return image.resize((round(image.width / scale), round(image.height / scale)), Image.Resampling.BOX)


def cropped(photo: Image.Image, rng: np.random.Generator, side: int) -> Pixels:
    """A random square of a photograph, out of focus four times in ten, mirrored every other time."""
    edge = int(rng.uniform(0.4, 1) * min(photo.size))
    x, y = (int(rng.integers(0, length - edge + 1)) for length in photo.size)
    image = photo.crop((x, y, x + edge, y + edge)).resize((side, side), Image.Resampling.BICUBIC)
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.exponential(3))))
    return np.asarray(image)[:, :: int(rng.choice([-1, 1]))]


def shapes(rng: np.random.Generator, side: int) -> Pixels:
    """Blurred rectangles and ellipses under noise of several widths: walls, sky, lights out of focus."""
    colours = rng.integers(0, 256, (64, 3))
    image = Image.new("RGB", (side, side), tuple(int(c) for c in colours[0]))
    pen = ImageDraw.Draw(image)
    for colour in colours[1 : int(rng.integers(4, 41))]:
        (x, y), (w, h) = rng.uniform(-0.2, 1.1, 2) * side, rng.exponential(0.25, 2) * side
        draw = pen.rectangle if rng.random() < 0.6 else pen.ellipse
        draw([x, y, x + w, y + h], fill=tuple(int(c) for c in colour))
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(float(rng.exponential(5)))), np.float32)
    for cells in (4, 16, 64):
        noise = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
        noise = np.asarray(noise.resize((side, side), Image.Resampling.BICUBIC))
        pixels = pixels + noise[..., None] * rng.exponential(10)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def with_objects(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Sharp, shaded solids in front, so that not every thing in front of something is taken for a person."""
    out = pixels.astype(np.float32)
    for _ in range(int(rng.integers(1, 7))):
        mask, centre, extent = solid(rng, len(pixels))
        colour = SKIN * rng.uniform(0.25, 1.1) if rng.random() < 0.4 else rng.uniform(0, 255, 3)
        grain = 1 + rng.normal(0, rng.exponential(0.1), (*mask.shape, 1))
        out += mask[..., None] * (colour * shading(rng, len(pixels), centre, extent)[..., None] * grain - out)
    return np.clip(out, 0, 255).astype(np.uint8)


def solid(rng: np.random.Generator, side: int) -> tuple[NDArray[np.float32], NDArray[np.float64], float]:
    """Outline of a random ellipse, box or polygon in [0, 1], its centre and its longer extent in pixels."""
    mask = Image.new("L", (2 * side, 2 * side))
    pen = ImageDraw.Draw(mask)
    (x, y), (w, h) = rng.uniform(-0.1, 1.1, 2) * 2 * side, rng.uniform(0.04, 0.45, 2) * 2 * side
    kind = rng.integers(3)
    if kind == 0:
        pen.ellipse([x - w / 2, y - h / 2, x + w / 2, y + h / 2], fill=255)
    elif kind == 1:
        box = [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
        pen.rounded_rectangle(box, radius=min(w, h) * rng.uniform(0, 0.5), fill=255)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 12))))
        reach = rng.uniform(0.2, 0.6, len(angles))
        corners = zip(x + np.cos(angles) * reach * w, y + np.sin(angles) * reach * h, strict=True)
        pen.polygon([(float(a), float(b)) for a, b in corners], fill=255)
    small = mask.resize((side, side), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 255, np.array([x, y]) / 2, float(max(w, h)) / 2


def shading(rng: np.random.Generator, side: int, centre: NDArray[np.float64], extent: float) -> NDArray[np.float64]:
    """A slope of brightness across a solid, from a random side."""
    direction = rng.uniform(0, 2 * np.pi)
    ramp = np.arange(side)
    along = np.cos(direction) * (ramp[None] - centre[0]) + np.sin(direction) * (ramp[:, None] - centre[1])
    return 1 + rng.uniform(0, 1.5) * np.clip(along / extent, -0.7, 0.7)

"""Look at answers: `python -m training.convert.sheet PHOTOS OUT.png` draws photo, depth and alpha of each picture.

PHOTOS is a folder; its JPEG, PNG and WEBP files are taken in order of their names. Needs functions/ on the path.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from depth import drawing, picture, refine
from depth.estimation import Networks

ACROSS = 3
"""Pictures in a row of the sheet, three tiles each."""

LINE = 12
"""Pixels of a picture's caption."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--side", type=int, default=240, help="pixels of a tile")
    parser.add_argument("--models", type=Path, default=Path("models"))
    arguments = parser.parse_args()
    files = sorted(p for p in arguments.photos.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    networks = Networks(arguments.models)
    sheet(networks, files, arguments.side).save(arguments.sheet)


def sheet(networks: Networks, files: list[Path], side: int) -> Image.Image:
    rows = -(-len(files) // ACROSS)
    canvas = Image.new("RGB", (ACROSS * 3 * side, rows * (side + LINE)), "navy")
    for number, file in enumerate(files):
        place = (number % ACROSS * 3 * side, number // ACROSS * (side + LINE))
        canvas.paste(row(networks, file, side), place)
    return canvas


def row(networks: Networks, file: Path, side: int) -> Image.Image:
    """Photo, depth (0 where nobody is) and alpha, with the share of the picture that is a person."""
    pixels = picture.decode(picture.look(memoryview(file.read_bytes())))
    relief = refine.refine(networks.estimate(pixels), pixels)
    person = relief.alpha >= drawing.PERSON_ALPHA
    width, height = (max(1, round(v * side / max(pixels.size))) for v in pixels.size)
    tiles = [pixels.sample((width, height)), relief.inverse_depth * person * 255, relief.alpha * 255]
    strip = Image.new("RGB", (3 * side, side + LINE), "navy")
    for number, tile in enumerate(tiles):
        strip.paste(Image.fromarray(tile.astype(np.uint8)).resize((width, height)).convert("RGB"), (number * side, 0))
    ImageDraw.Draw(strip).text((2, side), f"{file.name[:40]} {person.mean():.3f}", fill="white")
    return strip


if __name__ == "__main__":
    main()

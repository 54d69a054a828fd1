"""The pictures that are measured: one real portrait, enlarged to 2, 12 and 25 megapixels, with a camera's noise."""

import io
from functools import cache

import numpy as np
import skimage.data
from PIL import Image

NOISE = 4.0
"""Standard deviation of the grain, 8-bit levels: an enlarged picture without it would be unfairly easy to decode."""

SAVING = {
    "jpeg": {"format": "JPEG", "quality": 92},
    "progressive": {"format": "JPEG", "quality": 92, "progressive": True},
    "png": {"format": "PNG", "compress_level": 1},
    "webp": {"format": "WEBP", "quality": 90, "method": 0},
}


@cache
def portrait(megapixels: int, has_grain: bool) -> Image.Image:
    """The astronaut (NASA, public domain) at 4:5, exactly `megapixels` or just under."""
    height = int((megapixels * 1e6 * 5 / 4) ** 0.5)
    width = int(megapixels * 1e6 // height)
    picture = Image.fromarray(skimage.data.astronaut()).crop((50, 0, 458, 510))
    pixels = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    if not has_grain:
        return Image.fromarray(pixels)
    grain = np.random.default_rng(0).normal(0, NOISE, (height, width, 1)).astype(np.float32)
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))


def file(file_format: str, megapixels: int) -> bytes:
    """The portrait as a file's bytes. PNG goes without grain: with it, 25 megapixels are more than 30 MB."""
    buffer = io.BytesIO()
    portrait(megapixels, has_grain=file_format != "png").save(buffer, **SAVING[file_format])
    return buffer.getvalue()

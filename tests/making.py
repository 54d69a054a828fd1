"""Pictures and request bodies for tests, made when they are needed: none is committed."""

import gc
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import skimage.data
from PIL import Image

BOUNDARY = "XyZ"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """RGB without any symmetry: red grows to the right, green downwards, and the upper left corner is blue."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([255 * x / max(1, width - 1), 255 * y / max(1, height - 1), np.zeros((height, width))], -1)
    pixels[: height // 4, : width // 4, 2] = 255
    return Image.fromarray(pixels.astype(np.uint8))


def noise(width: int = 96, height: int = 64) -> Image.Image:
    """RGB noise: no part of its file can be left out."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def astronaut() -> Image.Image:
    """Eileen Collins, 512 x 512 (NASA, public domain)."""
    return Image.fromarray(skimage.data.astronaut())


def file(image: Image.Image, file_format: str = "PNG", **settings: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **settings)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def part(
    file: bytes, disposition: str = 'name="image_file"; filename="a.png"', *headers: str, boundary: str = BOUNDARY
) -> bytes:
    lines = "\r\n".join([f"Content-Disposition: form-data; {disposition}", *headers])
    return f"--{boundary}\r\n{lines}\r\n\r\n".encode() + file + b"\r\n"


def end(boundary: str = BOUNDARY) -> bytes:
    return f"--{boundary}--\r\n".encode()


def form(file: bytes | None, **fields: str) -> bytes:
    """A whole form: text fields first, then image_file."""
    body = b"".join(part(text.encode(), f'name="{name}"') for name, text in fields.items())
    return body + (part(file) if file is not None else b"") + end()


@contextmanager
def a_moment(seconds: float = 0.25) -> Iterator[None]:
    """Milliseconds are meant. The bound allows for a slow machine; what hostile files are made for takes much longer.

    Only this thread's own work counts: neither other programs, nor the collection of what other tests left behind.
    """
    gc.collect()
    gc.disable()
    try:
        begin = time.thread_time()
        yield
        spent = time.thread_time() - begin
    finally:
        gc.enable()
    assert spent < seconds

"""Colour of 16 bits a channel as a PNG file (third edition): what Pillow cannot write."""

import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from depth.png_file import SIGNATURE

TRUECOLOUR: Final = 2
UP: Final = 2
"""The filter of every row: bytes less those of the row above (9.2). Smooth surfaces leave little but zeros."""

ROWS: Final = 64
"""Filtered and packed at once, so that a large picture is never held twice."""


def encoded(levels: NDArray[np.uint16]) -> bytes:
    """RGB levels (height, width, 3) as a file."""
    height, width, _ = levels.shape
    header = struct.pack(">LLBBBBB", width, height, 16, TRUECOLOUR, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", _packed(levels)) + _chunk(b"IEND", b"")


def _packed(levels: NDArray[np.uint16]) -> bytes:
    packer = zlib.compressobj(1)
    above = np.zeros(levels.shape[1] * 6, np.uint8)
    pieces = []
    for top in range(0, len(levels), ROWS):
        rows = levels[top : top + ROWS].astype(">u2").reshape(-1, levels.shape[1] * 3).view(np.uint8)
        filtered = np.full((len(rows), rows.shape[1] + 1), UP, np.uint8)
        filtered[:, 1:] = rows - np.vstack([above, rows[:-1]])
        pieces.append(packer.compress(filtered.tobytes()))
        above = rows[-1]
    return b"".join([*pieces, packer.flush()])


def _chunk(name: bytes, data: bytes) -> bytes:
    """Length, name, data and check sum (5.3)."""
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))

"""A PNG file, followed chunk by chunk (third edition, chapter 5)."""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from depth.container import ENDS_EARLY, MOST_CHUNKS, PROFILE_BYTES, BrokenFileError, Container, orientation_of, told

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

UNPACKED_BYTES: Final = 1024 * 1024
"""Unpacked at once where pixels are only counted."""

_PIXEL_CHUNKS: Final = frozenset({b"PLTE", b"tRNS", b"IDAT", b"IEND"})

_ADAM7: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Passes of an interlaced picture: first column and row, steps to the next."""


def _chunks(data: memoryview) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and end of each chunk (with length, name and check sum) up to the end of the picture."""
    position = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        if position + 12 > len(data):
            raise BrokenFileError(ENDS_EARLY)
        length, name = struct.unpack_from(">L4s", data, position)
        start, position = position, position + 12 + length
        if position > len(data):
            raise BrokenFileError(ENDS_EARLY)
        yield name, start, position
        if name == b"IEND":
            return
    raise BrokenFileError(f"it has more than {MOST_CHUNKS} chunks")


def read(data: memoryview) -> Container:
    """What the file holds, and where it could not be followed. Raises ImageUnreadable where no size is told."""
    size, damage = None, ""
    pixels = [data[: len(SIGNATURE)]]
    others: dict[bytes, memoryview] = {}
    try:
        for name, start, end in _chunks(data):
            if size is None:
                size = _header_size(name, data[start:end])
                pixels.append(data[start:end])
            elif name in _PIXEL_CHUNKS:
                pixels.append(data[start:end])
            elif name in (b"eXIf", b"iCCP"):
                others.setdefault(name, data[start + 8 : end - 4])
    except BrokenFileError as error:
        damage = str(error)
    width, height = told(size, damage)
    return Container(
        format="PNG",
        width=width,
        height=height,
        orientation=orientation_of(others[b"eXIf"]) if b"eXIf" in others else 1,
        profile=_unpacked(bytes(others.get(b"iCCP", b""))),
        pixels=tuple(pixels),
        damage=damage,
    )


def _header_size(name: bytes, chunk: memoryview) -> tuple[int, int]:
    if name != b"IHDR" or len(chunk) != 25:
        raise BrokenFileError("it does not begin with its size")
    width, height = struct.unpack_from(">LL", chunk, 8)
    return width, height


def _unpacked(chunk: bytes) -> bytes:
    """The profile in an iCCP chunk: name, 0, method 0, deflated bytes."""
    _, _, packed = chunk.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], PROFILE_BYTES)
    except zlib.error:
        return b""


def pixels_are_all_there(file: Container) -> bool:
    """Whether a PNG's pixels unpack to as many bytes as its header promises (clauses 7.2, 8.1, 11.2.2).

    Libraries take a picture that ends early, but properly, for whole and leave the rest of it 0.
    """
    missing = _promised_bytes(bytes(file.pixels[1][8:21]))
    unpacker = zlib.decompressobj()
    for chunk in file.pixels:
        packed = bytes(chunk[8:-4]) if bytes(chunk[4:8]) == b"IDAT" else b""
        while packed and missing > 0:
            missing -= len(unpacker.decompress(packed, min(missing, UNPACKED_BYTES)))
            packed = unpacker.unconsumed_tail
    return missing <= 0


def _promised_bytes(header: bytes) -> int:
    """Unpacked bytes of a picture: each row of each pass is one byte of filter and its pixels."""
    width, height, depth, kind, _, _, interlaced = struct.unpack(">LLBBBBB", header)
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sizes = [(-(-(width - left) // across), -(-(height - top) // down)) for left, top, across, down in passes]
    return sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in sizes if columns > 0)

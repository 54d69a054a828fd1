"""A WebP file, followed chunk by chunk (RFC 9649)."""

import struct
from collections.abc import Iterator

from depth.container import ENDS_EARLY, MOST_CHUNKS, PROFILE_BYTES, BrokenFileError, Container, orientation_of, told


def read(data: memoryview) -> Container:
    """What the file holds, and where it could not be followed. Raises ImageUnreadable where no size is told."""
    damage = ""
    end = 8 + int.from_bytes(data[4:8], "little")
    others: dict[bytes, memoryview] = {}
    try:
        for name, payload in _riff_chunks(data, end):
            others.setdefault(name, payload)
    except BrokenFileError as error:
        damage = str(error)
    width, height = told(_canvas(bytes(data[12:30])), damage)
    exif = others.get(b"EXIF")
    if exif is not None and bytes(exif[:6]) == b"Exif\0\0":  # JPEG's prefix, which some encoders leave on
        exif = exif[6:]
    return Container(
        format="WEBP",
        width=width,
        height=height,
        orientation=1 if exif is None else orientation_of(exif),
        profile=bytes(others.get(b"ICCP", b"")[:PROFILE_BYTES]),
        pixels=(data[:end],),
        damage=damage,
    )


def _riff_chunks(data: memoryview, end: int) -> Iterator[tuple[bytes, memoryview]]:
    if end > len(data):
        raise BrokenFileError(ENDS_EARLY)
    position = 12
    for _ in range(MOST_CHUNKS):
        if position + 8 > end:
            return
        name, length = struct.unpack_from("<4sL", data, position)
        yield name, data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
    raise BrokenFileError(f"it has more than {MOST_CHUNKS} chunks")


def _canvas(start: bytes) -> tuple[int, int] | None:
    """Width and height out of the first chunk (RFC 9649, 2.5 to 2.7, and for lossy ones RFC 6386, 9.1)."""
    chunk, data = start[:4], start[8:]
    if chunk == b"VP8X" and len(data) >= 10:
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if chunk == b"VP8L" and len(data) >= 5:
        bits = int.from_bytes(data[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and len(data) >= 10:
        width, height = struct.unpack_from("<HH", data, 6)
        return width & 0x3FFF, height & 0x3FFF
    return None

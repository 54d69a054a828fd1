"""What a picture file holds, whatever its format, and what its readers share."""

import struct
from dataclasses import dataclass
from typing import Final

from portrait.problems import ImageUnreadable

MOST_CHUNKS: Final = 16 * 1024
"""Of a PNG or WebP file. PNG encoders write pixels in chunks of 8 KB or more: under 4,000 in the largest file."""
PROFILE_BYTES: Final = 1024 * 1024
"""Largest colour profile that is taken: in a PNG 1 KB of zeros deflated becomes 1 MB."""

ENDS_EARLY: Final = "the file ends early"


@dataclass(frozen=True, slots=True)
class Container:
    """What a file holds.

    format: JPEG, PNG or WEBP.
    width, height: pixels as stored, before `orientation` (EXIF, 1-8).
    profile: the ICC profile, empty where there is none that can be used.
    pixels: pieces that make, one behind the other, a file with the same pixels and nothing else.
    damage: why the pixels cannot be read, empty where nothing is known to be wrong.
    """

    format: str
    width: int
    height: int
    orientation: int
    profile: bytes
    pixels: tuple[memoryview, ...]
    damage: str


class BrokenFileError(Exception):
    """The file cannot be followed further; the message says why."""


def orientation_of(exif: memoryview) -> int:
    """EXIF 2.32, 4.6.4: tag 0x0112 of the first directory; 1 where it is missing or makes no sense.

    One number is wanted. Pillow would read every entry with its data, and warn of each that a stranger broke.
    """
    order = {b"II": "<", b"MM": ">"}.get(bytes(exif[:2]), "")
    try:
        (directory,) = struct.unpack_from(order + "L", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, directory)
        for entry in range(min(entries, 512)):
            tag, kind, _, value = struct.unpack_from(order + "HHLH", exif, directory + 2 + 12 * entry)
            if order and tag == 0x0112 and kind == 3:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def told(size: tuple[int, int] | None, damage: str) -> tuple[int, int]:
    """The size that a file told. Raises ImageUnreadable where it told none."""
    if size is None or not all(size):
        raise ImageUnreadable(damage or "it has no size")
    return size

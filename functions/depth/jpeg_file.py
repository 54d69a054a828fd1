"""A JPEG file, followed segment by segment (ITU T.81, annex B)."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from depth.container import ENDS_EARLY, BrokenFileError, Container, orientation_of, told

SIGNATURE: Final = b"\xff\xd8\xff"

MOST_SEGMENTS: Final = 1024
"""Of a JPEG file. A phone's picture with its depth map in extended XMP has about 200; libraries keep each one apart."""
MOST_SCANS: Final = 100
"""Of a JPEG picture; encoders write about 10. Each is a pass over all blocks: 9 ms at 25 megapixels, for 42 bytes."""

# In a scan's coded data 0xff is followed by 0 or by a restart marker, so a search steps over it.
_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES: Final = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
_COLOUR_CODING: Final = frozenset({(0xE0, b"JFIF\0"), (0xEE, b"Adobe")})
_APP1, _APP2, _SCAN, _END = 0xE1, 0xE2, 0xDA, 0xD9


@dataclass(slots=True)
class _Jpeg:
    """What is known of a JPEG file while it is followed."""

    data: memoryview
    size: tuple[int, int] | None = None
    exif: memoryview | None = None
    profile_parts: dict[int, memoryview] = field(default_factory=dict)
    header: list[memoryview] = field(default_factory=list)
    first_scan: int = 0
    scans: int = 0
    end: int = 0

    def follow(self) -> None:
        for marker, start, end in _segments(self.data):
            if marker == _SCAN:
                self._count_scan(start)
            elif marker == _END:
                self.end = end
            elif not self.scans:
                self._read_header(marker, self.data[start:end])
        if not self.scans:
            raise BrokenFileError("it has no pixels")

    def _count_scan(self, start: int) -> None:
        self.scans += 1
        self.first_scan = self.first_scan or start
        if self.scans > MOST_SCANS:
            raise BrokenFileError(f"it has more than {MOST_SCANS} scans")

    def _read_header(self, marker: int, segment: memoryview) -> None:
        start = bytes(segment[4:18])
        if marker in _FRAMES:
            self._read_frame(segment)
        if marker in _FRAMES | _TABLES or (marker, start[:5]) in _COLOUR_CODING:
            self.header.append(segment)
        elif marker == _APP1 and start[:6] == b"Exif\0\0" and self.exif is None:
            self.exif = segment[10:]
        elif marker == _APP2 and start[:12] == b"ICC_PROFILE\0" and len(segment) > 18:
            self.profile_parts[segment[16]] = segment[17:]

    def _read_frame(self, segment: memoryview) -> None:
        if len(segment) < 10:
            raise BrokenFileError(ENDS_EARLY)
        height, width = struct.unpack_from(">HH", segment, 5)
        self.size = width, height

    def profile(self) -> bytes:
        """ICC.1, B.4: parts are numbered from 1, each tells how many there are."""
        parts = [self.profile_parts[number] for number in sorted(self.profile_parts)]
        if not parts or parts[0][0] != len(parts):
            return b""
        return b"".join(part[1:] for part in parts)


def _segments(data: memoryview) -> Iterator[tuple[int, int, int]]:
    """Marker, first byte and end of each segment up to the end of the picture."""
    position = 2
    for _ in range(MOST_SEGMENTS):
        found = _MARKER.search(data, position)
        if not found:
            raise BrokenFileError(ENDS_EARLY)
        start, marker = found.start(), data[found.start() + 1]
        if marker == _END:
            yield marker, start, start + 2
            return
        if start + 4 > len(data):
            raise BrokenFileError(ENDS_EARLY)
        position = start + 2 + max(2, int.from_bytes(data[start + 2 : start + 4], "big"))
        if position > len(data):
            raise BrokenFileError(ENDS_EARLY)
        yield marker, start, position
    raise BrokenFileError(f"it has more than {MOST_SEGMENTS} segments")


def read(data: memoryview) -> Container:
    """What the file holds, and where it could not be followed. Raises ImageUnreadable where no size is told."""
    jpeg, damage = _Jpeg(data), ""
    try:
        jpeg.follow()
    except BrokenFileError as error:
        damage = str(error)
    width, height = told(jpeg.size, damage)
    return Container(
        format="JPEG",
        width=width,
        height=height,
        orientation=1 if jpeg.exif is None else orientation_of(jpeg.exif),
        profile=jpeg.profile(),
        pixels=(data[:2], *jpeg.header, data[jpeg.first_scan : jpeg.end]),
        damage=damage,
    )

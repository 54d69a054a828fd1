"""A picture file taken apart without decoding it: format, size, and the parts of it that make pixels.

Everything else (comments, EXIF, XMP, previews, further frames, whatever stands behind the end) is left aside, so no
library is given more to read than a picture needs. What a file may cost here is bounded: its parts are counted and
stepped over. Formats: JPEG (ITU T.81, annex B), PNG (third edition, chapter 5), WebP (RFC 9649).
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from portrait.problems import ImageFormat, ImageUnreadable

MOST_SEGMENTS: Final = 1024
"""Of a JPEG file. A phone's picture with its depth map in extended XMP has about 200; libraries keep each one apart."""
MOST_SCANS: Final = 100
"""Of a JPEG picture; encoders write about 10. Each is a pass over all blocks: 9 ms at 25 megapixels, for 42 bytes."""
MOST_CHUNKS: Final = 16 * 1024
"""Of a PNG or WebP file. PNG encoders write pixels in chunks of 8 KB or more: under 4,000 in the largest file."""
PROFILE_BYTES: Final = 1024 * 1024
"""Largest colour profile that is unpacked from a PNG: 1 KB of zeros deflated becomes 1 MB."""

UNPACKED_BYTES: Final = 1024 * 1024
"""Unpacked at once where pixels are only counted."""

ENDS_EARLY: Final = "the file ends early"

PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"

OTHER_FORMATS: Final = (
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"%PDF", "PDF"),
    (b"<svg", "SVG"),
    (b"8BPS", "PSD"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL", "JPEG XL"),
    (b"\0\0\0\x0cjP", "JPEG 2000"),
    (b"data:", "a data URL: send the bytes themselves"),
    (b"/9j/", "base64 text: send the bytes themselves"),
    (b"iVBORw0KGgo", "base64 text: send the bytes themselves"),
    (b"UklGR", "base64 text: send the bytes themselves"),
)
BRANDS: Final = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC"}
"""ISO base media brands of pictures; the others are videos."""


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


class _BrokenError(Exception):
    """The file cannot be followed further; the message says why."""


def take_apart(data: memoryview) -> Container:
    """Read a file's structure. Raises ImageFormat, or ImageUnreadable where not even a size is told."""
    start = bytes(data[:64])
    if start.startswith(PNG):
        return _png(data)
    if start.startswith(JPEG):
        return _jpeg(data)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _webp(data)
    raise ImageFormat(*_other_format(start))


def _other_format(start: bytes) -> tuple[str, ...]:
    """What the file is instead, if that is known: a sentence's end."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    name = next((name for magic, name in OTHER_FORMATS if start.startswith(magic)), "")
    if start[4:8] == b"ftyp":
        name = BRANDS.get(start[8:12], "a video")
    elif text.startswith(b"<"):
        name = "SVG" if b"<svg" in text or text.startswith(b"<?xml") else "HTML"
    elif text and not name and all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in text):
        name = "text (a path? curl reads a file where an @ stands before its name)"
    return (f"it is {name}; use PNG, JPEG or WEBP",) if name else ()


def _orientation(exif: memoryview) -> int:
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


# ---- JPEG ------------------------------------------------------------------------------------------------------------

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
            raise _BrokenError("it has no pixels")

    def _count_scan(self, start: int) -> None:
        self.scans += 1
        self.first_scan = self.first_scan or start
        if self.scans > MOST_SCANS:
            raise _BrokenError(f"it has more than {MOST_SCANS} scans")

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
            raise _BrokenError(ENDS_EARLY)
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
            raise _BrokenError(ENDS_EARLY)
        start, marker = found.start(), data[found.start() + 1]
        if marker == _END:
            yield marker, start, start + 2
            return
        if start + 4 > len(data):
            raise _BrokenError(ENDS_EARLY)
        position = start + 2 + max(2, int.from_bytes(data[start + 2 : start + 4], "big"))
        if position > len(data):
            raise _BrokenError(ENDS_EARLY)
        yield marker, start, position
    raise _BrokenError(f"it has more than {MOST_SEGMENTS} segments")


def _jpeg(data: memoryview) -> Container:
    jpeg, damage = _Jpeg(data), ""
    try:
        jpeg.follow()
    except _BrokenError as error:
        damage = str(error)
    width, height = _known(jpeg.size, damage)
    return Container(
        format="JPEG",
        width=width,
        height=height,
        orientation=1 if jpeg.exif is None else _orientation(jpeg.exif),
        profile=jpeg.profile(),
        pixels=(data[:2], *jpeg.header, data[jpeg.first_scan : jpeg.end]),
        damage=damage,
    )


# ---- PNG -------------------------------------------------------------------------------------------------------------

_PIXEL_CHUNKS: Final = frozenset({b"PLTE", b"tRNS", b"IDAT", b"IEND"})


_ADAM7: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Passes of an interlaced picture: first column and row, steps to the next."""


def _chunks(data: memoryview) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and end of each chunk (with length, name and check sum) up to the end of the picture."""
    position = len(PNG)
    for _ in range(MOST_CHUNKS):
        if position + 12 > len(data):
            raise _BrokenError(ENDS_EARLY)
        length, name = struct.unpack_from(">L4s", data, position)
        start, position = position, position + 12 + length
        if position > len(data):
            raise _BrokenError(ENDS_EARLY)
        yield name, start, position
        if name == b"IEND":
            return
    raise _BrokenError(f"it has more than {MOST_CHUNKS} chunks")


def _png(data: memoryview) -> Container:
    size, damage = None, ""
    pixels = [data[: len(PNG)]]
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
    except _BrokenError as error:
        damage = str(error)
    width, height = _known(size, damage)
    return Container(
        format="PNG",
        width=width,
        height=height,
        orientation=_orientation(others[b"eXIf"]) if b"eXIf" in others else 1,
        profile=_unpacked(bytes(others.get(b"iCCP", b""))),
        pixels=tuple(pixels),
        damage=damage,
    )


def _header_size(name: bytes, chunk: memoryview) -> tuple[int, int]:
    if name != b"IHDR" or len(chunk) != 25:
        raise _BrokenError("it does not begin with its size")
    width, height = struct.unpack_from(">LL", chunk, 8)
    return width, height


def _unpacked(chunk: bytes) -> bytes:
    """The profile in an iCCP chunk: name, 0, method 0, deflated bytes."""
    _, _, packed = chunk.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], PROFILE_BYTES)
    except zlib.error:
        return b""


def png_pixels_are_all_there(file: Container) -> bool:
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


# ---- WebP ------------------------------------------------------------------------------------------------------------


def _webp(data: memoryview) -> Container:
    damage = ""
    end = 8 + int.from_bytes(data[4:8], "little")
    others: dict[bytes, memoryview] = {}
    try:
        for name, payload in _riff_chunks(data, end):
            others.setdefault(name, payload)
    except _BrokenError as error:
        damage = str(error)
    width, height = _known(_canvas(bytes(data[12:30])), damage)
    exif = others.get(b"EXIF")
    if exif is not None and bytes(exif[:6]) == b"Exif\0\0":  # JPEG's prefix, which some encoders leave on
        exif = exif[6:]
    return Container(
        format="WEBP",
        width=width,
        height=height,
        orientation=1 if exif is None else _orientation(exif),
        profile=bytes(others.get(b"ICCP", b"")[:PROFILE_BYTES]),
        pixels=(data[:end],),
        damage=damage,
    )


def _riff_chunks(data: memoryview, end: int) -> Iterator[tuple[bytes, memoryview]]:
    if end > len(data):
        raise _BrokenError(ENDS_EARLY)
    position = 12
    for _ in range(MOST_CHUNKS):
        if position + 8 > end:
            return
        name, length = struct.unpack_from("<4sL", data, position)
        yield name, data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
    raise _BrokenError(f"it has more than {MOST_CHUNKS} chunks")


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


def _known(size: tuple[int, int] | None, damage: str) -> tuple[int, int]:
    if size is None or not all(size):
        raise ImageUnreadable(damage or "it has no size")
    return size

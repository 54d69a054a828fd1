"""A picture file taken apart without decoding it: format, size, and the parts of it that make pixels.

Everything else (comments, EXIF, XMP, previews, further frames, whatever stands behind the end) is left aside, so no
library is given more to read than a picture needs. What a file may cost here is bounded: its parts are counted and
stepped over.
"""

from typing import Final

from depth import jpeg_file, png_file, webp_file
from depth.container import Container
from portrait.problems import ImageFormat

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


def take_apart(data: memoryview) -> Container:
    """Read a file's structure. Raises ImageFormat, or ImageUnreadable where not even a size is told."""
    start = bytes(data[:64])
    if start.startswith(png_file.SIGNATURE):
        return png_file.read(data)
    if start.startswith(jpeg_file.SIGNATURE):
        return jpeg_file.read(data)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return webp_file.read(data)
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

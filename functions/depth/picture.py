"""File bytes -> upright pixels; relief -> file bytes. The home of Pillow.

A picture is looked at (format and size, from its header), then decoded, and never held larger than it must be: JPEG is scaled
while it is decoded (`draft`), other formats right after, so that 25 megapixels of JPEG never exist as RGB.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from depth.ports import Box, Relief
from portrait import tariff
from portrait.problems import ImageFormat, ImageResolution, ImageUnreadable

assert JpegImagePlugin and PngImagePlugin and WebPImagePlugin  # imported to be registered: the three formats, no other

Strip = Callable[[Image.Image, Image.Image, tuple[int, int], Box, bool], Image.Image]

Image.MAX_IMAGE_PIXELS = None  # our own bound is lower, and is checked before any pixel is decoded

PERSON_ALPHA: Final = 0.5
"""Alpha from which on a pixel is a person's."""

LOWEST: Final = 16
"""Value of the farthest person pixel: 0 is kept for what is no person."""

HELD_PIXELS: Final = 2_000_000
SAMPLED_PIXELS: Final = 1_000_000
"""A decoded picture has at most the first number of pixels, and at least the second if the file has."""

JPEG_QUALITY: Final = 90
STRIP_PIXELS: Final = 2_000_000
"""Maps are brought to full size in strips of about this many pixels: float rows of 25 megapixels would be 100 MB."""

BACKDROP: Final = "white"
"""What shows through transparent pixels: cut-outs are mostly made for, and seen on, white."""

OTHER_FORMATS: Final = (
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"%PDF", "PDF"),
    (b"<svg", "SVG"),
    (b"<?xml", "SVG"),
    (b"\0\0\0\x0cJXL", "JPEG XL"),
    (b"\0\0\0\x0cjP", "JPEG 2000"),
)
ORIENTATIONS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION_TAG: Final = 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: JPEG, PNG or WEBP; width and height of the upright picture, pixels."""

    format: str
    width: int
    height: int
    orientation: int
    image: Image.Image
    """Opened, not decoded."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Upright sRGB pixels (ports.Pixels): `size` is the file's, `held` may be smaller."""

    size: tuple[int, int]
    held: Image.Image

    def sample(self, size: tuple[int, int], box: Box | None = None) -> NDArray[np.uint8]:
        """The picture, or a box of it, at `size` (width, height): (height, width, 3), 0-255."""
        across, down = self.held.width / self.size[0], self.held.height / self.size[1]
        left, top, right, bottom = box or (0.0, 0.0, *map(float, self.size))
        inner = (
            max(0.0, left * across),
            max(0.0, top * down),
            min(float(self.held.width), right * across),
            min(float(self.held.height), bottom * down),
        )
        return np.asarray(self.held.resize(size, Image.Resampling.BILINEAR, box=inner, reducing_gap=2.0))


def look(data: memoryview) -> Header:
    """Format by the bytes, size by the header; no pixel is decoded. Raises ImageFormat, ImageResolution, ImageUnreadable."""
    name = _format(bytes(data[:64]))
    if name == "WEBP":
        _bounded(*_webp_size(bytes(data[:30])))  # before Pillow: its decoder reserves the canvas when it opens
    with _readable():
        image = Image.open(io.BytesIO(data), formats=[name])
    _bounded(*image.size)
    orientation = _orientation(image)
    width, height = image.size if orientation < 5 else image.size[::-1]
    return Header(name, width, height, orientation, image)


def decode(header: Header) -> Picture:
    """All of the file's pixels, upright, in sRGB, at most HELD_PIXELS of them. Raises ImageUnreadable."""
    image = header.image
    with _readable():
        if header.format == "JPEG":
            image.draft(None, _fitting(image.size, SAMPLED_PIXELS))
        image.load()
        profile = image.info.get("icc_profile")
        image = _srgb(_opaque(_smaller(_eight_bit(image))), profile)
    if header.orientation in ORIENTATIONS:
        image = image.transpose(ORIENTATIONS[header.orientation])
    return Picture((header.width, header.height), image)


def draw(relief: Relief, size: tuple[int, int], output: str, file_format: str) -> bytes:
    """The relief as a file of full `size` (width, height).

    output: depth, alpha or depth+alpha. file_format: jpeg, png, png16 or webp (lossless). Depth is LOWEST to 255 (png16: 257
    times that) linear in inverse depth where alpha is PERSON_ALPHA or more, and 0 elsewhere; it is not multiplied by alpha.
    """
    deep = file_format == "png16"
    if output == "alpha":
        image = _full_size(relief, size, deep, _alpha_strip)
    else:
        image = _full_size(relief, size, deep, _depth_strip)
    if output == "depth+alpha":
        image = Image.merge("LA", (image, _full_size(relief, size, deep, _alpha_strip)))
    return _encoded(image, file_format)


# ---- reading ----------------------------------------------------------------------------------------------------------


def _format(start: bytes) -> str:
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    for magic, name in OTHER_FORMATS:
        if start.startswith(magic):
            raise ImageFormat(f"it is {name}; use PNG, JPEG or WEBP")
    if start[4:8] == b"ftyp":
        raise ImageFormat("it is HEIC, AVIF or a video; use PNG, JPEG or WEBP")
    raise ImageFormat()


def _webp_size(start: bytes) -> tuple[int, int]:
    """Width and height out of the first chunk (RFC 9649, 2.5-2.7); (1, 1) where there is none: Pillow will tell."""
    chunk, data = start[12:16], start[20:]
    if chunk == b"VP8X" and len(data) >= 10:
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if chunk == b"VP8L" and len(data) >= 5:
        bits = int.from_bytes(data[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and len(data) >= 10:
        return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    return 1, 1


def _bounded(width: int, height: int) -> None:
    if width * height > tariff.PIXELS:
        raise ImageResolution(width, height)


@contextmanager
def _readable() -> Iterator[None]:
    """Whatever Pillow raises on hostile bytes (its decoders raise many kinds) means that the file cannot be read."""
    try:
        yield
    except MemoryError:
        raise  # ours: sizes were checked
    except Exception as error:
        raise ImageUnreadable("it is damaged or incomplete") from error


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where EXIF is missing or broken. `getexif` would decode a PNG to find it."""
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        orientation = int(exif.get(ORIENTATION_TAG, 1))
    except Exception:
        return 1
    return orientation if orientation in ORIENTATIONS else 1


def _fitting(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """A size of the same shape with about so many pixels, never a larger one."""
    scale = min(1.0, (pixels / (size[0] * size[1])) ** 0.5)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _eight_bit(image: Image.Image) -> Image.Image:
    """Modes that a resize would spoil, as ones that it does not. 16-bit gray is scaled: Pillow's own conversion clips."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    if image.mode == "1":
        return image.convert("L")
    if "transparency" in image.info and image.mode in ("L", "RGB"):
        return image.convert("RGBA")
    return image


def _smaller(image: Image.Image) -> Image.Image:
    if image.width * image.height <= HELD_PIXELS:
        return image
    return image.resize(_fitting(image.size, SAMPLED_PIXELS), Image.Resampling.BILINEAR, reducing_gap=2.0)


def _opaque(image: Image.Image) -> Image.Image:
    """Over the backdrop. Modes that a colour profile is about (RGB, L, CMYK) stay."""
    if image.mode not in ("RGBA", "LA", "La", "RGBa"):
        return image
    image = image.convert("RGBA")
    backdrop = Image.new("RGBA", image.size, BACKDROP)
    return Image.alpha_composite(backdrop, image).convert("RGB")


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as sRGB, where a usable profile says that they are something else; a broken one is ignored."""
    if profile and b"sRGB" not in profile:
        from PIL import ImageCms  # noqa: PLC0415 - few pictures need it, every cold start would pay for it

        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image.convert("RGB")


# ---- writing ----------------------------------------------------------------------------------------------------------


def _full_size(relief: Relief, size: tuple[int, int], deep: bool, strip: Strip) -> Image.Image:
    """A map at full size: black, and strips of it where people are."""
    full = Image.new("I;16" if deep else "L", size)
    bounds = _bounds(relief.alpha, size)
    if bounds is None:
        return full
    maps = [Image.fromarray(np.ascontiguousarray(values)) for values in _levels(relief, deep)]
    left, top, right, bottom = bounds
    rows = max(1, STRIP_PIXELS // (right - left))
    across, down = relief.alpha.shape[1] / size[0], relief.alpha.shape[0] / size[1]
    for start in range(top, bottom, rows):
        stop = min(bottom, start + rows)
        box = (left * across, start * down, right * across, stop * down)
        full.paste(strip(maps[0], maps[1], (right - left, stop - start), box, deep), (left, start))
    return full


def _levels(relief: Relief, deep: bool) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Depth and alpha on the relief's raster: 8-bit levels, or float 0-1 where 16 bits are made of them."""
    depth, alpha = relief.inverse_depth.clip(0, 1), relief.alpha.clip(0, 1)
    if deep:
        return depth, alpha
    return (LOWEST + depth * (255 - LOWEST) + 0.5).astype(np.uint8), (alpha * 255 + 0.5).astype(np.uint8)


def _depth_strip(depth: Image.Image, alpha: Image.Image, size: tuple[int, int], box: Box, deep: bool) -> Image.Image:
    values = depth.resize(size, Image.Resampling.BILINEAR, box=box)
    silhouette = alpha.resize(size, Image.Resampling.BICUBIC, box=box)
    if not deep:
        person = silhouette.point([0] * 128 + [255] * 128)
        return Image.composite(values, Image.new("L", size), person)
    lowest = LOWEST * 257
    levels = (lowest + np.asarray(values) * (65535 - lowest) + 0.5).astype(np.uint16)
    return Image.fromarray(np.where(np.asarray(silhouette) >= PERSON_ALPHA, levels, 0).astype(np.uint16))


def _alpha_strip(depth: Image.Image, alpha: Image.Image, size: tuple[int, int], box: Box, deep: bool) -> Image.Image:
    values = alpha.resize(size, Image.Resampling.BICUBIC, box=box)
    if not deep:
        return values
    return Image.fromarray((np.asarray(values).clip(0, 1) * 65535 + 0.5).astype(np.uint16))


def _bounds(alpha: NDArray[np.float32], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Full-size pixels around everything that is not 0, two relief pixels wider; None where all is."""
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    if not rows.size:
        return None
    across, down = size[0] / alpha.shape[1], size[1] / alpha.shape[0]
    return (
        max(0, int((columns[0] - 2) * across)),
        max(0, int((rows[0] - 2) * down)),
        min(size[0], int((columns[-1] + 3) * across)),
        min(size[1], int((rows[-1] + 3) * down)),
    )


def _encoded(image: Image.Image, file_format: str) -> bytes:
    buffer = io.BytesIO()
    if file_format == "jpeg":
        image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    elif file_format == "webp":
        image.save(buffer, "WEBP", lossless=True, quality=0, method=0)
    else:
        image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()

"""Every kind of picture in, and nothing that a file does gets past the room's two refusals."""

import contextlib
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from depth import picture
from depth.picture import Picture
from portrait import problems
from portrait.problems import ImageFormat, ImageResolution, ImageUnreadable, Refusal
from tests import making
from tests.making import a_moment

ORIENTATION_TAG = 0x0112
BICUBIC = Image.Resampling.BICUBIC


def read(data: bytes) -> Picture:
    return picture.decode(picture.look(memoryview(data)))


def pixels(data: bytes, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    return read(data).sample(size).astype(int)


SCENE = np.asarray(making.scene()).astype(int)
GRAY = np.asarray(making.scene().convert("L")).astype(int)

SAVED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "png": ("RGB", "PNG", {}),
    "png, palette": ("P", "PNG", {}),
    "png, gray": ("L", "PNG", {}),
    "png, gray and alpha": ("LA", "PNG", {}),
    "png, alpha": ("RGBA", "PNG", {}),
    "jpeg": ("RGB", "JPEG", {"quality": 95}),
    "jpeg, gray": ("L", "JPEG", {"quality": 95}),
    "jpeg, cmyk": ("CMYK", "JPEG", {"quality": 95}),
    "jpeg, progressive": ("RGB", "JPEG", {"quality": 95, "progressive": True}),
    "jpeg, no subsampling": ("RGB", "JPEG", {"quality": 95, "subsampling": 0}),
    "webp": ("RGB", "WEBP", {"quality": 95}),
    "webp, lossless": ("RGB", "WEBP", {"lossless": True}),
    "webp, alpha": ("RGBA", "WEBP", {"lossless": True}),
}


@pytest.mark.parametrize("name", sorted(SAVED))
def test_every_format_and_mode_is_read(name: str) -> None:
    mode, file_format, saving = SAVED[name]
    data = making.file(making.scene().convert(mode), file_format, **saving)
    header = picture.look(memoryview(data))
    assert (header.format, header.width, header.height) == (file_format, 96, 64)
    expected = np.repeat(GRAY[..., None], 3, 2) if mode in ("L", "LA") else SCENE
    error = np.abs(pixels(data) - expected)
    assert np.median(error) <= (12 if mode == "P" else 4)  # a palette has 216 colours; JPEG is lossy


def test_16_bits_of_gray_are_scaled_and_not_clipped() -> None:
    deep = Image.fromarray((GRAY * 257).astype(np.uint16))
    assert np.abs(pixels(making.file(deep))[..., 0] - GRAY).max() <= 1


def test_an_interlaced_png_is_read() -> None:
    """Pillow does not write Adam7, so the smallest one is made by hand: 2 x 1 pixels, in passes 1 and 6."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 1)
    rows = zlib.compress(b"\0\x10" + b"\0\xf0")
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert pixels(data, (2, 1))[0, :, 0].tolist() == [0x10, 0xF0]


def test_a_black_and_white_png_is_read() -> None:
    assert set(np.unique(pixels(making.file(making.scene().convert("1"))))) == {0, 255}


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_what_shows_through_a_transparent_pixel_is_gray(mode: str) -> None:
    image = making.scene().convert("RGBA")
    image.paste((0, 0, 0, 0), (48, 0, 96, 64))
    assert (pixels(making.file(image.convert(mode)))[:, 50:] == 128).all()


def test_a_transparent_colour_of_an_rgb_png_shows_the_backdrop() -> None:
    image = Image.new("RGB", (8, 8), (10, 20, 30))
    assert (pixels(making.file(image, transparency=(10, 20, 30)), (8, 8)) == 128).all()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(file_format: str, orientation: int) -> None:
    """The file is turned the other way round, so that its upright picture is always the scene."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Image.Transpose values
    turned = making.scene()
    if orientation > 1:
        turned = turned.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    saving: dict[str, Any] = {"lossless": True} if file_format == "WEBP" else {"quality": 95}
    data = making.file(turned, file_format, exif=exif, **saving)
    header = picture.look(memoryview(data))
    assert (header.width, header.height) == (96, 64)
    assert np.median(np.abs(pixels(data) - SCENE)) <= 4


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0"])
def test_a_broken_exif_block_is_ignored(exif: bytes) -> None:
    assert picture.look(memoryview(making.file(making.scene(), "JPEG", exif=exif))).container.orientation == 1


def test_a_profile_that_cannot_be_followed_is_ignored() -> None:
    """A broken one, and one of another kind of colours than the picture's."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    plain = making.file(making.scene(), "JPEG", quality=95)
    broken = making.file(making.scene(), "JPEG", quality=95, icc_profile=b"no profile at all")
    foreign = making.file(making.scene(), "JPEG", quality=95, icc_profile=profile.tobytes())
    assert (pixels(broken) == pixels(plain)).all()
    assert (pixels(foreign) == pixels(plain)).all()


def test_the_first_of_several_pictures_is_read() -> None:
    second = Image.new("RGB", (96, 64))
    for file_format in ("PNG", "WEBP", "MPO"):
        saving: dict[str, Any] = {"lossless": True} if file_format == "WEBP" else {}
        data = making.file(making.scene(), file_format, save_all=True, append_images=[second], **saving)
        assert np.median(np.abs(pixels(data) - SCENE)) <= 4
    assert picture.look(memoryview(data)).format == "JPEG"  # a phone's MPO is a JPEG to its owner


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"GIF89a" + bytes(50), "GIF"),
        (b"BM" + bytes(50), "BMP"),
        (b"II*\0" + bytes(50), "TIFF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"%PDF-1.7", "PDF"),
        (b"<svg xmlns=", "SVG"),
        (b"hello", "it is text"),
        (b"\xff\xd8", "none of"),
        (b"RIFF\0\0\0\0WAVE", "none of"),
    ],
)
def test_another_format_is_named(data: bytes, named: str) -> None:
    with pytest.raises(ImageFormat, match=named):
        picture.look(memoryview(data))


def test_a_polyglot_is_what_its_first_bytes_say() -> None:
    data = making.file(making.scene()) + b"<script>" + making.file(making.scene(), "JPEG")
    assert picture.look(memoryview(data)).format == "PNG"


def claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size; its pixels are another matter."""
    data = bytearray(making.file(making.scene()))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def test_25_megapixels_are_allowed_and_one_row_more_is_not() -> None:
    assert picture.look(memoryview(claiming(5000, 5000))).width == 5000
    with pytest.raises(ImageResolution, match=r"25\.005 megapixels, at most 25"):
        picture.look(memoryview(claiming(5000, 5001)))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(16383, 1527), (1527, 16383)])
def test_the_size_is_read_from_every_header(file_format: str, size: tuple[int, int]) -> None:
    data = making.file(Image.new("RGB", size), file_format)
    with a_moment(0.05), pytest.raises(ImageResolution, match="25"):  # no pixel is decoded
        picture.look(memoryview(data))


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_costs_a_look_at_its_header(size: tuple[int, int]) -> None:
    data = claiming(*size)
    with a_moment(0.05), pytest.raises(Refusal):
        picture.look(memoryview(data))


@pytest.mark.parametrize("size", [(0, 10), (10, 0)])
def test_a_picture_without_pixels_is_unreadable(size: tuple[int, int]) -> None:
    with pytest.raises(ImageUnreadable):
        read(claiming(*size))


def test_a_header_that_lies_is_unreadable() -> None:
    with pytest.raises(ImageUnreadable):
        read(claiming(96, 4000))


def test_a_text_chunk_that_inflates_without_end_is_unreadable_or_ignored() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = zlib.compress(bytes(200_000_000), 9)
    plain = making.file(making.scene())
    for extra in (
        chunk(b"zTXt", b"k\0\0" + bomb),
        chunk(b"iCCP", b"k\0\0" + bomb),
        chunk(b"iTXt", b"k\0\1\0\0\0" + bomb),
    ):
        with a_moment(), contextlib.suppress(ImageUnreadable):
            read(plain[:33] + extra + plain[33:])


@pytest.mark.parametrize("name", ["png", "jpeg", "jpeg, progressive", "webp", "webp, lossless"])
def test_a_file_cut_off_anywhere_is_unreadable(name: str) -> None:
    _, file_format, saving = SAVED[name]
    data = making.file(making.noise(800, 600), file_format, **saving)
    for sixteenths in range(1, 16):
        with pytest.raises((ImageUnreadable, ImageFormat)):
            read(data[: len(data) * sixteenths // 16])


@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.data())
@settings(max_examples=400, deadline=None)
def test_no_damaged_file_raises_anything_but_a_refusal(file_format: str, data: st.DataObject) -> None:
    file = bytearray(FUZZED[file_format])
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(file) - 1))
        file[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(len(file) // 2, len(file)))
    try:
        read(bytes(file[:cut])).sample((32, 32))
    except (ImageFormat, ImageResolution, ImageUnreadable) as refusal:
        assert "image" in refusal.text.lower()


FUZZED = {name: making.file(making.scene(40, 30), name) for name in ("PNG", "JPEG", "WEBP")}


def test_a_large_picture_is_held_small_and_sampled_where_it_lies() -> None:
    """4000 x 3000 are held as 2 megapixels at most; the picture still tells its full size, and boxes are in it."""
    decoded = read(making.file(making.scene(4000, 3000), "JPEG"))
    assert decoded.size == (4000, 3000)
    held = decoded.held.width * decoded.held.height
    assert picture.SAMPLED_PIXELS * 0.9 <= held <= picture.HELD_PIXELS
    red, green, _ = decoded.sample((1, 1), (2990.0, 590.0, 3010.0, 610.0))[0, 0].astype(int)
    assert abs(red - 255 * 3000 / 4000) <= 3 and abs(green - 255 * 600 / 3000) <= 3


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_25_megapixels_of_jpeg_never_exist_as_rgb(tmp_path: Path) -> None:
    """They would be 100 MB; a process of its own tells how much more it needed at any time."""
    (tmp_path / "picture").write_bytes(making.file(Image.new("RGB", (5000, 5000), "gray"), "JPEG"))
    script = """
import re, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from depth import picture
def peak_mb():
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
before = peak_mb()
picture.decode(picture.look(memoryview(Path(sys.argv[1]).read_bytes())))
print(peak_mb() - before)
"""
    found = [str(Path(module.__file__ or "").parents[1]) for module in (picture, problems)]
    command = [sys.executable, "-c", script, str(tmp_path / "picture"), *found]
    assert float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) < 50


def test_a_box_is_sampled_where_it_lies() -> None:
    decoded = read(making.file(making.scene(400, 300)))
    corner = decoded.sample((10, 10), (390.0, 290.0, 400.0, 300.0))
    assert corner[..., 0].min() > 245 and corner[..., 1].min() > 245 and corner[..., 2].max() == 0
    assert decoded.sample((5, 5), (-50.0, -50.0, 60.0, 60.0)).shape == (5, 5, 3)

"""Every kind of picture in, every kind of map out, and nothing that a file does gets past the room's two refusals."""

import contextlib
import io
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

from depth import drawing, picture
from depth.picture import Picture
from depth.ports import Relief
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


# ---- drawing ----


def relief(height: int = 120, width: int = 100) -> Relief:
    """A disc of a person, nearest at the left, with a soft edge of some pixels."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot(x - width / 2, y - height / 2)
    alpha = ((32 - distance) / 6).clip(0, 1)
    return Relief(inverse_depth=(1 - x / width).astype(np.float32), alpha=alpha.astype(np.float32))


def drawn(output: str = "depth", file_format: str = "png", size: tuple[int, int] = (100, 120)) -> Image.Image:
    return making.opened(drawing.draw(relief(), size, output, file_format))


@pytest.mark.parametrize(
    ("output", "file_format", "kind", "mode"),
    [
        ("depth", "jpeg", "JPEG", "L"),
        ("depth", "png", "PNG", "L"),
        ("depth", "png16", "PNG", "I;16"),
        ("depth", "webp", "WEBP", "RGB"),
        ("alpha", "jpeg", "JPEG", "L"),
        ("alpha", "png", "PNG", "L"),
        ("alpha", "png16", "PNG", "I;16"),
        ("alpha", "webp", "WEBP", "RGB"),
        ("depth+alpha", "png", "PNG", "LA"),
    ],
)
def test_every_output_in_every_format(output: str, file_format: str, kind: str, mode: str) -> None:
    image = drawn(output, file_format, (173, 211))
    assert (image.format, image.mode, image.size) == (kind, mode, (173, 211))
    assert not image.getexif() and "icc_profile" not in image.info


def test_person_pixels_run_from_16_to_255_and_all_others_are_0() -> None:
    values = np.asarray(drawn())
    person = relief().alpha >= drawing.PERSON_ALPHA
    assert (values[~person] == 0).all()
    assert values[person].min() >= 16
    expected = 16 + relief().inverse_depth * 239
    assert np.abs(values - expected)[person].max() <= 1


@pytest.mark.parametrize(("alpha", "is_person"), [(0.45, False), (0.55, True), (0.9, True)])
def test_a_faint_person_is_all_there_or_not_at_all(alpha: float, is_person: bool) -> None:
    faint = Relief(np.ones((60, 60), np.float32), np.full((60, 60), alpha, np.float32))
    values = np.asarray(making.opened(drawing.draw(faint, (300, 300), "depth", "png")))
    assert (values == (255 if is_person else 0)).all()


def test_jpeg_keeps_the_levels_of_depth() -> None:
    jpeg, png = (np.asarray(drawn("depth", kind, (800, 960))).astype(int) for kind in ("jpeg", "png"))
    assert np.abs(jpeg - png)[png > 0].mean() < 1.0


def test_a_soft_edge_is_no_slope() -> None:
    """The value beside the silhouette is the depth there, not depth times alpha."""
    values = np.asarray(drawn()).astype(int)
    row = values[60]
    first, last = np.flatnonzero(row)[[0, -1]]
    assert abs(row[first] - row[first + 3]) < 12 and abs(row[last] - row[last - 3]) < 12


def test_png16_has_the_full_range_without_bands() -> None:
    whole = Relief(np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1)), np.ones((64, 64), np.float32))
    values = np.asarray(making.opened(drawing.draw(whole, (2048, 64), "depth", "png16"))).astype(int)
    assert (values.min(), values.max()) == (16 * 257, 65535)
    assert len(np.unique(values[32])) > 1500  # 8 bits would have 240 levels


def test_alpha_keeps_its_soft_edge_and_its_zeros() -> None:
    values = np.asarray(drawn("alpha")).astype(int)
    assert np.abs(values - relief().alpha * 255).max() <= 1
    assert (values[relief().alpha == 0] == 0).all()


def test_depth_and_alpha_are_the_two_channels() -> None:
    both = drawn("depth+alpha")
    assert (np.asarray(both)[..., 0] == np.asarray(drawn("depth"))).all()
    assert (np.asarray(both)[..., 1] == np.asarray(drawn("alpha"))).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [(100, 120), (417, 503), (1000, 1200)])
def test_in_the_decoded_jpeg_every_block_without_a_person_is_exactly_0(size: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    rough = Relief(
        rng.random((120, 100), np.float32), relief().alpha * (rng.random((120, 100)) > 0.3).astype(np.float32)
    )
    exact = np.asarray(making.opened(drawing.draw(rough, size, "depth", "png")))
    jpeg = np.asarray(making.opened(drawing.draw(rough, size, "depth", "jpeg")))
    for top in range(0, size[1], 8):
        for left in range(0, size[0], 8):
            block = np.s_[top : top + 8, left : left + 8]
            if not exact[block].any():
                assert not jpeg[block].any()


@pytest.mark.parametrize("file_format", ["jpeg", "png", "png16", "webp"])
def test_nobody_is_all_black(file_format: str) -> None:
    nobody = Relief(np.zeros((50, 50), np.float32), np.zeros((50, 50), np.float32))
    assert not np.asarray(making.opened(drawing.draw(nobody, (500, 500), "depth", file_format))).any()


def test_tiles_leave_no_seams() -> None:
    """Against the whole map at once. Levels may differ by two: a tile's place is told to Pillow in 7 digits."""
    size = (1400, 1680)
    alpha = np.asarray(Image.fromarray((relief().alpha * 255 + 0.5).astype(np.uint8)).resize(size, BICUBIC)).astype(int)
    assert np.abs(np.asarray(drawn("alpha", size=size)) - alpha).max() <= 2
    depth = np.asarray(Image.fromarray(16 + relief().inverse_depth * 239).resize(size, BICUBIC))
    sure = np.abs(alpha - 128) > 2
    expected = np.where(alpha >= 128, depth, 0)
    assert np.abs(np.asarray(drawn(size=size)) - expected)[sure].max() <= 2


def turned(height: int = 120, width: int = 100) -> Relief:
    """The same disc, its normals turning from left to right."""
    flat = relief(height, width)
    angle = np.linspace(-1.2, 1.2, width, dtype=np.float32) + np.zeros((height, 1), np.float32)
    return Relief(flat.inverse_depth, flat.alpha, np.stack([np.sin(angle), 0 * angle, np.cos(angle)]))


def coloured(output: str = "normals", file_format: str = "png", size: tuple[int, int] = (100, 120)) -> Image.Image:
    return making.opened(drawing.draw(turned(), size, output, file_format))


def test_normals_are_colours_of_a_person_and_face_the_viewer_elsewhere() -> None:
    values = np.asarray(coloured())
    person = turned().alpha >= drawing.PERSON_ALPHA
    assert (values[~person] == (128, 128, 255)).all()
    normals = turned().normals
    assert normals is not None
    expected = (127.5 * normals + 127.5).transpose(1, 2, 0)
    assert np.abs(values - expected)[person].max() <= 1


def test_normals_keep_their_length_at_any_size() -> None:
    """Between two directions the mean is shorter than either, and drawn so it would be a wrong direction's colour."""
    half = np.zeros((3, 8, 8), np.float32)
    half[0, :, :4], half[2, :, 4:] = 1, 1
    edge = Relief(np.ones((8, 8), np.float32), np.ones((8, 8), np.float32), half)
    values = np.asarray(making.opened(drawing.draw(edge, (64, 64), "normals", "png"))) / 127.5 - 1
    assert np.abs(np.linalg.norm(values, axis=-1) - 1).max() < 0.02


@pytest.mark.parametrize(("file_format", "mode"), [("jpeg", "RGB"), ("png", "RGB"), ("webp", "RGB"), ("png16", "RGB")])
def test_normals_in_every_format(file_format: str, mode: str) -> None:
    image = coloured("normals", file_format, (173, 211))
    image.load()
    assert (image.mode, image.size) == (mode, (173, 211))
    assert not image.getexif() and "icc_profile" not in image.info


def test_normals_and_alpha_are_four_channels() -> None:
    both = np.asarray(coloured("normals+alpha"))
    assert (both[..., :3] == np.asarray(coloured())).all()
    assert (both[..., 3] == np.asarray(coloured("alpha"))).all()


def test_jpeg_keeps_the_colours_of_normals() -> None:
    jpeg, exact = (np.asarray(coloured("normals", kind, (800, 960))).astype(int) for kind in ("jpeg", "png"))
    person = np.abs(exact - (128, 128, 255)).any(-1)
    assert np.abs(jpeg - exact)[person].mean() < 1.5
    for top in range(0, 960, 8):
        for left in range(0, 800, 8):
            block = np.s_[top : top + 8, left : left + 8]
            if not person[block].any():
                assert np.abs(jpeg[block] - (128, 128, 255)).max() <= 2
    edge = person ^ np.roll(person, 1, 1)
    assert np.abs(jpeg - exact)[edge].mean() < 12  # 24 with chroma at half the size


def test_normals_of_16_bits_have_more_levels_than_8() -> None:
    data = drawing.draw(turned(), (2000, 64), "normals", "png16")
    assert struct.unpack(">LLBB", data[16:26]) == (2000, 64, 16, 2)
    length = data.index(b"IDAT") - 4
    [size] = struct.unpack(">L", data[length : length + 4])
    rows = np.frombuffer(zlib.decompress(data[length + 8 : length + 8 + size]), np.uint8).reshape(64, -1)
    assert (rows[:, 0] == 2).all()  # each row less the one above
    levels = np.add.accumulate(rows[:, 1:], axis=0, dtype=np.uint8).view(">u2").reshape(64, 2000, 3)
    red = levels[32, 640:1360, 0]  # of the person
    assert len(np.unique(red)) > 600  # 8 bits would have 110
    exact = np.asarray(making.opened(drawing.draw(turned(), (2000, 64), "normals", "png"))).astype(int)
    assert np.abs(levels.astype(int) // 257 - exact).max() <= 1
    assert (np.asarray(making.opened(data)) == levels >> 8).all()  # another reader sees the same


def test_no_metadata_of_the_input_survives() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    data = making.file(making.scene(), "JPEG", exif=exif, comment=b"secret comment")
    read(data)
    result = drawing.draw(relief(), (100, 120), "depth", "jpeg")
    assert b"secret" not in result and b"Exif" not in result and io.BytesIO(result).read(2) == b"\xff\xd8"

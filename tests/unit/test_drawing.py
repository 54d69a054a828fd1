"""Every kind of map out."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from depth import drawing, picture
from depth.ports import Relief
from portrait.problems import ResultTooBig
from tests import making

BICUBIC = Image.Resampling.BICUBIC


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
    picture.decode(picture.look(memoryview(data)))
    result = drawing.draw(relief(), (100, 120), "depth", "jpeg")
    assert b"secret" not in result and b"Exif" not in result and io.BytesIO(result).read(2) == b"\xff\xd8"


def test_a_result_that_a_format_cannot_carry_names_the_one_that_can() -> None:
    nobody = Relief(np.zeros((1, 20), np.float32), np.zeros((1, 20), np.float32))
    for file_format, width in (("jpeg", 65_501), ("webp", 16_384)):
        with pytest.raises(ResultTooBig, match=r"image is too wide or too high.*output_format=png"):
            drawing.draw(nobody, (width, 1), "depth", file_format)
        assert Image.open(io.BytesIO(drawing.draw(nobody, (width - 1, 1), "depth", file_format))).width == width - 1
    assert Image.open(io.BytesIO(drawing.draw(nobody, (65_501, 1), "depth", "png"))).width == 65_501

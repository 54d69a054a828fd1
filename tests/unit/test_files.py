"""Files made to cost more than they should, and files that say of themselves what is not so."""

import struct
import zlib

import pytest
from PIL import Image, ImageCms

from depth import container, files, picture
from portrait import tariff
from portrait.problems import ImageFileTooBig, ImageFormat, ImageUnreadable
from tests import making
from tests.making import a_moment

ORIENTED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
"""An EXIF block of one entry: orientation 6."""


def chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def segment(marker: int, data: bytes = b"") -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(name: bytes, data: bytes = b"") -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


PNG = making.file(making.scene())
JPEG = making.file(making.scene(), "JPEG")
PROGRESSIVE = making.file(making.scene(), "JPEG", progressive=True)
WEBP = making.file(making.scene(), "WEBP", lossless=True)
AFTER_IHDR = 33


def read(data: bytes) -> picture.Picture:
    return picture.decode(picture.look(memoryview(data)))


def in_png(*chunks: bytes) -> bytes:
    return PNG[:AFTER_IHDR] + b"".join(chunks) + PNG[AFTER_IHDR:]


def in_jpeg(*segments: bytes) -> bytes:
    return JPEG[:2] + b"".join(segments) + JPEG[2:]


BOMB = zlib.compress(bytes(container.PROFILE_BYTES), 9)
COUNTLESS = {
    "PNG chunks": in_png(*[chunk(b"aaAa")] * 1_000_000),
    "PNG pixel chunks": in_png(*[chunk(b"IDAT")] * 1_000_000),
    "JPEG segments": in_jpeg(segment(0xE5) * 3_000_000),
    "JPEG EXIF blocks": in_jpeg(segment(0xE1, b"Exif\0\0a") * 1_000_000),
    "WebP chunks": riff(WEBP[12:], riff_chunk(b"abcd") * 1_000_000),
}


@pytest.mark.parametrize("name", sorted(COUNTLESS))
def test_a_file_of_countless_parts_is_refused_in_a_moment(name: str) -> None:
    data = COUNTLESS[name]
    with a_moment(), pytest.raises(ImageUnreadable, match="more than"):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        in_png(*[chunk(b"iCCP", b"x\0\0" + BOMB)] * 10_000),
        in_png(*[chunk(b"zTXt", b"x\0\0" + BOMB)] * 10_000),
        in_png(chunk(b"eXIf", b"II*\0\x08\0\0\0" + b"\xff" * 20_000_000)),
        in_jpeg(b"\xff" * 10_000_000),
        in_jpeg(b"\0" * 20_000_000),
        in_jpeg(segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHLL", 5000, 7, 60_000, 8) * 5000)),
        riff(WEBP[12:], riff_chunk(b"ICCP", bytes(20_000_000))),
    ],
    ids=["profiles", "texts", "EXIF", "fill bytes", "zeros", "EXIF entries", "a long profile"],
)
def test_what_makes_no_pixels_costs_nothing(data: bytes) -> None:
    with a_moment(0.5):  # fill bytes are searched through, .1 s; one by one in Python they would take seconds
        read(b"\xff\xd8\xff" + data[2:] if data.startswith(b"\xff\xd8") else data)


def test_a_jpeg_of_countless_scans_is_refused_in_a_moment() -> None:
    """Each scan is a pass over all of 25 megapixels."""
    data = making.file(Image.new("L", (5000, 5000)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    header = picture.look(memoryview(data[:-2] + data[last:-2] * 5000 + data[-2:]))
    with a_moment(), pytest.raises(ImageUnreadable, match="more than 100 scans"):
        picture.decode(header)


def test_pixels_behind_the_end_of_a_png_are_not_unpacked() -> None:
    packed = zlib.compress(bytes(64 * (1 + 3 * 96) + 200_000_000), 9)
    with a_moment(0.15):
        read(PNG[:AFTER_IHDR] + chunk(b"IDAT", packed) + chunk(b"IEND"))


def test_a_jpeg_that_tells_its_size_twice_is_unreadable() -> None:
    frame = JPEG.index(b"\xff\xc0")
    second = bytearray(JPEG[frame : frame + 19])
    second[5:9] = b"\xff\xff\xff\xff"
    for data in (in_jpeg(bytes(second)), JPEG[: frame + 19] + bytes(second) + JPEG[frame + 19 :]):
        with pytest.raises((ImageUnreadable, picture.ImageResolution)):
            read(data)


def test_a_png_that_tells_its_size_twice_is_read_by_the_first() -> None:
    second = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    assert read(in_png(second)).size == (96, 64)


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize(("interlaced", "rows"), [(0, [5, 5, 5]), (1, [1, 1, 1, 3, 2, 2, 5])])
def test_a_png_with_fewer_pixels_than_promised_is_unreadable(interlaced: int, rows: list[int], level: int) -> None:
    """5 x 3 gray pixels of one level. Interlaced, its third pass is empty and its sixth has two rows."""

    def made(*rows: int) -> bytes:
        header = struct.pack(">IIBBBBB", 5, 3, 8, 0, 0, 0, interlaced)
        packed = zlib.compress(b"".join(b"\0" + bytes([level] * pixels) for pixels in rows))
        return PNG[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND")

    assert (read(made(*rows)).sample((5, 3)) == level).all()
    with pytest.raises(ImageUnreadable):
        read(made(*rows[:-1]))


@pytest.mark.parametrize("data", [PNG, JPEG, PROGRESSIVE, WEBP], ids=["PNG", "JPEG", "progressive", "WebP"])
@pytest.mark.parametrize("missing", [1, 2, 3, 13])
def test_a_file_that_lacks_its_last_bytes_is_unreadable(data: bytes, missing: int) -> None:
    with pytest.raises(ImageUnreadable):
        read(data[:-missing])


@pytest.mark.parametrize("data", [PNG, JPEG, WEBP], ids=["PNG", "JPEG", "WebP"])
def test_no_start_of_a_file_gets_past_a_refusal(data: bytes) -> None:
    for length in range(min(len(data), 400)):
        with pytest.raises((ImageUnreadable, ImageFormat)):
            read(data[:length])


def test_what_stands_behind_a_picture_is_left_aside() -> None:
    """A phone's moving picture, its second view, an archive."""
    for data in (PNG, JPEG, PROGRESSIVE, WEBP):
        whole = files.take_apart(memoryview(data + b"PK\x03\x04" + JPEG * 3))
        assert b"PK\x03\x04" not in b"".join(whole.pixels)
        assert (read(data + JPEG).sample((96, 64)) == read(data).sample((96, 64))).all()


def test_nothing_but_pixels_is_handed_on() -> None:
    secret = b"secret words"
    jpeg = in_jpeg(
        segment(0xFE, secret), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + secret), segment(0xED, secret)
    )
    png = in_png(chunk(b"tEXt", b"a\0" + secret), chunk(b"tIME", secret), chunk(b"eXIf", secret))
    for data in (jpeg, png):
        assert secret not in b"".join(files.take_apart(memoryview(data)).pixels)


@pytest.mark.parametrize(
    "data",
    [
        in_jpeg(segment(0xE1, b"Exif\0\0" + ORIENTED)),
        in_png(chunk(b"eXIf", ORIENTED)),
        PNG[:-12] + chunk(b"eXIf", ORIENTED) + PNG[-12:],
        riff(riff_chunk(b"VP8X", b"\x08\0\0\0" + b"\x5f\0\0" + b"\x3f\0\0"), WEBP[12:], riff_chunk(b"EXIF", ORIENTED)),
        riff(
            riff_chunk(b"VP8X", b"\x08\0\0\0" + b"\x5f\0\0" + b"\x3f\0\0"),
            WEBP[12:],
            riff_chunk(b"EXIF", b"Exif\0\0" + ORIENTED),
        ),
    ],
    ids=["JPEG", "PNG", "PNG behind the pixels", "WebP", "WebP as in JPEG"],
)
def test_a_turned_picture_tells_its_upright_size(data: bytes) -> None:
    header = picture.look(memoryview(data))
    assert (header.width, header.height) == (64, 96)
    assert read(data).sample((64, 96)).shape == (96, 64, 3)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_makes_no_sense_is_none(value: int) -> None:
    exif = ORIENTED.replace(b"\0\x06", struct.pack(">H", value))
    assert picture.look(memoryview(in_jpeg(segment(0xE1, b"Exif\0\0" + exif)))).width == 96


def test_a_profile_in_several_parts_is_put_together_in_order() -> None:
    parts = [
        segment(0xE2, b"ICC_PROFILE\0" + bytes((number, 2)) + text) for number, text in ((2, b"file"), (1, b"pro"))
    ]
    assert files.take_apart(memoryview(in_jpeg(*parts))).profile == b"profile"
    assert files.take_apart(memoryview(in_jpeg(parts[0]))).profile == b""


def test_colours_of_another_profile_become_srgb() -> None:
    """A profile of sRGB's colours whose red and blue are exchanged: what it calls red is seen blue."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for place in range(132, 132 + 12 * struct.unpack_from(">I", profile, 128)[0], 12):
        name = bytes(profile[place : place + 4])
        profile[place : place + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(name, name)
    foreign = bytes(profile).replace("sRGB".encode("utf-16-be"), "abcd".encode("utf-16-be")).replace(b"sRGB", b"abcd")
    for file_format in ("PNG", "JPEG", "WEBP"):
        data = making.file(Image.new("RGB", (32, 32), (220, 30, 60)), file_format, icc_profile=foreign)
        red, _, blue = read(data).sample((1, 1))[0, 0].astype(int)
        assert (abs(red - 60), abs(blue - 220)) < (25, 25)
        assert blue > 180


def test_a_cmyk_jpeg_of_adobe_is_not_seen_as_its_negative() -> None:
    image = Image.new("CMYK", (32, 32), (0, 0, 0, 0))
    assert read(making.file(image, "JPEG")).sample((1, 1)).min() > 250


def test_a_file_of_30_megabytes_is_allowed_and_one_byte_more_is_not() -> None:
    padding = tariff.FILE_BYTES - len(PNG)
    assert read(PNG + bytes(padding)).size == (96, 64)
    with pytest.raises(ImageFileTooBig, match=r"30\.1 MB, at most 30 MB"):
        picture.look(memoryview(PNG + bytes(padding + 1)))


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (making.file(making.scene(), "GIF"), "GIF"),
        (making.file(making.scene(), "AVIF"), "AVIF"),
        (b"\0\0\0\x20ftypisom", "a video"),
        (b"<!DOCTYPE html>", "HTML"),
        (b'<?xml version="1.0"?><svg>', "SVG"),
        (b"data:image/png;base64,iVBOR", "data URL"),
        (b"/9j/4AAQSkZJRg", "base64"),
        (b"photo.jpg", "@"),
        (b"", "none of PNG, JPEG and WEBP"),
    ],
)
def test_what_was_sent_instead_of_a_picture_is_named(data: bytes, named: str) -> None:
    with pytest.raises(ImageFormat, match=named):
        picture.look(memoryview(data))


def test_one_row_of_25_megapixels_is_a_picture_too() -> None:
    data = making.file(Image.new("L", (tariff.PIXELS, 1), 200))
    decoded = read(data)
    assert decoded.held.width <= picture.HELD_PIXELS
    assert decoded.sample((10, 1)).tolist() == [[[200] * 3] * 10]

"""Bodies and files that are bent at random, and broken ones that are kept: nothing but a refusal may come of them."""

import base64
import random
import time
import warnings
import zlib
from collections.abc import Iterator

import pytest

from depth import form, picture
from portrait.problems import (
    ImageFormat,
    ImageResolution,
    ImageUnreadable,
    MalformedForm,
    MissingImageFile,
)
from tests import making

SECONDS = 2.0
"""For each kind of file; as many bends as fit into it."""

FORBIDDEN = ("quota", "credit", "limit", "exceeded")

SEEDS = {
    "an EXIF block that points behind itself": b"/9j/4QAiRXhpZgAATU0AKgAAAP8AAQESAAMAAAABAAYAAAAAAAD/2Q==",
    "a JPEG frame without components": b"/9j/wAALCAAQABABAREA/9oACAEBAAA/AP/Z",
    "a JPEG of 12 bits": b"/9j/wAALDAAQABABAREA/9oACAEBAAA/AH//2Q==",
    "a JPEG table longer than the file": b"/9j/2wD//////8AACwgAEAAQAQERAP/aAAgBAQAAPwD/2Q==",
    "a PNG of 3 bits": b"iVBORw0KGgoAAAANSUhEUgAAAAIAAAACAwAAAAAAAAAAAAAACklEQVR4nGMAAAABAAEAAAAAAAAAAElFTkQAAAAA",
    "a PNG without colour": b"iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAUAAAAAAAAAAAAACklEQVR4nGMAAAABAAEAAAAAAAAAAElFTkQAAAAA",
    "a WebP that is all header": b"UklGRhYAAABXRUJQVlA4WAoAAAAQAAAAAQAAAQAA",
    "an empty WebP": b"UklGRgQAAABXRUJQ",
    "a lossless WebP without data": b"UklGRhIAAABXRUJQVlA4TAUAAAAvAAAAAAA=",
}
"""Small files as base64. A file that fuzzing finds to do harm is added here."""

FILES = {
    "PNG": making.file(making.noise(40, 30)),
    "PNG with a palette": making.file(making.scene(40, 30).convert("P")),
    "PNG with alpha": making.file(making.scene(40, 30).convert("RGBA")),
    "PNG of 16 bits": making.file(making.scene(40, 30).convert("I;16")),
    "JPEG": making.file(making.noise(40, 30), "JPEG"),
    "JPEG, progressive": making.file(making.scene(40, 30), "JPEG", progressive=True),
    "JPEG, CMYK": making.file(making.scene(40, 30).convert("CMYK"), "JPEG"),
    "WebP": making.file(making.scene(40, 30), "WEBP"),
    "WebP, lossless": making.file(making.scene(40, 30).convert("RGBA"), "WEBP", lossless=True),
    "WebP, animated": making.file(
        making.scene(40, 30), "WEBP", save_all=True, append_images=[making.noise(40, 30)], lossless=True
    ),
}


def read(data: bytes) -> None:
    """Anything but these refusals, a warning included, is a failure."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            picture.decode(picture.look(memoryview(data))).sample((8, 8))
    except (ImageFormat, ImageResolution, ImageUnreadable) as refusal:
        assert "image" in refusal.text.lower()
        assert not any(word in refusal.text.lower() for word in FORBIDDEN)


def bent(whole: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, a piece cut out, doubled or overwritten; a PNG's check sums are mostly made good again."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        place, length = chance.randrange(len(data)), chance.randrange(1, 24)
        match chance.randrange(5):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                data[place : place + length] = chance.randbytes(length)
            case 2:
                del data[place : place + length]
            case 3:
                data[place:place] = data[chance.randrange(len(data)) :][:length]
            case 4:
                data[place : place + 4] = chance.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"])
        if not data:
            return b""
    return mended(bytes(data)) if chance.random() < 0.7 else bytes(data)


def mended(data: bytes) -> bytes:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    made, place = [data[:8]], 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        made.append(data[place:end] + zlib.crc32(data[place + 4 : end]).to_bytes(4, "big"))
        place = end + 4
    return b"".join(made)


def chances() -> Iterator[random.Random]:
    """Each with a seed of its own, which a failure shows; new ones each time the tests run."""
    begin, seed = time.monotonic(), random.randrange(2**32)
    while time.monotonic() - begin < SECONDS:
        yield random.Random(seed)
        seed += 1


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_a_broken_file_that_is_kept_is_refused(name: str) -> None:
    data = mended(base64.b64decode(SEEDS[name]))
    with pytest.raises((ImageFormat, ImageUnreadable)):
        picture.decode(picture.look(memoryview(data)))
    read(data)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FILES))
def test_no_bent_file_raises_anything_but_a_refusal(name: str) -> None:
    for chance in chances():
        state = chance.getstate()
        data = bent(FILES[name], chance)
        try:
            read(data)
        except BaseException as error:
            raise AssertionError(f"keep this: {base64.b64encode(data)!r} ({state[1][0]})") from error


@pytest.mark.slow
def test_no_bent_form_raises_anything_but_a_refusal() -> None:
    whole = making.form(b"\x89PNG", output="depth", output_format="png")
    for chance in chances():
        data = bent(whole, chance)
        content_type = bent(making.CONTENT_TYPE.encode(), chance).decode("latin-1")
        try:
            form.parse(chance.choice([making.CONTENT_TYPE, "multipart/form-data", content_type]), data)
        except (MalformedForm, MissingImageFile) as refusal:
            assert not any(word in refusal.text.lower() for word in FORBIDDEN)
        except BaseException as error:
            raise AssertionError(f"keep this: {content_type!r} {base64.b64encode(data)!r}") from error

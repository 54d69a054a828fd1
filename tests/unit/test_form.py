"""Bodies as clients send them, and as no client should."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depth import form
from depth.form import Form
from portrait import tariff
from portrait.problems import MalformedForm, MissingImageFile
from tests import making
from tests.making import CONTENT_TYPE, a_moment, end, part

PICTURE = b"\x89PNG\r\n\x1a\n not quite"


def parse(body: bytes, content_type: str = CONTENT_TYPE) -> Form:
    return form.parse(content_type, body)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=XyZ",
        'multipart/form-data; boundary="XyZ"',
        "multipart/form-data; BOUNDARY=XyZ",
        "multipart/form-data; charset=utf-8; boundary=XyZ; more=1",
        "Multipart/Form-Data;boundary=XyZ",
        "multipart/form-data",
    ],
)
def test_the_boundary_is_found_however_it_is_told(content_type: str) -> None:
    assert parse(part(PICTURE) + end(), content_type).picture == PICTURE


@pytest.mark.parametrize(
    "disposition",
    [
        "name=image_file; filename=a.png; filename*=utf-8''a%C3%A4.png",
        'name="image_file"; filename="C:\\fakepath\\a.png"',
        'name="image_file"; filename="a;b=\\"c\\".png"',
        'name="image_file"',
        'filename="a.png"; name="image_file"',
    ],
)
def test_the_file_is_known_by_its_field_whatever_its_name(disposition: str) -> None:
    assert parse(part(PICTURE, disposition) + end()).picture == PICTURE


@pytest.mark.parametrize("encoding", ["latin-1", "gbk"])
def test_a_file_name_in_any_encoding(encoding: str) -> None:
    name = {"latin-1": "porträt.png", "gbk": "照片.png"}[encoding].encode(encoding)
    assert parse(part(PICTURE).replace(b"a.png", name) + end()).picture == PICTURE


def test_text_fields_are_kept_and_other_files_ignored() -> None:
    body = (
        part(b"png", 'name="output_format"')
        + part(b"x" * 100_000, 'name="mask"; filename="m.png"')
        + part(PICTURE)
        + part("Gr\u00fc\u00dfe".encode(), 'name="note"')
        + end()
    )
    read = parse(body)
    assert read.picture == PICTURE
    assert read.fields == {"output_format": "png", "note": "Gr\u00fc\u00dfe"}


@pytest.mark.parametrize("before", [b"", b"\r\n", b"preamble\r\n", b"--not the boundary\r\n"])
@pytest.mark.parametrize("after", [end(), end() + b"epilogue", b"--XyZ--"])
def test_what_stands_around_the_form_is_no_part_of_it(before: bytes, after: bytes) -> None:
    assert parse(before + part(PICTURE) + after).picture == PICTURE


@given(
    file=st.lists(
        st.sampled_from([b"\r\n", b"--", b"XyZ", b"--XyZ", b"\r\n--Xy", b"\r", b"\n", b"a", b"\0"]), min_size=1
    ).map(b"".join)
)
@settings(max_examples=300, deadline=None)
def test_a_file_full_of_almost_boundaries_arrives_whole(file: bytes) -> None:
    if b"\r\n--XyZ" in b"\r\n" + file:
        return  # that would be a boundary
    assert parse(part(file) + end()).picture == file


def test_the_file_is_a_view_into_the_body_and_no_copy() -> None:
    body = part(PICTURE) + end()
    assert parse(body).picture.obj is body


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/jpg", "IMAGE/PNG", "application/octet-stream"])
def test_a_raw_body_is_the_file(content_type: str) -> None:
    read = parse(PICTURE, content_type)
    assert (bytes(read.picture), read.fields) == (PICTURE, {})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (part(PICTURE), "cut off"),
        (part(PICTURE) + end()[:-4], "cut off"),
        (b"", "empty"),
        (b"no form", "does not contain the boundary"),
        ((part(PICTURE) + end()).replace(b"\r\n", b"\n"), "CR LF"),
        (b"\n" + (part(PICTURE) + end()).replace(b"\r\n", b"\n"), "CR LF"),
        (part(b"aGk=", 'name="image_file"', "Content-Transfer-Encoding: BASE64") + end(), "transfer-encoded"),
        (part(PICTURE) + b"--XyZ" + b" " * 64 + part(b"a", 'name="a"')[5:] + end(), "does not end its line"),
        (part(PICTURE, 'filename="a.png"') + end(), "no name"),
        (b"--XyZ\r\n\r\n" + PICTURE + b"\r\n" + end(), "no name"),
        (b"--XyZ\r\nContent-Disposition form-data\r\n\r\nx\r\n" + end(), "form"),
        (part(b"x" * 8193, 'name="note"') + part(PICTURE) + end(), "note is too long"),
        (part(b"", 'name="a"') * 17 + end(), "too many fields"),
        (part(PICTURE, 'name="image_file"', *["X: y"] * 20) + end(), "form"),
        (part(PICTURE, 'name="image_file"', "X: " + "y" * 5000) + end(), "form"),
    ],
)
def test_a_malformed_form_is_refused_and_the_fault_is_named(body: bytes, named: str) -> None:
    with pytest.raises(MalformedForm, match=named):
        parse(body)


def test_a_boundary_may_be_70_characters_long() -> None:
    longest = "b" * 70
    body = part(PICTURE, boundary=longest) + end(longest)
    assert parse(body, f"multipart/form-data; boundary={longest}").picture == PICTURE
    with pytest.raises(MalformedForm, match="boundary is too long"):
        parse(body, f"multipart/form-data; boundary={longest}b")


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "multipart/mixed; boundary=XyZ", ";;="])
def test_any_other_content_type_is_no_form(content_type: str) -> None:
    with pytest.raises(MalformedForm, match="multipart/form-data"):
        parse(making.form(PICTURE), content_type)


@pytest.mark.parametrize(
    "body", [part(b"x", 'name="other"; filename="a.png"') + end(), making.form(b""), part(PICTURE) * 2 + end()]
)
def test_image_file_must_be_there_once_and_not_empty(body: bytes) -> None:
    with pytest.raises(MissingImageFile, match="image_file"):
        parse(body)


def test_an_empty_raw_body_is_a_missing_file() -> None:
    with pytest.raises(MissingImageFile):
        parse(b"", "image/jpeg")


def test_how_large_the_file_is_matters_to_the_picture_and_not_to_the_form() -> None:
    """Wrong options are told before a size is: they are judged between the two."""
    assert len(parse(making.form(bytes(tariff.FILE_BYTES + 1), output="x")).picture) == tariff.FILE_BYTES + 1


def test_of_a_field_sent_twice_the_last_one_counts() -> None:
    body = part(b"png", 'name="output_format"') + part(b"webp", 'name="output_format"') + part(PICTURE) + end()
    assert parse(body).fields == {"output_format": "webp"}


def test_16_parts_are_allowed() -> None:
    body = b"".join(part(b"1", f'name="field{number}"') for number in range(15)) + part(PICTURE) + end()
    assert len(parse(body).fields) == 15


def test_a_text_of_8_kilobytes_is_allowed() -> None:
    assert len(parse(part(b"x" * 8192, 'name="note"') + part(PICTURE) + end()).fields["note"]) == 8192


def test_a_boundary_that_is_not_told_may_be_70_characters_long() -> None:
    longest = "-" * 40 + "b" * 30
    body = part(PICTURE, boundary=longest) + end(longest)
    assert parse(body, "multipart/form-data").picture == PICTURE
    with pytest.raises(MalformedForm, match="no boundary"):
        parse(body.replace(b"-b", b"-bb"), "multipart/form-data")


def test_white_space_after_a_boundary_is_no_part_of_the_file() -> None:
    body = part(PICTURE) + b"--XyZ \t" + part(b"a", 'name="a"')[5:] + end()
    assert (bytes(parse(body).picture), parse(body).fields) == (PICTURE, {"a": "a"})


def test_what_was_sent_is_not_quoted_in_any_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(MalformedForm):
        parse(b"--XyZ\r\nsecret words\r\n\r\nx\r\n" + end())
    assert not caplog.records


HOSTILE = {
    "tiny parts": part(b"", 'name="a"') * 300_000,
    "headers": b"--XyZ\r\n" + b"A: b\r\n" * 4_000_000,
    "one header": b"--XyZ\r\nA: " + b"b" * 24_000_000,
    "line ends": b"--XyZ\r\n" + b"\r\n" * 12_000_000,
    "almost boundaries": part(b"\r\n--Xy" * 4_000_000),
    "longer boundaries": part(b"\r\n--XyZa" * 3_000_000),
    "a boundary and spaces": part(b"\r\n--XyZ" + b" " * 24_000_000),
    "no boundary": b"--Xy" * 6_000_000,
    "dashes": b"\r\n-" * 8_000_000,
    "a long text": part(b"x" * 24_000_000, 'name="note"'),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_body_is_judged_in_a_moment(name: str) -> None:
    """In milliseconds. The bound is generous; a parser that steps through such a body byte by byte misses it."""
    body = HOSTILE[name] + end()
    with (
        a_moment(),
        contextlib.suppress(MalformedForm, MissingImageFile),
    ):  # almost boundaries make a file like any other
        parse(body)


@given(st.binary(max_size=300), st.sampled_from([CONTENT_TYPE, "multipart/form-data", "image/png", "x"]))
@settings(max_examples=300, deadline=None)
def test_no_bytes_at_all_raise_anything_but_a_refusal(body: bytes, content_type: str) -> None:
    try:
        parse(b"--XyZ" + body, content_type)
    except (MalformedForm, MissingImageFile) as refusal:
        assert not any(word in refusal.text.lower() for word in ("quota", "credit", "limit", "exceeded"))


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_content_type_at_all_raises_anything_but_a_refusal(content_type: str) -> None:
    with contextlib.suppress(MalformedForm, MissingImageFile):
        parse(making.form(PICTURE), content_type)

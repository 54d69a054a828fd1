"""What Accept and the form's options get."""

import re

import pytest

from depth import answer
from depth.ports import Subject
from portrait.problems import InvalidOption, NotAcceptable


@pytest.mark.parametrize(
    ("accept", "file_format"),
    [
        ("", "jpeg"),
        ("*/*", "jpeg"),
        ("image/*", "jpeg"),
        ("image/jpg", "jpeg"),
        ("IMAGE/JPEG", "jpeg"),
        ("application/json, text/plain, */*", "jpeg"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8", "jpeg"),
        ("image/webp, image/jpeg;q=0.1", "jpeg"),
        ("image/png", "png"),
        ("image/png, image/webp", "png"),
        ("image/jpeg;q=0, image/*", "png"),
        ("image/webp", "webp"),
        ("image/webp;q=0.5, image/png;q=0, image/jpeg;q=0", "webp"),
        ("nonsense", "jpeg"),
        ("image/jpeg;q=banana", "jpeg"),
        ("application/problem+json, */*", "jpeg"),
    ],
)
def test_jpeg_is_answered_wherever_it_is_allowed_at_all(accept: str, file_format: str) -> None:
    assert answer.acceptable(accept) == file_format


@pytest.mark.parametrize("accept", ["application/json", "text/html", "image/gif", "image/*;q=0", "*/*;q=0"])
def test_an_accept_header_that_excludes_every_format_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        answer.acceptable(accept)


@pytest.mark.parametrize(
    ("fields", "output", "media_type"),
    [
        ({}, "depth", "image/jpeg"),
        ({"output_format": "png16"}, "depth", "image/png"),
        ({"output_format": "JPG"}, "depth", "image/jpeg"),
        ({"output_format": " webp "}, "depth", "image/webp"),
        ({"output": "alpha"}, "alpha", "image/jpeg"),
        ({"output": "depth+alpha"}, "depth+alpha", "image/png"),
        ({"output": "depth+alpha", "output_format": "png"}, "depth+alpha", "image/png"),
        ({"output": "", "output_format": ""}, "depth", "image/jpeg"),
    ],
)
def test_options_win_over_what_accept_gets(fields: dict[str, str], output: str, media_type: str) -> None:
    chosen = answer.options(fields, "jpeg", Subject.DEPTH)
    assert (chosen.output, chosen.media_type) == (output, media_type)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"output_format": "gif"}, "output_format: it may be jpeg, png, png16, webp"),
        ({"output": "normals"}, "output: it may be depth, alpha, depth+alpha"),
        ({"output": "depth+alpha", "output_format": "jpeg"}, "it may be png"),
    ],
)
def test_a_wrong_option_is_named_with_what_it_may_be(fields: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidOption, match=re.escape(named)):
        answer.options(fields, "jpeg", Subject.DEPTH)


@pytest.mark.parametrize(
    ("fields", "output", "media_type"),
    [
        ({}, "normals", "image/jpeg"),
        ({"output_format": "png16"}, "normals", "image/png"),
        ({"output": "alpha", "output_format": "webp"}, "alpha", "image/webp"),
        ({"output": "normals+alpha"}, "normals+alpha", "image/png"),
    ],
)
def test_where_normals_are_asked_for_they_are_the_default(fields: dict[str, str], output: str, media_type: str) -> None:
    chosen = answer.options(fields, "jpeg", Subject.NORMALS)
    assert (chosen.output, chosen.media_type) == (output, media_type)


@pytest.mark.parametrize("output", ["depth", "depth+alpha"])
def test_depth_is_no_kind_of_normals(output: str) -> None:
    with pytest.raises(InvalidOption, match=re.escape("output: it may be normals, alpha, normals+alpha")):
        answer.options({"output": output}, "jpeg", Subject.NORMALS)

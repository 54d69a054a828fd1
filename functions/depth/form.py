"""What was sent: multipart/form-data (RFC 7578) as a file and text fields, limits first. The home of python_multipart.

The body is one buffer and stays one: the file is a view into it. The parser tells offsets and never copies; what it leaves to
its caller is added here: how many parts, how long a text, which names, and that the last boundary was seen at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from portrait import tariff
from portrait.problems import ImageFileTooBig, MalformedForm, MissingImageFile

FILE_FIELD: Final = "image_file"
MOST_PARTS: Final = 16
TEXT_BYTES: Final = 8 * 1024
BOUNDARY_BYTES: Final = 70
"""Longest boundary: RFC 2046, 5.1.1."""
FIRST_LINE = re.compile(rb"(?:\r\n)*--([0-9A-Za-z'()+_,./:=? -]{1,70})\r\n")


@dataclass(frozen=True, slots=True)
class Form:
    """The picture's bytes as sent, and the text fields beside it; of a field sent twice the last one counts."""

    picture: memoryview
    fields: Mapping[str, str]


def parse(content_type: str, body: bytes) -> Form:
    """Read a request's body. A body declared as an image (or as octets) is the file itself.

    Raises MalformedForm, MissingImageFile, ImageFileTooBig.
    """
    kind, parameters = parse_options_header(content_type)
    if kind.startswith(b"image/") or kind == b"application/octet-stream":
        return _checked(Form(memoryview(body), {}))
    if kind != b"multipart/form-data":
        raise MalformedForm("The request is not a form: send multipart/form-data with the file field image_file")
    return _checked(_parts(body, _boundary(parameters, body)))


def _checked(form: Form) -> Form:
    if len(form.picture) > tariff.FILE_BYTES:
        raise ImageFileTooBig(len(form.picture))
    if not form.picture:
        raise MissingImageFile()
    return form


def _boundary(parameters: Mapping[bytes, bytes], body: bytes) -> bytes:
    """The boundary that was declared, or the one that the body begins with."""
    boundary = parameters.get(b"boundary", b"")
    if not boundary:
        first = FIRST_LINE.match(body)
        if not first:
            raise MalformedForm("The form has no boundary: neither its Content-Type nor its first line tells one")
        boundary = first[1]
    if len(boundary) > BOUNDARY_BYTES:
        raise MalformedForm(f"The form's boundary is too long: at most {BOUNDARY_BYTES} characters")
    return boundary


def _parts(body: bytes, boundary: bytes) -> Form:
    reader = _Reader(body)
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": reader.begin_part,
            "on_header_begin": reader.begin_header,
            "on_header_field": reader.add_header_name,
            "on_header_value": reader.add_header_value,
            "on_headers_finished": reader.finish_headers,
            "on_part_data": reader.add_data,
            "on_part_end": reader.finish_part,
            "on_end": reader.finish,
        },
    )
    try:
        parser.write(_without_preamble(body, boundary, reader))
    except FormParserError as error:
        raise MalformedForm("The form is not valid multipart/form-data") from error
    if not reader.is_finished:
        raise MalformedForm("The form ends before its closing boundary: the request was cut off")
    if reader.picture is None:
        raise MissingImageFile()
    return Form(reader.picture, reader.fields)


def _without_preamble(body: bytes, boundary: bytes, reader: "_Reader") -> bytes:
    """The body from its first boundary on. Copies only where something stands before it."""
    marker = b"--" + boundary
    if body.startswith(marker):
        return body
    start = body.find(b"\r\n" + marker)
    if start < 0:
        raise MalformedForm("The form does not contain its boundary")
    reader.body = body[start + 2 :]
    return reader.body


@dataclass(slots=True)
class _Reader:
    """The parser's callbacks. `start` and `length` delimit the current part's data in the body."""

    body: bytes
    fields: dict[str, str] = field(default_factory=dict)
    picture: memoryview | None = None
    is_finished: bool = False
    parts: int = 0
    start: int = 0
    length: int = 0
    header_name: bytes = b""
    disposition: bytes = b""
    name: str = ""
    is_file: bool = False

    def begin_part(self) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise MalformedForm(f"The form has too many fields: at most {MOST_PARTS}")
        self.length = 0
        self.disposition = b""

    def begin_header(self) -> None:
        self.header_name = b""

    def add_header_name(self, data: bytes, start: int, end: int) -> None:
        self.header_name += data[start:end]

    def add_header_value(self, data: bytes, start: int, end: int) -> None:
        if self.header_name.lower() == b"content-disposition":
            self.disposition += data[start:end]

    def finish_headers(self) -> None:
        _, parameters = parse_options_header(self.disposition)
        if b"name" not in parameters:
            raise MalformedForm("A field of the form has no name")
        self.name = parameters[b"name"].decode("utf-8", "replace")
        self.is_file = b"filename" in parameters
        if self.name == FILE_FIELD and self.picture is not None:
            raise MissingImageFile("The request has more than one image_file: send exactly one")

    def add_data(self, data: bytes, start: int, end: int) -> None:
        if not self.length:
            self.start = start
        self.length += end - start
        if self.name != FILE_FIELD and not self.is_file and self.length > TEXT_BYTES:
            raise MalformedForm(f"The field {self.name[:50]} is too long: at most {TEXT_BYTES} bytes")

    def finish_part(self) -> None:
        """Data came in pieces where it looked like a boundary, but always one behind the other."""
        data = memoryview(self.body)[self.start : self.start + self.length]
        if self.name == FILE_FIELD:
            self.picture = data
        elif not self.is_file:
            self.fields[self.name] = bytes(data).decode("utf-8", "replace")

    def finish(self) -> None:
        self.is_finished = True

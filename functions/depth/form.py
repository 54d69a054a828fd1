"""What was sent: multipart/form-data (RFC 7578) as a file and text fields, limits first. The home of python_multipart.

The body is one buffer and stays one: the file is a view into it. The parser tells offsets and never copies; what it
leaves to its caller is added here: how many parts, how long a text, which names, and that the last boundary was seen.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from portrait.problems import MalformedForm, MissingImageFile

FILE_FIELD: Final = "image_file"
MOST_PARTS: Final = 16
TEXT_BYTES: Final = 8 * 1024
BOUNDARY_BYTES: Final = 70
"""Longest boundary: RFC 2046, 5.1.1."""
PADDING_BYTES: Final = 64
"""White space between a boundary and the end of its line, which the parser reads byte by byte."""

_FIRST_LINE: Final = re.compile(rb"(?:\r\n)*--([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])[ \t]*\r\n")
_PARSER_LOG: Final = logging.Logger("multipart", logging.CRITICAL + 1)
"""Heard by nobody: the parser's warnings quote what was sent."""


@dataclass(frozen=True, slots=True)
class Form:
    """The picture's bytes as sent, and the text fields beside it; of a field sent twice the last one counts."""

    picture: memoryview
    fields: Mapping[str, str]


def parse(content_type: str, body: bytes) -> Form:
    """Read a request's body. A body declared as an image (or as octets) is the file itself.

    Fields with a file in them are ignored but for `image_file`, whose size is not looked at here.
    Raises MalformedForm, MissingImageFile (also for an empty file, or more than one).
    """
    kind, parameters = parse_options_header(content_type.encode("latin-1", "replace"))
    if kind.startswith(b"image/") or kind == b"application/octet-stream":
        return _with_picture(memoryview(body), {})
    if kind != b"multipart/form-data":
        raise MalformedForm("The request is not a form: send multipart/form-data with the file field image_file")
    boundary = _boundary(parameters, body)
    parts = _parts(_within_bounds(body, b"--" + boundary), boundary)
    return _with_picture(parts.picture, parts.fields)


def _with_picture(picture: memoryview | None, fields: Mapping[str, str]) -> Form:
    if not picture:
        raise MissingImageFile()
    return Form(picture, fields)


def _boundary(parameters: Mapping[bytes, bytes], body: bytes) -> bytes:
    """The boundary that was declared, or the one that the body begins with."""
    boundary = parameters.get(b"boundary", b"")
    if not boundary:
        first = _FIRST_LINE.match(body, 0, 1024)
        if not first:
            raise MalformedForm("The form has no boundary: neither its Content-Type nor its first line tells one")
        boundary = first[1]
    if len(boundary) > BOUNDARY_BYTES:
        raise MalformedForm(f"The form's boundary is too long: at most {BOUNDARY_BYTES} characters")
    return boundary


def _within_bounds(body: bytes, marker: bytes) -> bytes:
    """The body from its first boundary on; copied only where a preamble stands before it.

    Boundaries are counted before anything is parsed, since a parser stops at each, and so steps through a body that is
    made of them: 30 MB of short ones took it 4 s.
    """
    start = 0 if body.startswith(marker) else body.find(b"\r\n" + marker) + 2
    if start == 1 or body.startswith(marker + b"\n", start):
        raise MalformedForm(_without_boundary(body, marker))
    position = start + len(marker)
    for _ in range(MOST_PARTS + 1):
        padding = body[position : position + PADDING_BYTES]
        if len(padding) == PADDING_BYTES and not padding.strip(b" \t"):
            raise MalformedForm("A boundary of the form does not end its line")
        position = body.find(b"\r\n" + marker, position) + 2 + len(marker)
        if position == 1 + len(marker):
            return body[start:] if start else body
    raise MalformedForm(f"The form has too many fields: at most {MOST_PARTS}")


def _without_boundary(body: bytes, marker: bytes) -> str:
    if not body:
        return "The form is empty"
    if marker + b"\n" in body:
        return "The form's lines must end in CR LF"
    return "The form does not contain the boundary that its Content-Type tells"


def _parts(body: bytes, boundary: bytes) -> "_Parts":
    parts = _Parts(body)
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": parts.begin_part,
            "on_header_field": parts.add_header_name,
            "on_header_value": parts.add_header_value,
            "on_headers_finished": parts.finish_headers,
            "on_part_data": parts.add_data,
            "on_part_end": parts.finish_part,
            "on_end": parts.finish,
        },
    )
    parser.logger = _PARSER_LOG
    try:
        parser.write(body)
    except FormParserError as error:
        raise MalformedForm("The form is not valid multipart/form-data") from error
    if not parts.is_finished:
        raise MalformedForm("The form ends before its closing boundary: the request was cut off")
    return parts


@dataclass(slots=True)
class _Parts:
    """What the parser has told so far. `start` and `end` delimit the current part's data in the body."""

    body: bytes
    fields: dict[str, str] = field(default_factory=dict)
    picture: memoryview | None = None
    is_finished: bool = False
    start: int = 0
    end: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    header_name: bytes = b""
    name: str = ""
    is_file: bool = False

    def begin_part(self) -> None:
        self.start = self.end = 0
        self.headers = {}

    def add_header_name(self, data: bytes, start: int, end: int) -> None:
        self.header_name = data[start:end].lower()

    def add_header_value(self, data: bytes, start: int, end: int) -> None:
        self.headers[self.header_name] = data[start:end]

    def finish_headers(self) -> None:
        _, parameters = parse_options_header(self.headers.get(b"content-disposition", b""))
        if b"name" not in parameters:
            raise MalformedForm("A field of the form has no name")
        self.name = parameters[b"name"].decode("utf-8", "replace")
        self.is_file = self.name == FILE_FIELD or b"filename" in parameters
        if self.name == FILE_FIELD and self.picture is not None:
            raise MissingImageFile("The request has more than one image_file: send exactly one")
        if self.headers.get(b"content-transfer-encoding", b"").strip().lower() in (b"base64", b"quoted-printable"):
            raise MalformedForm("A field of the form is transfer-encoded: send its bytes as they are")

    def add_data(self, data: bytes, start: int, end: int) -> None:
        """Data may come in pieces, always one behind the other."""
        self.start = self.start or start
        self.end = end

    def finish_part(self) -> None:
        if self.name == FILE_FIELD:
            self.picture = memoryview(self.body)[self.start : self.end]
        elif not self.is_file:
            self.fields[self.name] = self._text()

    def _text(self) -> str:
        if self.end - self.start > TEXT_BYTES:
            raise MalformedForm(f"The field {self.name[:50]} is too long: at most {TEXT_BYTES} bytes")
        return self.body[self.start : self.end].decode("utf-8", "replace")

    def finish(self) -> None:
        self.is_finished = True

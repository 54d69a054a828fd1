"""Clients as they really are, over a raw socket: one test for each quirk that the contract promises to stand.

A call costs a computation, so most quirks are proven by how far the call gets: `image_format` means that the key was
read, the form was understood and the file was found; only its content was refused.
"""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.local_machine import Machine

pytestmark = pytest.mark.e2e

NO_PICTURE = b"neither PNG nor JPEG nor WEBP"
PATH = "/portrait-depth-estimation/v1"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])


class Wire:
    """One TCP connection to the machine; nothing is added to what a test sends, nothing is hidden of what comes."""

    def __init__(self, machine: Machine) -> None:
        self.socket = socket.create_connection(("127.0.0.1", machine.port), timeout=30)
        self.reader = self.socket.makefile("rb")

    def send(self, *parts: bytes | str) -> None:
        for part in parts:
            self.socket.sendall(part if isinstance(part, bytes) else part.encode("latin-1"))

    def receive(self, has_body: bool = True) -> Answer:
        status = int(self.reader.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0)) if has_body else 0
        return Answer(status, headers, self.reader.read(length))

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


@pytest.fixture
def wire(machine: Machine) -> Iterator[Wire]:
    wire = Wire(machine)
    yield wire
    wire.close()


def head(key: str, *lines: str, method: str = "POST", path: str = PATH) -> str:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", f"x-api-key: {key}", *lines, "", ""])


def part(disposition: str = 'name="image_file"; filename="a.png"', *lines: str, file: bytes = NO_PICTURE) -> bytes:
    header = "\r\n".join([f"Content-Disposition: form-data; {disposition}", *lines])
    return b"--XyZ\r\n" + header.encode("utf-8") + b"\r\n\r\n" + file + b"\r\n"


def post(wire: Wire, key: str, body: bytes, content_type: str | None = "multipart/form-data; boundary=XyZ") -> Answer:
    lines = [f"Content-Length: {len(body)}"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    wire.send(head(key, *lines), body)
    return wire.receive()


END = b"--XyZ--\r\n"


@pytest.mark.parametrize("name", ["x-api-key", "X-API-KEY", "X-Api-Key"])
def test_the_key_header_in_any_case(wire: Wire, key: str, name: str) -> None:
    body = part() + END
    content = f"Content-Type: multipart/form-data; boundary=XyZ\r\nContent-Length: {len(body)}"
    wire.send(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{name}: {key}\r\n{content}\r\n\r\n", body)
    assert wire.receive().code == "image_format"


@pytest.mark.parametrize(
    ("text", "status"), [("undefined", 403), ("null", 403), ("", 401), ("   ", 401), ("\xe9", 403)]
)
def test_a_key_that_is_none_is_refused_and_never_a_500(wire: Wire, text: str, status: int) -> None:
    assert post(wire, text, part() + END).status == status


def test_no_key_header_at_all(wire: Wire) -> None:
    wire.send(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    answer = wire.receive()
    assert (answer.status, answer.code) == (401, "missing_api_key")
    assert json.loads(answer.body)["error"] == "No api key provided"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/form-data; boundary="XyZ"',
        "multipart/form-data; BOUNDARY=XyZ",
        "multipart/form-data; charset=utf-8; boundary=XyZ",
        "multipart/form-data; boundary=XyZ; charset=utf-8",
        "Multipart/Form-Data;boundary=XyZ",
        "multipart/form-data",
    ],
)
def test_the_boundary_quoted_unquoted_among_others_or_missing(wire: Wire, key: str, content_type: str) -> None:
    assert post(wire, key, part() + END, content_type).code == "image_format"


@pytest.mark.parametrize(
    "disposition",
    [
        "name=image_file; filename=a.png; filename*=utf-8''a%C3%A4.png",
        'name="image_file"; filename="portr\u00e4t.jpg"',
        'name="image_file"; filename="C:\\fakepath\\a.png"',
        'name="image_file"; filename="/home/me/a.png"',
        'name="image_file"',
        'name="image_file"; filename=""',
    ],
)
def test_file_names_of_every_kind(wire: Wire, key: str, disposition: str) -> None:
    assert post(wire, key, part(disposition) + END).code == "image_format"


def test_a_file_name_in_gbk(wire: Wire, key: str) -> None:
    named = part().replace(b"a.png", "照片.png".encode("gbk"))
    assert post(wire, key, named + END).code == "image_format"


@pytest.mark.parametrize("declared", ["image/jpg", "application/octet-stream", "text/plain", "banana"])
def test_a_wrong_part_type(wire: Wire, key: str, declared: str) -> None:
    body = part('name="image_file"; filename="a.png"', f"Content-Type: {declared}") + END
    assert post(wire, key, body).code == "image_format"


def test_unknown_fields_and_further_files_are_ignored(wire: Wire, key: str) -> None:
    body = part('name="note"', file=b"hello") + part('name="mask"; filename="m.png"') + part() + END
    assert post(wire, key, body).code == "image_format"


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"This is a multi-part message.\r\n", END), (b"", END + b"epilogue"), (b"", b"--XyZ--"), (b"\r\n", END)],
)
def test_preamble_epilogue_and_a_missing_last_line_end(wire: Wire, key: str, before: bytes, after: bytes) -> None:
    assert post(wire, key, before + part() + after).code == "image_format"


def test_a_body_cut_before_its_closing_boundary(wire: Wire, key: str) -> None:
    assert post(wire, key, part()).code == "malformed_form"


def test_a_chunked_body_without_content_length(wire: Wire, key: str) -> None:
    wire.send(head(key, "Content-Type: multipart/form-data; boundary=XyZ", "Transfer-Encoding: chunked"))
    body = part() + END
    for start in range(0, len(body), 50):
        chunk = body[start : start + 50]
        wire.send(f"{len(chunk):x}\r\n", chunk, b"\r\n")
    wire.send("0\r\n\r\n")
    assert wire.receive().code == "image_format"


def test_the_body_is_asked_for_with_100_continue(wire: Wire, key: str) -> None:
    body = part() + END
    lines = ["Content-Type: multipart/form-data; boundary=XyZ", f"Content-Length: {len(body)}", "Expect: 100-continue"]
    wire.send(head(key, *lines))
    assert wire.receive().status == 100
    wire.send(body)
    assert wire.receive().code == "image_format"


def test_several_calls_on_one_connection(wire: Wire, key: str) -> None:
    assert [post(wire, key, part() + END).code for _ in range(3)] == ["image_format"] * 3


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/png", "application/octet-stream", "image/jpg"])
def test_a_raw_body_is_the_picture(wire: Wire, key: str, content_type: str) -> None:
    assert post(wire, key, NO_PICTURE, content_type).code == "image_format"


@pytest.mark.parametrize("content_type", [None, "application/json", "application/x-www-form-urlencoded"])
def test_any_other_body_is_no_form(wire: Wire, key: str, content_type: str | None) -> None:
    assert post(wire, key, b'{"image_file": "x"}', content_type).code == "malformed_form"


@pytest.mark.parametrize("path", [PATH + "/", "/" + PATH, "//portrait-depth-estimation///v1"])
def test_doubled_slashes_and_one_at_the_end(wire: Wire, key: str, path: str) -> None:
    body = part() + END
    lines = ["Content-Type: multipart/form-data; boundary=XyZ", f"Content-Length: {len(body)}"]
    wire.send(head(key, *lines, path=path), body)
    assert wire.receive().code == "image_format"


def test_a_browser_s_preflight(wire: Wire) -> None:
    asked = "x-api-key, content-type, accept, idempotency-key, x-request-id, user-agent"
    wire.send(
        f"OPTIONS {PATH} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://example.com\r\n"
        f"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: {asked}\r\n\r\n"
    )
    answer = wire.receive()
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    allowed = {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {name.strip() for name in asked.split(",")} <= allowed


def test_head_costs_nothing_and_has_no_body(wire: Wire, key: str) -> None:
    wire.send(head(key, method="HEAD"))
    answer = wire.receive(has_body=False)
    assert (answer.status, answer.body) == (405, b"")
    wire.send(head(key, path="/health", method="GET"))  # the connection is still in step
    assert json.loads(wire.receive().body)["status"] == "ready"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "unknown_url"),
        ("POST", "/", 404, "unknown_url"),
        ("POST", "/portrait-depth-estimation/v2", 404, "unknown_url"),
        ("PUT", PATH, 405, "method_not_allowed"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("GET", "/%2e%2e/etc/passwd", 404, "unknown_url"),
    ],
)
def test_what_is_no_call(wire: Wire, key: str, method: str, path: str, status: int, code: str) -> None:
    wire.send(head(key, "Content-Length: 0", method=method, path=path))
    answer = wire.receive()
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["access-control-allow-origin"] == "*"


def test_an_error_links_to_its_row_of_the_docs_page(wire: Wire, machine: Machine) -> None:
    wire.send(head("", "Content-Length: 0"))
    page, anchor = json.loads(wire.receive().body)["docs"].split("#")
    assert (page, anchor) == (f"{machine.url}/docs/", "missing_api_key")
    wire.send(head("", method="GET", path="/docs/"))
    assert f'id="{anchor}"' in wire.receive().body.decode()


def test_the_account_call_tells_the_balance_and_costs_nothing(wire: Wire, key: str) -> None:
    for _ in range(2):
        wire.send(head(key, method="GET", path="/account/v1"))
        answer = wire.receive()
        assert (answer.status, json.loads(answer.body)["credits"]) == (200, 100)
    assert answer.headers["ratelimit"].startswith('"default";r=58;')

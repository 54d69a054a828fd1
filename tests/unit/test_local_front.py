"""The front over raw sockets, with real runtime clients behind it."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.gateway import Limits
from tests.unit.local_front import Local, Wire, head, local


@pytest.fixture(scope="module")
def here() -> Iterator[Local]:
    with local() as running:
        yield running


@pytest.fixture
def wire(here: Local) -> Iterator[Wire]:
    with here.wire() as wire:
        yield wire


@pytest.fixture(scope="module")
def strict() -> Iterator[Local]:
    limits = Limits(
        head_s=0.3, silence_s=0.3, body_s=1.0, request_bytes=100_000, event_bytes=80_000, answer_bytes=50_000
    )
    with local(limits) as running:
        yield running


def test_a_function_gets_the_event_that_api_gateway_makes(here: Local, wire: Wire) -> None:
    asked = head("echo", "X-Twice: a", "x-Twice: b", "Content-Length: 5", path="/depth/v1?q=1&q=a%20b&empty=")
    told = wire.send(asked, "hello").receive().json
    event = told["event"]
    assert (told["body_bytes"], told["body_start"], event["isBase64Encoded"]) == (5, "hello", True)
    assert (event["httpMethod"], event["path"], event["resource"]) == ("POST", "/depth/v1", "/depth/v1")
    assert event["headers"]["X-Twice"] == "a" and event["headers"]["x-Twice"] == "b"  # names as they were sent
    assert event["multiValueHeaders"]["x-api-key"] == ["k"]
    assert event["queryStringParameters"] == {"q": "a b", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "a b"], "empty": [""]}
    context = event["requestContext"]
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert len(context["requestId"]) == 36
    assert context["requestTimeEpoch"] > 1.7e12
    assert 500 < told["remaining_ms"] <= 1000  # the template's timeout
    assert (told["memory"], told["environment"]) == ("1769", "none in us-east-1")


def test_a_call_without_a_body_has_none(here: Local, wire: Wire) -> None:
    event = wire.send(head(method="GET", path="/health")).receive().json["event"]
    assert event["isBase64Encoded"] is False
    assert event["queryStringParameters"] is None


def test_a_binary_answer_comes_back_as_bytes_with_its_headers(here: Local) -> None:
    answer = here.post("binary 512")
    assert (answer.status, answer.body) == (201, bytes(range(256)) * 2)
    assert answer.one("content-type") == "image/jpeg"
    assert answer.headers["x-many"] == ["one", "two"]
    assert answer.one("content-length") == "512"  # the function's own, wrong, is not believed
    assert "connection" not in answer.headers


def test_thirty_megabytes_pass(here: Local) -> None:
    body = bytes(30 * 1024 * 1024)
    assert here.post("echo", body).json["body_bytes"] == len(body)


def test_a_chunked_body_is_whole(here: Local, wire: Wire) -> None:
    wire.send(head("echo", "Transfer-Encoding: chunked"), "5\r\nhello\r\n", "6\r\n world\r\n", "0\r\n\r\n")
    assert wire.receive().json["body_start"] == "hello world"


def test_the_body_is_asked_for_when_the_client_waits(here: Local, wire: Wire) -> None:
    wire.send(head("echo", "Content-Length: 5", "Expect: 100-continue"))
    assert wire.receive().status == 100
    assert wire.send("hello").receive().json["body_start"] == "hello"


def test_one_connection_carries_several_calls(here: Local, wire: Wire) -> None:
    for length in (1, 2, 3):
        assert wire.send(head("echo", f"Content-Length: {length}"), "x" * length).receive().json["body_bytes"] == length


def test_requests_sent_at_once_are_answered_in_order(here: Local, wire: Wire) -> None:
    wire.send("".join(head("echo", f"Content-Length: {length}") + "x" * length for length in (1, 2, 3)))
    wire.socket.shutdown(socket.SHUT_WR)
    assert [wire.receive().json["body_bytes"] for _ in range(3)] == [1, 2, 3]
    assert wire.is_closed()


def test_small_answers_are_not_held_back(here: Local, wire: Wire) -> None:
    begin = time.monotonic()
    for _ in range(20):
        wire.send(head("echo", "Content-Length: 5"), "hello").receive()
    assert time.monotonic() - begin < 0.8  # measured: 12 ms; with Nagle's wait for an acknowledgement: 1.7 s


def test_an_upgrade_that_is_offered_is_not_taken_and_the_call_answered(here: Local, wire: Wire) -> None:
    offered = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk", "Content-Length: 5")
    assert wire.send(head("echo", *offered), "hello").receive().json["body_start"] == "hello"


def test_a_client_that_closed_its_sending_half_gets_its_answer(here: Local, wire: Wire) -> None:
    wire.send(head("echo", "Content-Length: 5"), "hello")
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.receive().json["body_start"] == "hello"


def test_a_body_that_ends_early_is_no_call(here: Local, wire: Wire) -> None:
    wire.send(head("echo", "Content-Length: 500"), "hello")
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.is_closed()
    assert here.post("echo").status == 200


def test_head_has_no_body(here: Local, wire: Wire) -> None:
    assert wire.send(head(method="HEAD", path="/health")).receive(has_body=False).status == 200
    assert wire.send(head(method="HEAD", path="/nowhere")).receive(has_body=False).status == 404
    assert wire.send(head(method="GET", path="/health")).receive().json["event"]["httpMethod"] == "GET"


@pytest.mark.parametrize("path", ["/depth/v1/", "//depth//v1", "/depth/v1?x=//", "http://localhost/depth/v1"])
def test_the_same_path_written_otherwise(here: Local, wire: Wire, path: str) -> None:
    assert wire.send(head(path=path)).receive().json["event"]["resource"] == "/depth/v1"


@pytest.mark.parametrize(
    ("method", "path", "function_answers"),
    [("GET", "/files/a/b%20c", True), ("POST", "/files/a", False), ("GET", "/files", False), ("GET", "/x", False)],
)
def test_only_the_template_s_routes_exist(
    here: Local, wire: Wire, method: str, path: str, function_answers: bool
) -> None:
    answer = wire.send(head(method=method, path=path)).receive()
    if function_answers:
        assert answer.json["event"]["pathParameters"] == {"proxy": "a/b c"}
    else:
        assert (answer.status, answer.json["code"]) == (404, "unknown_url")
        assert len(answer.json["request_id"]) == 36
        assert answer.one("access-control-allow-origin") == "*"


@pytest.mark.parametrize("key", ["", "x-api-key:", "x-api-key:   "])
def test_without_its_key_a_call_does_not_reach_the_image_function(here: Local, wire: Wire, key: str) -> None:
    lines = ["POST /depth/v1 HTTP/1.1", "Host: localhost", *([key] if key else []), "Content-Length: 5", "", "hello"]
    answer = wire.send("\r\n".join(lines)).receive()
    assert (answer.status, answer.json["code"]) == (401, "missing_api_key")


def test_another_method_goes_to_the_small_function(here: Local, wire: Wire) -> None:
    assert wire.send(head(method="OPTIONS")).receive().json["memory"] == "128"
    assert wire.send(head()).receive().json["memory"] == "1769"


@pytest.mark.parametrize("kind", ["text", "status", "base64", "header", "name"])
def test_what_is_no_answer_of_a_function_is_the_gateway_s_502(here: Local, kind: str) -> None:
    answer = here.post(f"malformed {kind}")
    assert (answer.status, answer.json["code"]) == (502, "gateway")


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: five"],
        ["Content-Length: -5"],
        ["no colon"],
        ["Transfer-Encoding: chunked, identity"],
    ],
)
def test_a_request_that_two_servers_could_read_differently_is_refused(
    here: Local, wire: Wire, lines: list[str]
) -> None:
    answer = wire.send(head("echo", *lines), "5\r\nhello\r\n0\r\n\r\n").receive()
    assert (answer.status, answer.json["status"]) == (400, 400)
    assert wire.is_closed()


def test_garbage_within_a_body_ends_the_call(here: Local, wire: Wire) -> None:
    wire.send(head("echo", "Transfer-Encoding: chunked"), "5\r\nhello\r\n", "no length\r\n")
    assert wire.receive().status == 400
    assert wire.is_closed()


def test_garbage_after_a_request_does_not_take_its_answer_away(here: Local, wire: Wire, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    wire.send(head(f"wait {gate}", "Content-Length: 5"), "hello", "garbage\r\n\r\n")
    while not list(tmp_path.glob("gate.*")):
        pass  # until the call has begun
    gate.touch()
    assert wire.receive().json["body_start"] == "hello"
    assert wire.is_closed()


def test_garbage_is_answered_and_closed(here: Local, wire: Wire) -> None:
    assert wire.send(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").receive().status == 400
    assert wire.is_closed()


def test_headers_over_10_240_bytes_are_refused(here: Local, wire: Wire) -> None:
    size = len(head("echo", "x-long: "))
    assert wire.send(head("echo", "x-long: " + "a" * (10_240 - size))).receive().status == 200
    answer = wire.send(head("echo", "x-long: " + "a" * (10_241 - size))).receive()
    assert (answer.status, answer.json["status"]) == (431, 431)


def test_headers_that_never_end_are_cut_off(here: Local, wire: Wire) -> None:
    wire.send("GET /health HTTP/1.1\r\n", "x-a: b\r\n" * 2000)
    assert wire.receive().status == 431
    assert wire.is_closed()


def test_a_body_said_to_be_too_large_is_refused_before_it_is_sent(here: Local, wire: Wire) -> None:
    answer = wire.send(head("echo", f"Content-Length: {32 * 1024 * 1024 + 1}", "Expect: 100-continue")).receive()
    assert (answer.status, answer.json["code"]) == (400, "image_file_too_big")
    assert wire.is_closed()


def test_a_client_that_sends_a_refused_body_anyway_still_reads_the_answer(here: Local, wire: Wire) -> None:
    body = bytes(33 * 1024 * 1024)
    answer = wire.send(head("echo", f"Content-Length: {len(body)}"), body).receive()
    assert answer.json["code"] == "image_file_too_big"


def test_a_chunked_body_that_grows_too_large_is_refused(strict: Local) -> None:
    with strict.wire() as wire:
        chunk = f"{60_000:x}\r\n{'x' * 60_000}\r\n"
        answer = wire.send(head("echo", "Transfer-Encoding: chunked"), chunk, chunk).receive()  # and no end
    assert answer.json["code"] == "image_file_too_big"


def test_lambda_s_limits_hold_where_they_are_asked_for(strict: Local) -> None:
    assert strict.post("echo", bytes(50_000)).status == 200
    assert strict.post("echo", bytes(70_000)).json["code"] == "image_file_too_big"  # 93 kB as base64
    assert strict.post("binary 25600").status == 201
    assert strict.post("binary 51200").status == 502


def test_aws_s_limits_are_the_documented_ones() -> None:
    limits = Limits.of_aws()
    assert (limits.request_bytes, limits.event_bytes, limits.answer_bytes) == (10_485_760, 6_291_456, 6_291_556)


@pytest.mark.parametrize("sent", ["", "POST /depth/v1 HTTP/1.1\r\nHost: loc"])
def test_a_head_that_is_not_finished_in_time_ends_the_connection(strict: Local, sent: str) -> None:
    with strict.wire() as wire:
        wire.send(sent)
        if sent:
            assert wire.receive().status == 408
        assert wire.is_closed()


def test_a_body_that_falls_silent_ends_the_call(strict: Local) -> None:
    with strict.wire() as wire:
        begin = time.monotonic()
        answer = wire.send(head("echo", "Content-Length: 500"), "hello").receive()
        assert time.monotonic() - begin < 0.9  # 0.3 s of silence are enough; the whole body would have 1 s
        assert (answer.status, json.loads(answer.body)["status"]) == (408, 408)
        assert answer.one("connection") == "close"


def test_a_body_that_trickles_is_given_up_in_the_end(strict: Local) -> None:
    with strict.wire() as wire:
        wire.socket.settimeout(0.1)
        wire.send(head("echo", "Content-Length: 500"))
        first = b""
        for _ in range(60):  # a byte each 0.1 s is never silent for 0.3 s, but 1 s is the whole time it has
            wire.send("x")
            try:
                first = wire.socket.recv(12)
                break
            except TimeoutError:
                continue
        assert first == b"HTTP/1.1 408"
